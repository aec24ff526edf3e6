"""From words to a command and its arguments; made from the tables of commands and settings.

Only the parser of the command that is called is built. The options that every command takes may
stand before it or among its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NoReturn, cast

from vzvirt import config, errors
from vzvirt.cli.command import Argument, Command
from vzvirt.cli.table import COMMANDS
from vzvirt.version import VERSION

GLOBAL_OPTIONS: Final = (
    Argument("--quiet", "say nothing that was not asked for", short="-q"),
    Argument("--help", "show help", short="-h"),
    Argument("--version", "show the version"),
)
"""Beside the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for.

    Attributes:
        command: The command, or ``None`` where only ``text`` is wanted.
        arguments: Its function's parameters.
        settings: Text by name of the settings given as flags.
        quiet: Whether ``--quiet`` was given.
        text: Help or version to print instead.
    """

    command: Command | None = None
    arguments: Mapping[str, object]
    settings: Mapping[str, str]
    quiet: bool = False
    text: str | None = None


class _Parser(argparse.ArgumentParser):
    """argparse with errors of ours."""

    def __init__(self, asked: str) -> None:
        # Each option is formatted once when it is added; asking for the terminal's width then
        # would load three compressors that no command needs.
        plain = partial(argparse.HelpFormatter, width=80)
        super().__init__(add_help=False, allow_abbrev=False, formatter_class=plain)
        self.asked = asked

    def error(self, message: str) -> NoReturn:
        raise errors.InvalidArgument(message, hint=f"see 'vzvirt {self.asked}--help'")


def global_options() -> tuple[Argument, ...]:
    """The options every command takes."""
    return (
        *(
            Argument(config.flag(name), item.help, metavar=item.metavar, values=item.values)
            for name, item in config.settings_table().items()
        ),
        *GLOBAL_OPTIONS,
    )


def parse(words: Sequence[str]) -> Request:
    """Understand a command line.

    Raises:
        InvalidArgument: It is not understood.
    """
    command, before, after = _split(words)
    if command is None:
        given = _apply(_Parser(""), (), before)
        text = f"vzvirt {VERSION}\n" if "version" in given else overview()
        return Request(arguments={}, settings={}, text=text)
    own, tail = _cut_tail(command, after)
    asked_for_help = {"-h", "--help"} & {*before, *own}
    if asked_for_help:
        return Request(arguments={}, settings={}, text=command_help(command))
    given = _apply(_Parser(f"{command.name} "), command.arguments, [*before, *own])
    if given.pop("version", False):
        return Request(arguments={}, settings={}, text=f"vzvirt {VERSION}\n")
    quiet = bool(given.pop("quiet", False))
    settings = {
        name: "yes" if value is True else str(value)
        for name in config.settings_table()
        if (value := given.pop(name, None)) is not None
    }
    arguments = {item.parameter: _value(item, given) for item in command.arguments}
    if command.tail:
        if not tail:
            raise errors.InvalidArgument(
                f"'{command.name}' needs a command to run", hint=f"usage: {command.usage}"
            )
        arguments["tail"] = tail
    return Request(command=command, arguments=arguments, settings=settings, quiet=quiet)


def _value(item: Argument, given: Mapping[str, object]) -> object:
    """What an argument's parameter gets, also where it was not given."""
    value = given.get(item.parameter)
    if item.is_switch:
        return bool(value)
    return tuple(cast("list[object]", value or ())) if item.many else value


def _split(words: Sequence[str]) -> tuple[Command | None, list[str], list[str]]:
    """The command, the words before it and those after it."""
    takes_value = {item.name for item in global_options() if not item.is_switch}
    index = 0
    while index < len(words) and words[index].startswith("-") and words[index] != "--":
        index += 2 if words[index] in takes_value else 1
    before, rest = list(words[:index]), list(words[index:])
    if not rest:
        if not {"-h", "--help", "--version"} & set(before):
            raise errors.InvalidArgument("no command given", hint="see 'vzvirt --help'")
        return None, before, []
    for length in (2, 1):
        name = " ".join(rest[:length])
        for command in COMMANDS:
            if command.name == name:
                return command, before, rest[length:]
    if rest[0] == "help":
        return _split([*rest[1:], "--help"])
    if any(command.name.startswith(f"{rest[0]} ") for command in COMMANDS):
        if {"-h", "--help"} & set(rest):
            return None, [*before, "--help"], []  # the list of all commands has them
        raise _incomplete(rest)
    raise _unknown(rest[0])


def _incomplete(rest: list[str]) -> errors.InvalidArgument:
    """``template`` alone, or with a word that it does not know."""
    names = [item.name for item in COMMANDS if item.name.startswith(f"{rest[0]} ") and item.group]
    seconds = ", ".join(name.partition(" ")[2] for name in names)
    second = next((word for word in rest[1:] if not word.startswith("-")), None)
    what = f"has no '{second}'" if second else "needs one more word"
    return errors.InvalidArgument(f"'{rest[0]}' {what}", hint=f"one of: {seconds}")


def _unknown(word: str) -> errors.InvalidArgument:
    import difflib

    names = list(dict.fromkeys(item.name.split()[0] for item in COMMANDS if item.group))
    close = difflib.get_close_matches(word, names, n=3, cutoff=0.55)
    hint = f"did you mean {' or '.join(close)}?" if close else "see 'vzvirt --help'"
    return errors.InvalidArgument(f"there is no command '{word}'", hint=hint)


def _cut_tail(command: Command, words: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """A command's own words, and those it is to run: after ``--``, or after its last place."""
    if not command.tail:
        return words, ()
    valued = {
        form
        for item in (*command.arguments, *global_options())
        if item.is_option and not item.is_switch
        for form in (item.name, item.short)
    }
    places = sum(not item.is_option for item in command.arguments)
    index = 0
    while index < len(words):
        word = words[index]
        if word == "--":
            return words[:index], tuple(words[index + 1 :])
        if word.startswith("-"):
            index += 2 if word in valued else 1
        elif places:
            places -= 1
            index += 1
        else:
            return words[:index], tuple(words[index:])
    return words, ()


def _apply(
    parser: argparse.ArgumentParser, arguments: Sequence[Argument], words: Sequence[str]
) -> dict[str, object]:
    for item in (*arguments, *global_options()):
        _add(parser, item)
    return vars(parser.parse_intermixed_args(words))


def _add(parser: argparse.ArgumentParser, item: Argument) -> None:
    if item.is_switch:
        names = [item.short, item.name] if item.short else [item.name]
        parser.add_argument(
            *names, action="store_true", default=argparse.SUPPRESS, dest=item.parameter
        )
    elif item.is_option:
        parser.add_argument(
            item.name,
            metavar=item.metavar,
            type=_named(item),
            choices=item.values or None,
            action="append" if item.many else "store",
            default=argparse.SUPPRESS,
            dest=item.parameter,
        )
    else:
        nargs = {(False, True): "+", (True, False): "?", (True, True): "*"}.get(
            (item.optional, item.many)
        )
        parser.add_argument(
            item.parameter,
            metavar=item.name,
            type=_named(item),
            choices=item.values or None,
            nargs=nargs,
        )


def _named(item: Argument) -> Callable[[str], object]:
    """The argument's ``parse``, with the argument's name in what it complains of."""

    def parse_named(text: str) -> object:
        try:
            return item.parse(text)
        except errors.CallerError as exc:
            raise errors.InvalidArgument(f"{item.name}: {exc.message}", hint=exc.hint) from None

    return parse_named


def overview() -> str:
    """Help on the whole: all commands by group."""
    lines = ["usage: vzvirt [OPTION...] COMMAND [ARGUMENT...]", ""]
    lines.append("System containers on today's kernels, described by domain XML.")
    for group in dict.fromkeys(item.group for item in COMMANDS if item.group):
        lines += ["", f"{group}:"]
        lines += _rows([(c.name, c.summary) for c in COMMANDS if c.group == group])
    lines += ["", "Options of every command:", *_rows(_described(global_options()))]
    lines += ["", "See 'vzvirt COMMAND --help'."]
    return "\n".join(lines) + "\n"


def command_help(command: Command) -> str:
    """Help on one command."""
    import textwrap

    lines = [f"usage: {command.usage}", "", f"{command.summary[:1].upper()}{command.summary[1:]}."]
    if command.details:
        lines += ["", *textwrap.wrap(command.details, 90)]
    if command.arguments:
        lines += ["", *_rows(_described(command.arguments))]
    lines += ["", "Options of every command: see 'vzvirt --help'."]
    return "\n".join(lines) + "\n"


def _described(arguments: Sequence[Argument]) -> list[tuple[str, str]]:
    rows = []
    for item in arguments:
        names = f"{item.short}, {item.name}" if item.short else item.name
        values = f" ({', '.join(item.values)})" if item.values else ""
        rows.append((f"{names} {item.metavar}".strip(), item.help + values))
    return rows


def _rows(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max(len(name) for name, _ in rows)
    return [f"  {name.ljust(width)}  {text}".rstrip() for name, text in rows]
