from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from vzvirt.backends.sysfs import SysfsHost, host
from vzvirt.model.values import MacAddress
from vzvirt.system.root import Root


@pytest.fixture
def sysfs(tmp_path: Path) -> SysfsHost:
    return SysfsHost(Root(tmp_path))


def test_plain_facts(sysfs: SysfsHost) -> None:
    assert sysfs.arch() == os.uname().machine
    assert sysfs.processors() >= 1
    total = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    assert total
    assert sysfs.memory() == int(total[1]) * 1024


def test_the_machine_id_is_the_hosts(sysfs: SysfsHost, tmp_path: Path) -> None:
    found = sysfs.machine_id()
    assert re.fullmatch("[0-9a-f]{32}", found)
    assert sysfs.machine_id() == found


@pytest.mark.parametrize("content", [None, "", "uninitialized\n", "short\n"])
def test_a_host_without_one_gets_one_that_stays(
    sysfs: SysfsHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    path = tmp_path / "machine-id"
    if content is not None:
        path.write_text(content)
    monkeypatch.setattr(host, "_MACHINE_IDS", (path,))
    found = sysfs.machine_id()
    assert re.fullmatch("[0-9a-f]{32}", found)
    assert SysfsHost(Root(tmp_path)).machine_id() == found
    assert (tmp_path / "var/lib/vzvirt/machine-id").read_text() == f"{found}\n"


def link(folder: Path, name: str, address: str, *, hardware: bool, kind: str = "1") -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "address").write_text(f"{address}\n")
    (folder / name / "type").write_text(f"{kind}\n")
    if hardware:
        (folder / name / "device").mkdir()


def test_addresses_are_the_hardwares_by_name(
    sysfs: SysfsHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "_LINKS", tmp_path / "net")
    assert sysfs.link_addresses() == []
    link(tmp_path / "net", "lo", "00:00:00:00:00:00", hardware=False, kind="772")
    link(tmp_path / "net", "veth101.0", "02:00:00:00:00:01", hardware=False)
    assert sysfs.link_addresses() == [MacAddress("02:00:00:00:00:01")]
    link(tmp_path / "net", "eth1", "02:00:00:00:00:03", hardware=True)
    link(tmp_path / "net", "eth0", "02:00:00:00:00:04", hardware=True)
    link(tmp_path / "net", "ib0", "80:00:00:00:fe:80:00:00", hardware=True, kind="32")
    link(tmp_path / "net", "odd", "00:00:00:00:00:00", hardware=True)
    assert sysfs.link_addresses() == [
        MacAddress("02:00:00:00:00:04"),
        MacAddress("02:00:00:00:00:03"),
    ]
