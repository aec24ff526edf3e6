"""The backend of interfaces by itself, on a host that is an empty network namespace."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from netspace import guest, ip, links, own_network, unmount_below
from vzvirt import errors
from vzvirt.backends.netlink import NetlinkLinks
from vzvirt.backends.netlink.held import Held
from vzvirt.codec.xml import read_device
from vzvirt.model.devices import HostDevice, HostDeviceKind, Interface
from vzvirt.model.values import Ctid
from vzvirt.ports.network import Plug
from vzvirt.system.root import Root

pytestmark = pytest.mark.root

CTID = Ctid(101)


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[NetlinkLinks]:
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    with own_network():
        try:
            yield NetlinkLinks(Root(tmp_path), asks=False)
        finally:
            unmount_below(tmp_path)


@pytest.fixture
def init(backend: NetlinkLinks) -> Iterator[int]:
    """A running container's, as far as this backend sees one."""
    del backend
    with guest() as pid:
        yield pid


def plug(document: str, bridge: str | None = None) -> Plug:
    device = read_device(document).device
    assert isinstance(device, Interface)
    return Plug(interface=device, bridge=bridge)


ROUTED = "<interface type='ethernet'><target dev='{}'/><ip address='192.0.2.50'/></interface>"


@pytest.mark.parametrize("kind", ["bridge", "veth"])
def test_a_device_of_the_host_is_no_host_end(backend: NetlinkLinks, kind: str) -> None:
    ip(f"link add taken0 type {kind}")
    with pytest.raises(errors.OperationFailed, match="there is a device of that name"):
        backend.check(CTID, (plug(ROUTED.format("taken0")),), ())


def test_what_we_do_not_make_is_never_taken_away(backend: NetlinkLinks, init: int) -> None:
    ip("link add br0 type bridge")
    with pytest.raises(errors.OperationFailed, match="File exists"):
        backend.attach(CTID, init, plug(ROUTED.format("br0")))
    backend._held(CTID).write(Held(links=["br0"]))
    backend.release(CTID)
    assert "br0" in links()


def test_a_routed_interface_comes_and_goes(backend: NetlinkLinks, init: int) -> None:
    one = plug(ROUTED.format("mine0"))
    for end in (lambda: backend.detach(CTID, init, one), lambda: backend.release(CTID)):
        backend.check(CTID, (one,), ())
        backend.attach(CTID, init, one)
        assert "mine0" in links() and "venet0" in links(init)
        end()
        assert "mine0" not in links()


# -- network devices of the host -------------------------------------------------------------


def nic(name: str) -> HostDevice:
    return HostDevice(kind=HostDeviceKind.NET, name=name)


def test_a_nic_whose_name_is_taken_inside_stays_at_home(backend: NetlinkLinks, init: int) -> None:
    ip("link add eth1 type veth peer name far1")
    ip("addr add 10.88.0.1/24 dev eth1")
    ip("link set eth1 up")
    ip(f"link add v1 type veth peer name eth1 netns {init}")
    ip("link set eth1 up", init)
    with pytest.raises(errors.OperationFailed):
        backend.attach_device(CTID, init, nic("eth1"))
    assert "UP" in ip("link show dev eth1", init) and "10.88.0.1" in ip("addr show dev eth1")
    assert backend._nics.notes() == []
    backend.release(CTID)


def test_one_nic_that_cannot_come_back_holds_no_others_up(
    backend: NetlinkLinks, init: int
) -> None:
    for name in ("a0", "b0"):
        ip(f"link add {name} type veth peer name far{name}")
        backend.attach_device(CTID, init, nic(name))
    backend.attach(CTID, init, plug(ROUTED.format("mine0")))
    ip("link add a0 type bridge")
    with pytest.raises(errors.OperationFailed, match="same name"):
        backend.release(CTID)
    assert "b0" in links() and "mine0" not in links()
    ip("link del dev a0")
    backend.release(CTID)
    assert {"a0", "b0"} <= links() and backend._nics.notes() == []
