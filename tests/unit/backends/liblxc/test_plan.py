from __future__ import annotations

import os
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.liblxc.plan import Surroundings, check_root, prepare
from vzvirt.model.devices import (
    HostDevice,
    HostDeviceKind,
    Interface,
    InterfaceKind,
)
from vzvirt.model.domain import Domain, OperatingSystem
from vzvirt.model.values import Ctid, IdMap, IdRange, PciAddress
from vzvirt.ports.engine import StartPlan

MAP = IdMap((IdRange(0, 100000, 65536),), (IdRange(0, 100000, 65536),))


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    (tmp_path / "guest/sbin").mkdir(parents=True)
    (tmp_path / "guest/sbin/init").write_text("")
    return Surroundings(
        groups=("a", "b", "c"),
        run_folder=tmp_path / "run/vzvirt/101",
        console_log=tmp_path / "console",
        log=tmp_path / "log",
        hook=("/py thon", "-m", "it's", "stopped", "101"),
    )


def _plan(
    around: Surroundings, domain: Domain | None = None, idmap: IdMap | None = None
) -> StartPlan:
    return StartPlan(
        domain=domain or Domain(name="web", ctid=Ctid(101)),
        root_mount=around.run_folder.parents[2] / "guest",
        idmap=idmap or IdMap(),
        shifted=False,
    )


@pytest.mark.parametrize("root", ["/", "//", "/..", "/proc/self/root", "/tmp/.."])
def test_the_hosts_own_root(root: str) -> None:
    with pytest.raises(errors.InternalError, match="host's own root"):
        check_root(Path(root))


@pytest.mark.parametrize("root", ["", ".", "tmp"])
def test_relative_roots(root: str) -> None:
    with pytest.raises(errors.InternalError, match="absolute"):
        check_root(Path(root))


def test_a_link_to_the_hosts_root(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/")
    with pytest.raises(errors.InternalError, match="host's own root"):
        check_root(tmp_path / "link")


def test_no_root(tmp_path: Path) -> None:
    with pytest.raises(errors.OperationFailed, match="No such file"):
        check_root(tmp_path / "gone")


def test_the_hooks_command_line_is_quoted(around: Surroundings) -> None:
    hook = prepare(_plan(around), around).spec.hook
    assert hook.startswith("/bin/sh /")
    assert hook.endswith("""'/py thon' -m 'it'"'"'s' stopped 101""")


def test_arguments_of_init(around: Surroundings) -> None:
    system = OperatingSystem(init_args=("a b", ""))
    plan = _plan(around, Domain(name="web", ctid=Ctid(101), os=system))
    assert prepare(plan, around).argv == ("/sbin/init", "a b", "")


def test_closed_folders_on_the_way(around: Surroundings) -> None:
    closed = around.run_folder.parents[2]
    closed.chmod(0o700)
    with pytest.raises(errors.OperationFailed, match="closed to the container's users") as caught:
        prepare(_plan(around, idmap=MAP), around)
    assert caught.value.hint is not None
    assert "chmod o+x" in caught.value.hint
    prepare(_plan(around), around)


REFUSED = {
    "interface 'eth0' of type 'network'": {
        "interfaces": (Interface(kind=InterfaceKind.NETWORK, source="default", guest_name="eth0"),)
    },
    "interface of type 'routed'": {"interfaces": (Interface(kind=InterfaceKind.ROUTED),)},
    "host device 'eth1' of type 'net'": {
        "host_devices": (HostDevice(kind=HostDeviceKind.NET, name="eth1"),)
    },
    "host device '0000:00:1f.3' of type 'pci'": {
        "host_devices": (HostDevice(kind=HostDeviceKind.PCI, address=PciAddress(0, 0, 31, 3)),)
    },
    "host device '/etc/passwd' is not below /dev": {
        "host_devices": (HostDevice(kind=HostDeviceKind.MISC, name="/etc/passwd"),)
    },
    "for 's390x'": {"os": OperatingSystem(arch="s390x")},
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_made_is_named(around: Surroundings, words: str) -> None:
    domain = Domain(name="web", ctid=Ctid(101), **REFUSED[words])  # type: ignore[arg-type]
    with pytest.raises(errors.ConfigUnsupported) as caught:
        prepare(_plan(around, domain), around)
    assert words in caught.value.message


def test_programs_of_this_machine(around: Surroundings) -> None:
    domain = Domain(name="web", ctid=Ctid(101), os=OperatingSystem(arch=os.uname().machine))
    assert prepare(_plan(around, domain), around).spec.domain is domain


def test_a_device_that_is_not_there(around: Surroundings) -> None:
    device = HostDevice(kind=HostDeviceKind.STORAGE, name="/dev/none")
    domain = Domain(name="web", ctid=Ctid(101), host_devices=(device,))
    with pytest.raises(errors.NoDevice, match="/dev/none"):
        prepare(_plan(around, domain), around)
