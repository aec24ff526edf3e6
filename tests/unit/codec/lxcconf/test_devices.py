from __future__ import annotations

import pytest

from vzvirt.codec.lxcconf.devices import ALLOWED, access_of, rules
from vzvirt.model.devices import DevicePermission


@pytest.mark.parametrize(
    ("openvz", "kernel"),
    [
        ("", "rwm"),
        ("rw", "rwm"),
        ("r", "rm"),
        ("w", "wm"),
        ("rwq", "rwm"),
        ("q", "m"),
        ("none", ""),
    ],
)
def test_letters(openvz: str, kernel: str) -> None:
    assert access_of(openvz) == kernel


def test_none_but_the_listed_is_open() -> None:
    opened = {str(rule) for rule in rules([]) if set(rule.access) & set("rw")}
    assert opened == {
        *(f"c 1:{minor} rwm" for minor in (3, 5, 7, 8, 9)),
        *(f"c 5:{minor} rwm" for minor in (0, 1, 2)),
        "c 136:* rwm",
    }


def test_rules_of_a_definition() -> None:
    given = [
        DevicePermission(kind="b", major=8, permissions="r"),
        DevicePermission(kind="c", major=10, minor=1, permissions="none"),
    ]
    assert [str(rule) for rule in rules(given)[len(ALLOWED) :]] == ["b 8:* rm"]
