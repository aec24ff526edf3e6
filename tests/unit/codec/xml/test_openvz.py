from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.codec.tree import Node
from vzvirt.codec.xml.openvz import OPENVZ
from vzvirt.model.devices import DevicePermission


def container(*children: Node) -> Node:
    return Node("openvz:container", children=list(children))


def ubc(**attributes: str) -> Node:
    return Node("openvz:ubc", attributes)


def test_one_mark_is_both() -> None:
    (row,) = OPENVZ.read(container(ubc(name="numproc", limit="240"))).beancounters
    assert (row.value.barrier, row.value.limit) == (240, 240)


def test_a_row_twice_must_agree() -> None:
    row = ubc(name="numproc", limit="240")
    assert len(OPENVZ.read(container(row, row)).beancounters) == 1
    with pytest.raises(errors.XmlError, match="numproc"):
        OPENVZ.read(container(row, ubc(name="numproc", limit="241")))


@pytest.mark.parametrize("attributes", [{"name": "numproc"}, {"limit": "1"}, {}])
def test_a_row_needs_name_and_limit(attributes: dict[str, str]) -> None:
    with pytest.raises(errors.XmlError, match="<openvz:ubc"):
        OPENVZ.read(container(ubc(**attributes)))


def test_device_rules() -> None:
    node = container(Node("openvz:devices", text="b:8:0:rw c:10:all:none c:1:3:qwr"))
    rules = OPENVZ.read(node).device_permissions
    assert rules == (
        DevicePermission(kind="b", major=8, minor=0, permissions="rw"),
        DevicePermission(kind="c", major=10, minor=None, permissions="none"),
        DevicePermission(kind="c", major=1, minor=3, permissions="qwr"),
    )
    again = Node("openvz:container")
    OPENVZ.write(OPENVZ.read(node), again, sparse=False)
    assert OPENVZ.read(again).device_permissions == rules


@pytest.mark.parametrize(
    "rule",
    ["b:8:0", "x:8:0:rw", "b:eight:0:rw", "b:8:0:rwx", "c:10:200:m", "c:1:3:", "c:99999:0:r"],
)
def test_what_is_no_device_rule(rule: str) -> None:
    with pytest.raises(errors.XmlError, match="<openvz:devices>"):
        OPENVZ.read(container(Node("openvz:devices", text=rule)))


def test_a_line_that_is_not_base64() -> None:
    line = Node("openvz:line", {"position": "0", "encoding": "base64"}, text="!")
    with pytest.raises(errors.XmlError, match="is not base64"):
        OPENVZ.read(container(line))
