"""Roots as each distribution has them: only the files by which it is told from others."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vzvirt.model.values import IdMap, IdRange

OURS = IdMap(uids=(IdRange(0, os.getuid(), 1),), gids=(IdRange(0, os.getgid(), 1),))
"""Root inside is whoever runs the tests."""

HOSTS = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"
WANTS = "etc/systemd/system/multi-user.target.wants"

INTERFACES = """\
source /etc/network/interfaces.d/*
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet dhcp
    metric 100
# an extra card
allow-hotplug eth7
iface eth7 inet static
    address 192.0.2.7/24
"""


@dataclass(frozen=True)
class Family:
    """What a fresh root of a distribution holds.

    Attributes:
        files: Text by path.
        links: Targets by path.
    """

    files: Mapping[str, str]
    links: Mapping[str, str] = field(default_factory=dict)

    def make(self, root: Path) -> Path:
        for path, text in {"etc/hosts": HOSTS, **self.files}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        for path, target in self.links.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).symlink_to(target)
        return root


FAMILIES = {
    "debian": Family(
        {
            "etc/os-release": "ID=debian\n",
            "etc/hostname": "template\n",
            "etc/resolv.conf": "# made by hand\nnameserver 9.9.9.9\noptions edns0\n",
            "etc/network/interfaces": INTERFACES,
            "etc/network/interfaces.d/cloud": "iface venet0:0 inet static\n  address 10.1.1.1\n",
            "usr/sbin/ifup": "",
            "usr/lib/systemd/systemd": "",
            "usr/lib/systemd/systemd-networkd": "",
            "etc/systemd/system.conf": "",
        },
        {f"{WANTS}/networking.service": "/lib/systemd/system/networking.service"},
    ),
    "debian with resolvconf": Family(
        {
            "etc/os-release": "ID=debian\n",
            "etc/network/interfaces": INTERFACES,
            "sbin/ifup": "",
            "sbin/resolvconf": "",
            "etc/resolvconf/resolv.conf.d/head": "# generated\n",
            "etc/resolvconf/resolv.conf.d/base": "",
            "etc/rcS.d/S12networking": "",
        },
        {"etc/resolv.conf": "/run/resolvconf/resolv.conf"},
    ),
    "ubuntu": Family(
        {
            "etc/os-release": "ID=ubuntu\nID_LIKE=debian\n",
            "etc/netplan/50-cloud-init.yaml": "network:\n  ethernets: {eth0: {dhcp4: true}}\n",
            "usr/lib/systemd/systemd": "",
            "usr/lib/systemd/systemd-networkd": "",
            "usr/lib/systemd/systemd-resolved": "",
            "etc/systemd/resolved.conf": "",
        },
        {
            "etc/resolv.conf": "../run/systemd/resolve/stub-resolv.conf",
            f"{WANTS}/systemd-networkd.service": "/usr/lib/systemd/system/x.service",
        },
    ),
    "fedora": Family(
        {
            "etc/os-release": "ID=fedora\n",
            "usr/sbin/NetworkManager": "",
            "etc/NetworkManager/NetworkManager.conf": "[main]\n",
            "usr/lib/systemd/systemd": "",
        },
        {
            "etc/resolv.conf": "/run/NetworkManager/resolv.conf",
            f"{WANTS}/NetworkManager.service": "/usr/lib/systemd/system/NetworkManager.service",
        },
    ),
    "rhel 6": Family(
        {
            "etc/redhat-release": "CentOS release 6.10 (Final)\n",
            "etc/sysconfig/network": "NETWORKING=yes\nHOSTNAME=template\n",
            "etc/sysconfig/network-scripts/ifup-eth": "",
            "etc/sysconfig/network-scripts/ifcfg-eth0": "DEVICE=eth0\nBOOTPROTO=dhcp\n",
            "etc/sysconfig/network-scripts/ifcfg-lo": "DEVICE=lo\n",
            "etc/rc.d/rc3.d/S10network": "",
            "etc/resolv.conf": "search old.example\nnameserver 9.9.9.9\n",
        }
    ),
    "alpine": Family(
        {
            "etc/os-release": "ID=alpine\n",
            "etc/hostname": "localhost\n",
            "etc/network/interfaces": "auto lo\niface lo inet loopback\n",
            "etc/resolv.conf": "",
        },
        {"sbin/ifup": "/bin/busybox", "etc/runlevels/boot/networking": "/etc/init.d/networking"},
    ),
    "arch": Family(
        {
            "etc/os-release": "ID=arch\n",
            "usr/lib/systemd/systemd": "",
            "usr/lib/systemd/systemd-networkd": "",
            "usr/bin/resolvconf": "",
            "etc/systemd/network/20-wired.network": "[Match]\nName=eth*\n[Network]\nDHCP=yes\n",
            "etc/resolv.conf": "# Resolver configuration file.\n",
        },
        {f"{WANTS}/systemd-networkd.service": "/usr/lib/systemd/system/x.service"},
    ),
    "busybox": Family(
        {"etc/os-release": "ID=busybox\n", "etc/hostname": "busybox\n", "etc/resolv.conf": ""},
        {"sbin/ifup": "/bin/busybox"},
    ),
}


def snapshot(root: Path) -> dict[str, str]:
    """Every file's text and every link's target."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = path.read_bytes().decode("utf-8", "surrogateescape")
    return found
