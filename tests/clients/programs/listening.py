"""A program that listens while another one works: prints what it hears, in order.

``sys.argv[1]`` is the URI. The actions are on a second connection, as somebody else's would be.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

import libvirt

Conn = libvirt.virConnect

XML = """
<domain type='openvz'>
  <name>web</name>
  <devices><filesystem type='template'><source name='busybox'/></filesystem></devices>
</domain>
"""
NETWORK = "<network><name>lan</name><ip address='203.0.113.1' prefix='24'/></network>"
NIC = """
<interface type='network'>
  <mac address='00:18:51:aa:bb:cc'/>
  <source network='lan'/>
</interface>
"""
VOLUME = "<volume><name>more.tar.gz</name><capacity>0</capacity></volume>"

EVENT_IDS = {
    value: name.removeprefix("VIR_DOMAIN_EVENT_ID_").lower()
    for name, value in vars(libvirt).items()
    if name.startswith("VIR_DOMAIN_EVENT_ID_") and name != "VIR_DOMAIN_EVENT_ID_LAST"
}

heard: list[str] = []
"""What was heard, line by line."""


def note(kind: str, *words: object) -> None:
    heard.append(" ".join(map(str, (kind, *words))))


def listener(kind: str) -> Callable[..., None]:
    """What is called for one kind of a container's events."""

    def hear(_conn: Conn, dom: libvirt.virDomain, *rest: object) -> None:
        note(kind, dom.name(), *rest[:-1])

    return hear


def register(conn: Conn) -> list[int]:
    """Listen to every kind there is; the numbers of what listens to containers."""
    numbers = [
        conn.domainEventRegisterAny(None, number, listener(kind), None)
        for number, kind in sorted(EVENT_IDS.items())
    ]
    conn.networkEventRegisterAny(
        None,
        libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE,
        lambda _conn, net, event, detail, _: note("network", net.name(), event, detail),
        None,
    )
    conn.storagePoolEventRegisterAny(
        None,
        libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE,
        lambda _conn, pool, event, detail, _: note("pool", pool.name(), event, detail),
        None,
    )
    conn.storagePoolEventRegisterAny(
        None,
        libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH,
        lambda _conn, pool, _: note("refreshed", pool.name()),
        None,
    )
    conn.nodeDeviceEventRegisterAny(
        None,
        libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE,
        lambda _conn, dev, event, detail, _: note("device", dev.name(), event, detail),
        None,
    )
    return numbers


def wait_for(line: str) -> None:
    """Wait until it was heard."""
    until = time.monotonic() + 20
    while line not in heard:
        assert time.monotonic() < until, (line, heard)
        time.sleep(0.01)


def work(conn: Conn) -> None:
    """All that a container, a network and a pool go through."""
    net = conn.networkDefineXML(NETWORK)
    net.create()
    web = conn.defineXML(XML)
    web.create()
    web.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "A title", None, None)
    web.attachDeviceFlags(NIC, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    web.detachDeviceFlags(NIC, libvirt.VIR_DOMAIN_AFFECT_LIVE)
    web.suspend()
    web.resume()
    web.reboot()
    web.shutdown()
    web.create()
    web.destroy()
    web.rename("site")
    web.undefine()
    net.destroy()
    net.undefine()
    pool = conn.storagePoolLookupByName("templates")
    pool.refresh()
    pool.createXML(VOLUME).delete()
    wait_for("refreshed templates")


def main() -> None:
    libvirt.virEventRegisterDefaultImpl()

    def turn() -> None:
        while True:
            libvirt.virEventRunDefaultImpl()

    threading.Thread(target=turn, daemon=True).start()
    conn = libvirt.open(sys.argv[1])
    closed: list[int] = []
    conn.registerCloseCallback(lambda _conn, reason, _: closed.append(reason), None)
    conn.setKeepAlive(1, 3)
    numbers = register(conn)
    other = libvirt.open(sys.argv[1])
    work(other)
    for number in numbers:
        conn.domainEventDeregisterAny(number)
    before = len(heard)
    other.defineXML(XML).undefine()
    time.sleep(2.5)  # more than two keepalive intervals
    assert conn.isAlive()
    unheard = heard[before:]
    assert not [line for line in unheard if " web" in line], unheard
    sys.stdout.write("\n".join([*heard, "listening"]) + "\n")
    sys.stdout.flush()
    sys.stdin.readline()  # the daemon ends now
    until = time.monotonic() + 20
    while not closed:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert not conn.isAlive()
    sys.stdout.write(f"closed {closed[0]}\n")


main()
