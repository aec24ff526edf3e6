"""What a domain's XML may say that no container can have, as two tables.

Refusing beats dropping where dropping would give somebody a container that lacks what they asked
for. What libvirt's tools add to any guest by themselves (an emulator, controllers, input devices,
a memory balloon, ACPI) is not here: nobody misses it, so it is dropped like any other unknown
element.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vzvirt import errors
from vzvirt.codec.tree import Node, Place
from vzvirt.codec.xml.devices import FILTER_PARAMETERS, INTERFACE_KINDS

_SHARED_KERNEL: Final = "a container runs on the host's kernel"
_NO_SCREEN: Final = "a container has no screen; use its console"
_NO_HARDWARE: Final = "a container has no hardware of its own"

REFUSED: Final[Mapping[str, str]] = {
    "os/kernel": _SHARED_KERNEL,
    "os/initrd": _SHARED_KERNEL,
    "os/cmdline": _SHARED_KERNEL,
    "os/loader": _SHARED_KERNEL,
    "os/nvram": _SHARED_KERNEL,
    "os/dtb": _SHARED_KERNEL,
    "devices/disk": "a container has file systems: <filesystem type='template'>, or type='block'",
    "devices/graphics": _NO_SCREEN,
    "devices/video": _NO_SCREEN,
    "devices/sound": _NO_HARDWARE,
    "devices/tpm": _NO_HARDWARE,
    "devices/smartcard": _NO_HARDWARE,
    "devices/redirdev": _NO_HARDWARE,
    "devices/vsock": _NO_HARDWARE,
    "devices/shmem": _NO_HARDWARE,
    "devices/nvram": _NO_HARDWARE,
    "devices/memory": _NO_HARDWARE,
    "devices/interface/vlan": "name a bridge that is in the VLAN: <interface type='bridge'>",
    "devices/interface/virtualport": "bridges of Linux know neither Open vSwitch nor 802.1Qbg",
    "devices/interface/ip/@peer": "name the other end's address by a <route> of its own",
    "devices/hostdev/ip": "a host device keeps its own addresses; use an <interface>",
    "devices/hostdev/route": "a host device keeps its own routes; use an <interface>",
}
"""Elements and attributes nobody can have, and why."""

ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "@type": ("openvz",),
    "os/type": ("exe",),
    "clock/@offset": ("utc", "localtime"),
    "on_poweroff": ("destroy", "restart"),
    "on_reboot": ("destroy", "restart"),
    "on_crash": ("destroy", "restart"),
    "devices/console/@type": ("pty",),
    "devices/filesystem/@type": ("template", "mount", "bind", "file", "block", "ram"),
    "devices/filesystem/@accessmode": ("passthrough",),
    "devices/interface/@type": tuple(INTERFACE_KINDS),
    "devices/interface/source/@mode": ("bridge", "private", "vepa", "passthrough"),
    "devices/interface/filterref/parameter/@name": tuple(FILTER_PARAMETERS),
    "devices/interface/filterref/@filter": ("clean-traffic",),
    "devices/hostdev/@type": ("net", "pci", "storage", "misc"),
}
"""Places where libvirt knows more values than a container can have."""


def refuse(domain: Node) -> None:
    """Refuse what no container can have.

    Raises:
        ConfigUnsupported: It has one such thing; the message names the element.
        XmlError: It switches a capability both on and off.
    """
    _refuse_disk_quotas(domain)
    _refuse_contrary_switches(domain)
    for path, reason in REFUSED.items():
        place = Place.parse(path)
        for node, _ in place.found(domain):
            what = f"{place.attribute}= of " if place.attribute else ""
            raise errors.ConfigUnsupported(
                f"{what}{node.spelling} is not possible for a container", hint=reason
            )
    for path, known in ALLOWED.items():
        for node, text in Place.parse(path).found(domain):
            if text.strip() not in known:
                raise errors.ConfigUnsupported(
                    f"{node.spelling}: '{text.strip()[:40]}' is not possible for a container",
                    hint=f"possible: {', '.join(known)}",
                )


def _refuse_contrary_switches(domain: Node) -> None:
    """A capability is on or off."""
    known: dict[str, Node] = {}
    for switch in domain.find_all("features", "capabilities", "*"):
        first = known.setdefault(switch.tag, switch)
        if first.attributes.get("state") != switch.attributes.get("state"):
            raise errors.XmlError(
                f"{first.spelling} and {switch.spelling} disagree", hint="leave one of them out"
            )


def _refuse_disk_quotas(domain: Node) -> None:
    """Quotas were once thought to belong to a disk; show where they do."""
    for disk in domain.find_all("devices", "disk"):
        said = {**disk.attributes, **{child.tag: child.text.strip() for child in disk.children}}
        lines = []
        if "diskspace" in said:
            lines.append(f"<space_hard_limit unit='KiB'>{said['diskspace']}</space_hard_limit>")
        if "diskinodes" in said:
            lines.append(f"<quota type='inodes' max='{said['diskinodes']}'/>")
        if lines:
            raise errors.ConfigUnsupported(
                f"{disk.spelling}: a container has no disks, its quotas stand in <filesystem>",
                hint=f"<filesystem type='template'><source name='...'/>{''.join(lines)}"
                "</filesystem>",
            )
