#!/usr/bin/env python3
"""Print docs/reference from the code's tables; with --check only say whether it is up to date."""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "src"))

from vzvirt import config, errors  # noqa: E402  # found only now
from vzvirt.cli import limit_reports, network_reports, reports, template_reports  # noqa: E402
from vzvirt.cli import main as cli_main  # noqa: E402
from vzvirt.cli.command import Argument, Command  # noqa: E402
from vzvirt.cli.parser import global_options  # noqa: E402
from vzvirt.cli.table import COMMANDS  # noqa: E402
from vzvirt.codec.vzconf import params, rows  # noqa: E402
from vzvirt.model import state  # noqa: E402

REFERENCE: Final = PROJECT / "docs" / "reference"
NOTICE: Final = "<!-- Printed by tools/{tool} from the code's tables; edit those. -->\n"

SHAPES: Final = (
    ("`list --json`", "An array of objects.", reports.SUMMARY_FIELDS),
    ("`info --json`", "An object, with `limits` and `notes` beside:", reports.INFO_FIELDS),
    ("`limits` of `info --json`", "An array of objects.", reports.ENFORCEMENT_FIELDS),
    (
        "`quota --json`",
        "An object with `ctid`, `name`, `uuid`, and `quotas`, an array of objects:",
        reports.QUOTA_FIELDS,
    ),
    (
        "`limits --json`",
        "An object with `ctid`, `name`, `uuid`, and `limits`, an array of objects:",
        reports.ENFORCEMENT_FIELDS,
    ),
    ("`stats --json`", "An array of objects.", limit_reports.USE_FIELDS),
    ("`template list --json`", "An array of objects.", template_reports.TEMPLATE_FIELDS),
    ("`template info --json`", "An object.", template_reports.DETAILS_FIELDS),
    ("`domiflist --json`", "An array of objects.", network_reports.INTERFACE_FIELDS),
    ("`domifaddr --json`", "An array of objects.", network_reports.ADDRESS_FIELDS),
    ("`domifstat --json`", "An array of objects.", network_reports.COUNTER_FIELDS),
    ("`net list --json`", "An array of objects.", network_reports.NETWORK_FIELDS),
    ("`net info --json`", "An object.", network_reports.NETWORK_INFO_FIELDS),
    ("`net leases --json`", "An array of objects.", network_reports.LEASE_FIELDS),
    ("`nodedev list --json`", "An array of objects.", network_reports.DEVICE_FIELDS),
    ("`doctor --json`", "An array of objects.", reports.CHECK_FIELDS),
)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    lines += [
        f"| {' | '.join(prose(cell).replace('|', '&#124;') for cell in row)} |" for row in rows
    ]
    return "\n".join(lines) + "\n"


def prose(text: str) -> str:
    """Text whose XML is marked as literal, else Markdown hides it."""
    pieces = re.split(r"(`[^`]*`)", text)
    xml = r"</?[a-z][^<>]*>(?:\w*</?[a-z][^<>]*>)*"
    return "".join(
        piece if piece.startswith("`") else re.sub(xml, r"`\g<0>`", piece) for piece in pieces
    )


def code(text: str) -> str:
    """Literal text."""
    return f"`{text}`"


def cli() -> str:
    """The commands."""
    parts = [
        "# Commands\n",
        "A container is named by its CTID, its name or its UUID. Results go to standard output, "
        "warnings and errors to standard error. For the exit statuses see "
        "[exit-status.md](exit-status.md).\n",
        "## Options of every command\n",
        "They may stand before the command or among its own. See also "
        "[settings.md](settings.md).\n",
        arguments_table(global_options()),
    ]
    shown = [command for command in COMMANDS if command.group]
    for group in dict.fromkeys(command.group for command in shown):
        parts.append(f"## {group}\n")
        parts += [command_part(command) for command in shown if command.group == group]
    parts.append("## JSON\n")
    parts.append(
        "These shapes only ever gain keys. Sizes are bytes. Commands that change containers "
        "print an array of objects with `ctid`, `name`, `uuid`, and `done`, what was done, in "
        "words; `define` prints one such object with `warnings`, `validate` one with `valid` "
        "and `warnings`; `template build` and `template import` print one of `template list` "
        "with `done`. Those that change networks print objects with `name`, `uuid`, `done`.\n"
    )
    for title, words, fields in SHAPES:
        rows = [(code(field.key), field.help) for field in fields if field.key]
        parts += [f"### {title}\n", f"{words}\n", table(("key", "meaning"), rows)]
    return "\n".join(parts)


def command_part(command: Command) -> str:
    """One command."""
    summary = f"{command.summary[:1].upper()}{command.summary[1:]}."
    parts = [
        f"### {command.name}\n",
        f"    {command.usage}\n",
        f"{prose(f'{summary} {command.details}')}\n",
    ]
    if command.arguments:
        parts.append(arguments_table(command.arguments))
    return "\n".join(part.replace(" \n", "\n") for part in parts)


def arguments_table(arguments: Sequence[Argument]) -> str:
    """What a command takes."""
    rows = []
    for item in arguments:
        names = ", ".join(code(form) for form in (item.short, item.name) if form)
        metavar = f" {code(item.metavar)}" if item.metavar else ""
        values = f" ({', '.join(code(value) for value in item.values)})" if item.values else ""
        often = "; may be repeated" if item.many else ""
        rows.append((names + metavar, item.help + values + often))
    return table(("argument", "meaning"), rows)


def settings() -> str:
    """The settings."""
    rows = []
    for name, item in config.settings_table().items():
        default = config.Settings.__dataclass_fields__[name].default
        values = f" ({', '.join(code(value) for value in item.values)})" if item.values else ""
        said = {None: "", False: "no", True: "yes"}.get(default, code(str(default)))
        rows.append(
            (
                code(name) if item.in_file else "",
                code(config.variable(name)),
                code(f"{config.flag(name)} {item.metavar}".strip()),
                said,
                item.help + values,
            )
        )
    return "\n".join(
        (
            "# Settings\n",
            "The flag wins over the environment, the environment over the file, the file over "
            "the default.\n",
            f"The file is `/{config.FILE}`, below the root where one is set: `name=value` lines, "
            "`#` comments. Switches are `yes` or `no`. An empty variable counts as not set.\n",
            table(("in the file", "environment", "flag", "default", "meaning"), rows),
            "For an ordinary user with the memory engine the root is `$XDG_STATE_HOME/vzvirt`, "
            "or `~/.local/state/vzvirt`, unless it is said.\n",
            "The engine `vzctl` is meant for hosts with OpenVZ's own kernel, which have "
            "`/proc/vz`. It does not exist yet: there, and where it is asked for, commands that "
            "need an engine are refused with status 7.\n",
        )
    )


def error_classes() -> list[type[errors.VzvirtError]]:
    """All of them, in the order of their definition."""
    found = [item for item in vars(errors).values() if inspect.isclass(item)]
    return [item for item in found if issubclass(item, errors.VzvirtError)]


def first_line(item: object) -> str:
    """The first line of a docstring."""
    return (inspect.getdoc(item) or "").splitlines()[0]


def error_reference() -> str:
    """The errors."""
    domains = {
        value: name.removeprefix("FROM_").lower()
        for name, value in vars(errors).items()
        if name.startswith("FROM_")
    }
    rows = [
        (
            code(item.__name__),
            code(item.__bases__[0].__name__),
            str(item.code),
            f"{item.domain} ({domains[item.domain]})",
            str(item.exit_status),
            first_line(item),
        )
        for item in error_classes()
    ]
    return "\n".join(
        (
            "# Errors\n",
            "The code is libvirt's `virErrorNumber`, the domain its `virErrorDomain`.\n",
            table(("class", "is a", "code", "domain", "exit status", "meaning"), rows),
        )
    )


def exit_status() -> str:
    """The exit statuses."""
    words: dict[int, list[str]] = {0: ["done"]}
    bases = {base for item in error_classes() for base in item.__bases__}
    kinds = {base for base in bases if errors.VzvirtError in (base, *base.__bases__)}
    for item in error_classes():
        if item not in kinds:  # those are never raised themselves
            meaning = first_line(item).partition(" (VIR_")[0].rstrip(".")
            words.setdefault(item.exit_status, []).append(meaning[:1].lower() + meaning[1:])
    for number, meaning in cli_main.SIGNAL_STATUSES.items():
        words.setdefault(number, []).append(meaning)
    rows = [(str(number), "; ".join(dict.fromkeys(words[number]))) for number in sorted(words)]
    return "\n".join(
        (
            "# Exit statuses\n",
            "`vzvirt exec` and `vzvirt enter` end with the status of what ran inside, or 128 + "
            "the number of the signal that ended it. A command that is given several containers "
            "goes on after a failure and ends with the status of the first one. `vzvirt doctor` "
            "ends with 7 where something needed is missing.\n",
            table(("status", "meaning"), rows),
        )
    )


def states() -> str:
    """The states and what leads from one to the other."""
    actions = list(state.Action)
    rows = []
    for one in state.DomainState:
        cells = [state.TRANSITIONS.get((one, action)) for action in actions]
        rows.append(
            [f"**{reports.state_words(one)}**"]
            + [reports.state_words(cell) if cell else "-" for cell in cells]
        )
    reasons = [
        (
            reports.state_words(reason.state),
            str(reason.state.value),
            reason.words,
            str(reason.number),
        )
        for reason in state.Reason
    ]
    return "\n".join(
        (
            "# States\n",
            "What each action leads to; `-`: refused. `end` and `crash` are not asked for, they "
            "happen: its init exits as it was asked to or powers off, or it dies. One that is "
            "paused while it shuts down goes on with that when it is unpaused.\n",
            table(("in state", *(action.value for action in actions)), rows),
            "## Reasons\n",
            "The numbers are libvirt's `virDomainState` and its reasons within that state.\n",
            table(("state", "number", "reason", "number"), reasons),
        )
    )


def parameters() -> str:
    """OpenVZ's parameters."""
    parts = [
        "# Parameters of OpenVZ's config files\n",
        "Every key of a container's `CTID.conf` and of `vz.conf` that vzvirt knows. Lines with "
        "other keys, comments and lines that cannot be read are kept as they are. A key of a "
        "container may stand in `vz.conf` as a default for all. The field is that of the "
        "definition, `model.domain.Domain`; where there is none, the line is kept and has no "
        "effect.\n",
    ]
    for scope in rows.Scope:
        parts.append(f"## In {scope.value}\n")
        lines = [parameter_row(item) for item in params.PARAMS if item.scope is scope]
        parts.append(
            table(
                ("key", "vzctl's option", "value", "of several lines", "field", "meaning"), lines
            )
        )
    return "\n".join(parts)


def parameter_row(item: rows.Param[object]) -> Sequence[str]:
    """One parameter."""
    aliases = f" (also {', '.join(map(code, item.aliases))})" if item.aliases else ""
    return (
        code(item.key) + aliases,
        code(item.option) if item.option else "",
        item.form.words,
        item.duplicates.value,
        ", ".join(map(code, item.fields)),
        item.meaning,
    )


PAGES: Final[dict[str, Callable[[], str]]] = {
    "cli.md": cli,
    "errors.md": error_reference,
    "exit-status.md": exit_status,
    "parameters.md": parameters,
    "settings.md": settings,
    "states.md": states,
}


def main(
    pages: Mapping[str, Callable[[], str]] = PAGES,
    folder: Path = REFERENCE,
    notice: str = NOTICE,
) -> int:
    """Write pages, or check them."""
    tool = Path(sys.argv[0]).name
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    stale = 0
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in pages.items():
        text = f"{notice.format(tool=tool)}{page().rstrip()}\n"
        path = folder / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if check:
            print(f"{path.relative_to(PROJECT)} is not up to date: run tools/{tool}")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"{path.relative_to(PROJECT)} written")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
