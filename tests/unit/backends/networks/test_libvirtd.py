"""Networks of libvirt's daemon, from the files that it keeps."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.networks import bridge, libvirtd
from vzvirt.model.network import Network, NetworkAddress
from vzvirt.model.values import MacAddress

STATUS = """\
<!-- WARNING: generated -->
<networkstatus>
  <class_id bitmap='0-2'/><floor sum='0'/>
  <network>
    <name>default</name>
    <uuid>9a05da11-e96b-47f3-8253-a3a482e445f5</uuid>
    <forward mode='nat'><nat><port start='1024' end='65535'/></nat></forward>
    <bridge name='virbr0' stp='on' delay='0'/>
    <ip address='192.168.122.1' netmask='255.255.255.0'/>
  </network>
</networkstatus>
"""

LEASES = """\
[ { "ip-address": "192.168.122.44", "mac-address": "52:54:00:aa:bb:cc", "hostname": "vm",
    "client-id": "ff:00", "expiry-time": 1795232472 },
  { "ip-address": "10.0.0.9", "mac-address": "52:54:00:aa:bb:cd", "expiry-time": 1795232472 } ]
"""

NETWORK = Network(
    name="default",
    bridge="virbr0",
    addresses=(NetworkAddress(interface=ipaddress.ip_interface("192.168.122.1/24")),),
)


@pytest.fixture(autouse=True)
def bridges(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {"virbr0": bridge.Seen("", "52:54:00:00:00:01")}
    monkeypatch.setattr(bridge, "see", seen.get)


def written(top: Path, path: str, text: str) -> Path:
    file = top / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return top


def test_what_it_runs(tmp_path: Path) -> None:
    written(tmp_path, f"{libvirtd.STATUS}/default.xml", STATUS)
    written(tmp_path, f"{libvirtd.STATUS}/stale.xml", STATUS.replace("virbr0", "virbr9"))
    written(tmp_path, f"{libvirtd.STATUS}/odd.xml", STATUS.replace("'nat'", "'hostdev'"))
    written(tmp_path, f"{libvirtd.STATUS}/broken.xml", "<networkstatus>")
    (found,) = libvirtd.running(tmp_path)
    assert (found.name, found.bridge) == ("default", "virbr0")


def test_it_is_not_there(tmp_path: Path) -> None:
    assert libvirtd.running(tmp_path) == []
    assert libvirtd.leases(NETWORK, tmp_path) == []


def test_its_leases(tmp_path: Path) -> None:
    written(tmp_path, f"{libvirtd.LEASES}/virbr0.status", LEASES)
    (lease,) = libvirtd.leases(NETWORK, tmp_path)
    assert lease.address == ipaddress.ip_interface("192.168.122.44/24")
    assert lease.mac == MacAddress("52:54:00:aa:bb:cc")
    assert (lease.hostname, lease.client_id, lease.expires_at) == ("vm", "ff:00", 1795232472.0)


@pytest.mark.parametrize("text", ["{", "[1]", '[{"ip-address": "x"}]', "[{}]", '{"a": 1}'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    written(tmp_path, f"{libvirtd.LEASES}/virbr0.status", text)
    with pytest.raises(errors.OperationFailed, match="no list of leases"):
        libvirtd.leases(NETWORK, tmp_path)
