"""What to ask of declarations: is every field of the class in them, and every row in some test?"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from vzvirt.codec import schema
from vzvirt.codec.xml.convert import Amount
from vzvirt.codec.xml.verbatim import Verbatim

ROWS = (
    *(schema.Value, schema.Texts, schema.Flag, schema.Choice, schema.Constant, schema.TagName),
    *(schema.Part, schema.Items, Amount, Verbatim),
)

Seen = set[tuple[int, object]]


def specs(spec: schema.Spec[Any]) -> list[schema.Spec[Any]]:
    """A spec and those of all its parts."""
    found = [spec]
    for each in found:
        parts = [row for row in each.rows if isinstance(row, schema.Part | schema.Items)]
        found += {id(row.spec): row.spec for row in parts if row.spec not in found}.values()
    return found


def missing(spec: schema.Spec[Any]) -> set[str]:
    """Fields of the class a spec builds that none of its rows binds."""
    if not dataclasses.is_dataclass(spec.build):
        return set()
    fields = {field.name for field in dataclasses.fields(spec.build)}
    return fields - {row.key for row in spec.rows} - spec.claims


def way(row: Any, values: Any) -> object:
    """Which of its places a choice uses."""
    return values.get(row.by) if isinstance(row, schema.Choice) else None


def exercised(monkeypatch: pytest.MonkeyPatch, how: str) -> Seen:
    """Record each row that reads or writes something from now on, and which way."""
    seen: Seen = set()

    def watch(kind: Any, original: Any) -> None:
        def read(row: Any, node: Any, values: Any) -> None:
            found = {key: value for key, value in values.items() if key != row.key}
            original(row, node, found)
            if row.key in found:
                seen.add((id(row), way(row, found)))
            values.update(found)

        def write(row: Any, values: Any, node: Any, *, sparse: bool) -> None:
            original(row, values, node, sparse=sparse)
            seen.add((id(row), way(row, values)))

        monkeypatch.setattr(kind, how, {"read": read, "write": write}[how])

    for kind in ROWS:
        watch(kind, getattr(kind, how))
    return seen


def unused(spec: schema.Spec[Any], how: str, seen: Seen) -> list[tuple[str, str]]:
    """Rows, and ways of choices, that nothing has used."""
    found = []
    for each in specs(spec):
        for row in each.rows:
            ways = row.paths if isinstance(row, schema.Choice) else [None]
            if how == "read" and isinstance(row, schema.Constant):
                continue
            found += [(row.key, row.path) for one in ways if (id(row), one) not in seen]
    return found
