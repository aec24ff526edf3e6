"""Packets of real clients and a real server: what they said, and how long it was.

``exchanges.jsonl.gz`` has a line for each: the procedure, ``call``, ``reply``, ``message`` or
``error``, the bytes of the payload, and the values in the order of the wire; bytes in hexadecimal
digits, characters that are words as text.
"""

from __future__ import annotations

import ast
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from vzvirt.rpc import layout
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.protocol.procedures import BY_NAME
from vzvirt.rpc.xdr import Struct

GOLDEN = Path(__file__).parents[3] / "golden" / "rpc" / "exchanges.jsonl.gz"
PARTS = {"call": "args", "reply": "ret", "message": "event"}
EXCHANGES = [json.loads(line) for line in gzip.decompress(GOLDEN.read_bytes()).splitlines()]


def built(cls: type[Struct], values: list[Any]) -> Struct:
    return cls(*[_value(field, value) for field, value in zip(cls.FIELDS, values, strict=True)])


def _value(field: layout.Field, value: Any) -> Any:
    if value is None:
        return None
    if field.kind == "char" and not field.is_number:
        return value.encode("latin-1")
    if field.bound is not None and field.kind != "opaque":
        return [_single(field.kind, each) for each in value]
    return _single(field.kind, value)


def _single(kind: str, value: Any) -> Any:
    if kind in {"uuid", "opaque"}:
        return bytes.fromhex(value)
    if kind in layout.NUMBERS or kind in {"string", "union"}:
        return value
    return built(getattr(remote, kind), value)


def test_what_was_said_has_the_length_it_had() -> None:
    assert len(EXCHANGES) > 500
    for name, what, length, values in EXCHANGES:
        cls = remote.Error if what == "error" else getattr(BY_NAME[name], PARTS[what])
        value = built(cls, values)
        data = value.encode()
        assert len(data) == length, (name, what)
        assert cls.decode(data) == value
        assert cls.decode(data).encode() == data


def test_the_types_are_those_of_the_table() -> None:
    """Type checkers read another file; both are printed from the same facts."""
    stub = ast.parse(Path(remote.__file__).with_suffix(".pyi").read_text())
    classes = {
        node.name: [line.target.id for line in node.body if isinstance(line, ast.AnnAssign)]
        for node in stub.body
        if isinstance(node, ast.ClassDef)
    }
    for name, text in remote.STRUCTS.items():
        assert classes.pop(name) == [field.name for field in layout.parse(text)]
    assert classes == {name: [] for name in remote.UNIONS}


def test_what_the_protocol_does_not_have() -> None:
    with pytest.raises(AttributeError, match="no structure DomainFrobnicateArgs"):
        _ = remote.DomainFrobnicateArgs
