"""The host, networks and storage through libvirt's own Python module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from daemonlab import Daemon
from unit.backends.templates import archives

HOST = """
import json, libvirt, sys
conn = libvirt.open(sys.argv[1])
print(json.dumps({
    "info": conn.getInfo(),
    "map": conn.getCPUMap(),
    "times": conn.getCPUStats(libvirt.VIR_NODE_CPU_STATS_ALL_CPUS),
    "memory": conn.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS),
    "free": conn.getFreeMemory(),
    "cells": conn.getCellsFreeMemory(0, 1),
    "pages": conn.getFreePages([4], 0, 1),
    "most": conn.getMaxVcpus("openvz"),
    "model": conn.getSecurityModel(),
    "devices": [device.name() for device in conn.listAllDevices()],
    "names": conn.listDevices("net", 0),
    "caps": conn.nodeDeviceLookupByName("computer").listCaps(),
}))
"""

NETWORKS = """
import json, libvirt, sys
conn = libvirt.open(sys.argv[1])
made = conn.networkDefineXML(sys.argv[2])
made.setAutostart(True)
made.create()
made.update(
    libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST,
    libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST,
    -1,
    "<host mac='52:54:00:aa:bb:cc' ip='10.7.1.15'/>",
    libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE | libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG,
)
same = conn.networkLookupByUUIDString(made.UUIDString())
said = {
    "names": conn.listNetworks(),
    "defined": conn.listDefinedNetworks(),
    "counts": [conn.numOfNetworks(), conn.numOfDefinedNetworks()],
    "states": [same.isActive(), same.isPersistent(), same.autostart()],
    "bridge": same.bridgeName(),
    "leases": same.DHCPLeases(),
    "ports": len(same.listAllPorts()),
    "has": "10.7.1.15" in same.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE),
}
same.destroy()
same.undefine()
said["left"] = len(conn.listAllNetworks())
try:
    same.isActive()
except libvirt.libvirtError as gone:
    said["code"] = gone.get_error_code() - libvirt.VIR_ERR_NO_NETWORK
print(json.dumps(said))
"""

EVENTS = """
import json, libvirt, sys
libvirt.virEventRegisterDefaultImpl()
conn = libvirt.open(sys.argv[1])
told = []

def network(_conn, net, event, detail, _opaque):
    told.append([net.name(), event, detail])

def pool(_conn, pool, _opaque):
    told.append([pool.name(), "refreshed"])

conn.networkEventRegisterAny(None, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE, network, None)
conn.storagePoolEventRegisterAny(None, libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH, pool, None)
made = conn.networkDefineXML(sys.argv[2])
made.create()
made.destroy()
made.undefine()
conn.networkCreateXML(sys.argv[2]).destroy()
conn.storagePoolLookupByName("private").refresh()
libvirt.virEventAddTimeout(10000, lambda *_: sys.exit("too late"), None)
while len(told) < 7:
    libvirt.virEventRunDefaultImpl()
print(json.dumps(told))
"""

STORAGE = """
import json, libvirt, sys
conn = libvirt.open(sys.argv[1])
content = open(sys.argv[2], "rb").read()
pool = conn.storagePoolLookupByName("templates")
vol = pool.createXML("<volume><name>mine</name><capacity>1</capacity></volume>")

def upload(pieces, ends):
    stream = conn.newStream()
    vol.upload(stream, 0, 0)
    for piece in pieces:
        stream.send(piece)
    getattr(stream, ends)()

upload([content], "finish")
upload([content[:100]], "abort")
said = {"codes": []}
try:
    upload([b"no archive"], "finish")
except libvirt.libvirtError as broken:
    said["codes"].append(broken.get_error_code())
got = bytearray()
stream = conn.newStream()
vol.download(stream, 0, 0)
stream.recvAll(lambda _stream, data, _more: got.extend(data), None)
stream.finish()
try:
    conn.storagePoolDefineXML("<pool type='dir'><name>default</name></pool>")
except libvirt.libvirtError as no:
    said["codes"].append(no.get_error_code())
said |= {
    "same": bytes(got) == content,
    "pools": sorted(conn.listStoragePools()) + conn.listDefinedStoragePools(),
    "volumes": pool.listVolumes(),
    "info": vol.info()[:2],
    "path": conn.storageVolLookupByPath(vol.path()).key(),
    "pool": vol.storagePoolLookupByVolume().name(),
    "states": [pool.info()[0], pool.isActive(), pool.isPersistent(), pool.autostart()],
}
vol.delete()
said["left"] = pool.numOfVolumes()
print(json.dumps(said))
"""


def said(daemon: Daemon, code: str, *words: str) -> Any:
    return json.loads(daemon.python(code, *words))


def test_the_host(memory_daemon: Daemon) -> None:
    found = said(memory_daemon, HOST)
    _, memory, processors, *_ = found["info"]
    assert memory == 16384  # this module turns KiB into MiB
    assert found["map"] == [processors, [True] * processors, processors]
    assert set(found["times"]) == {"kernel", "user", "idle", "iowait"}
    assert set(found["memory"]) == {"total", "free", "buffers", "cached"}
    assert found["cells"] == [found["free"]]
    assert found["pages"] == {"0": {"4": found["free"] // 4096}}
    assert found["most"] == processors
    assert found["model"] == ["none", "0"]
    assert {*found["names"]} < {*found["devices"]}
    assert found["caps"] == ["system"]


def test_networks(memory_daemon: Daemon) -> None:
    network = (
        "<network><name>web</name><ip address='10.7.1.1' netmask='255.255.255.0'><dhcp>"
        "<range start='10.7.1.10' end='10.7.1.99'/></dhcp></ip></network>"
    )
    assert said(memory_daemon, NETWORKS, network) == {
        "names": ["web"],
        "defined": [],
        "counts": [1, 0],
        "states": [1, 1, 1],
        "bridge": "virbr0",
        "leases": [],
        "ports": 0,
        "has": True,
        "left": 0,
        "code": 0,
    }


def test_each_change_is_told(memory_daemon: Daemon) -> None:
    """Also of those that follow each other at once, and of one that undoes another."""
    defined, undefined, started, stopped = range(4)
    network = "<network><name>web</name><ip address='10.7.1.1' prefix='24'/></network>"
    lives = (defined, started, stopped, undefined), (started, stopped)
    assert said(memory_daemon, EVENTS, network) == [
        *(["web", event, 0] for life in lives for event in life),
        ["private", "refreshed"],
    ]


def test_storage(memory_daemon: Daemon, tmp_path: Path) -> None:
    source = archives.write(tmp_path / "root.tar.gz", compression="gzip")
    path = str(memory_daemon.root / "vz/template/cache/mine.tar.gz")
    assert said(memory_daemon, STORAGE, str(source)) == {
        "codes": [9, 3],
        "same": True,
        "pools": ["private", "templates"],
        "volumes": ["mine"],
        "info": [0, source.stat().st_size],
        "path": path,
        "pool": "templates",
        "states": [2, 1, 1, 1],
        "left": 0,
    }
