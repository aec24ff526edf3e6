"""Boot steps as a shell script, ``boot`` in the run folder, which ``hook.sh`` reads.

No state. The script is read at each boot before init runs, with ``$pid`` set to init's pid and
``$boot`` to ``first`` or ``later``. A step that fails leaves its own words in ``failure``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vzvirt.ports.network import CALL_BACK, Boots, BootStep

PID = "@PID@"
_UNWAITED = ("setsid", "--fork")


def script(steps: Iterable[BootStep], hook: tuple[str, ...]) -> str:
    """The whole script.

    Args:
        steps: What is done.
        hook: Command line of ``vzvirt internal``.
    """
    return "".join(line + "\n" for step in steps for line in _lines(step, hook))


def _lines(step: BootStep, hook: tuple[str, ...]) -> Iterator[str]:
    argv = step.argv
    if argv[0] == CALL_BACK:
        argv = (*_UNWAITED, *hook, *argv[1:])
    words = " ".join(quoted(word) for word in argv)
    if step.inside:
        words = f'nsenter --net="/proc/$pid/ns/net" -- {words}'
    command = f"printf %s {quoted(step.stdin)} | {words} > /dev/null 2> step"
    end = "|| :" if step.may_fail else "|| fail_step || return 1"
    if step.boots is Boots.ALL:
        yield f"{command} {end}"
        return
    yield f"if [ $boot = {step.boots.value} ]; then"
    yield f"    {command} {end}"
    yield "fi"


def quoted(word: str) -> str:
    """A word for the shell, init's pid put in where it stands for it."""
    safe = word.replace("'", "'\\''")
    return "'" + safe.replace(PID, "'\"$pid\"'") + "'"
