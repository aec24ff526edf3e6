#!/usr/bin/env python3
"""Print src/vzvirt/rpc/protocol from tools/protocol.json; --check: is it up to date?

The facts are ``structs`` and ``unions`` in the notation of vzvirt.rpc.layout, by their names on
the wire, ``constants`` of the public interface, and ``procedures``: ``function`` is the public
one, ``access`` what a connection must be allowed to call it, ``write_if`` the bits of an argument
that need more than reading, ``stream`` the direction in which the client uses it.
"""

from __future__ import annotations

import argparse
import json
import keyword
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

PROJECT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "src"))

from vzvirt.rpc import layout  # noqa: E402  # found only now

FACTS: Final = PROJECT / "tools" / "protocol.json"
TARGET: Final = PROJECT / "src" / "vzvirt" / "rpc" / "protocol"
WIDTH: Final = 88
"""Characters of table text in a line."""

DOMAINS: Final = (
    (r"checkpoint", "VIR_FROM_DOMAIN_CHECKPOINT"),
    (r"snapshot", "VIR_FROM_DOMAIN_SNAPSHOT"),
    (r"nwfilter", "VIR_FROM_NWFILTER"),
    (r"secret", "VIR_FROM_SECRET"),
    (r"^interface_|_interfaces$", "VIR_FROM_INTERFACE"),
    (r"storage", "VIR_FROM_STORAGE"),
    (r"node_device|^node_.*_devices$", "VIR_FROM_NODEDEV"),
    (r"domain", "VIR_FROM_DOMAIN"),
    (r"network", "VIR_FROM_NETWORK"),
    (r"^auth_", "VIR_FROM_AUTH"),
    (r"", "VIR_FROM_NONE"),
)
"""The error domain of a procedure: that of the first of these that its name has."""

PYTHON_TYPES: Final = {"double": "float", "string": "str", "uuid": "bytes", "opaque": "bytes"}
"""Types of what is neither an integer nor a structure."""


def camel(name: str) -> str:
    """The class of a structure: DomainGetInfoArgs for domain_get_info_args."""
    return name.title().replace("_", "")


def fields(text: str) -> Iterator[tuple[str, str]]:
    """Names and types of a structure, as the project has them."""
    for pair in text.split():
        name, _, kind = pair.partition(":")
        bare = kind.removeprefix("?").partition("<")[0].partition("[")[0]
        known = bare in layout.NUMBERS or bare in PYTHON_TYPES
        yield (
            f"{name}_" if keyword.iskeyword(name) else name,
            kind if known else kind.replace(bare, camel(bare)),
        )


def remote_source(facts: Mapping[str, Any]) -> str:
    """The table of all structures."""
    lines = [
        '"""The structures of libvirt\'s remote protocol, made when they are first asked for.',
        "",
        "Printed by tools/rpcgen.py from tools/protocol.json. ``remote.pyi`` has the types.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
        "",
        "from vzvirt.rpc.xdr import Struct, make_struct, make_union",
        "",
        "STRUCTS: Final = {",
    ]
    for name, text in facts["structs"].items():
        line = " ".join(f"{field}:{kind}" for field, kind in fields(text))
        lines += entry(camel(name), line)
    lines += ["}", "", "UNIONS: Final = {"]
    for name, arms in facts["unions"].items():
        lines.append(f'    "{camel(name)}": {{')
        lines += [f'        {label}: "{kind}",' for label, kind in arms.items()]
        lines.append("    },")
    lines += [
        "}",
        "",
        "",
        "def __getattr__(name: str) -> type[Struct]:",
        "    made: type[Struct]",
        "    if name in STRUCTS:",
        "        made = make_struct(__name__, name, STRUCTS[name])",
        "    elif name in UNIONS:",
        "        made = make_union(__name__, name, UNIONS[name])",
        "    else:",
        '        raise AttributeError(f"the protocol has no structure {name}")',
        "    first: type[Struct] = globals().setdefault(name, made)  # threads may ask at once",
        "    return first",
    ]
    return "\n".join(lines) + "\n"


def entry(name: str, text: str) -> list[str]:
    """A line of the table of structures, or several."""
    whole = f'    "{name}": "{text}",'
    if len(whole) <= WIDTH + 11:
        return [whole]
    pieces = [text] if len(text) <= WIDTH + 1 else textwrap.wrap(text, WIDTH)
    quoted = [f'        "{piece} "' for piece in pieces[:-1]] + [f'        "{pieces[-1]}"']
    return [f'    "{name}": (', *quoted, "    ),"]


def stub_source(facts: Mapping[str, Any]) -> str:
    """What type checkers see of the structures."""
    structs = {camel(name): tuple(fields(text)) for name, text in facts["structs"].items()}
    inbound = reached(structs, [name for name in structs if name.endswith("Args")])
    lines = [
        "# ruff: noqa: N815",
        "# Printed by tools/rpcgen.py from tools/protocol.json.",
        "# Structures that only a server sends may hold Encoded bytes in place of others.",
        "from collections.abc import Sequence",
        "",
        "from vzvirt.rpc.xdr import Encoded, Struct, Union",
        "",
        "STRUCTS: dict[str, str]",
        "UNIONS: dict[str, dict[int, str]]",
    ]
    for name in map(camel, facts["unions"]):
        lines += ["", f"class {name}(Union): ..."]
    for name, members in structs.items():
        lines += ["", f"class {name}(Struct):"]
        lines += [f"    {field}: {hint(kind, name in inbound)}" for field, kind in members]
    return "\n".join(lines) + "\n"


def reached(
    structs: Mapping[str, tuple[tuple[str, str], ...]], names: Iterable[str]
) -> frozenset[str]:
    """These structures, and all that are part of them."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in structs and name not in found:
            found.add(name)
            todo += [layout.parse(f"{f}:{kind}")[0].kind for f, kind in structs[name]]
    return frozenset(found)


def hint(kind: str, inbound: bool) -> str:
    """The Python type of a field."""
    field = layout.parse(f"x:{kind}")[0]
    many = field.bound is not None
    if field.kind == "opaque" or (field.kind == "char" and not field.is_number):
        return "bytes"
    if field.kind in layout.NUMBERS or field.kind in PYTHON_TYPES:
        plain = PYTHON_TYPES.get(field.kind, "int")
    else:
        plain = field.kind if inbound else f"{field.kind} | Encoded"
    if many:
        return f"Sequence[{plain}]"
    return f"{plain} | None" if field.optional else plain


def procedures_source(facts: Mapping[str, Any]) -> str:
    """The table of all procedures."""
    errors = facts["constants"]["virErrorDomain"]
    rows = [row(procedure, facts["structs"], errors) for procedure in facts["procedures"]]
    lines = [
        "# ruff: noqa: E501",
        '"""The procedures of libvirt\'s remote protocol.',
        "",
        "Printed by tools/rpcgen.py from tools/protocol.json. The columns: number, name, public",
        "function, error domain, structures, direction of its stream, priority, and who may call",
        "it; ``read!FIELD&MASK`` says that a read-only connection may unless one of these bits",
        "is set in that argument.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Mapping",
        "from typing import Final",
        "",
        "from vzvirt.rpc.protocol.procedure import Procedure, read_table",
        "",
        '__all__ = ["BY_NAME", "PROCEDURES", "Procedure"]',
        "",
        'PROCEDURES: Final[Mapping[int, Procedure]] = read_table("""\\',
        *rows,
        '""")',
        "",
        "BY_NAME: Final[Mapping[str, Procedure]] = {p.name: p for p in PROCEDURES.values()}",
    ]
    return "\n".join(lines) + "\n"


def row(
    procedure: Mapping[str, Any], structs: Mapping[str, str], errors: Mapping[str, int]
) -> str:
    """A line of the table of procedures."""
    name = procedure["name"]
    domain = next(errors[domain] for pattern, domain in DOMAINS if re.search(pattern, name))
    parts = "+".join(part for part in ("args", "ret", "msg") if f"{name}_{part}" in structs)
    access = procedure.get("access", "write")
    if "write_if" in procedure:
        access += f"!{procedure['write_if']}"
    cells = (
        str(procedure["number"]),
        name,
        procedure.get("function", "-"),
        str(domain),
        parts or "-",
        procedure.get("stream", "-"),
        procedure.get("priority", "low"),
        access,
    )
    return " ".join(cells)


def constants_source(facts: Mapping[str, Any]) -> str:
    """The constants of the public interface."""
    lines = [
        '"""Constants of libvirt\'s public interface, under their own names.',
        "",
        "Printed by tools/rpcgen.py from tools/protocol.json.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Final",
    ]
    seen: dict[str, int] = {}
    for group, members in facts["constants"].items():
        lines += ["", f"# {group}"]
        for name, value in members.items():
            if seen.setdefault(name, value) != value:
                raise ValueError(f"{name} has two values")
            lines.append(f"{name}: Final = {value}")
    return "\n".join(lines) + "\n"


def sources(facts: Mapping[str, Any]) -> Mapping[str, str]:
    """Every generated file, by its name."""
    return {
        "remote.py": remote_source(facts),
        "remote.pyi": stub_source(facts),
        "procedures.py": procedures_source(facts),
        "constants.py": constants_source(facts),
    }


def main() -> int:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing, fail if out of date")
    options = parser.parse_args()
    stale = False
    for name, text in sources(json.loads(FACTS.read_text())).items():
        path = TARGET / name
        if path.exists() and path.read_text() == text:
            continue
        stale = True
        if options.check:
            print(
                f"{path.relative_to(PROJECT)} is out of date: run tools/rpcgen.py", file=sys.stderr
            )
        else:
            path.write_text(text)
    return int(stale and options.check)


if __name__ == "__main__":
    sys.exit(main())
