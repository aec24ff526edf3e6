"""Limits, read and set by clients."""

from __future__ import annotations

from typing import Any

import pytest

from unit.server.handlers.clients import Client
from unit.server.handlers.test_domains import defined
from vzvirt import errors
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.typedparams import Kind, typed
from vzvirt.server.params import NO_LIMIT

LIVE, CONFIG, TEXTS = 1, 2, 4


@pytest.fixture
def web(client: Client) -> Any:
    """A container that runs."""
    dom = defined(client, "web")
    client.call("domain_create", dom)
    return dom


def read(client: Client, name: str, *arguments: object) -> dict[str, object]:
    """Parameters, asked for as clients do: how many there are, then what they are."""
    *head, flags = arguments
    number = client.call(name, *head, 0, flags).nparams
    found = client.call(name, *head, number, flags).params
    assert len(found) == number
    return {item.field: item.value.value for item in found}


class TestMemory:
    def test_what_there_is(self, client: Client, web: Any) -> None:
        found = read(client, "domain_get_memory_parameters", web, LIVE)
        assert list(found) == ["hard_limit", "soft_limit", "min_guarantee", "swap_hard_limit"]
        assert found["hard_limit"] == client.call("domain_get_max_memory", web).memory
        assert found["soft_limit"] == NO_LIMIT

    def test_what_is_set(self, client: Client, web: Any) -> None:
        client.call("domain_set_memory", web, 300 << 10)
        client.call("domain_set_max_memory", web, 310 << 10)
        client.call("domain_set_memory_flags", web, 200 << 10, CONFIG)
        assert read(client, "domain_get_memory_parameters", web, 0)["hard_limit"] == 310 << 10
        assert read(client, "domain_get_memory_parameters", web, CONFIG)["hard_limit"] == 200 << 10
        given = [typed("soft_limit", 100 << 10, Kind.ULLONG)]
        given.append(typed("swap_hard_limit", NO_LIMIT, Kind.ULLONG))
        client.call("domain_set_memory_parameters", web, given, LIVE)
        found = read(client, "domain_get_memory_parameters", web, 0)
        assert (found["soft_limit"], found["swap_hard_limit"]) == (100 << 10, NO_LIMIT)

    def test_both_cannot_be_asked_for(self, client: Client, web: Any) -> None:
        with pytest.raises(errors.InvalidArgument, match="exclude each other"):
            client.call("domain_get_memory_parameters", web, 0, LIVE | CONFIG)

    def test_what_nobody_knows(self, client: Client, web: Any) -> None:
        for wrong, error in (
            (typed("limit", 1, Kind.ULLONG), errors.ArgumentUnsupported),
            (typed("hard_limit", 1, Kind.UINT), errors.InvalidArgument),
        ):
            with pytest.raises(error):
                client.call("domain_set_memory_parameters", web, [wrong], 0)

    def test_what_does_not_run(self, client: Client) -> None:
        off = defined(client, "off")
        client.call("domain_set_memory", off, 300 << 10)
        assert client.call("domain_get_max_memory", off).memory == 300 << 10
        with pytest.raises(errors.OperationInvalid):
            client.call("domain_set_memory_flags", off, 200 << 10, LIVE)
        with pytest.raises(errors.OperationInvalid):
            client.call("domain_get_memory_parameters", off, 0, LIVE)


class TestProcessorTime:
    def test_what_there_is(self, client: Client, web: Any) -> None:
        found = client.call("domain_get_scheduler_type", web)
        assert (found.type, found.nparams) == ("posix", 3)
        params = client.call("domain_get_scheduler_parameters", web, 3).params
        assert [(item.field, item.value.value) for item in params] == [
            ("cpu_shares", 1024),
            ("vcpu_period", 100000),
            ("vcpu_quota", -1),
        ]

    def test_what_is_set(self, client: Client, web: Any) -> None:
        client.call(
            "domain_set_scheduler_parameters", web, [typed("cpu_shares", 2048, Kind.ULLONG)]
        )
        quota = typed("vcpu_quota", 30000, Kind.LLONG)
        client.call("domain_set_scheduler_parameters_flags", web, [quota], CONFIG)

        def found(flags: int) -> list[object]:
            reply = client.call("domain_get_scheduler_parameters_flags", web, 3, flags)
            return [item.value.value for item in reply.params]

        assert found(LIVE) == [2048, 100000, -1]
        assert found(CONFIG) == [1024, 100000, 30000]


class TestDisks:
    def test_texts_only_for_those_who_know_them(self, client: Client, web: Any) -> None:
        assert list(read(client, "domain_get_blkio_parameters", web, 0)) == ["weight"]
        assert len(read(client, "domain_get_blkio_parameters", web, TEXTS)) == 5

    def test_what_is_set(self, client: Client, web: Any) -> None:
        both = [
            typed(f"device_{way}_iops_sec", "/dev/root,50", Kind.STRING)
            for way in ("read", "write")
        ]
        weight = typed("weight", 300, Kind.UINT)
        client.call("domain_set_blkio_parameters", web, [*both, weight], 0)
        found = read(client, "domain_get_blkio_parameters", web, TEXTS)
        assert found["weight"] == 300
        assert found["device_read_iops_sec"] == "/dev/root,50"
        assert found["device_write_bytes_sec"] == ""

    @pytest.mark.parametrize(
        ("reads", "writes"),
        [
            ("/dev/root,5", None),
            ("/dev/root,5", "/dev/root,6"),
            ("/dev/sda,5", "/dev/sda,5"),
            ("/dev/root,x", "/dev/root,x"),
            ("/dev/root", "/dev/root"),
        ],
    )
    def test_what_no_container_can_have(
        self, client: Client, web: Any, reads: str, writes: str | None
    ) -> None:
        given = [typed("device_read_bytes_sec", reads, Kind.STRING)]
        if writes:
            given.append(typed("device_write_bytes_sec", writes, Kind.STRING))
        with pytest.raises(errors.InvalidArgument):
            client.call("domain_set_blkio_parameters", web, given, 0)


class TestNodes:
    def test_what_is_set(self, client: Client, web: Any) -> None:
        assert read(client, "domain_get_numa_parameters", web, TEXTS) == {
            "numa_nodeset": "",
            "numa_mode": 0,
        }
        nodes = [typed("numa_nodeset", "0-1", Kind.STRING), typed("numa_mode", 0, Kind.INT)]
        client.call("domain_set_numa_parameters", web, nodes, CONFIG)
        assert (
            read(client, "domain_get_numa_parameters", web, TEXTS | CONFIG)["numa_nodeset"]
            == "0-1"
        )
        with pytest.raises(errors.ConfigUnsupported, match="strict"):
            mode = typed("numa_mode", 1, Kind.INT)
            client.call("domain_set_numa_parameters", web, [mode], 0)


class TestInterfaces:
    @pytest.fixture
    def plugged(self, client: Client) -> Any:
        wired = "<interface type='ethernet'><target dev='veth9'/></interface>"
        return defined(client, "net", devices=wired)

    def test_what_is_set(self, client: Client, plugged: Any) -> None:
        found = read(client, "domain_get_interface_parameters", plugged, "veth9", 0)
        assert set(found.values()) == {0}
        assert len(found) == 7
        given = [typed("inbound.average", 100, Kind.UINT), typed("inbound.peak", 200, Kind.UINT)]
        client.call("domain_set_interface_parameters", plugged, "veth9", given, 0)
        found = read(client, "domain_get_interface_parameters", plugged, "veth9", 0)
        assert (found["inbound.average"], found["inbound.peak"]) == (100, 200)
        assert found["outbound.average"] == 0

    def test_no_share_is_kept_free(self, client: Client, plugged: Any) -> None:
        given = [typed("inbound.average", 100, Kind.UINT), typed("inbound.floor", 9, Kind.UINT)]
        with pytest.raises(errors.ConfigUnsupported, match=r"inbound\.floor"):
            client.call("domain_set_interface_parameters", plugged, "veth9", given, 0)

    @pytest.mark.parametrize("average", [[], [typed("outbound.average", 0, Kind.UINT)]])
    def test_a_peak_needs_an_average(
        self, client: Client, plugged: Any, average: list[remote.TypedParam]
    ) -> None:
        given = [*average, typed("outbound.peak", 200, Kind.UINT)]
        with pytest.raises(errors.InvalidArgument, match=r"needs 'outbound\.average'"):
            client.call("domain_set_interface_parameters", plugged, "veth9", given, 0)
