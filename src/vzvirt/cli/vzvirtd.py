"""The ``vzvirtd`` program: the daemon that libvirt's clients speak to."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

from vzvirt import bootstrap, config, errors
from vzvirt.cli.output import Output
from vzvirt.version import VERSION

DESCRIPTION: Final = (
    "Answers virsh and other clients of libvirt at openvz+unix:///system. It stays in the "
    "foreground; SIGTERM ends it, SIGHUP has it read its settings again. Containers go on without "
    "it."
)


class _Parser(argparse.ArgumentParser):
    """argparse with errors of ours."""

    def error(self, message: str) -> NoReturn:
        raise errors.InvalidArgument(message, hint="see 'vzvirtd --help'")


def parser() -> argparse.ArgumentParser:
    """What the program takes."""
    # To ask for the width of a terminal, argparse loads what a daemon would keep for good.
    plain = partial(argparse.HelpFormatter, width=80)
    made = _Parser(
        prog="vzvirtd", description=DESCRIPTION, allow_abbrev=False, formatter_class=plain
    )
    made.add_argument("--version", action="version", version=f"vzvirtd {VERSION}")
    made.add_argument(
        "--check-config",
        action="store_true",
        help="only say what is wrong in the file with the daemon's settings",
    )
    made.add_argument(
        "--config",
        metavar="FILE",
        type=_absolute,
        help="the daemon's settings (/etc/vzvirt/vzvirtd.conf below the root)",
    )
    for name, setting in config.settings_table().items():
        made.add_argument(
            config.flag(name),
            help=setting.help,
            **({"metavar": setting.metavar} if setting.metavar else {"action": "store_const"}),  # type: ignore[arg-type]  # argparse's own names
            **({} if setting.metavar else {"const": "yes"}),  # type: ignore[arg-type]  # as above
        )
    return made


def _absolute(text: str) -> Path:
    return Path(os.path.realpath(text))


def main(words: Sequence[str] | None = None) -> int:
    """Run the program; its exit status."""
    output = Output(program="vzvirtd")
    try:
        return _obey(parser().parse_args(words), output)
    except errors.VzvirtError as exc:
        output.error(exc.message, exc.hint)
        output.flush()
        return exc.exit_status


def _obey(given: argparse.Namespace, output: Output) -> int:
    flags = {name: text for name in config.settings_table() if (text := getattr(given, name))}
    settings = config.load(flags)
    if given.check_config:
        return _check(settings, given.config, output)
    bootstrap.require_privilege(settings)
    import asyncio

    asyncio.run(bootstrap.daemon(settings, os.environ, given.config))
    return 0


def _check(settings: config.Settings, path: Path | None, output: Output) -> int:
    from vzvirt.server.settings import FILE, check

    path = path or bootstrap.root(settings).path(FILE)
    _, problems = check(path)
    for problem in problems:
        output.line(f"{path}:{problem.line}: {problem.message}")
    output.flush()
    return errors.ConfigSyntax.exit_status if problems else 0


if __name__ == "__main__":
    sys.exit(main())
