from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.codec.tree import Node, Place, merged


def test_a_path_finds_every_branch() -> None:
    tree = Node("a", children=[Node("b", children=[Node("c", text="1")]), Node("b")])
    tree.children[1].children.append(Node("c", text="2"))

    assert [text for _, text in Place.parse("b/c").found(tree)] == ["1", "2"]
    assert [node.tag for node in tree.find_all("*")] == ["b", "b"]


def test_reach_makes_only_what_is_missing() -> None:
    tree = Node("a", children=[Node("b")])

    assert tree.reach("b", "c") is tree.reach("b", "c")
    assert [node.tag for node in tree.walk()] == ["a", "b", "c"]


def test_a_path_puts_text_and_attributes() -> None:
    tree = Node("a")
    Place.parse("b").put(tree, "text")
    Place.parse("b/@c").put(tree, "attribute")

    assert tree.children[0].text == "text"
    assert tree.children[0].attributes == {"c": "attribute"}


def test_a_spelling_tells_name_attributes_and_line() -> None:
    assert Node("quota", {"type": "size"}, line=7).spelling == "<quota type='size'> (line 7)"
    assert Node("a", origin="<b> (line 2)").spelling == "<b> (line 2)"


def test_merging_keeps_all_children_and_refuses_attributes_that_differ() -> None:
    one, two = Node("os", {"a": "1"}, [Node("x")]), Node("os", {"b": "2"}, [Node("y")])
    whole = merged([one, two])

    assert whole.attributes == {"a": "1", "b": "2"}
    assert [child.tag for child in whole.children] == ["x", "y"]
    assert one.attributes == {"a": "1"}
    with pytest.raises(errors.XmlError, match="differ in 'a'"):
        merged([one, Node("os", {"a": "2"})])
