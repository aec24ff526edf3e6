from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from vzvirt import errors
from vzvirt.codec.lxcconf import ContainerSpec, GuestMount, write_container, write_seccomp
from vzvirt.model.devices import Console, DevicePermission
from vzvirt.model.domain import Domain, OperatingSystem
from vzvirt.model.values import Ctid, IdMap, IdRange

GOLDEN = Path(__file__).parents[3] / "golden/lxcconf"
MAP = IdMap((IdRange(0, 100000, 65536),), (IdRange(0, 200000, 1000), IdRange(1000, 5, 1)))


def _spec(**changes: Any) -> ContainerSpec:
    spec = ContainerSpec(
        domain=Domain(name="web", ctid=Ctid(101)),
        root=Path("/run/vzvirt/101/root"),
        hostname="web",
        idmap=IdMap(),
        groups=("vzvirt/101", "vzvirt/101.monitor", "vzvirt/101.pivot"),
        capabilities=("chown", "kill"),
        hook="/bin/sh /hook.sh /run/vzvirt/101",
        console_log=Path("/var/log/vzvirt/101.console"),
        seccomp=Path("/run/vzvirt/101/seccomp"),
    )
    return dataclasses.replace(spec, **changes)


def _full() -> ContainerSpec:
    system = OperatingSystem(
        arch="x86_64",
        init="/sbin/other",
        init_env=(("FOO", '"quoted"'), ("EMPTY", "")),
        init_dir="/home/ann",
    )
    return _spec(
        domain=Domain(name="web", ctid=Ctid(101), os=system, consoles=(Console(), Console())),
        idmap=MAP,
        capabilities=(),
        devices=(
            DevicePermission(kind="c", major=10, minor=200, permissions="rw"),
            DevicePermission(kind="b", major=8, minor=None, permissions="rq"),
            DevicePermission(kind="b", major=9, permissions="none"),
        ),
        mounts=(
            GuestMount(source="/a b", target="/mnt/x#y", options=("rbind",)),
            GuestMount(source="tmpfs", target="/ram", fstype="tmpfs", options=("size=5",)),
            GuestMount(source="/c", target="/d"),
        ),
        uid=1000,
        gid=1001,
        apparmor="generated",
    )


CASES = {"plain": _spec, "full": _full, "all-capabilities": lambda: _spec(capabilities=None)}


@pytest.mark.parametrize("name", CASES)
def test_configurations(name: str, regenerate: bool) -> None:
    path = GOLDEN / f"{name}.conf"
    text = write_container(CASES[name]())
    if regenerate:
        path.write_text(text)
    assert text == path.read_text()


def test_the_seccomp_profile(regenerate: bool) -> None:
    path = GOLDEN / "seccomp"
    if regenerate:
        path.write_text(write_seccomp())
    assert write_seccomp() == path.read_text()


@pytest.mark.parametrize("root", ["/", "", "relative", "."])
def test_no_container_on_the_hosts_root(root: str) -> None:
    with pytest.raises(errors.InternalError, match="must never become a container's root"):
        write_container(_spec(root=Path(root)))


@pytest.mark.parametrize(
    "changes",
    [
        {"hostname": "a\nlxc.rootfs.path = /"},
        {"root": Path("/a\nlxc.rootfs.path = dir:/")},
        {"hook": "x\ny"},
        {"mounts": (GuestMount(source="tmpfs", target="/x", options=("size=1\nlxc.x = y",)),)},
        {
            "domain": Domain(
                name="web", os=OperatingSystem(init_env=(("A", "b\nlxc.cap.keep = all"),))
            )
        },
    ],
)
def test_nothing_smuggles_in_a_line(changes: dict[str, Any]) -> None:
    with pytest.raises(errors.ConfigUnsupported, match="takes one line"):
        write_container(_spec(**changes))


def test_there_is_one_root_and_it_is_first_said() -> None:
    lines = write_container(_full()).splitlines()
    assert [line for line in lines if "rootfs.path" in line] == [
        "lxc.rootfs.path = dir:/run/vzvirt/101/root"
    ]
