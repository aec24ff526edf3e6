from __future__ import annotations

import pytest

from unit.server.handlers.clients import Client
from vzvirt import errors
from vzvirt.server.replies import Refusal

ALL = -1


def test_in_eight_numbers(client: Client) -> None:
    info = client.call("node_get_info")
    assert bytes(info.model).rstrip(b"\0").decode() == client.world.host.arch()
    assert info.memory == client.world.host.memory() // 1024
    assert info.nodes * info.sockets * info.cores * info.threads == info.cpus


def test_documents(client: Client) -> None:
    assert "<os_type>exe</os_type>" in client.call("connect_get_capabilities").capabilities
    found = client.call("connect_get_domain_capabilities", None, None, None, None, 0)
    assert "<domain>openvz</domain>" in found.capabilities
    with pytest.raises(errors.InvalidArgument, match="'kvm'"):
        client.call("connect_get_domain_capabilities", None, None, None, "kvm", 0)
    with pytest.raises(Refusal):
        client.call("connect_get_domain_capabilities", None, None, None, None, 1)


def test_security_is_none(client: Client) -> None:
    found = client.call("node_get_security_model")
    assert (bytes(found.model), bytes(found.doi)) == (b"none\0", b"0\0")


def test_processors(client: Client) -> None:
    count = client.world.host.processors()
    assert client.call("connect_get_max_vcpus", None).max_vcpus == count
    found = client.call("node_get_cpu_map", 1, 1, 0)
    assert (found.ret, found.online) == (count, count)
    assert int.from_bytes(found.cpumap, "little") == (1 << count) - 1
    less = client.call("node_get_cpu_map", 0, 0, 0)
    assert (less.ret, less.online, less.cpumap) == (count, 0, b"")


def test_times_are_counted_first_then_asked_for(client: Client) -> None:
    assert client.call("node_get_cpu_stats", ALL, 0, 0).nparams == 4
    found = client.call("node_get_cpu_stats", ALL, 4, 0)
    assert [param.field for param in found.params] == ["kernel", "user", "idle", "iowait"]
    one = client.call("node_get_cpu_stats", 0, 4, 0)
    assert 0 < one.params[2].value <= found.params[2].value
    with pytest.raises(errors.InvalidArgument):
        client.call("node_get_cpu_stats", 4711, 4, 0)


def test_memory_is_in_kib(client: Client) -> None:
    found = client.call("node_get_memory_stats", 4, ALL, 0)
    assert [param.field for param in found.params] == ["total", "free", "buffers", "cached"]
    assert found.params[0].value == client.world.host.memory() // 1024
    cell = client.call("node_get_memory_stats", 4, 0, 0)
    assert [param.field for param in cell.params] == ["total", "free"]
    assert client.call("node_get_memory_stats", 0, 0, 0).nparams == 2


def test_free_memory_is_in_bytes(client: Client) -> None:
    free = client.call("node_get_free_memory").freeMem
    assert 0 < free < client.world.host.memory()
    assert client.call("node_get_cells_free_memory", 0, 1).cells == [free]
    assert client.call("node_get_free_pages", [4], 0, 1, 0).counts == [free // 4096]
