from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from unit.backends.guestfiles.families import FAMILIES, HOSTS, OURS, snapshot
from vzvirt import errors
from vzvirt.backends.guestfiles import RealGuestFiles
from vzvirt.model.devices import GuestNaming
from vzvirt.ports.guestfiles import Refresh

NAME = "web.example.org"
FULL = GuestNaming(
    hostname=NAME, nameservers=("192.0.2.53", "2001:db8::53"), search_domains=("example.org", "b.")
)
NONE = GuestNaming()


def apply(
    root: Path, naming: GuestNaming, spare: GuestNaming = NONE, hosts: Sequence[Path] = ()
) -> tuple[Refresh, ...]:
    return RealGuestFiles(hosts).apply_naming(root, OURS, naming, spare)


def live(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.fixture(params=FAMILIES)
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return FAMILIES[request.param].make(tmp_path)


def make(tmp_path: Path, family: str) -> Path:
    return FAMILIES[family].make(tmp_path)


def test_nothing_set_changes_nothing(root: Path) -> None:
    before = snapshot(root)
    assert apply(root, NONE) == ()
    assert snapshot(root) == before


def test_once_is_as_good_as_twice(root: Path) -> None:
    apply(root, FULL)
    before = snapshot(root)
    stamps = {path: path.lstat().st_ino for path in root.rglob("*")}
    apply(root, FULL)
    assert snapshot(root) == before
    assert {path: path.lstat().st_ino for path in root.rglob("*")} == stamps


def test_what_is_taken_back_leaves_what_was_there(root: Path) -> None:
    before = snapshot(root)
    apply(root, FULL)
    apply(root, NONE)
    after = snapshot(root)
    kept = {"etc/hostname", "etc/sysconfig/network", "etc/resolv.conf"}  # a name stays a name
    for path in after.keys() | before.keys():
        if path not in kept:
            assert after.get(path) == before.get(path), path
    if not before.get("etc/resolv.conf", "->").startswith("->"):
        assert after["etc/resolv.conf"] == before["etc/resolv.conf"]


def test_the_name_is_where_its_guest_looks(root: Path) -> None:
    apply(root, FULL)
    assert (root / "etc/hostname").read_text() == f"{NAME}\n"
    assert live((root / "etc/hosts").read_text()) == [
        "127.0.1.1 web.example.org web",
        *HOSTS.splitlines(),
    ]


def test_a_guest_that_knows_its_name_is_not_told(root: Path) -> None:
    own = f"10.0.0.5 {NAME} web\n{HOSTS}"
    (root / "etc/hosts").write_text(own)
    apply(root, FULL)
    assert (root / "etc/hosts").read_text() == own


def test_a_new_name_takes_the_place_of_the_old(root: Path) -> None:
    apply(root, GuestNaming(hostname="old"))
    apply(root, GuestNaming(hostname="new"))
    assert live((root / "etc/hosts").read_text())[0] == "127.0.1.1 new"
    assert "old" not in (root / "etc/hosts").read_text()


def test_an_old_redhat_has_its_own_place_for_names(tmp_path: Path) -> None:
    root = make(tmp_path, "rhel 6")
    apply(root, FULL)
    lines = live((root / "etc/sysconfig/network").read_text())
    assert lines == [f"HOSTNAME={NAME}", "NETWORKING=yes"]


@pytest.mark.parametrize("family", ["debian", "rhel 6", "alpine", "arch", "busybox"])
def test_servers_in_a_plain_file(tmp_path: Path, family: str) -> None:
    root = make(tmp_path, family)
    apply(root, FULL)
    lines = live((root / "etc/resolv.conf").read_text())
    assert lines[:3] == [
        "search example.org b",
        "nameserver 192.0.2.53",
        "nameserver 2001:db8::53",
    ]
    assert lines[3:] == (["options edns0"] if family == "debian" else [])


def test_what_is_not_set_is_the_guests(tmp_path: Path) -> None:
    root = make(tmp_path, "rhel 6")
    apply(root, GuestNaming(nameservers=("192.0.2.1",)))
    assert live((root / "etc/resolv.conf").read_text()) == [
        "nameserver 192.0.2.1",
        "search old.example",
    ]


def test_systemd_resolved_is_told_by_a_file_of_ours(tmp_path: Path) -> None:
    root = make(tmp_path, "ubuntu")
    refresh = apply(root, FULL)
    text = (root / "etc/systemd/resolved.conf.d/00-vzvirt.conf").read_text()
    assert live(text) == ["[Resolve]", "DNS=192.0.2.53 2001:db8::53", "Domains=example.org b"]
    assert (root / "etc/resolv.conf").readlink().name == "stub-resolv.conf"
    assert any("systemd-resolved.service" in command for command in refresh)


def test_networkmanager_is_told_by_a_file_of_ours(tmp_path: Path) -> None:
    root = make(tmp_path, "fedora")
    apply(root, FULL)
    text = (root / "etc/NetworkManager/conf.d/99-vzvirt-dns.conf").read_text()
    assert "servers=192.0.2.53,2001:db8::53" in live(text)
    assert "searches=example.org,b" in live(text)
    assert (root / "etc/resolv.conf").is_symlink()


def test_resolvconf_is_told_by_its_own_files(tmp_path: Path) -> None:
    root = make(tmp_path, "debian with resolvconf")
    refresh = apply(root, FULL)
    folder = root / "etc/resolvconf/resolv.conf.d"
    servers = ["nameserver 192.0.2.53", "nameserver 2001:db8::53"]
    assert live((folder / "head").read_text()) == servers
    assert live((folder / "base").read_text()) == ["search example.org b"]
    assert (root / "etc/resolv.conf").is_symlink()
    assert ("resolvconf", "-u") in refresh


def test_openresolv_is_told_by_its_configuration(tmp_path: Path) -> None:
    root = make(tmp_path, "arch")
    (root / "etc/resolvconf.conf").write_text("name_servers=::1\nresolv_conf=/etc/resolv.conf\n")
    apply(root, FULL)
    assert live((root / "etc/resolvconf.conf").read_text()) == [
        'name_servers="192.0.2.53 2001:db8::53"',
        'search_domains="example.org b"',
        "resolv_conf=/etc/resolv.conf",
    ]


def test_a_link_whose_keeper_is_gone_becomes_a_file(tmp_path: Path) -> None:
    root = make(tmp_path, "ubuntu")
    (root / "usr/lib/systemd/systemd-resolved").unlink()
    apply(root, FULL)
    assert not (root / "etc/resolv.conf").is_symlink()
    assert "nameserver 192.0.2.53" in (root / "etc/resolv.conf").read_text()


def test_inherited_are_the_hosts(tmp_path: Path) -> None:
    host = tmp_path / "resolv.conf"
    host.write_text("nameserver 198.51.100.1\nsearch host.example\n")
    root = make(tmp_path / "root", "busybox")
    apply(root, GuestNaming(nameservers=("inherit",), search_domains=("inherit",)), hosts=[host])
    assert live((root / "etc/resolv.conf").read_text()) == [
        "search host.example",
        "nameserver 198.51.100.1",
    ]


def test_a_host_with_nothing_to_inherit_still_gives_the_name(tmp_path: Path) -> None:
    root = make(tmp_path, "busybox")
    with pytest.raises(errors.OperationFailed, match="host"):
        apply(root, GuestNaming(hostname="web", nameservers=("inherit",)))
    assert (root / "etc/hostname").read_text() == "web\n"


def test_what_is_spare_is_only_for_a_plain_file(tmp_path: Path) -> None:
    spare = GuestNaming(nameservers=("192.0.2.1",))
    for family in ("busybox", "ubuntu", "fedora"):
        make(tmp_path / family, family)
        apply(tmp_path / family, NONE, spare)
    assert "nameserver 192.0.2.1" in (tmp_path / "busybox/etc/resolv.conf").read_text()
    assert not (tmp_path / "ubuntu/etc/systemd/resolved.conf.d").exists()
    assert not (tmp_path / "fedora/etc/NetworkManager/conf.d").exists()


@pytest.mark.parametrize(
    "naming",
    [
        GuestNaming(hostname="a\nb"),
        GuestNaming(hostname="$(reboot)"),
        GuestNaming(hostname="-f"),
        GuestNaming(nameservers=("192.0.2.1\noptions x",)),
        GuestNaming(nameservers=("ns.example.org",)),
        GuestNaming(search_domains=("a b",)),
        GuestNaming(search_domains=("a\nnameserver 1.1.1.1",)),
    ],
    ids=str,
)
def test_what_is_no_name_is_refused(tmp_path: Path, naming: GuestNaming) -> None:
    root = make(tmp_path, "debian")
    before = snapshot(root)
    with pytest.raises(errors.InvalidArgument):
        apply(root, naming)
    assert snapshot(root) == before


def test_a_root_without_etc_is_left_alone(tmp_path: Path) -> None:
    assert apply(tmp_path, FULL) == ()
    assert list(tmp_path.iterdir()) == []


def test_no_link_leads_out_of_the_root(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("resolv.conf", "hosts", "hostname", "head"):
        (outside / name).write_text("the host's\n")
    root = make(tmp_path / "root", "debian with resolvconf")
    for path, target in {
        "etc/hostname": outside / "hostname",
        "etc/hosts": Path("../../outside/hosts"),
        "etc/resolv.conf": outside / "resolv.conf",
        "etc/resolvconf/resolv.conf.d/head": outside / "head",
        "etc/HOSTNAME": outside / "hostname",
    }.items():
        (root / path).unlink(missing_ok=True)
        (root / path).symlink_to(target)
    apply(root, FULL)
    assert {path.read_text() for path in outside.iterdir()} == {"the host's\n"}
    assert (root / "etc/hostname").read_text() == f"{NAME}\n"
    assert not (root / "etc/resolv.conf").is_symlink()


def test_a_folder_that_leads_out_is_the_guests_own(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "resolved.conf.d").mkdir(parents=True)
    root = make(tmp_path / "root", "ubuntu")
    (root / "etc/systemd/resolved.conf").unlink()
    (root / "etc/systemd/resolved.conf.d").symlink_to(outside / "resolved.conf.d")
    with pytest.raises(errors.VzvirtError):
        apply(root, FULL)
    assert list((outside / "resolved.conf.d").iterdir()) == []


@pytest.mark.parametrize("path", ["etc/hosts", "etc/resolv.conf", "etc/hostname"])
def test_a_pipe_does_not_hold_us_up(tmp_path: Path, path: str) -> None:
    root = make(tmp_path, "busybox")
    (root / path).unlink()
    os.mkfifo(root / path)
    with pytest.raises(errors.SystemFailure):
        apply(root, FULL)
