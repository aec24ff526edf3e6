from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.guestfiles import RealGuestFiles, identity
from vzvirt.model.values import IdMap

guests = RealGuestFiles()


def with_systemd(root: Path) -> None:
    (root / "usr/lib/systemd").mkdir(parents=True)
    (root / "usr/lib/systemd/systemd").touch()
    (root / "var/lib/dbus").mkdir(parents=True)
    (root / "var/lib/dbus/machine-id").write_text("a" * 32)


def with_ssh(root: Path) -> None:
    (root / "usr/sbin").mkdir(parents=True)
    (root / "usr/sbin/sshd").touch()
    (root / "etc/ssh").mkdir()
    for name in ("ssh_host_dsa_key", "ssh_host_dsa_key.pub", "ssh_host_rsa_key", "sshd_config"):
        (root / "etc/ssh" / name).write_text("template's")


def test_the_name_is_written_where_it_is_looked_for(root: Path, owners: IdMap) -> None:
    (root / "etc/hosts").write_text("127.0.0.1 localhost # web\n")
    for _ in range(2):
        guests.give_identity(root, owners, "web")
    assert (root / "etc/hostname").read_text() == "web\n"
    lines = (root / "etc/hosts").read_text().splitlines()
    ours = [line for line in lines if not line.startswith("#")]
    assert ours == ["127.0.1.1 web", "127.0.0.1 localhost # web"]


def test_no_name_changes_no_name(root: Path, owners: IdMap) -> None:
    (root / "etc/hostname").write_text("template\n")
    guests.give_identity(root, owners, "")
    assert (root / "etc/hostname").read_text() == "template\n"
    assert not (root / "etc/hosts").exists()


def test_each_systemd_guest_gets_a_machine_id(root: Path, owners: IdMap) -> None:
    with_systemd(root)
    found = set()
    for _ in range(2):
        guests.give_identity(root, owners, "web")
        text = (root / "etc/machine-id").read_text()
        assert re.fullmatch(r"[0-9a-f]{32}\n", text)
        found.add(text)
    assert len(found) == 2
    assert stat.S_IMODE((root / "etc/machine-id").stat().st_mode) == 0o444
    assert (root / "var/lib/dbus/machine-id").readlink() == Path("/etc/machine-id")


def test_a_guest_that_needs_no_machine_id_gets_none(root: Path, owners: IdMap) -> None:
    guests.give_identity(root, owners, "web")
    assert not (root / "etc/machine-id").exists()
    assert not (root / "etc/ssh").exists()


def test_host_keys_are_fresh_and_usable(root: Path, owners: IdMap) -> None:
    with_ssh(root)
    guests.give_identity(root, owners, "web")
    folder = root / "etc/ssh"
    private_keys = {f"ssh_host_{kind}_key" for kind in ("ecdsa", "ed25519")}
    public_keys = {f"{name}.pub" for name in private_keys}
    assert {path.name for path in folder.iterdir()} == {
        "sshd_config",
        *private_keys,
        *public_keys,
    }
    for private in folder.glob("*_key"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
        derived = subprocess.run(
            ["ssh-keygen", "-y", "-f", private], capture_output=True, check=True, text=True
        )
        public = private.with_name(f"{private.name}.pub").read_text()
        assert public.split()[:2] == derived.stdout.split()[:2]
        assert public.split()[2] == "root@web"


def test_keys_of_a_guest_without_a_server_only_go(root: Path, owners: IdMap) -> None:
    with_ssh(root)
    (root / "usr/sbin/sshd").unlink()
    guests.give_identity(root, owners, "web")
    assert [path.name for path in (root / "etc/ssh").iterdir()] == ["sshd_config"]


def test_without_ssh_keygen_the_package_is_named(
    root: Path, owners: IdMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_ssh(root)
    monkeypatch.setattr(identity, "which", lambda _: None)
    with pytest.raises(errors.NoSupport) as caught:
        guests.give_identity(root, owners, "web")
    assert caught.value.hint == "apt install openssh-client"


def test_secrets_of_the_template_are_removed(root: Path, owners: IdMap) -> None:
    seed = root / "var/lib/systemd/random-seed"
    seed.parent.mkdir(parents=True)
    seed.write_bytes(b"secret")
    guests.give_identity(root, owners, "web")
    assert not seed.exists()


def test_links_do_not_lead_out(root: Path, owners: IdMap, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "ssh_host_rsa_key").write_text("the host's")
    (outside / "hostname").write_text("the host's")
    with_systemd(root)
    (root / "etc/ssh").symlink_to(outside)
    (root / "etc/hostname").symlink_to(outside / "hostname")
    (root / "etc/machine-id").symlink_to(outside / "machine-id")
    guests.give_identity(root, owners, "web")
    assert (outside / "ssh_host_rsa_key").read_text() == "the host's"
    assert (outside / "hostname").read_text() == "the host's"
    assert not (outside / "machine-id").exists()
    assert (root / "etc/hostname").read_text() == "web\n"
