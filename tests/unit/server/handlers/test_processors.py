"""Processors of containers as clients see them."""

from __future__ import annotations

import os
from typing import Any

import pytest

from unit.server.handlers.clients import Client
from unit.server.handlers.test_domains import defined
from vzvirt import errors

LIVE, CONFIG, MAXIMUM = 1, 2, 4

HOST = os.cpu_count() or 1
ALL = (1 << HOST) - 1


@pytest.fixture
def web(client: Client) -> Any:
    """A container that runs, on all processors of the host."""
    dom = defined(client, "web")
    client.call("domain_create", dom)
    return dom


def number(bits: bytes) -> int:
    return int.from_bytes(bits, "little")


def test_how_many(client: Client, web: Any) -> None:
    assert client.call("domain_get_max_vcpus", web).num == HOST
    client.call("domain_set_vcpus", web, 1)
    assert client.call("domain_get_vcpus_flags", web, LIVE | MAXIMUM).num == 1
    assert client.call("domain_get_vcpus_flags", web, CONFIG).num == HOST
    client.call("domain_set_vcpus_flags", web, 3, CONFIG)
    assert client.call("domain_get_vcpus_flags", web, CONFIG).num == 3


def test_where_they_may_run(client: Client, web: Any) -> None:
    found = client.call("domain_get_vcpu_pin_info", web, HOST + 5, 8, 0)
    assert (found.num, len(found.cpumaps)) == (HOST, 8 * HOST)
    assert number(found.cpumaps[:8]) == ALL
    client.call("domain_pin_emulator", web, b"\x01", 0)
    found = client.call("domain_get_emulator_pin_info", web, 1, 0)
    assert (found.ret, found.cpumaps) == (1, b"\x01")
    client.call("domain_pin_emulator", web, b"\xff" * 8, 0)
    assert number(client.call("domain_get_emulator_pin_info", web, 8, 0).cpumaps) == ALL
    with pytest.raises(errors.InvalidArgument, match="none that this host has"):
        client.call("domain_pin_emulator", web, b"\0", 0)


@pytest.mark.parametrize(("count", "length"), [(1, 0x7FFFFFFF), (1, -1), (-1, 8)])
def test_room_for_maps_has_bounds(client: Client, web: Any, count: int, length: int) -> None:
    with pytest.raises(errors.InvalidArgument, match="no room for"):
        client.call("domain_get_vcpu_pin_info", web, count, length, 0)


def test_room_for_a_single_map_has_bounds(client: Client, web: Any) -> None:
    with pytest.raises(errors.InvalidArgument, match="no room for"):
        client.call("domain_get_emulator_pin_info", web, 0x7FFFFFFF, 0)
    with pytest.raises(errors.InvalidArgument, match="no room for"):
        client.call("domain_get_vcpus", web, 1, 0x7FFFFFFF)


def test_one_by_one(client: Client, web: Any) -> None:
    client.call("domain_set_vcpus_flags", web, 2, CONFIG)
    with pytest.raises(errors.ConfigUnsupported, match="one by one"):
        client.call("domain_pin_vcpu_flags", web, 0, b"\x01", CONFIG)
    with pytest.raises(errors.InvalidArgument, match="no processor 2"):
        client.call("domain_pin_vcpu_flags", web, 2, b"\x01", CONFIG)
    client.call("domain_set_vcpus", web, 1)
    client.call("domain_pin_vcpu", web, 0, b"\x01")
    assert client.call("domain_get_vcpu_pin_info", web, 1, 1, LIVE).cpumaps == b"\x01"


def test_what_they_have_done(client: Client, web: Any) -> None:
    found = client.call("domain_get_vcpus", web, HOST + 1, 1)
    assert [(item.number, item.state, item.cpu) for item in found.info] == [
        (index, 1, index) for index in range(HOST)
    ]
    assert number(found.cpumaps[:1]) == ALL & 0xFF
    client.call("domain_set_vcpus", web, HOST + 1)
    wandering = client.call("domain_get_vcpus", web, 1, 0)
    assert (len(wandering.info), wandering.info[0].cpu, wandering.cpumaps) == (1, -2, b"")


def stats(client: Client, dom: Any, nparams: int, start: int, count: int) -> tuple[list[str], int]:
    found = client.call("domain_get_cpu_stats", dom, nparams, start, count, 4)
    return [item.field for item in found.params], found.nparams


def test_time_of_all_together(client: Client, web: Any) -> None:
    assert stats(client, web, 0, -1, 1) == ([], 3)
    assert stats(client, web, 3, -1, 1) == (["cpu_time", "user_time", "system_time"], 3)
    assert stats(client, web, 1, -1, 1) == (["cpu_time"], 1)


def test_time_of_each(client: Client, web: Any) -> None:
    assert stats(client, web, 0, 0, 0) == ([], HOST)
    assert stats(client, web, 0, 0, 1) == ([], 1)
    assert stats(client, web, 1, 0, HOST + 2) == (["cpu_time"] * HOST, 1)
    with pytest.raises(errors.InvalidArgument, match=f"no time of processor {HOST}"):
        stats(client, web, 1, HOST, 1)
    with pytest.raises(errors.InvalidArgument, match="no time of processor -2"):
        stats(client, web, 1, -2, 1)


def test_nothing_of_what_does_not_run(client: Client) -> None:
    off = defined(client, "off")
    for name, arguments in (("domain_get_vcpus", (1, 1)), ("domain_get_cpu_stats", (0, -1, 1, 0))):
        with pytest.raises(errors.OperationInvalid, match="domain is not running"):
            client.call(name, off, *arguments)
