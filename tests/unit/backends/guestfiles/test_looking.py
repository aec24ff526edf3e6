from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import TZPATH

import pytest

from vzvirt.backends.guestfiles import looking
from vzvirt.model.guestinfo import GuestTimezone
from vzvirt.system.safepath import GuestRoot


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[GuestRoot]:
    for folder in ("etc", "run", "usr/lib"):
        (tmp_path / folder).mkdir(parents=True)
    with GuestRoot(tmp_path) as found:
        yield found


DEBIAN = """\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION='12 (bookworm)'
ID=debian
# a comment
HOME_URL="https://www.debian.org/"
"""


@pytest.mark.parametrize("path", looking.OS_RELEASE)
def test_operating_system(tmp_path: Path, guest: GuestRoot, path: str) -> None:
    (tmp_path / path.lstrip("/")).write_text(DEBIAN)
    found = looking.system(guest)
    assert (found.id, found.name, found.version_id) == ("debian", "Debian GNU/Linux", "12")
    assert found.pretty_name == "Debian GNU/Linux 12 (bookworm)"
    assert found.version == "12 (bookworm)"
    assert (found.variant, found.kernel_release) == ("", os.uname().release)


def test_an_operating_system_without_a_name(guest: GuestRoot) -> None:
    assert looking.system(guest).id == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ID=a b", {"id": "ab"}),
        ('NAME="it\'s"', {"name": "it's"}),
        ('NAME="half', {"name": '"half'}),
        ("NAME=" + "x" * 1000, {"name": "x" * 256}),
        ("NAME=\x1b[2J", {"name": "\ufffd[2J"}),
        ("NAME", {}),
        ("\0\0=", {}),
    ],
)
def test_what_guests_write_there(text: str, found: dict[str, str]) -> None:
    assert looking.os_release(text) == found


def _record(kind: int, name: str, seconds: int, line: str = "pts/0") -> bytes:
    """One of utmp, as the C library of this machine writes it."""
    wide = struct.calcsize("l") == 8 and os.uname().machine != "x86_64"
    form = "=hxxi32s4s32s256shh" + ("qqq16s24x" if wide else "iii16s20x")
    return struct.pack(
        form, kind, 1, line.encode(), b"", name.encode(), b"", 0, 0, 0, seconds, 250000, b""
    )


def test_who_is_logged_in(tmp_path: Path, guest: GuestRoot) -> None:
    records = [_record(2, "reboot", 1), _record(7, "bob", 300), _record(7, "ann", 200, "tty1")]
    (tmp_path / "run/utmp").write_bytes(b"".join(records) + b"half a record")
    assert [(user.name, user.login_time, user.terminal) for user in looking.users(guest)] == [
        ("ann", 200250, "tty1"),
        ("bob", 300250, "pts/0"),
    ]


def test_nobody_is_logged_in_where_nobody_counts(tmp_path: Path, guest: GuestRoot) -> None:
    assert looking.users(guest) == []
    os.mkfifo(tmp_path / "run/utmp")  # nobody waits at it
    assert looking.users(guest) == []
    (tmp_path / "run/utmp").unlink()
    (tmp_path / "run/utmp").symlink_to("/etc/shadow")
    assert looking.users(guest) == []


def test_time_zone(tmp_path: Path, guest: GuestRoot) -> None:
    assert looking.timezone(guest) == GuestTimezone(name="UTC", offset=0)
    place = tmp_path / "etc/localtime"
    source = next(Path(top, "Asia/Tokyo") for top in TZPATH if Path(top, "Asia/Tokyo").exists())
    place.write_bytes(source.read_bytes())
    assert looking.timezone(guest) == GuestTimezone(name="JST", offset=9 * 3600)
    for nonsense in (b"TZif", b"TZif2" + b"\xff" * 60, b"hello", source.read_bytes()[:90]):
        place.write_bytes(nonsense)
        assert looking.timezone(guest) == GuestTimezone(name="UTC", offset=0)
