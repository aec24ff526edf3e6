from __future__ import annotations

import signal
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.liblxc import guest as guests
from vzvirt.backends.liblxc.guest import InitKind
from vzvirt.model.values import IdMap
from vzvirt.system.safepath import GuestRoot


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("bin", "sbin", "etc", "lib/systemd"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "etc/passwd").write_text(
        "root:x:0:0::/root:/bin/bash\nann:x:1000:1001::/home/ann:\nbroken:x:a:b::/:/\n12:x:7:7::/:\n"
    )
    (tmp_path / "etc/group").write_text("root:x:0:\nstaff:x:50:ann\n")
    return tmp_path


def _program(root: Path, path: str) -> None:
    (root / path).write_text("#!/bin/sh\n")


def _kind(root: Path) -> InitKind:
    with GuestRoot(root) as guest:
        return guests.init_kind(guest, "/sbin/init")


@pytest.mark.parametrize(
    ("program", "kind"),
    [
        ("lib/systemd/systemd", InitKind.SYSTEMD),
        ("bin/busybox", InitKind.BUSYBOX),
        ("sbin/busybox.init", InitKind.BUSYBOX),
        ("sbin/openrc-init", InitKind.OPENRC),
        ("sbin/something", InitKind.OTHER),
    ],
)
def test_inits_by_what_their_link_leads_to(root: Path, program: str, kind: InitKind) -> None:
    _program(root, program)
    (root / "sbin/init").symlink_to(f"/{program}")
    assert _kind(root) is kind
    assert InitKind.of(kind.label) is kind


def test_a_busybox_by_another_name(root: Path) -> None:
    _program(root, "bin/busybox")
    (root / "sbin/init").hardlink_to(root / "bin/busybox")
    assert _kind(root) is InitKind.BUSYBOX


def test_sysvinit_by_its_companions(root: Path) -> None:
    for path in ("sbin/init", "sbin/telinit", "etc/inittab"):
        _program(root, path)
    assert _kind(root) is InitKind.SYSVINIT
    assert InitKind.SYSVINIT.shutdown.argv == ("/sbin/telinit", "0")


def test_signals() -> None:
    assert InitKind.SYSTEMD.shutdown.signal == signal.SIGRTMIN + 3
    assert InitKind.BUSYBOX.reboot.signal == signal.SIGTERM
    assert InitKind.of("no such") is InitKind.OTHER


def test_no_init(root: Path) -> None:
    with pytest.raises(errors.OperationFailed, match="no init '/sbin/init'"):
        _kind(root)


def test_users_and_groups(root: Path) -> None:
    with GuestRoot(root) as guest:
        assert guests.find_user(guest, "ann") == guests.User(1000, 1001, "/home/ann", "/bin/sh")
        assert guests.find_user(guest, "1000").home == "/home/ann"
        assert guests.find_user(guest, "77") == guests.User(77, 77)
        assert guests.find_user(guest, "12") == guests.User(7, 7)
        assert guests.find_group(guest, "staff") == 50
        assert guests.find_group(guest, "9") == 9
        for name in ("broken", "eve", ""):
            with pytest.raises(errors.InvalidArgument, match="no user"):
                guests.find_user(guest, name)
        with pytest.raises(errors.InvalidArgument, match="no group"):
            guests.find_group(guest, "eve")


def test_a_root_without_users(tmp_path: Path) -> None:
    with GuestRoot(tmp_path) as guest:
        assert guests.find_user(guest, "root").uid == 0
        assert guests.find_group(guest, "root") == 0


def _target(root: Path, target: str, *, folder: bool = True) -> str:
    import os

    owner = IdMap()
    if os.geteuid():
        pytest.skip("changes owners")
    with GuestRoot(root) as guest:
        return guests.make_target(guest, target, owner, folder=folder)


def test_mount_points_are_made(root: Path) -> None:
    assert _target(root, "/srv/a/b") == "/srv/a/b"
    assert (root / "srv/a/b").is_dir()
    assert _target(root, "/etc/deep/file", folder=False) == "/etc/deep/file"
    assert (root / "etc/deep/file").is_file()
    assert _target(root, "/etc/passwd", folder=False) == "/etc/passwd"


@pytest.mark.parametrize("trap", ["/", "/../../..", "../../../../.."])
def test_links_stay_inside(root: Path, trap: str) -> None:
    (root / "mnt").symlink_to(trap)
    assert _target(root, "/mnt/new") == "/new"
    assert (root / "new").is_dir()


def test_a_circle_of_links(root: Path) -> None:
    (root / "a").symlink_to("/b")
    (root / "b").symlink_to("/a")
    with pytest.raises(errors.SystemFailure):
        _target(root, "/a/new")
