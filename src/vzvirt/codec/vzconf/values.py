"""The values of a file's parameters: what the lines that count say, read by the table."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from vzvirt.codec.vzconf.forms import Notes
from vzvirt.codec.vzconf.grammar import Assignment, Document
from vzvirt.codec.vzconf.params import BY_KEY, DEPRECATED, PARAMS
from vzvirt.codec.vzconf.rows import Duplicates, Param

T = TypeVar("T")


class Values:
    """One value for each parameter that is said; the key's row knows its type."""

    def __init__(self) -> None:
        self._values: dict[
            str, Any
        ] = {}  # Any: each row has its own type, which ``get`` gives back

    def get(self, param: Param[T]) -> T | None:
        """The value of a parameter, or ``None`` if it is not said."""
        value: T | None = self._values.get(param.key)
        return value

    def put(self, param: Param[T], value: T | None) -> None:
        """Say a parameter; ``None`` and an empty list are "not said"."""
        if value is None or value == ():
            self._values.pop(param.key, None)
        else:
            self._values[param.key] = value

    def items(self) -> ItemsView[str, Any]:
        """What is said, by key, in the order of the file."""
        return self._values.items()

    def __iter__(self) -> Iterator[Param[Any]]:
        """The rows of all parameters that are said, in the table's order."""
        return (param for param in PARAMS if param.key in self._values)

    def differences(self, wanted: Values) -> list[Param[Any]]:
        """Rows whose value here is not what is wanted, as far as their keys can say it."""
        return [
            param
            for param in PARAMS
            if (param.key in self._values or param.key in wanted._values)
            and not param.says(self.get(param), wanted.get(param))
        ]


@dataclass(slots=True)
class Heard:
    """What a file says.

    Attributes:
        values: By parameter.
        warnings: What was wrong, with line numbers; never fatal.
        positions: Lines that have a part in ``values``, or would have were they not repeated.
    """

    values: Values = field(default_factory=Values)
    warnings: list[str] = field(default_factory=list)
    positions: set[int] = field(default_factory=set)


def listen(document: Document) -> Heard:
    """Read every line of a file that gives a known parameter a value."""
    heard = Heard(warnings=list(document.warnings))
    parts: dict[str, list[Any]] = {}  # Any: values of whatever type the key's row has
    for line in document.assignments:
        param = BY_KEY.get(line.key)
        if line.key in DEPRECATED:
            heard.warnings.append(f"{line.where}: {line.key} is deprecated")
        if param is None or param.ignored:
            continue
        _take(line, param, parts, heard)
    for key, found in parts.items():
        row = BY_KEY[key]
        heard.values.put(row, row.form.join(found))
    return heard


def _take(line: Assignment, param: Param[Any], parts: dict[str, list[Any]], heard: Heard) -> None:
    notes: Notes = []
    if param.fields:
        heard.positions.add(line.position)
    if not line.value:
        return  # vzctl writes this where a list has run out
    try:
        value = param.form.parse(line.value, notes)
    except ValueError:
        heard.warnings.append(
            f'{line.where}: invalid value for {line.key} ("{line.value[:80]}"), skipped'
        )
        heard.positions.discard(line.position)
        return
    if param.key in parts and param.duplicates is Duplicates.FIRST:
        heard.warnings.append(f"{line.where}: duplicate for {line.key}, skipped")
        return
    if notes:
        heard.warnings += [f"{line.where}: {line.key}: {note}" for note in notes]
    parts.setdefault(param.key, []).append(value)
