from __future__ import annotations

from dataclasses import dataclass

import pytest

from vzvirt import errors
from vzvirt.codec.schema import (
    TEXT,
    Choice,
    Constant,
    Convert,
    Flag,
    Items,
    Part,
    Spec,
    Texts,
    Value,
    Values,
)
from vzvirt.codec.tree import Node

NUMBER: Convert[int] = Convert(int, str, "a number")


@dataclass(frozen=True)
class Wheel:
    size: int
    spokes: int = 20

    def __post_init__(self) -> None:
        if self.size < 1:
            raise errors.InvalidArgument("a wheel has a size", hint="one inch at least")


@dataclass(frozen=True)
class Bike:
    name: str
    kind: str = "city"
    bell: bool = False
    notes: tuple[str, ...] = ()
    wheels: tuple[Wheel, ...] = ()
    spare: Wheel | None = None
    owner: str | None = None


WHEEL = Spec(Wheel, Value("size", "@size", NUMBER), Value("spokes", "spokes", NUMBER, always=True))
BIKE = Spec(
    Bike,
    Constant("name", "@version", "1"),
    Value("name", "name", TEXT),
    Value("kind", "kind", TEXT),
    Flag("bell", "extras/bell"),
    Texts("notes", "note", TEXT),
    Items("wheels", "wheels/wheel", WHEEL),
    Part("spare", "spare", WHEEL),
    Choice("owner", by="kind", paths={"city": "owner/@citizen", "race": "owner/@team"}),
    unsaid={"kind": "city"},
)


def written(bike: Bike, *, sparse: bool = False) -> Node:
    node = Node("bike")
    BIKE.write(bike, node, sparse=sparse)
    return node


@pytest.mark.parametrize(
    "bike",
    [
        Bike("plain"),
        Bike("full", "race", True, ("a", "b"), (Wheel(26), Wheel(28, 36)), Wheel(20), "us"),
        Bike("owned", owner="me"),
    ],
)
def test_what_is_written_is_read(bike: Bike) -> None:
    assert BIKE.read(written(bike)) == bike
    assert BIKE.read(written(bike, sparse=True)) == bike


def test_defaults_are_written_only_where_the_row_insists_and_the_document_is_full() -> None:
    full, sparse = (
        written(Bike("x", wheels=(Wheel(1),))),
        written(Bike("x", wheels=(Wheel(1),)), sparse=True),
    )

    assert full.find("kind") is None
    assert full.find("wheels", "wheel", "spokes") is not None
    assert sparse.find("wheels", "wheel", "spokes") is None


def test_a_choice_has_one_place_per_kind() -> None:
    owner = written(Bike("x", "race", owner="us")).find("owner")
    assert owner is not None
    assert owner.attributes == {"team": "us"}


def test_the_same_fact_twice_must_agree() -> None:
    node = Node("bike", children=[Node("name", text="a", line=2), Node("name", text="a", line=3)])
    assert BIKE.read(node).name == "a"

    node.children[1].text = "b"
    with pytest.raises(errors.XmlError) as caught:
        BIKE.read(node)
    assert caught.value.message == "<name> (line 2) says 'a', but <name> (line 3) says 'b'"


def test_what_is_missing_is_named() -> None:
    with pytest.raises(errors.XmlError, match="<bike> has no <name>"):
        BIKE.read(Node("bike"))


def test_a_wrong_text_is_named_with_its_element() -> None:
    node = Node("bike", children=[Node("name"), Node("spare", {"size": "big"}, line=4)])
    with pytest.raises(errors.XmlError, match=r"<spare size='big'> \(line 4\): 'big' is not a nu"):
        BIKE.read(node)


def test_a_value_that_cannot_be_names_the_innermost_element() -> None:
    node = Node("bike", children=[Node("name"), Node("spare", {"size": "0"}, line=4)])
    with pytest.raises(errors.InvalidArgument) as caught:
        BIKE.read(node)
    assert caught.value.message == "<spare size='0'> (line 4): a wheel has a size"
    assert caught.value.hint == "one inch at least"


def test_unknown_elements_are_dropped() -> None:
    node = Node("bike", children=[Node("name", text="x"), Node("gears"), Node("bell")])
    assert BIKE.read(node) == Bike("x")


def test_gather_and_spread_turn_places_into_fields_and_back() -> None:
    def gather(values: Values, node: Node) -> None:
        values["size"] = int(str(values.pop("radius"))) * 2

    spec = Spec(
        Wheel,
        Value("radius", "@radius", NUMBER),
        gather=gather,
        spread=lambda wheel: {"radius": wheel.size // 2},
        unsaid={"spokes": 3},
    )
    node = Node("wheel")
    spec.write(Wheel(26), node, sparse=False)

    assert node.attributes == {"radius": "13"}
    assert spec.read(node) == Wheel(26, 3)
