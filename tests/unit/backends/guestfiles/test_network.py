from __future__ import annotations

import stat
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path

import pytest

from unit.backends.guestfiles.families import FAMILIES, INTERFACES, OURS, snapshot
from vzvirt.backends.guestfiles import RealGuestFiles
from vzvirt.backends.guestfiles.managers import NETWORK_PROGRAMS
from vzvirt.model.devices import Interface, InterfaceKind, Route

ROUTED = Interface(
    kind=InterfaceKind.ROUTED,
    addresses=(ip_interface("10.0.0.5"), ip_interface("2001:db8::5")),
)
STATIC = Interface(
    kind=InterfaceKind.BRIDGE,
    guest_name="eth0",
    addresses=(ip_interface("192.0.2.9/24"),),
    routes=(Route(ip_network("0.0.0.0/0"), ip_address("192.0.2.1"), 50),),
)
LEASED = Interface(kind=InterfaceKind.BRIDGE, guest_name="eth0", dhcp=(4,))
BOTH = Interface(
    kind=InterfaceKind.BRIDGE,
    guest_name="eth0",
    dhcp=(6,),
    addresses=(ip_interface("192.0.2.9/24"),),
    routes=(Route(ip_network("0.0.0.0/0"), ip_address("198.51.100.1")),),
)
UNSAID = Interface(kind=InterfaceKind.BRIDGE, guest_name="eth9")
ALL = (ROUTED, STATIC, UNSAID)


def apply(root: Path, *interfaces: Interface) -> dict[str, tuple[str, ...]]:
    return RealGuestFiles().apply_network(root, OURS, interfaces)


def make(tmp_path: Path, family: str) -> Path:
    return FAMILIES[family].make(tmp_path)


def changed(before: dict[str, str], root: Path) -> set[str]:
    after = snapshot(root)
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


@pytest.fixture(params=FAMILIES)
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return FAMILIES[request.param].make(tmp_path)


def test_an_interface_of_which_nothing_is_said_is_the_guests(root: Path) -> None:
    before = snapshot(root)
    assert apply(root, UNSAID) == {}
    assert snapshot(root) == before


@pytest.mark.parametrize("interfaces", [ALL, (LEASED,), (ROUTED, BOTH)], ids=("all", "dhcp", "6"))
def test_all_goes_again_with_its_interface(root: Path, interfaces: tuple[Interface, ...]) -> None:
    before = snapshot(root)
    apply(root, *interfaces)
    once = snapshot(root)
    apply(root, *interfaces)
    assert snapshot(root) == once
    apply(root)
    assert snapshot(root) == before


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        (
            "debian",
            {
                "etc/network/interfaces",
                "etc/network/interfaces.d/cloud",
                "etc/systemd/network/00-vzvirt-eth0.network",
                "etc/systemd/network/00-vzvirt-venet0.network",
            },
        ),
        (
            "ubuntu",
            {
                "etc/systemd/network/00-vzvirt-eth0.network",
                "etc/systemd/network/00-vzvirt-venet0.network",
            },
        ),
        ("fedora", {"etc/NetworkManager/conf.d/99-vzvirt.conf"}),
        (
            "rhel 6",
            {
                "etc/sysconfig/network-scripts/ifcfg-eth0",
                "etc/sysconfig/network-scripts/ifcfg-venet0",
            },
        ),
        ("alpine", {"etc/network/interfaces"}),
        ("busybox", set()),
    ],
)
def test_only_programs_that_are_there_are_told(
    tmp_path: Path, family: str, expected: set[str]
) -> None:
    root = make(tmp_path, family)
    before = snapshot(root)
    apply(root, *ALL)
    assert changed(before, root) == expected


@pytest.mark.parametrize(
    ("family", "asking"),
    [
        ("debian", "etc/network/interfaces"),
        ("debian with resolvconf", "etc/network/interfaces"),
        ("ubuntu", "etc/systemd/network/00-vzvirt-eth0.network"),
        ("fedora", "etc/NetworkManager/system-connections/vzvirt-eth0.nmconnection"),
        ("rhel 6", "etc/sysconfig/network-scripts/ifcfg-eth0"),
        ("alpine", "etc/network/interfaces"),
        ("arch", "etc/systemd/network/00-vzvirt-eth0.network"),
    ],
)
def test_one_program_asks_dhcp(tmp_path: Path, family: str, asking: str) -> None:
    root = make(tmp_path, family)
    assert apply(root, LEASED)["eth0"][-1] == "eth0"
    says = {
        path
        for path, text in snapshot(root).items()
        for line in text.splitlines()
        if line in {"iface eth0 inet dhcp", "DHCP=ipv4", "method=auto", "BOOTPROTO=dhcp"}
    }
    assert says - {"etc/netplan/50-cloud-init.yaml"} == {asking}


def test_where_no_program_could_ask_we_are_told_so(tmp_path: Path) -> None:
    assert apply(make(tmp_path, "busybox"), LEASED, STATIC) == {"eth0": ()}


def test_networkd_is_switched_on_only_to_ask(tmp_path: Path) -> None:
    root = make(tmp_path, "debian")
    (root / "usr/sbin/ifup").unlink()
    switch = root / "etc/systemd/system/multi-user.target.d/00-vzvirt.conf"
    apply(root, STATIC)
    assert not switch.exists()
    assert apply(root, LEASED)["eth0"][-1] == "eth0"
    assert "Wants=systemd-networkd.service" in switch.read_text()


def test_networkd_keeps_what_the_host_made(tmp_path: Path) -> None:
    root = make(tmp_path, "arch")
    apply(root, ROUTED, STATIC)
    for name in ("venet0", "eth0"):
        unit = (root / f"etc/systemd/network/00-vzvirt-{name}.network").read_text()
        assert f"Name={name}\n[Network]\n" in unit
        assert "KeepConfiguration=yes\n" in unit
        assert "\nAddress=" not in unit


def test_networkd_is_told_all_where_it_asks(tmp_path: Path) -> None:
    root = make(tmp_path, "arch")
    apply(root, BOTH)
    unit = (root / "etc/systemd/network/00-vzvirt-eth0.network").read_text()
    for line in ("DHCP=ipv6", "Address=192.0.2.9/24", "Gateway=198.51.100.1", "GatewayOnLink=yes"):
        assert f"{line}\n" in unit


def test_ifupdown_puts_right_what_is_missing(tmp_path: Path) -> None:
    root = make(tmp_path, "debian")
    apply(root, ROUTED, STATIC)
    text = (root / "etc/network/interfaces").read_text()
    live = [line.strip() for line in text.splitlines() if not line.startswith("#")]
    assert live[: live.index("auto eth0")] == [
        "auto venet0",
        "iface venet0 inet manual",
        "up ip link set dev venet0 up || true",
        "up ip addr replace 10.0.0.5/32 dev venet0 || true",
        "up ip addr replace 2001:db8::5/128 dev venet0 || true",
        "up ip route replace 0.0.0.0/0 dev venet0 || true",
        "up ip -6 route replace ::/0 dev venet0 || true",
    ]
    assert "up ip route replace 0.0.0.0/0 via 192.0.2.1 dev eth0 metric 50 || true" in live


def test_ifupdown_has_one_stanza_for_each_interface(tmp_path: Path) -> None:
    root = make(tmp_path, "debian")
    apply(root, ROUTED, STATIC)
    text = (root / "etc/network/interfaces").read_text()
    live = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in live if line.startswith("iface eth0")] == ["iface eth0 inet manual"]
    assert "    metric 100" not in live
    # Stanzas of other interfaces stay as they were.
    assert live[live.index("allow-hotplug eth7") :] == INTERFACES.splitlines()[-3:]
    cloud = (root / "etc/network/interfaces.d/cloud").read_text()
    assert not [line for line in cloud.splitlines() if line and not line.startswith("#")]


def test_busyboxs_ifupdown_is_not_told_what_it_does_not_know(tmp_path: Path) -> None:
    for family, count in (("alpine", 0), ("debian", 1)):
        root = make(tmp_path / family, family)
        apply(root, BOTH)
        assert (root / "etc/network/interfaces").read_text().count("inet6 dhcp") == count


def test_networkmanager_lets_be_what_it_is_not_to_ask_for(tmp_path: Path) -> None:
    root = make(tmp_path, "fedora")
    apply(root, ROUTED, BOTH)
    text = (root / "etc/NetworkManager/conf.d/99-vzvirt.conf").read_text()
    assert text.endswith("[keyfile]\nunmanaged-devices+=interface-name:venet0\n")
    file = root / "etc/NetworkManager/system-connections/vzvirt-eth0.nmconnection"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "[ipv4]\nmethod=manual\naddress1=192.0.2.9/24\n" in file.read_text()
    assert "[ipv6]\nmethod=auto\n" in file.read_text()


def test_redhats_file_is_set_aside_as_a_whole(tmp_path: Path) -> None:
    root = make(tmp_path, "rhel 6")
    apply(root, STATIC)
    text = (root / "etc/sysconfig/network-scripts/ifcfg-eth0").read_text()
    live = [line for line in text.splitlines() if not line.startswith("#")]
    assert live == ["DEVICE=eth0", "NM_CONTROLLED=no", "ONBOOT=no", "BOOTPROTO=none"]


def test_dhcpcd_is_told_to_leave_alone_what_is_not_leased(tmp_path: Path) -> None:
    root = make(tmp_path, "busybox")
    (root / "etc/dhcpcd.conf").write_text("hostname\n")
    apply(root, ROUTED, LEASED)
    assert "denyinterfaces venet0\n" in (root / "etc/dhcpcd.conf").read_text()
    apply(root)
    assert (root / "etc/dhcpcd.conf").read_text() == "hostname\n"


def test_a_file_of_that_name_without_our_mark_stays(tmp_path: Path) -> None:
    root = make(tmp_path, "arch")
    mine = root / "etc/systemd/network/00-vzvirt-eth5.network"
    mine.write_text("[Match]\nName=eth5\n")
    apply(root, STATIC)
    apply(root)
    assert mine.read_text() == "[Match]\nName=eth5\n"


def test_no_folder_leads_out_of_the_root(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "00-vzvirt-old.network").write_text("# Written by vzvirt\n")
    root = make(tmp_path / "root", "ubuntu")
    (root / "etc/systemd/network").symlink_to("../../../outside")
    (root / "outside").mkdir()
    apply(root, STATIC)
    assert [path.name for path in outside.iterdir()] == ["00-vzvirt-old.network"]
    assert (root / "outside/00-vzvirt-eth0.network").exists()


def test_each_program_of_the_table_is_tried() -> None:
    there = {
        program.service
        for program in NETWORK_PROGRAMS
        for family in FAMILIES.values()
        for sign in program.programs
        if sign[1:] in family.files or sign[1:] in family.links
    }
    assert there | {"dhcpcd"} == {program.service for program in NETWORK_PROGRAMS}
