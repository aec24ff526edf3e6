"""What is news to those who keep containers connected, and what every start makes anyway."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

import kernelmessages
from kernelmessages import attribute
from vzvirt.backends.netlink import listening, rtnetlink
from vzvirt.backends.netlink.listening import WiringWatch
from vzvirt.backends.netlink.rtnetlink import DELETED_ROUTE, LOCAL, MAIN, NEW_LINK, NEW_ROUTE
from vzvirt.ports.watch import Changes
from vzvirt.system.root import Root

OURS = 118


def route(table: int, protocol: int) -> bytes:
    return kernelmessages.route(table, 1, 0, protocol=protocol)


def link(kind: str, change: int) -> bytes:
    info = attribute(rtnetlink._LINK_INFO, attribute(rtnetlink._INFO_KIND, kind.encode()))
    return kernelmessages.link(change, info)


@pytest.mark.parametrize(
    ("kind", "body", "is_news"),
    [
        (NEW_ROUTE, route(MAIN, 2), True),
        (DELETED_ROUTE, route(MAIN, 2), True),
        (NEW_ROUTE, route(MAIN, OURS), False),
        (DELETED_ROUTE, route(MAIN, OURS), True),
        (NEW_ROUTE, route(LOCAL, 2), False),
        (NEW_LINK, link("bridge", 0xFFFFFFFF), True),
        (NEW_LINK, link("bridge", 1), False),
        (NEW_LINK, link("veth", 0xFFFFFFFF), False),
        (99, b"", False),
    ],
)
def test_what_is_news(kind: int, body: bytes, is_news: bool) -> None:
    assert listening._is_news(kind, body) is is_news


def test_only_tables_of_ours_are_missed(tmp_path: Path) -> None:
    watch = WiringWatch(Root(tmp_path))
    try:
        assert watch.changes() == Changes()
        deleted = listening._TABLE_DELETED
        for name, is_loss in ((f"vzvirt{Root(tmp_path).tag}", True), ("filter", False)):
            body = bytes(4) + attribute(1, name.encode() + b"\0")
            assert watch._is_loss(deleted, body) is is_loss
            assert not watch._is_loss(deleted - 1, body)
    finally:
        watch.close()


def test_messages_end_where_they_say() -> None:
    one = struct.pack("=IHHII", 18, 24, 0, 0, 0) + b"ab"
    assert list(listening._messages(one + b"\0\0" + one)) == [(24, b"ab")] * 2
    assert list(listening._messages(struct.pack("=IHHII", 3, 24, 0, 0, 0))) == []


def test_without_rules_to_hear_of_routes_are_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "_NETFILTER", 31)  # nobody speaks this one
    watch = WiringWatch(Root(tmp_path))
    try:
        assert watch.changes() == Changes()
        assert watch.fileno() >= 0
    finally:
        watch.close()
