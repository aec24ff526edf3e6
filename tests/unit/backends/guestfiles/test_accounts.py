from __future__ import annotations

import base64
import os
import stat
import struct
from pathlib import Path

import pytest

from unit.backends.guestfiles.conftest import ACCOUNTS
from vzvirt import errors
from vzvirt.backends.guestfiles import RealGuestFiles
from vzvirt.model.values import IdMap, IdRange

guests = RealGuestFiles()


def public_key(kind: str = "ssh-ed25519", said: str | None = None) -> str:
    inner = (said or kind).encode()
    blob = struct.pack(">I", len(inner)) + inner + struct.pack(">I", 32) + bytes(32)
    return f"{kind} {base64.b64encode(blob).decode()}"


def test_a_password_changes_one_field_and_the_date(root: Path, owners: IdMap) -> None:
    guests.set_password(root, owners, "web", "geheim")
    first, second, end = (root / "etc/shadow").read_text().split("\n")
    assert first == "root:*:19000:0:99999:7:::"
    fields = second.split(":")
    assert fields[0] == "web"
    assert fields[1].startswith("$6$")
    assert int(fields[2]) > 20000
    assert fields[3:] == ["0", "99999", "7", "", "", ""]
    assert end == ""
    assert stat.S_IMODE((root / "etc/shadow").stat().st_mode) == 0o640
    assert (root / "etc/passwd").read_text() == ACCOUNTS


def test_a_user_without_a_shadow_line_gets_one(root: Path, owners: IdMap) -> None:
    (root / "etc/passwd").write_text(ACCOUNTS.replace("homeless:x:", "homeless::"))
    (root / "etc/shadow").write_text("root:*:1::::::")
    guests.set_password(root, owners, "homeless", "geheim")
    lines = (root / "etc/shadow").read_text().splitlines()
    assert lines[0] == "root:*:1::::::"
    assert lines[1].startswith("homeless:$6$")
    assert len(lines[1].split(":")) == 9
    assert (root / "etc/passwd").read_text() == ACCOUNTS, "passwd says where the hash is"


def test_without_shadow_the_hash_stands_in_passwd(root: Path, owners: IdMap) -> None:
    (root / "etc/shadow").unlink()
    guests.set_password(root, owners, "root", "geheim")
    assert (root / "etc/passwd").read_text().startswith("root:$6$")
    assert not (root / "etc/shadow").exists()


@pytest.mark.parametrize("code", ["$6$salt$abcdefghijklmnop", "abJnggxhB/yWI", "$y$j9T$a.b/c$d"])
def test_a_hash_is_stored_as_it_is(root: Path, owners: IdMap, code: str) -> None:
    guests.set_password(root, owners, "web", code, is_hash=True)
    assert (root / "etc/shadow").read_text().split("\n")[1].split(":")[1] == code


@pytest.mark.parametrize("password", ["", "a:b", "a\nb", "a\rb", "a\0b"])
def test_passwords_no_system_could_take(root: Path, owners: IdMap, password: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="password"):
        guests.set_password(root, owners, "root", password)


@pytest.mark.parametrize("user", ["nobody", "", "odd", "short", "# a comment", "root:x"])
def test_a_user_that_is_not_there(root: Path, owners: IdMap, user: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="no user"):
        guests.set_password(root, owners, user, "geheim")
    with pytest.raises(errors.InvalidArgument, match="no user"):
        guests.add_ssh_key(root, owners, user, public_key())


def test_a_linked_shadow_does_not_lead_out(root: Path, owners: IdMap, tmp_path: Path) -> None:
    outside = tmp_path / "shadow"
    outside.write_text("root:*:1::::::\n")
    (root / "etc/shadow").unlink()
    (root / "etc/shadow").symlink_to(outside)
    guests.set_password(root, owners, "root", "geheim")
    assert outside.read_text() == "root:*:1::::::\n"


def test_a_guest_without_accounts(tmp_path: Path, owners: IdMap) -> None:
    with pytest.raises(errors.InvalidArgument, match="no user 'root'"):
        guests.set_password(tmp_path, owners, "root", "geheim")


def test_a_key_is_added_once(root: Path, owners: IdMap) -> None:
    key = f"{public_key()} me@here"
    for _ in range(2):
        guests.add_ssh_key(root, owners, "root", f"\n# mine\n{key}\n")
    file = root / "root/.ssh/authorized_keys"
    assert file.read_text() == f"{key}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_key_joins_those_there(root: Path, owners: IdMap) -> None:
    (root / "root/.ssh").mkdir()
    (root / "root/.ssh/authorized_keys").write_text("theirs")
    key = public_key("ecdsa-sha2-nistp256")
    guests.add_ssh_key(root, owners, "root", key)
    assert (root / "root/.ssh/authorized_keys").read_text() == f"theirs\n{key}\n"


@pytest.mark.root
def test_a_key_belongs_to_its_user(root: Path) -> None:
    shift = IdMap((IdRange(0, 100000, 100),), (IdRange(0, 200000, 100),))
    guests.add_ssh_key(root, shift, "web", public_key("ssh-rsa"))
    for path in (root / "home/web/.ssh", root / "home/web/.ssh/authorized_keys"):
        assert (path.stat().st_uid, path.stat().st_gid) == (100007, 200008)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "# nothing",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 not!base64",
        public_key("ssh-ed25519", "ssh-rsa"),
        public_key("ssh-ed25519")[:-30],
        public_key("evil-kind"),
        f'command="x" {public_key()}',
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----",
    ],
)
def test_what_is_no_public_key(root: Path, owners: IdMap, key: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=r"key"):
        guests.add_ssh_key(root, owners, "root", key)
    assert not (root / "root/.ssh").exists()


def test_a_private_key_is_called_one(root: Path, owners: IdMap) -> None:
    with pytest.raises(errors.InvalidArgument, match="a private one") as caught:
        guests.add_ssh_key(root, owners, "root", "-----BEGIN RSA PRIVATE KEY-----")
    assert caught.value.hint == "give the file whose name ends in .pub"


def test_a_user_without_a_home(root: Path) -> None:
    with pytest.raises(errors.InvalidArgument, match="'/nowhere'"):
        guests.add_ssh_key(root, IdMap(), "homeless", public_key())


def test_a_linked_ssh_folder_does_not_lead_out(root: Path, owners: IdMap, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "root/.ssh").symlink_to(outside)
    with pytest.raises(errors.VzvirtError):
        guests.add_ssh_key(root, owners, "root", public_key())
    assert os.listdir(outside) == []  # noqa: PTH208
