from __future__ import annotations

from vzvirt.codec.tree import Node
from vzvirt.codec.xml.notes import Notes


def test_a_note_shows_the_element_as_it_stands_in_the_end() -> None:
    notes, old, new = Notes(), Node("host", line=3), Node("hostdev")
    notes.say("first")
    notes.canonical(old, new)
    new.attributes["type"] = "net"

    assert notes.texts() == (
        "first",
        "<host> (line 3): the canonical form is <hostdev type='net'/>",
    )
    assert new.spelling == "<host> (line 3)"
