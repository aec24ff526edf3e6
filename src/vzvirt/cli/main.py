"""From the words of a command line to an exit status.

Every error ends here: one line that says what is wrong, one that says the way out, and the exit
status that its class carries. Whatever is no error of ours is a defect of vzvirt.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from vzvirt import config, errors
from vzvirt.cli.output import Output
from vzvirt.cli.parser import Request, parse

COMMANDS_PACKAGE: Final = "vzvirt.cli.commands"

INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141
HUNG_UP: Final = 129
TERMINATED: Final = 143

SIGNAL_STATUSES: Final[Mapping[int, str]] = {
    HUNG_UP: "the terminal was closed (SIGHUP); what was under way is undone",
    INTERRUPTED: "interrupted with Ctrl-C; what was under way is undone",
    BROKEN_PIPE: "nobody reads the output any more",
    TERMINATED: "asked to end (SIGTERM); what was under way is undone",
}
"""Exit statuses beside those of the classes of errors."""


@dataclass(slots=True)
class _Run:
    """How this process reports; settled step by step while it starts up."""

    output: Output
    debug: bool


def main(words: Sequence[str] | None = None) -> int:
    """Run a command line; the exit status."""
    _have_streams()
    run = _Run(Output(), debug=bool(os.environ.get(config.variable("debug"))))
    try:
        status = _obey(run, sys.argv[1:] if words is None else words)
        run.output.flush()
    except errors.VzvirtError as exc:
        status = _fail(run, exc)
    except KeyboardInterrupt:
        run.output.end_progress()
        status = INTERRUPTED
    except BrokenPipeError:
        _print_no_more()
        status = BROKEN_PIPE
    except OSError as exc:
        _print_no_more()
        failure = errors.SystemFailure(str(exc), hint="--debug shows where it happened")
        failure.__cause__ = exc
        status = _fail(run, failure)
    except Exception as exc:  # the last resort: a defect, reported as one
        defect = errors.InternalError(
            f"a defect of vzvirt: {type(exc).__name__}: {exc}",
            hint="--debug shows where it happened",
        )
        defect.__cause__ = exc
        status = _fail(run, defect)
    return status


def _obey(run: _Run, words: Sequence[str]) -> int:
    request = parse(words)
    if request.command is None:
        run.output.text(request.text or "")
        return 0
    settings = config.load(request.settings)
    run.debug = settings.debug
    run.output = Output(quiet=request.quiet, colour=settings.colour)
    return _call(run, settings, request)


def _call(run: _Run, settings: config.Settings, request: Request) -> int:
    from importlib import import_module

    from vzvirt.cli.session import Session

    assert request.command is not None  # noqa: S101  # told apart by the caller
    session = Session(settings, run.output)
    if not request.command.for_anyone:
        session.require_privilege()
    if request.command.repairs:
        _undo_when_ended()
        session.repair()
    module, _, name = request.command.runs.partition(":")
    function: Callable[..., int | None] = getattr(
        import_module(f"{COMMANDS_PACKAGE}.{module}"), name
    )
    status = function(session, **request.arguments) or 0
    run.output.end_progress()
    return status


def _fail(run: _Run, exc: errors.VzvirtError) -> int:
    run.output.end_progress()
    if run.debug:
        import traceback

        traceback.print_exception(exc)
    run.output.error(exc.message, exc.hint)
    run.output.flush()
    return exc.exit_status


def _print_no_more() -> None:
    """What is left to print goes nowhere, lest the interpreter fails over it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _undo_when_ended() -> None:
    """Have SIGTERM and SIGHUP unwind the stack, so that what is half done is undone."""
    import signal

    def end(number: int, _frame: object) -> NoReturn:
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def _have_streams() -> None:
    """A closed standard stream is one that nobody reads, not an error."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            stream = open(os.devnull, "w")  # noqa: SIM115, PTH123  # lives as long as we do
            setattr(sys, name, stream)
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
