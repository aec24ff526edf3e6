"""Statistics of many containers at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from unit.server.handlers.clients import Client
from unit.server.handlers.test_domains import defined
from vzvirt import errors
from vzvirt.manager.defaults import DEFAULT_MEMORY
from vzvirt.manager.looks import Looks
from vzvirt.model.domain import Domain
from vzvirt.ports.watch import Changes
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.xdr import ProtocolError
from vzvirt.server.handlers import domstats

STATE, CPU, BALLOON, VCPU, INTERFACE, BLOCK, PERF, IOTHREAD = (1 << bit for bit in range(8))
DIRTYRATE = 1 << 9
ACTIVE, INACTIVE, TRANSIENT, NOWAIT, ENFORCE = 1, 2, 8, 1 << 29, 1 << 31


@pytest.fixture
def both(client: Client) -> tuple[Any, Any]:
    """One that runs, and one that does not."""
    wired = "<interface type='ethernet'><target dev='veth9'/></interface>"
    on, off = defined(client, "on", devices=wired), defined(client, "off")
    client.call("domain_create", on)
    return on, off


def asked(
    client: Client, stats: int, flags: int = 0, doms: tuple[Any, ...] = ()
) -> dict[str, set[str]]:
    """Groups of parameters, by container."""
    reply = client.call("connect_get_all_domain_stats", doms, stats, flags)
    return {
        record.dom.name: {item.field.split(".")[0] for item in record.params}
        for record in reply.retStats
    }


def test_everything(client: Client, both: tuple[Any, Any]) -> None:
    assert asked(client, 0) == {
        "on": {"state", "cpu", "balloon", "vcpu", "net", "block", "iothread"},
        "off": {"state", "balloon", "vcpu"},
    }


@pytest.mark.parametrize(
    ("group", "on", "off"),
    [
        (STATE, {"state"}, {"state"}),
        (CPU, {"cpu"}, set()),
        (BALLOON, {"balloon"}, {"balloon"}),
        (VCPU, {"vcpu"}, {"vcpu"}),
        (INTERFACE, {"net"}, set()),
        (BLOCK, {"block"}, set()),
        (PERF, set(), set()),
        (IOTHREAD, {"iothread"}, set()),
        (STATE | BLOCK, {"state", "block"}, {"state"}),
    ],
)
def test_each_group(
    client: Client, both: tuple[Any, Any], group: int, on: set[str], off: set[str]
) -> None:
    assert asked(client, group, ENFORCE | NOWAIT) == {"on": on, "off": off}


def test_filters(client: Client, both: tuple[Any, Any]) -> None:
    assert list(asked(client, STATE, ACTIVE)) == ["on"]
    assert list(asked(client, STATE, INACTIVE)) == ["off"]
    assert list(asked(client, STATE, TRANSIENT)) == []
    nobody = remote.NonnullDomain("nobody", bytes(16), -1)
    assert list(asked(client, STATE, doms=(both[1], nobody))) == ["off"]
    assert list(asked(client, STATE, ACTIVE, doms=(both[1], nobody, both[0]))) == ["on"]
    assert list(asked(client, STATE, ACTIVE, doms=(both[1],))) == []


def test_more_than_a_message_may_have_are_refused(
    client: Client, both: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [client.snapshot.by_name("off")]
    most = remote.ConnectGetAllDomainStatsRet.FIELDS[0].bound
    assert most == 16384
    monkeypatch.setattr(domstats, "_meant", lambda *_: found * most)
    assert len(client.call("connect_get_all_domain_stats", (), STATE, 0).retStats) == most
    monkeypatch.setattr(domstats, "_meant", lambda *_: found * (most + 1))
    with pytest.raises(ProtocolError, match="a length of 16385"):
        client.call("connect_get_all_domain_stats", (), STATE, 0)


def test_groups_that_there_are_not(client: Client, both: tuple[Any, Any]) -> None:
    assert asked(client, STATE | DIRTYRATE, ACTIVE) == {"on": {"state"}}
    with pytest.raises(errors.ArgumentUnsupported, match="bits 0x200"):
        asked(client, STATE | DIRTYRATE, ENFORCE)


def test_what_changed_is_seen(client: Client, both: tuple[Any, Any]) -> None:
    on, _ = both
    asked(client, 0)
    client.call("domain_set_vcpus", on, 7)
    (record,) = client.call("connect_get_all_domain_stats", (on,), VCPU, 0).retStats
    found = {item.field: item.value.value for item in record.params}
    assert found["vcpu.current"] == 7


def processors(client: Client, dom: Any) -> int:
    (record,) = client.call("connect_get_all_domain_stats", (dom,), VCPU, 0).retStats
    return next(item.value.value for item in record.params if item.field == "vcpu.current")


def memory(client: Client, dom: Any) -> int:
    (record,) = client.call("connect_get_all_domain_stats", (dom,), BALLOON, 0).retStats
    return next(item.value.value for item in record.params if item.field == "balloon.maximum")


def test_other_defaults_are_seen(
    client: Client, both: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, off = both
    before = processors(client, off)

    def others(_self: Looks, domain: Domain) -> Domain:
        return replace(domain, cpu=replace(domain.cpu, vcpus=before + 9))

    monkeypatch.setattr(Looks, "effective", others)
    assert processors(client, off) == before, "it is not made anew each time"
    client.snapshot.heed(Changes(defaults=True))
    assert processors(client, off) == before + 9


def test_one_that_could_not_be_read_is_read_again(
    client: Client, both: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, off = both

    def unreadable(_self: Looks, domain: Domain) -> Domain:
        raise errors.ConfigSyntax(f"{domain.name} is damaged")

    with monkeypatch.context() as broken:
        broken.setattr(Looks, "effective", unreadable)
        assert memory(client, off) == 0
    assert memory(client, off) == DEFAULT_MEMORY // 1024
