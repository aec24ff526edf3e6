from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.codec.tree import Node, Place
from vzvirt.codec.xml.refusals import ALLOWED, REFUSED, refuse


@pytest.mark.parametrize("path", REFUSED)
def test_what_no_container_has_is_refused_by_name(path: str) -> None:
    domain = Node("domain")
    place = Place.parse(path)
    place.put(domain, "")
    with pytest.raises(errors.ConfigUnsupported) as caught:
        refuse(domain)
    assert f"<{place.steps[-1]}" in caught.value.message
    assert place.attribute is None or f"{place.attribute}= of" in caught.value.message
    assert caught.value.hint == REFUSED[path]


@pytest.mark.parametrize("path", ALLOWED)
def test_other_values_than_those_possible_are_refused(path: str) -> None:
    for text in ALLOWED[path]:
        domain = Node("domain")
        Place.parse(path).put(domain, text)
        refuse(domain)
    domain = Node("domain")
    Place.parse(path).put(domain, "quantum")
    with pytest.raises(errors.ConfigUnsupported, match="quantum") as caught:
        refuse(domain)
    assert ALLOWED[path][0] in str(caught.value.hint)


@pytest.mark.parametrize(
    "disk",
    [
        Node("disk", {"diskspace": "10000", "diskinodes": "200000"}),
        Node(
            "disk", children=[Node("diskspace", text="10000"), Node("diskinodes", text="200000")]
        ),
    ],
)
def test_a_disks_quotas_are_shown_where_they_belong(disk: Node) -> None:
    with pytest.raises(errors.ConfigUnsupported) as caught:
        refuse(Node("domain", children=[Node("devices", children=[disk])]))
    hint = str(caught.value.hint)
    assert "<space_hard_limit unit='KiB'>10000</space_hard_limit>" in hint
    assert "<quota type='inodes' max='200000'/>" in hint


def test_what_libvirts_tools_add_is_not_refused() -> None:
    domain = Node("domain")
    for tag in ("emulator", "controller", "input", "memballoon"):
        domain.reach("devices", tag)
    refuse(domain)
