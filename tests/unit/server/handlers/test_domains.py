"""Finding and listing containers, and what they are."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from unit.server.handlers.clients import Client
from vzvirt import errors
from vzvirt.manager.defaults import DEFAULT_MEMORY
from vzvirt.model.resources import Memory
from vzvirt.model.state import Reason
from vzvirt.model.values import Ctid
from vzvirt.rpc.protocol import constants, remote
from vzvirt.server.replies import Refusal
from worlds import MIB

ACTIVE, INACTIVE, PERSISTENT, TRANSIENT = 1, 2, 4, 8
RUNNING, PAUSED, SHUTOFF, OTHER = 16, 32, 64, 128
AUTOSTART, NO_AUTOSTART, HAS_SNAPSHOT, NO_SNAPSHOT = 1024, 2048, 4096, 8192
"""As stock clients send them."""


def document(name: str, *, more: str = "", devices: str = "") -> str:
    return (
        f"<domain type='openvz'><name>{name}</name>{more}<devices>{devices}"
        "<filesystem type='template'><source name='busybox'/></filesystem></devices></domain>"
    )


def defined(client: Client, name: str, **parts: str) -> Any:
    return client.call("domain_define_xml", document(name, **parts)).dom


def listed(client: Client, flags: int) -> list[str]:
    found = client.call("connect_list_all_domains", 1, flags)
    assert found.ret == len(found.domains)
    return sorted(dom.name for dom in found.domains)


def state(client: Client, dom: Any) -> tuple[int, int]:
    found = client.call("domain_get_state", dom, 0)
    return found.state, found.reason


@pytest.fixture
def web(client: Client) -> Any:
    """A container that is defined."""
    return defined(client, "web")


def test_lookups(client: Client, web: Any) -> None:
    assert (web.name, web.id) == ("web", -1)
    assert client.call("domain_lookup_by_name", "web").dom == web
    assert client.call("domain_lookup_by_uuid", web.uuid).dom == web
    assert client.call("domain_lookup_by_id", 101).dom == web, "though it is off"
    assert client.call("domain_lookup_by_name", "101").dom == web, "as for 'virsh start 101'"
    client.call("domain_create", web)
    assert client.call("domain_lookup_by_name", "web").dom.id == 101
    for procedure, wanted in (
        ("domain_lookup_by_name", "www"),
        ("domain_lookup_by_name", "102"),
        ("domain_lookup_by_name", "0101"),
        ("domain_lookup_by_uuid", b"\1" * 16),
        ("domain_lookup_by_id", 102),
        ("domain_lookup_by_id", -1),
    ):
        with pytest.raises(errors.NoDomain):
            client.call(procedure, wanted)


def test_only_the_uuid_counts(client: Client, web: Any) -> None:
    stale = remote.NonnullDomain("other", web.uuid, 4711)
    assert state(client, stale) == (5, 0)
    with pytest.raises(errors.NoDomain):
        state(client, remote.NonnullDomain("web", b"\1" * 16, 101))


def test_lists(client: Client, web: Any) -> None:
    up, frozen = defined(client, "up"), defined(client, "frozen")
    client.call("domain_create", up)
    client.call("domain_create_with_flags", frozen, constants.VIR_DOMAIN_START_PAUSED)
    client.call("domain_create_xml", document("gone"), 0)
    client.call("domain_set_autostart", up, 1)
    crashed = defined(client, "crashed")
    client.call("domain_create", crashed)
    client.world.engine.end_from_inside(Ctid(105), Reason.DIED, -9)
    client.refresh(105)
    everybody = ["crashed", "frozen", "gone", "up", "web"]
    for flags, names in {
        0: everybody,
        ACTIVE | INACTIVE: everybody,
        ACTIVE: ["frozen", "gone", "up"],
        INACTIVE: ["crashed", "web"],
        TRANSIENT: ["gone"],
        PERSISTENT | ACTIVE: ["frozen", "up"],
        RUNNING: ["gone", "up"],
        PAUSED: ["frozen"],
        SHUTOFF: ["web"],
        OTHER: ["crashed"],
        PAUSED | OTHER: ["crashed", "frozen"],
        AUTOSTART: ["up"],
        NO_AUTOSTART | INACTIVE: ["crashed", "web"],
        HAS_SNAPSHOT: [],
        NO_SNAPSHOT | SHUTOFF: ["web"],
    }.items():
        assert listed(client, flags) == names, flags
    assert client.call("connect_list_all_domains", 0, ACTIVE).ret == 3
    assert client.call("connect_list_all_domains", 0, ACTIVE).domains == []
    with pytest.raises(Refusal):
        listed(client, 1 << 20)


def test_old_lists(client: Client, web: Any) -> None:
    client.call("domain_create", defined(client, "up"))
    assert client.call("connect_num_of_domains").num == 1
    assert client.call("connect_list_domains", 9).ids == [102]
    assert client.call("connect_list_domains", 0).ids == []
    assert client.call("connect_num_of_defined_domains").num == 1
    assert client.call("connect_list_defined_domains", 9).names == ["web"]


def test_what_it_is(client: Client, web: Any) -> None:
    assert client.call("domain_get_os_type", web).type == "exe"
    assert not client.call("domain_is_active", web).active
    assert client.call("domain_is_persistent", web).persistent
    assert not client.call("domain_is_updated", web).updated
    assert not client.call("domain_get_autostart", web).autostart
    assert not client.call("domain_has_managed_save_image", web, 0).result
    client.call("domain_create", web)
    assert client.call("domain_is_active", web).active
    assert not client.call("domain_is_updated", web).updated
    gone = client.call("domain_create_xml", document("gone"), 0).dom
    assert not client.call("domain_is_persistent", gone).persistent
    assert not client.call("domain_is_updated", gone).updated


def test_documents_say_what_clients_rely_on(client: Client, web: Any) -> None:
    def text_of(asked: Client) -> str:
        found: str = asked.call("domain_get_xml_desc", web, 0).xml
        return found

    assert f"<type arch='{client.world.host.arch()}'>exe</type>" in text_of(client)
    assert "<currentMemory unit='KiB'>262144</currentMemory>" in text_of(client)
    store = client.world.store
    store.save(dataclasses.replace(store.load(Ctid(101)).domain, memory=Memory()))
    fresh = Client(client.world)
    assert text_of(fresh).count(f"emory unit='KiB'>{DEFAULT_MEMORY // 1024}<") == 2


def test_one_of_two_amounts_of_memory_may_be_changed(client: Client) -> None:
    dom = defined(client, "web", more="<memory unit='KiB'>65536</memory>")
    told: str = client.call("domain_get_xml_desc", dom, constants.VIR_DOMAIN_XML_INACTIVE).xml
    for former, tag, amount in (("65536", "memory", "60000"), ("60000", "currentMemory", "50000")):
        told = told.replace("65536", former)
        changed = told.replace(f"<{tag} unit='KiB'>{former}<", f"<{tag} unit='KiB'>{amount}<")
        client.call("domain_define_xml", changed)
        assert client.call("domain_get_info", dom).maxMem == int(amount)


def test_info(client: Client) -> None:
    limits = "<memory unit='MiB'>64</memory><vcpu>2</vcpu>"
    dom = defined(client, "web", more=limits)
    info = client.call("domain_get_info", dom)
    assert (info.state, info.maxMem, info.memory) == (5, 64 * MIB // 1024, 64 * MIB // 1024)
    assert (info.nrVirtCpu, info.cpuTime) == (2, 0)
    client.call("domain_create", dom)
    info = client.call("domain_get_info", dom)
    assert (info.state, info.maxMem, info.nrVirtCpu) == (1, 64 * MIB // 1024, 2)
    assert 0 <= info.memory <= info.maxMem
    bare = client.call("domain_get_info", defined(client, "bare"))
    assert bare.nrVirtCpu == client.world.host.processors()


def test_documents(client: Client, web: Any) -> None:
    def text(flags: int) -> str:
        found: str = client.call("domain_get_xml_desc", web, flags).xml
        return found

    assert "<name>web</name>" in text(0)
    assert text(0) == text(0) == text(1 | 2 | 4 | 8)
    client.call("domain_create", web)
    plug = "<interface type='ethernet'/>"
    client.call("domain_attach_device", web, plug)
    assert "<interface" in text(0)
    assert "<interface" not in text(constants.VIR_DOMAIN_XML_INACTIVE)
    assert client.call("domain_is_updated", web).updated
    with pytest.raises(Refusal):
        text(16)
    reader = Client(client.world, read_only=True)
    with pytest.raises(Refusal):
        reader.call("domain_get_xml_desc", web, constants.VIR_DOMAIN_XML_SECURE)
    assert reader.call("domain_get_xml_desc", web, 0).xml == text(0)
