"""What a container cannot do to its host, tried from inside."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

from engine_bench import CTID, IDMAP, NO_IDMAP, Bench, wait_until
from vzvirt.codec.lxcconf.seccomp import REFUSED
from vzvirt.model.devices import DevicePermission, Filesystem, FilesystemKind
from vzvirt.model.domain import OpenvzSettings
from vzvirt.model.resources import CapabilityDefault, LinuxCapabilities
from vzvirt.model.state import Reason

pytestmark = pytest.mark.root

NOBODY = 65534

EVERYTHING = LinuxCapabilities(default=CapabilityDefault.ALLOW)

# Each call with arguments that hurt nobody if it were let through: the kernel would then answer
# with another error than the profile's.
PROBE = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NATIVE(name, ...) { #name, SYS_##name, { __VA_ARGS__ } }

static const struct { const char *name; long number; long arguments[6]; } calls[] = {
    NATIVE(init_module, 0, 0, 0),
    NATIVE(finit_module, -1, 0, 0),
    NATIVE(delete_module, 0, 0),
    NATIVE(create_module, 0, 0),
    NATIVE(kexec_load, 0, 99, 0, 0),
    NATIVE(kexec_file_load, -1, -1, 0, 0, 0),
    NATIVE(swapon, 0, 0),
    NATIVE(swapoff, 0),
    NATIVE(open_by_handle_at, -1, 0, 0),
    NATIVE(iopl, 0),
    NATIVE(ioperm, 0, 0, 0),
    NATIVE(settimeofday, 0, 0),
    NATIVE(clock_settime, -1, 0),
    NATIVE(adjtimex, 0),
    NATIVE(clock_adjtime, -1, 0),
    NATIVE(bpf, -1, 0, 0),
    NATIVE(perf_event_open, 0, 0, -1, -1, 0),
    NATIVE(lookup_dcookie, 0, 0, 0),
    NATIVE(add_key, 0, 0, 0, 0, 0),
    NATIVE(keyctl, -1, 0),
    NATIVE(request_key, 0, 0, 0, 0),
    NATIVE(acct, -1),
    NATIVE(umount2, 0, 1),
    { "reboot:kexec", SYS_reboot, { LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, 0x45584543 } },
    { "reboot:kexec+", SYS_reboot, { LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, 0x145584543 } },
    { "reboot:suspend", SYS_reboot, { LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, 0xD000FCE2 } },
    { "reboot:cad on", SYS_reboot, { LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, 0x89ABCDEF } },
    { "reboot:cad off", SYS_reboot, { LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, 0 } },
    /* The control group of this experiment: allowed, and refused by the kernel itself. */
    { "reboot:nonsense", SYS_reboot, { LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, 12345 } },
    { "getpid", SYS_getpid, { 0 } },
};

/* The same by their numbers in 32 bits, which a 64-bit program can call too. */
static const struct { const char *name; int number; } compat[] = {
    { "init_module", 128 }, { "finit_module", 350 }, { "delete_module", 129 },
    { "create_module", 127 }, { "kexec_load", 283 }, { "swapon", 87 }, { "swapoff", 115 },
    { "open_by_handle_at", 342 }, { "iopl", 110 }, { "ioperm", 101 },
    { "settimeofday", 79 }, { "stime", 25 }, { "clock_settime", 264 },
    { "clock_settime64", 404 }, { "adjtimex", 124 }, { "clock_adjtime", 343 },
    { "clock_adjtime64", 405 }, { "bpf", 357 }, { "perf_event_open", 336 },
    { "lookup_dcookie", 253 }, { "add_key", 286 }, { "request_key", 287 },
    { "keyctl", 288 }, { "acct", 51 },
};

static int in_32_bits(int number)
{
    int result;
    __asm__ volatile("int $0x80" : "=a"(result)
                     : "a"(number), "b"(-1), "c"(0), "d"(0), "S"(0), "D"(0) : "memory");
    return result;
}

int main(int argc, char **argv)
{
    unsigned int i;
    if (argc > 1) {
        for (i = 0; i < sizeof compat / sizeof *compat; i++)
            printf("%s %d\n", compat[i].name, -in_32_bits(compat[i].number));
        return 0;
    }
    for (i = 0; i < sizeof calls / sizeof *calls; i++) {
        const long *a = calls[i].arguments;
        errno = 0;
        syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);
        printf("%s %d\n", calls[i].name, errno);
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("probe")
    (folder / "probe.c").write_text(PROBE)
    argv = ["gcc", "-static", "-O1", "-o", str(folder / "probe"), str(folder / "probe.c")]
    subprocess.run(argv, check=True)
    return folder / "probe"


def _answers(text: str) -> dict[str, int]:
    rows = (line.rsplit(" ", 1) for line in text.splitlines())
    return {name: int(number) for name, number in rows}


def _install(bench: Bench, probe: Path) -> None:
    target = bench.guest / "bin/probe"
    target.write_bytes(probe.read_bytes())
    target.chmod(0o755)


REFUSALS = {refusal.call: refusal.error for refusal in REFUSED}
ONLY_IN_32_BITS = {"stime", "clock_settime64", "clock_adjtime64"}


@pytest.mark.parametrize("confined", [True, False])
def test_the_profile_refuses_what_reaches_the_host(
    bench: Bench, probe: Path, confined: bool
) -> None:
    """With all capabilities, so that nothing but the profile can be what refuses."""
    _install(bench, probe)
    idmap = IDMAP if confined else NO_IDMAP
    bench.start(bench.domain(linux_capabilities=EVERYTHING), idmap=idmap)
    seen = _answers(bench.sh("/bin/probe"))
    assert seen.pop("reboot:nonsense") == 22
    assert seen.pop("getpid") == 0
    assert seen.pop("umount2") == 13
    for name, error in seen.items():
        assert error == REFUSALS[name.partition(":")[0]], name
    assert {name.partition(":")[0] for name in seen} >= REFUSALS.keys() - ONLY_IN_32_BITS
    assert bench.observe().is_active


def test_the_profile_holds_in_32_bits_too(bench: Bench, probe: Path) -> None:
    _install(bench, probe)
    bench.start(bench.domain(linux_capabilities=EVERYTHING), idmap=NO_IDMAP)
    done = bench.inside("/bin/probe", "32")
    if done.status:
        # A kernel without 32-bit calls: then there is nothing to refuse, here as on the host.
        assert subprocess.run([probe, "32"], check=False).returncode < 0
        return
    seen = _answers(done.output)
    assert seen == {name: REFUSALS[name] for name in seen}
    assert seen.keys() >= ONLY_IN_32_BITS


def test_the_host_lets_through_what_the_profile_refuses(probe: Path) -> None:
    """Else the tests above would prove nothing: most calls get further on the host."""
    seen = _answers(subprocess.run([probe], capture_output=True, text=True, check=True).stdout)
    different = [name for name, error in seen.items() if error not in {1, 38}]
    assert len(different) >= 14, seen


def test_its_own_reboot_and_power_off_stay_possible(bench: Bench) -> None:
    bench.start(bench.domain(linux_capabilities=EVERYTHING), idmap=NO_IDMAP)
    first = bench.init_pid()
    bench.inside("reboot", "-f")
    wait_until(lambda: bench.observe().init_pid not in {first, None})
    bench.inside("poweroff", "-f")
    bench.wait_for_reason(Reason.POWERED_OFF)


# -- capabilities -------------------------------------------------------------------------

SYS_ADMIN, NET_ADMIN, SYS_TIME, SYS_MODULE = 21, 12, 25, 16


@cache
def _bit(number: int) -> int:
    return 1 << number


def _bounding(bench: Bench) -> int:
    line = bench.sh("grep CapBnd /proc/1/status")
    return int(line.split()[1], 16)


@pytest.mark.parametrize(
    ("confined", "kept", "gone"),
    [
        (True, (SYS_ADMIN, NET_ADMIN), (SYS_TIME, SYS_MODULE)),
        (False, (), (SYS_ADMIN, NET_ADMIN, SYS_TIME, SYS_MODULE)),
    ],
)
def test_capabilities_as_openvz_leaves_them(
    bench: Bench, confined: bool, kept: tuple[int, ...], gone: tuple[int, ...]
) -> None:
    bench.start(idmap=IDMAP if confined else NO_IDMAP)
    seen = _bounding(bench)
    assert all(seen & _bit(number) for number in kept)
    assert not any(seen & _bit(number) for number in gone)


def test_capabilities_are_switched(bench: Bench) -> None:
    switches = LinuxCapabilities(switches=(("sys_time", True), ("mknod", False)))
    bench.start(bench.domain(linux_capabilities=switches))
    seen = _bounding(bench)
    assert seen & _bit(SYS_TIME)
    assert not seen & _bit(27)


def test_none_at_all(bench: Bench) -> None:
    none = LinuxCapabilities(default=CapabilityDefault.DENY)
    bench.start(bench.domain(linux_capabilities=none))
    assert _bounding(bench) == 0


# -- devices ------------------------------------------------------------------------------


LOOP_CONTROL = ("c", 10, 237)


def _open(bench: Bench, kind: str, major: int, minor: int) -> bool:
    script = (
        f"busybox mknod /dev/try {kind} {major} {minor} && head -c 0 /dev/try; "
        "s=$?; rm -f /dev/try; exit $s"
    )
    return bench.inside("/bin/sh", "-c", script).status == 0


@pytest.fixture
def disk() -> tuple[int, int]:
    found = Path("/").stat().st_dev
    return os.major(found), os.minor(found)


def test_devices_are_denied_unless_listed(bench: Bench, disk: tuple[int, int]) -> None:
    bench.start(idmap=NO_IDMAP)
    assert _open(bench, "c", 1, 3)
    assert _open(bench, "c", 1, 9)
    assert not _open(bench, "c", 1, 1)  # memory
    assert not _open(bench, "c", 1, 11)  # the kernel's log
    assert not _open(bench, "b", *disk)
    assert not _open(bench, *LOOP_CONTROL)


def test_a_rule_of_the_definition_opens_one(bench: Bench) -> None:
    rule = DevicePermission(kind="c", major=10, minor=237, permissions="r")
    bench.start(bench.domain(openvz=OpenvzSettings(device_permissions=(rule,))), idmap=NO_IDMAP)
    assert _open(bench, *LOOP_CONTROL)
    assert not _open(bench, "c", 1, 1)


# -- namespaces and files -----------------------------------------------------------------


def test_it_sees_itself_alone(bench: Bench) -> None:
    bench.start(bench.domain(name="Alone +1"))
    assert bench.sh("hostname").strip() == "Alone-1"
    assert bench.sh("ls /sys/class/net").split() == ["lo"]
    assert "127.0.0.1" in bench.sh("busybox ifconfig lo")
    assert set(bench.sh("ls /proc").split()) & {"1"} == {"1"}
    assert len([word for word in bench.sh("ls /proc").split() if word.isdigit()]) < 8


def test_processes_run_as_users_of_its_own(bench: Bench) -> None:
    bench.start()
    status = Path(f"/proc/{bench.init_pid()}/status").read_text()
    assert "Uid:\t100000\t100000\t100000\t100000" in status
    bench.sh("echo x > /root/file")
    assert (bench.guest / "root/file").stat().st_uid == 0


def test_a_shifted_root(bench: Bench) -> None:
    """Its users pass no folder on the way to it."""
    subprocess.run(["chown", "-hR", "100000:100000", bench.guest], check=True)
    closed = bench.root.prefix / "closed"
    closed.mkdir(0o700)
    guest = bench.guest.rename(closed / "guest")
    bench.start(shifted=True, root_mount=guest)
    bench.sh("echo x > /root/file")
    assert (guest / "root/file").stat().st_uid == 100000


@pytest.mark.parametrize("confined", [True, False])
def test_the_hosts_settings_are_out_of_reach(bench: Bench, confined: bool) -> None:
    bench.start(idmap=IDMAP if confined else NO_IDMAP)
    for path in ("/proc/sys/kernel/panic", "/proc/sysrq-trigger", "/sys/kernel/uevent_seqnum"):
        assert bench.inside("/bin/sh", "-c", f"echo 0 > {path}").status != 0, path
    # In a user namespace the mount is the container's own; what it shows is not.
    script = "mount -o remount,rw /proc/sys; echo 0 > /proc/sys/kernel/panic"
    assert bench.inside("/bin/sh", "-c", script).status != 0


@pytest.mark.parametrize("confined", [True, False])
def test_limits_cannot_be_raised_from_inside(bench: Bench, confined: bool) -> None:
    capabilities = LinuxCapabilities(switches=(("sys_admin", True),))
    bench.start(
        bench.domain(linux_capabilities=capabilities), idmap=IDMAP if confined else NO_IDMAP
    )
    script = (
        "mkdir /tmp/m; mount -t cgroup -o pids none /tmp/m 2>/dev/null || "
        "mount -t cgroup2 none /tmp/m; ls /tmp/m"
    )
    seen = bench.sh(script).split()
    assert "cgroup.procs" in seen
    before = bench.limit("pids", "pids.max")
    bench.inside("/bin/sh", "-c", "echo 7 > /tmp/m/pids.max")
    assert bench.limit("pids", "pids.max") == before


@pytest.mark.parametrize("confined", [True, False])
def test_users_of_the_host_reach_nothing_of_a_container(bench: Bench, confined: bool) -> None:
    """Its set-user-id programs least of all: they would be the host's root, or the container's."""
    shared = bench.root.prefix / "closed/shared"
    shared.mkdir(parents=True)
    shared.parent.chmod(0o700)
    share = Filesystem(kind=FilesystemKind.MOUNT, source=str(shared), target="/mnt/shared")
    bench.start(bench.domain(filesystems=(share,)), idmap=IDMAP if confined else NO_IDMAP)
    bench.sh("cp /bin/busybox /tmp/busybox; chmod 4755 /tmp/busybox")
    folder = bench.engine._run(CTID).path
    assert subprocess.run([folder / "root/tmp/busybox", "true"]).returncode == 0
    for path in ("root/tmp/busybox", "mount-0"):
        found = subprocess.run(["test", "-e", folder / path], user=NOBODY, group=NOBODY)
        assert found.returncode == 1, path


def test_the_run_folder_shows_nobody_anything(bench: Bench) -> None:
    bench.start()
    folder = bench.engine._run(CTID).path
    assert folder.stat().st_mode & 0o067 == 0
    for name in ("config", "limits", "facts.json"):
        assert (folder / name).stat().st_mode & 0o077 == 0, name
