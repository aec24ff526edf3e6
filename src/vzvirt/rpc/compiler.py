"""Python source for the codecs of structures: straight-line code, numbers packed together.

Interpreting a table for every value would cost several times as much as the work itself.
The source relies on the names of ``xdr.SHARED``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from vzvirt.rpc.layout import NUMBERS, STRING_MAX, UUID_BYTES, Field

WORDS: Final = frozenset({*NUMBERS, "uuid", "string", "opaque", "union"})
"""The kinds that are no structures."""


class Code(NamedTuple):
    """Source that defines a function ``codec``.

    Attributes:
        source: The source.
        structs: The structures whose classes it needs.
    """

    source: str
    structs: frozenset[str]


def initializer(names: tuple[str, ...]) -> str:
    """Source of an ``__init__`` that stores its arguments."""
    body = "; ".join(f"self.{name} = {name}" for name in names)
    return f"def __init__(self, {', '.join(names)}): {body}"


def encoder(fields: tuple[Field, ...]) -> Code:
    """Source of ``codec(self) -> bytes``."""
    head: list[str] = []
    pieces: list[str] = []
    for run in _runs(fields):
        if isinstance(run, Field):
            pieces.append(_encoded(run))
            continue
        name = f"pack{len(head)}"
        head.append(f"{name} = Struct({_format(run)!r}).pack")
        pieces.append(f"{name}({', '.join(_packed(field) for field in run)})")
    whole = " + ".join(pieces) if len(pieces) < 3 else f"b''.join(({', '.join(pieces)}))"
    lines = [
        *head,
        "def codec(self):",
        "    try:",
        f"        return {whole}",
        "    except StructError as problem:",
        "        raise unfit(self, problem) from None",
    ]
    return Code("\n".join(lines), frozenset())


def decoder(fields: tuple[Field, ...]) -> Code:
    """Source of ``codec(data, at) -> (value, end)``."""
    head: list[str] = []
    body: list[str] = []
    for run in _runs(fields):
        if isinstance(run, Field):
            body += _decoded(run)
            continue
        name, form = f"unpack{len(head)}", _format(run)
        head.append(f"{name} = Struct({form!r}).unpack_from")
        body.append(f"{', '.join(_local(field) for field in run)}, = {name}(data, at)")
        body.append(f"at += {struct.calcsize(form)}")
    lines = [
        *head,
        "def codec(data, at):",
        *(f"    {line}" for line in body),
        f"    return Self({', '.join(_local(field) for field in fields)}), at",
    ]
    structs = frozenset(field.kind for field in fields) - WORDS
    return Code("\n".join(lines), structs)


def _runs(fields: Iterable[Field]) -> Iterator[Field | list[Field]]:
    """Fields of fixed size together, others alone."""
    run: list[Field] = []
    for field in fields:
        if (field.is_number or field.kind == "uuid") and not field.optional:
            run.append(field)
            continue
        if run:
            yield run
            run = []
        yield field
    if run:
        yield run


def _format(run: list[Field]) -> str:
    return ">" + "".join(
        f"{UUID_BYTES}s" if field.kind == "uuid" else NUMBERS[field.kind] for field in run
    )


def _local(field: Field) -> str:
    return f"_{field.name}"


def _packed(field: Field) -> str:
    if field.kind == "uuid":
        return f"sized(self.{field.name}, {UUID_BYTES})"
    return f"self.{field.name}"


def _encoded(field: Field) -> str:
    value = f"self.{field.name}"
    if field.kind == "char":
        if field.size is not None:
            return f"words(sized({value}, {field.size}))"
        return f"word_blob({value}, {field.bound})"
    if field.kind == "opaque":
        return f"blob({value}, {field.bound})"
    if field.bound is not None:
        if field.kind == "string":
            return f"texts({value}, {field.bound})"
        if field.kind in NUMBERS:
            return f"numbers({value}, {field.bound}, {NUMBERS[field.kind]!r})"
        return f"items({value}, {field.bound})"
    single = f"text({value}, {STRING_MAX})" if field.kind == "string" else f"{value}.encode()"
    if field.optional:
        return f"(ABSENT if {value} is None else PRESENT + {single})"
    return single


def _decoded(field: Field) -> list[str]:
    if field.kind == "char" and field.size is not None:
        return [f"{_local(field)}, at = read_words(data, at, {field.size})"]
    if field.optional:
        return [
            "if flag(data, at):",
            *(f"    {line}" for line in ["at += 4", *_single(field)]),
            "else:",
            f"    {_local(field)} = None",
            "    at += 4",
        ]
    if field.bound is None:
        return _single(field)
    return _counted(field)


def _single(field: Field) -> list[str]:
    if field.kind == "string":
        return [*_length(field, STRING_MAX), *_padded(field, "plain(data[at:end])")]
    return [f"{_local(field)}, at = {field.kind}.read(data, at)"]


def _counted(field: Field) -> list[str]:
    assert field.bound is not None  # noqa: S101  # for the type checker: the caller asked
    lines = _length(field, field.bound)
    special: dict[str, Callable[[], list[str]]] = {
        "opaque": lambda: _padded(field, "data[at:end]"),
        "char": lambda: [f"{_local(field)}, at = read_words(data, at, size)"],
        "string": lambda: [f"{_local(field)}, at = read_texts(data, at, size)"],
    }
    if field.kind in special:
        return lines + special[field.kind]()
    if field.kind in NUMBERS:
        code = NUMBERS[field.kind]
        width = struct.calcsize(f">{code}")
        return [
            *lines,
            f"{_local(field)} = list(unpack_from(f'>{{size}}{code}', data, at))",
            f"at += {width} * size",
        ]
    return [
        *lines,
        f"{_local(field)} = []",
        "for _ in range(size):",
        f"    item, at = {field.kind}.read(data, at)",
        f"    {_local(field)}.append(item)",
    ]


def _length(field: Field, bound: int) -> list[str]:
    return [
        "size, = LENGTH_AT(data, at)",
        f"if size > {bound}: raise too_long({field.name!r}, size, {bound})",
        "at += 4",
    ]


def _padded(field: Field, value: str) -> list[str]:
    return ["end = at + size", f"{_local(field)} = {value}", "at = end + (-size & 3)"]
