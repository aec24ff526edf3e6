"""Commands in a running container, its console, and what is mounted in it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from engine_bench import CTID, NO_IDMAP, Bench, wait_until
from terminal import terminal
from vzvirt import errors
from vzvirt.backends.liblxc.engine import LxcEngine
from vzvirt.model.devices import Filesystem, FilesystemKind, HostDevice, HostDeviceKind
from vzvirt.model.domain import OperatingSystem

pytestmark = pytest.mark.root


# -- commands -----------------------------------------------------------------------------


def test_exit_statuses(bench: Bench) -> None:
    bench.start()
    assert bench.inside("/bin/sh", "-c", "exit 7").status == 7
    assert bench.inside("/bin/sh", "-c", "kill -TERM $$").status == 128 + signal.SIGTERM
    assert bench.inside("/bin/sh", "-c", "kill -KILL $$").status == 128 + signal.SIGKILL
    missing = bench.inside("/no/such/program")
    assert missing.status == 127
    assert "/no/such/program" in missing.output


def test_arguments_arrive_as_they_are(bench: Bench) -> None:
    bench.start()
    words = ("$HOME `id` \"q\" 'q'", "two  blanks", "", "*", "-n", "a\nb", "ü")
    seen = bench.inside("/bin/busybox", "printf", "<%s>", *words)
    assert seen.output == "".join(f"<{word}>" for word in words)


def test_user_folder_and_environment(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of the host")
    bench.start()
    script = "id -u; id -g; pwd; echo $FOO; echo $HOME; env"
    seen = bench.sh(script, user="ann", environment=(("FOO", "b a = r"),)).splitlines()
    assert seen[:5] == ["1000", "1001", "/home/ann", "b a = r", "/home/ann"]
    assert "container=lxc" in seen
    assert not any("SECRET" in line or "VZVIRT" in line for line in seen)
    assert bench.sh("pwd", directory="/etc") == "/etc\n"
    assert bench.sh("id -u", user="7").strip() == "7"
    assert bench.inside("true", directory="/none").status == 126
    with pytest.raises(errors.InvalidArgument, match="no user 'eve'"):
        bench.inside("true", user="eve")


def test_standard_streams(bench: Bench) -> None:
    bench.start()
    reader, writer = os.pipe()
    os.write(writer, b"a\0b\n" * 1000)
    os.close(writer)
    kept = os.dup(0)
    os.dup2(reader, 0)
    try:
        seen = bench.inside("/bin/cat")
    finally:
        os.dup2(kept, 0)
        os.close(reader)
    assert seen.output == "a\0b\n" * 1000


def test_a_signal_reaches_the_command_and_no_other(bench: Bench) -> None:
    bench.start()
    child = bench.script(
        'script = \'trap "echo got > /tmp/got; exit 5" TERM; : > /tmp/up; '
        "while :; do sleep 0.1; done'\n"
        "sys.exit(bench.engine.execute(CTID, ExecRequest(argv=('/bin/sh', '-c', script))))"
    )
    wait_until((bench.guest / "tmp/up").exists)
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == 5
    assert (bench.guest / "tmp/got").exists()
    assert bench.inside("true").status == 0


def test_it_runs_in_the_containers_groups_namespaces_and_limits(bench: Bench) -> None:
    bench.start()
    init = bench.init_pid()
    child = bench.script("bench.engine.execute(CTID, ExecRequest(argv=('sleep', '77')))")
    procs = Path("/proc")

    def find() -> Path | None:
        for path in procs.glob("[0-9]*"):
            try:
                if (path / "cmdline").read_bytes() == b"sleep\x0077\0" and (
                    (path / "ns/pid").readlink() == (procs / str(init) / "ns/pid").readlink()
                ):
                    return path
            except OSError:
                continue
        return None

    wait_until(lambda: find() is not None)
    found = find()
    assert found is not None
    for name in ("user", "mnt", "pid", "net", "uts", "ipc", "cgroup"):
        assert (found / "ns" / name).readlink() == (procs / str(init) / "ns" / name).readlink()
    groups = (found / "cgroup").read_text().splitlines()
    own = bench.groups().names[0]
    assert all(f"/{own}/ns" in line for line in groups)
    theirs = (procs / str(init) / "status").read_text()
    ours = (found / "status").read_text()
    for key in ("CapBnd", "CapEff", "Seccomp", "Seccomp_filters"):
        assert _status(ours, key) == _status(theirs, key), key
    assert _status(ours, "Seccomp") == "2"
    bench.engine.kill(CTID)
    child.wait(10)


def _status(text: str, key: str) -> str:
    return next(line.split()[1] for line in text.splitlines() if line.startswith(f"{key}:"))


@pytest.mark.parametrize("wanted", [True, False])
def test_a_terminal_when_asked_for(bench: Bench, wanted: bool) -> None:
    bench.start()
    seen = bench.inside("/bin/sh", "-c", "tty; exit 3", tty=wanted)
    assert seen.status == 3
    assert ("not a tty" in seen.output) is not wanted


def test_a_terminal_of_ours_is_the_commands_too(bench: Bench) -> None:
    bench.start()
    words = bench.script_words(
        "sys.exit(bench.engine.execute(CTID, ExecRequest(argv=('/bin/sh',))))"
    )
    with terminal(words, bench.script_environment()) as screen:
        screen.expect(b"# ")
        screen.type(b"tty; echo $((40 + 2))\n")
        screen.expect(b"42")
        screen.type(b"exit 9\n")
        assert screen.ends()[0] == 9


def test_no_terminal_though_we_have_one(bench: Bench) -> None:
    bench.start()
    words = bench.script_words(
        "sys.exit(bench.engine.execute(CTID, ExecRequest(argv=('/bin/sh', '-c', "
        "'tty; read line; echo <$line>; exit 4'), tty=False)))".replace("<$line>", "got-$line")
    )
    with terminal(words, bench.script_environment()) as screen:
        screen.expect(b"not a tty")
        screen.type(b"typed\n")
        screen.expect(b"got-typed")
        assert screen.ends()[0] == 4


def test_keys_reach_a_command_whose_output_goes_elsewhere(bench: Bench, tmp_path: Path) -> None:
    bench.start()
    out = tmp_path / "out"
    words = bench.script_words(
        f"os.dup2(os.open({str(out)!r}, os.O_WRONLY | os.O_CREAT), 1)\n"
        "sys.exit(bench.engine.execute(CTID, ExecRequest(argv=('/bin/sh', '-c', "
        "'tty; echo up >&2; read line; echo got-$line; exit 4'))))"
    )
    with terminal(words, bench.script_environment()) as screen:
        screen.expect(b"up")
        screen.type(b"typed\n")
        assert screen.ends()[0] == 4
    assert out.read_text() == "not a tty\ngot-typed\n"


def test_keys_do_no_harm_to_a_command_that_reads_something_else(
    bench: Bench, tmp_path: Path
) -> None:
    bench.start()
    (tmp_path / "in").write_text("a line\n")
    words = bench.script_words(
        f"os.dup2(os.open({str(tmp_path / 'in')!r}, os.O_RDONLY), 0)\n"
        "sys.exit(bench.engine.execute(CTID, ExecRequest(argv=('/bin/sh', '-c', "
        "'cat; echo up; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo done; exit 4'))))"
    )
    with terminal(words, bench.script_environment()) as screen:
        screen.expect(b"a line\r\nup")
        screen.type(b"x\n")
        time.sleep(0.5)
        (bench.guest / "tmp/go").touch()
        screen.expect(b"done")
        assert screen.ends()[0] == 4


# -- the console --------------------------------------------------------------------------


def test_the_console_is_kept_since_the_last_start(bench: Bench) -> None:
    bench.start()
    wait_until(lambda: bench.engine.console_log(CTID) != b"")
    assert bench.engine.console_log(CTID) == b"booted as c101\r\n"
    bench.engine.kill(CTID)
    bench.engine.settle(CTID)
    assert bench.engine.console_log(CTID) == b"booted as c101\r\n"
    bench.start()
    wait_until(lambda: bench.engine.console_log(CTID) != b"")
    assert bench.engine.console_log(CTID).count(b"booted") == 1


def test_the_console_log_is_bounded(bench: Bench) -> None:
    bench.start()
    bench.sh(
        "for i in 1 2 3 4; do head -c 100000 /dev/zero | tr '\\0' x; echo; done > /dev/console"
    )
    time.sleep(0.5)
    kept = bench.engine.console_log(CTID)
    assert 100_000 < len(kept) <= 2 * 131072
    assert bench.inside("true").status == 0


def test_a_console_session(bench: Bench) -> None:
    script = "#!/bin/sh\nwhile read line; do echo heard $line; done < /dev/console\n"
    bench.write("sbin/echo", script, 0o755)
    bench.start(bench.domain(init="/sbin/echo"))
    words = bench.script_words("sys.exit(bench.engine.attach_console(CTID))")
    with terminal(words, bench.script_environment()) as screen:
        screen.expect(b"to exit")
        screen.expect_after(b"hello\r", b"heard hello")
        screen.type(b"\x1dq")
        assert screen.ends()[0] == 0
    assert bench.observe().is_active


def test_a_console_needs_a_terminal(bench: Bench) -> None:
    bench.start()
    with pytest.raises(errors.InvalidArgument, match="needs a terminal"):
        bench.engine.attach_console(CTID)


# -- how init is run ----------------------------------------------------------------------


def test_init_gets_arguments_environment_folder_and_user(bench: Bench) -> None:
    script = (
        '#!/bin/sh\n/bin/busybox printf \'<%s>\' "$@"; echo; echo "FOO=$FOO"; pwd; '
        "id -u; id -g; sleep 1000\n"
    )
    bench.write("sbin/tells", script, 0o755)
    system = OperatingSystem(
        init="/sbin/tells",
        init_args=("one two", "'quoted'", "$x", "--", "-n"),
        init_env=(("FOO", '"bar" = baz'),),
        init_dir="/home/ann",
        init_user="ann",
        init_group="ann",
    )
    bench.start(bench.domain(os=system))
    wait_until(lambda: bench.engine.console_log(CTID).count(b"\n") >= 5)
    assert bench.engine.console_log(CTID).decode().splitlines()[:5] == [
        "<one two><'quoted'><$x><--><-n>",
        'FOO="bar" = baz',
        "/home/ann",
        "1000",
        "1001",
    ]


# -- mounts -------------------------------------------------------------------------------


def _bind(source: Path, target: str, *, readonly: bool = False) -> Filesystem:
    kind = FilesystemKind.MOUNT
    return Filesystem(kind=kind, source=str(source), target=target, readonly=readonly)


@pytest.mark.parametrize("confined", [True, False])
def test_bind_mounts_and_ram(bench: Bench, confined: bool) -> None:
    shared, kept = bench.root.prefix / "shared folder", bench.root.prefix / "kept"
    for folder in (shared, kept):
        folder.mkdir(mode=0o700)
        (folder / "file").write_text("of the host")
    ram = Filesystem(kind=FilesystemKind.RAM, target="/ram", usage=1 << 20)
    mounts = (_bind(shared, "/mnt/a b"), _bind(kept, "/mnt/kept", readonly=True), ram)
    bench.start(bench.domain(filesystems=mounts), **({} if confined else {"idmap": NO_IDMAP}))
    assert bench.sh("cat '/mnt/a b/file' /mnt/kept/file") == "of the host" * 2
    bench.sh("echo guest > '/mnt/a b/new'")
    assert ((shared / "new").read_text(), (shared / "new").stat().st_uid) == ("guest\n", 0)
    assert bench.inside("/bin/sh", "-c", "echo x > /mnt/kept/new").status != 0
    assert bench.inside("/bin/sh", "-c", "mount -o remount,rw /mnt/kept").status != 0
    assert not (kept / "new").exists()
    assert "1024" in bench.sh("df -k /ram | tail -1")
    first = bench.init_pid()
    bench.inside("reboot", "-f")
    wait_until(lambda: bench.observe().init_pid not in {first, None})
    assert bench.sh("cat '/mnt/a b/new' /mnt/kept/file") == "guest\nof the host"
    bench.engine.kill(CTID)
    bench.engine.settle(CTID)
    assert str(bench.root.prefix) not in Path("/proc/self/mountinfo").read_text()
    assert (shared / "file").exists()


def test_a_file_is_mounted_on_a_file(bench: Bench) -> None:
    source = bench.root.prefix / "resolv"
    source.write_text("nameserver 192.0.2.1\n")
    bench.start(bench.domain(filesystems=(_bind(source, "/etc/resolv.conf"),)))
    assert bench.sh("cat /etc/resolv.conf") == "nameserver 192.0.2.1\n"


@pytest.mark.parametrize("confined", [True, False])
@pytest.mark.parametrize("trap", ["/", "/../../../..", "/proc/1/root"])
def test_a_guests_links_lead_no_mount_out(bench: Bench, trap: str, confined: bool) -> None:
    """Its ``/mnt`` points at the host's root; the host must not even get a folder of it."""
    name = f"vzvirt-trap-{os.getpid()}"
    (bench.guest / "mnt").symlink_to(trap)
    ram = Filesystem(kind=FilesystemKind.RAM, target=f"/mnt/{name}")
    try:
        bench.start(bench.domain(filesystems=(ram,)), **({} if confined else {"idmap": NO_IDMAP}))
    except errors.VzvirtError:
        assert not bench.observe().is_active
    else:
        assert f"/{name} tmpfs" in bench.sh("cat /proc/mounts")
    assert not Path("/", name).exists()
    assert name not in Path("/proc/self/mountinfo").read_text()


def test_an_image_file_is_refused_by_name(bench: Bench) -> None:
    image = Filesystem(kind=FilesystemKind.FILE, source="/some.img", target="/data")
    with pytest.raises(errors.ConfigUnsupported, match="'/data' of type 'file'"):
        bench.start(bench.domain(filesystems=(image,)))


def test_a_device_node_is_handed_in(bench: Bench) -> None:
    fuse = HostDevice(kind=HostDeviceKind.MISC, name="/dev/fuse")
    if not Path("/dev/fuse").exists():
        fuse = HostDevice(kind=HostDeviceKind.MISC, name="/dev/kmsg", permissions="r")
    bench.start(bench.domain(host_devices=(fuse,)))
    assert bench.sh(f"test -c {fuse.name} && echo yes") == "yes\n"


def test_engines_of_two_installations_do_not_meet(bench: Bench, tmp_path: Path) -> None:
    other = LxcEngine(type(bench.root)(tmp_path), ())
    bench.start()
    assert not other.observe(CTID).is_active
    assert other.wait_stopped(CTID, 0.1)
