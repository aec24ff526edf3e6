"""Signals for what runs inside, programs on the console, and looks at a container from outside."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

from engine_bench import CTID, IDMAP, NO_IDMAP, Bench, wait_until
from terminal import terminal
from vzvirt import errors
from vzvirt.backends.guestfiles import RealGuestFiles
from vzvirt.model.devices import Filesystem, FilesystemKind
from vzvirt.model.progress import no_progress
from vzvirt.model.values import Ctid, IdMap
from vzvirt.ports.engine import ConsoleLine

pytestmark = pytest.mark.root

OTHER = Ctid(102)

SLEEP = "sleep 1000 > /dev/null 2>&1 & echo $!"


def _alive(bench: Bench, ctid: Ctid, pid: int) -> bool:
    return bench.inside("/bin/sh", "-c", f"[ -d /proc/{pid} ]", ctid=ctid).status == 0


@pytest.mark.parametrize("idmap", [IDMAP, NO_IDMAP], ids=["confined", "plain"])
def test_a_signal_reaches_the_process_of_that_number(bench: Bench, idmap: IdMap) -> None:
    bench.start(idmap=idmap)
    bench.start(bench.domain(ctid=OTHER), idmap=idmap)
    numbers: dict[Ctid, set[int]] = {}
    for ctid in (CTID, OTHER):
        numbers[ctid] = {int(bench.sh(SLEEP, ctid=ctid)) for _ in range(3)}
    shared = min(numbers[CTID] & numbers[OTHER], default=None)
    assert shared is not None, f"no number is in both: {numbers}"
    bench.engine.signal(CTID, shared, 0)
    bench.engine.signal(CTID, shared, signal.SIGKILL)
    wait_until(lambda: not _alive(bench, CTID, shared))
    assert _alive(bench, OTHER, shared)
    with pytest.raises(errors.InvalidArgument, match=f"no process {shared}"):
        bench.engine.signal(CTID, shared, signal.SIGTERM)


def test_an_init_hears_what_it_listens_to_and_no_more(bench: Bench) -> None:
    bench.write(
        "sbin/ears",
        "#!/bin/sh\ntrap 'echo heard' USR1\nwhile :; do /bin/sleep 0.1; done\n",
        0o755,
    )
    bench.start(bench.domain(init="/sbin/ears"))
    for number in (signal.SIGUSR2, signal.SIGTERM, signal.SIGUSR1):
        bench.engine.signal(CTID, 1, number)
    wait_until(lambda: b"heard" in bench.engine.console_log(CTID))
    assert bench.observe().is_active


def _read(line: ConsoleLine, wanted: bytes) -> bytes:
    shown, end = b"", time.monotonic() + 15
    while wanted not in shown:
        assert time.monotonic() < end, shown
        if select.select([line.fileno()], [], [], 0.1)[0]:
            shown += os.read(line.fileno(), 4096)
    return shown


def test_a_program_talks_to_a_shell_on_the_console(bench: Bench) -> None:
    bench.write("etc/inittab", "::respawn:-/bin/sh\n")
    bench.start(bench.domain(init="/sbin/init"))
    with contextlib.closing(bench.engine.open_console(CTID)) as line:
        wait_until(lambda: b"#" in bench.engine.console_log(CTID))
        # The keys that would end a session of lxc-console are nothing special.
        os.write(line.fileno(), b"\x01q\x1dq\x00\x15echo $((40 + 2))\n")
        assert b"\n42\r" in _read(line, b"\n42\r")
        for number in range(20):  # the shell breaks long lines by itself
            os.write(line.fileno(), b"# " + b"x" * 900 + b"\n")
            os.write(line.fileno(), b"echo line$((%d + 1000))\n" % number)
            _read(line, b"\nline%d\r" % (1000 + number))
    assert not [
        pid
        for pid in Path("/proc").iterdir()
        if pid.name.isdecimal() and _is_console(pid, bench.root.prefix)
    ]


def test_somebody_at_a_terminal_loses_the_console(bench: Bench) -> None:
    bench.write("etc/inittab", "::respawn:-/bin/sh\n")
    bench.start(bench.domain(init="/sbin/init"))
    words = bench.script_words(
        "import termios\n"
        "modes = termios.tcgetattr(0)\n"
        "bench.engine.attach_console(CTID)\n"
        "print('as before:', termios.tcgetattr(0) == modes)"
    )
    with terminal(words, bench.script_environment()) as screen:
        screen.expect(b"to exit")
        screen.expect_after(b"\r", b"#")
        with pytest.raises(errors.Busy, match="in use"):
            bench.engine.open_console(CTID)
        with contextlib.closing(bench.engine.open_console(CTID, force=True)) as line:
            screen.expect(b"as before: True")
            os.write(line.fileno(), b"echo $((40 + 2))\n")
            _read(line, b"\n42\r")


def _is_console(process: Path, prefix: Path) -> bool:
    try:
        words = (process / "cmdline").read_bytes()
    except OSError:
        return False
    return b"lxc-console" in words and os.fsencode(prefix) in words


def test_what_a_container_mounts(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    more = (
        Filesystem(kind=FilesystemKind.RAM, target="/scratch", usage=1 << 20),
        Filesystem(kind=FilesystemKind.MOUNT, source=str(tmp_path / "shared"), target="/shared"),
    )
    bench.start(bench.domain(filesystems=more))
    bench.sh("echo 123456789 > /scratch/file")
    found = {item.mountpoint: item for item in bench.engine.mounts(CTID)}
    assert {"/", "/scratch", "/shared"} <= set(found)
    assert not [point for point in found if point.startswith(("/proc", "/sys", "/dev"))]
    scratch = found["/scratch"]
    assert (scratch.fstype, scratch.devices, scratch.total) == ("tmpfs", (), 1 << 20)
    assert scratch.used


def test_a_guests_files_are_read_as_the_guest_sees_them(bench: Bench) -> None:
    bench.write("etc/os-release", "ID=wrong\n")
    bench.start()
    files = RealGuestFiles()
    with bench.engine.live_root(CTID) as root:
        assert files.system(root).id == "wrong"
        bench.sh("echo ID=right > /tmp/right; ln -sf /tmp/right /etc/os-release")
        assert files.system(root).id == "right"
        bench.sh("ln -sf /../../../../etc/os-release /etc/os-release")
        assert files.system(root).id == ""
        assert (bench.engine.hostname(CTID), files.users(root)) == (f"c{CTID}", [])


@pytest.mark.parametrize("kind", ["mapped", "shifted", "none"])
def test_files_go_where_the_guest_has_something_mounted(
    bench: Bench, tmp_path: Path, kind: str
) -> None:
    """Be it a file system that nobody but the container's users can write to."""
    idmap = NO_IDMAP if kind == "none" else IDMAP
    if kind == "shifted":
        subprocess.run(["chown", "-hR", "100000:100000", bench.guest], check=True)
    scratch = Filesystem(kind=FilesystemKind.RAM, target="/scratch", usage=1 << 20)
    bench.start(bench.domain(filesystems=(scratch,)), idmap=idmap, shifted=kind == "shifted")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_text("content\n")
    (tmp_path / "folder/file").chmod(0o4750)
    files = RealGuestFiles()
    with bench.engine.live_root(CTID) as root:
        for place in ("/scratch", "/root"):
            files.push(root, idmap, tmp_path / "folder", place, no_progress)
            seen = bench.sh(f"stat -c '%u:%g %a' {place}/folder {place}/folder/file")
            assert seen == "0:0 755\n0:0 4750\n"
        bench.sh("echo more >> /scratch/folder/file")
        files.pull(root, idmap, "/scratch/folder/file", tmp_path / "back", no_progress)
        bench.sh("echo root:x:1:1:1:1::: > /etc/shadow; chown 0:42 /etc/shadow")
        files.set_password(root, idmap, "root", "secret")
    assert (tmp_path / "back").read_text() == "content\nmore\n"
    assert (tmp_path / "back").stat().st_uid == 0
    assert bench.sh("stat -c %u:%g /etc/shadow; cat /etc/shadow").startswith("0:42\nroot:$")


@pytest.mark.parametrize("trap", ["/proc/version", "/proc/sys/kernel/panic", "/sys/kernel/notes"])
def test_what_the_kernel_shows_is_no_file(bench: Bench, tmp_path: Path, trap: str) -> None:
    """The host's root would be let read what the guest is not."""
    bench.start()
    bench.sh(f"mkdir /tmp/logs; ln -s {trap} /tmp/log")
    with bench.engine.live_root(CTID) as root, pytest.raises(errors.InvalidArgument) as caught:
        RealGuestFiles().pull(root, IDMAP, "/tmp/log", tmp_path, no_progress)
    assert "kernel" in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_what_is_held_of_a_container_is_never_the_hosts(bench: Bench) -> None:
    bench.start()
    with bench.engine.live_root(CTID) as root:
        bench.engine.kill(CTID)
        bench.engine.settle(CTID)
        assert (root / "sbin/quick").exists()
        assert not os.path.samestat(root.stat(), Path("/").stat())
