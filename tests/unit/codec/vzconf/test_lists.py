from __future__ import annotations

from ipaddress import ip_interface
from typing import Any

import pytest

from vzvirt.codec.vzconf import BY_KEY
from vzvirt.codec.vzconf.forms import Notes
from vzvirt.model.devices import DevicePermission, HostDevice, HostDeviceKind
from vzvirt.model.values import PciAddress

MISC, STORAGE = HostDeviceKind.MISC, HostDeviceKind.STORAGE


def joined(key: str, *lines: str) -> Any:
    form = BY_KEY[key].form
    notes: Notes = []
    return form.join([form.parse(line, notes) for line in lines])


@pytest.mark.parametrize(
    ("key", "lines", "expected", "written"),
    [
        ("NETDEV", ["eth1  eth2", "eth1"], ("eth1", "eth2"), "eth1 eth2"),
        (
            "IPTABLES",
            ["ip_tables ipt_REJECT"],
            ("ip_tables", "ipt_REJECT"),
            "ip_tables ipt_REJECT ",
        ),
        ("NAMESERVER", ["inherit # as host"], ("inherit",), "inherit"),
        ("NAMESERVER", ["192.0.2.1", "inherit"], ("192.0.2.1", "inherit"), "192.0.2.1 inherit"),
        (
            "CAPABILITY",
            ["net_admin:on,SYS_TIME:off", "NET_ADMIN:off"],
            (("net_admin", False), ("sys_time", False)),
            "NET_ADMIN:off SYS_TIME:off",
        ),
        ("FEATURES", ["nfs:on sit:off"], (("nfs", True), ("sit", False)), "nfs:on sit:off"),
        (
            "PCI",
            ["02:0A.1 0001:03:1f.7", "2:a.1"],
            (PciAddress(0, 2, 10, 1), PciAddress(1, 3, 31, 7)),
            "0000:02:0a.1 0001:03:1f.7",
        ),
        (
            "DEVNODES",
            ["net/tun:rw sdb1:r", "fuse:q sdb1:none"],
            (
                HostDevice(kind=MISC, name="/dev/net/tun"),
                HostDevice(kind=MISC, name="/dev/fuse", permissions="q"),
            ),
            "net/tun:rw fuse:q ",
        ),
        (
            "DEVNODES",
            ["sdb1:r"],
            (HostDevice(kind=STORAGE, name="/dev/sdb1", permissions="r"),),
            "sdb1:r ",
        ),
        (
            "DEVICES",
            ["c:10:229:rw b:8:all:r", "c:10:229:none"],
            (
                DevicePermission(kind="c", major=10, minor=229, permissions="none"),
                DevicePermission(kind="b", major=8, minor=None, permissions="r"),
            ),
            "c:10:229:none b:8:all:r ",
        ),
    ],
)
def test_a_list(key: str, lines: list[str], expected: object, written: str) -> None:
    value = joined(key, *lines)
    assert value == expected
    assert BY_KEY[key].form.format(value) == written


def test_addresses_are_a_set_that_keeps_the_last() -> None:
    found = joined("IP_ADDRESS", "10.0.0.5 2001:DB8::1 0.0.0.0 ::", "10.0.0.5/24 ::0")
    assert found == (ip_interface("2001:db8::1"), ip_interface("10.0.0.5/24"))
    assert BY_KEY["IP_ADDRESS"].form.format(found) == "2001:db8::1 10.0.0.5"


@pytest.mark.parametrize(
    ("key", "text", "kept"),
    [
        ("IP_ADDRESS", "10.0.0.1/33 10.0.0.2 fe80::1%eth0", 1),
        ("NETDEV", "lo venet0 tap3 tun eth1", 1),
        ("CAPABILITY", "FLY:on NET_ADMIN:maybe KILL:on", 1),
        ("DEVNODES", "../x:r net/tun:rwx net/tun fuse:rw", 1),
        ("DEVICES", "b:7:0:rw d:1:1:r c:1:x:r b:8:0:", 0),
        ("PCI", "02:20.0 02:1f.8 zz:0.0 02:1f.0", 1),
    ],
)
def test_bad_words_are_left_out_and_noted(key: str, text: str, kept: int) -> None:
    notes: Notes = []
    form = BY_KEY[key].form
    if kept:
        assert len(form.parse(text, notes)) == kept
    else:
        with pytest.raises(ValueError):
            form.parse(text, notes)
    assert len(notes) == len(text.split()) - kept


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("DEVNODES", (HostDevice(kind=MISC, name="/srv/node"),)),
        ("NETDEV", ("tun0",)),
        ("CAPABILITY", (("perfmon", True),)),
        ("DEVICES", (DevicePermission(kind="b", major=7, minor=0),)),
        ("IPTABLES", ("two words",)),
    ],
)
def test_what_a_key_cannot_say(key: str, value: object) -> None:
    assert BY_KEY[key].form.format(value) is None
