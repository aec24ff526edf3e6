from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.codec.schema import Convert, Values
from vzvirt.codec.tree import Node
from vzvirt.codec.xml import convert
from vzvirt.codec.xml.convert import UNLIMITED_KIB, Amount
from vzvirt.model.values import UNLIMITED


@pytest.mark.parametrize(
    ("converter", "text", "value"),
    [
        (convert.NUMBER, " 12\n", 12),
        (convert.SIGNED, "-1", -1),
        (convert.REAL, "1.5", 1.5),
        (convert.LIMIT, "unlimited", UNLIMITED),
        (convert.LIMIT, "9223372036854775807", UNLIMITED),
        (convert.NODESET, "0-3,^2", "0-1,3"),
        (convert.NODESET, "0,1,2", "0,1,2"),
        (convert.NODESET, "all", "all"),
        (convert.FAMILY, "ipv6", 6),
        (convert.YES_NO, "yes", True),
        (convert.switches(), "nfs:on sit:off", (("nfs", True), ("sit", False))),
        (convert.hexadecimal(2), "0x1f", 31),
        (convert.hexadecimal(2), "10", 10),
        (convert.hexadecimal(2), "1f", 31),
    ],
)
def test_texts_and_values(converter: Convert[object], text: str, value: object) -> None:
    assert converter.from_text(text, "here") == value
    assert converter.read(converter.write(value)) == value


@pytest.mark.parametrize(
    ("converter", "text"),
    [
        (convert.NUMBER, "-1"),
        (convert.NUMBER, "1.5"),
        (convert.NUMBER, "\u0663"),
        (convert.NUMBER, "9" * 21),
        (convert.REAL, "nan"),
        (convert.REAL, "-1"),
        (convert.NODESET, "3-1"),
        (convert.NODESET, "0,^0"),
        (convert.NODESET, "a"),
        (convert.FAMILY, "ipx"),
        (convert.YES_NO, "maybe"),
        (convert.switches(), "nfs"),
        (convert.hexadecimal(2), "0xg"),
        (convert.UUID_TEXT, "8dea22b3"),
        (convert.MAC, "00:11"),
        (convert.CTID, "007"),
    ],
)
def test_what_is_no_such_value_names_the_place(converter: Convert[object], text: str) -> None:
    with pytest.raises(errors.XmlError, match=r"^here: "):
        converter.from_text(text, "here")


def amount(text: str, row: Amount, **attributes: str) -> object:
    values: Values = {}
    row.read(Node("a", children=[Node("memory", attributes, text=text)]), values)
    return values["x"]


MEMORY = Amount("x", "memory", unlimited=True)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("b", 1),
        ("bytes", 1),
        ("KB", 1000),
        ("k", 1024),
        ("KiB", 1024),
        ("G", 2**30),
        ("TB", 10**12),
    ],
)
def test_units(unit: str, factor: int) -> None:
    assert amount("3", MEMORY, unit=unit) == 3 * factor
    assert amount("3", MEMORY, unit=unit.lower()) == 3 * factor


def test_the_default_unit_is_the_rows() -> None:
    assert amount("3", MEMORY) == 3 * 1024
    assert amount("3", Amount("x", "memory", default="bytes")) == 3


def test_no_limit_is_the_largest_number() -> None:
    assert amount(str(UNLIMITED_KIB), MEMORY) is UNLIMITED
    with pytest.raises(errors.XmlError, match="too large"):
        amount(str(UNLIMITED_KIB), Amount("x", "memory"))


@pytest.mark.parametrize("value", [0, 1, 1024, 5000, UNLIMITED])
def test_amounts_survive(value: object) -> None:
    node = Node("a")
    MEMORY.write({"x": value}, node, sparse=False)
    values: Values = {}
    MEMORY.read(node, values)
    assert values == {"x": value}
