"""Running the kernel's tools: whole batches in one child, and looks as JSON.

No state. Everything happens in the network namespace of whoever calls, or in that of a process
or file that is named.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from vzvirt import errors
from vzvirt.ports.network import Boots, BootStep
from vzvirt.system import process

IP_BATCH: Final = ("ip", "-batch", "-")
IP_BATCH_ON: Final = ("ip", "-force", "-batch", "-")
"""Goes on after a line that failed."""

TC_BATCH: Final = ("tc", "-batch", "-")
NFT_BATCH: Final = ("nft", "-f", "-")

_PATIENCE: Final = 30.0


def text(lines: Sequence[str]) -> str:
    """A batch."""
    return "".join(f"{line}\n" for line in lines)


def run_step(step: BootStep, init_pid: int) -> None:
    """Run a step on a container that runs already.

    Raises:
        OperationFailed: It failed, and must not.
    """
    if step.boots is not Boots.ALL:
        return
    pid = str(init_pid)
    words = tuple(word.replace("@PID@", pid) for word in step.argv)
    run(
        words,
        step.stdin.replace("@PID@", pid),
        inside=init_pid if step.inside else None,
        check=not step.may_fail,
    )


def run(
    argv: Sequence[str], stdin: str = "", *, inside: int | Path | None = None, check: bool = True
) -> str:
    """Run a tool; what it printed.

    Args:
        argv: The tool.
        stdin: What it reads.
        inside: Init's pid, or a kept namespace, if it is to run in there.
        check: Whether its failure is an error.

    Raises:
        OperationFailed: It failed and ``check`` is set.
        NoSupport: It is not installed.
    """
    prefix: tuple[str, ...] = ()
    if inside is not None:
        path = f"/proc/{inside}/ns/net" if isinstance(inside, int) else str(inside)
        prefix = ("nsenter", f"--net={path}", "--")
    done = process.run((*prefix, *argv), stdin=stdin.encode(), timeout=_PATIENCE, check=False)
    if check and done.status != 0:
        raise errors.OperationFailed(f"'{argv[0]}' failed: {done.last_words}")
    return done.stdout.decode(errors="replace")


def batch(argv: Sequence[str], lines: Sequence[str], *, inside: int | Path | None = None) -> None:
    """Run a batch, if there is anything in it."""
    if lines:
        run(argv, text(lines), inside=inside)


def try_batch(lines: Sequence[str], *, inside: int | Path | None = None) -> None:
    """Run a batch for ``ip`` of which each line may fail, since what it ends may be gone."""
    if lines:
        run(IP_BATCH_ON, text(lines), inside=inside, check=False)


def look(*words: str, inside: int | Path | None = None) -> list[dict[str, Any]]:
    """What ``ip -j`` says; empty also where there is no such device."""
    return parse(run(("ip", "-j", *words), inside=inside, check=False))


def parse(said: str) -> list[dict[str, Any]]:
    """A JSON list; the empty ones that ``ip`` puts in for what it filtered are left out."""
    try:
        found = json.loads(said or "[]")
    except ValueError as error:
        raise errors.OperationFailed(f"'ip' printed something that is no JSON: {error}") from error
    return [item for item in found if item]
