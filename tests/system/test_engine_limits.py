"""Limits: at the start, while it runs, after a reboot from inside, and what happens at them."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from engine_bench import CTID, Bench, wait_until
from vzvirt import errors
from vzvirt.codec.lxcconf.limits import LIMITS
from vzvirt.model.domain import Domain, OpenvzSettings
from vzvirt.model.host import Enforcement
from vzvirt.model.resources import Beancounter, BlockIo, Cpu, Memory
from vzvirt.model.state import DomainState, Reason
from vzvirt.model.values import UNLIMITED, BarrierLimit
from vzvirt.system.cgroups import Hierarchies

pytestmark = pytest.mark.root

MIB = 1 << 20


def _limited(bench: Bench, *, init: str = "/sbin/quick") -> Domain:
    return bench.domain(
        init=init,
        memory=Memory(limit=64 * MIB, swap=32 * MIB, soft_limit=48 * MIB),
        cpu=Cpu(vcpus=1, shares=512, affinity="0", limit_percent=50),
        block_io=BlockIo(weight=700),
        openvz=OpenvzSettings(beancounters=(Beancounter("numproc", BarrierLimit(40, 40)),)),
    )


def _limits(bench: Bench) -> dict[str, str]:
    """What the kernel has, whichever version it is."""
    trees, found = bench.groups().trees, {}
    for row in LIMITS:
        folder = bench.groups().folder(row.controller)
        for file in row.files(trees.version(row.controller)):
            if file.per_disk:
                continue
            if folder is not None and (folder / file.name).exists():
                found[file.name] = (folder / file.name).read_text().strip()
    return found


EXPECTED = {
    "memory.limit_in_bytes": str(64 * MIB),
    "memory.memsw.limit_in_bytes": str(96 * MIB),
    "memory.soft_limit_in_bytes": str(48 * MIB),
    "memory.max": str(64 * MIB),
    "memory.swap.max": str(32 * MIB),
    "memory.high": str(48 * MIB),
    "pids.max": "40",
    "cpu.shares": "512",
    "cpu.weight": "50",
    "cpu.cfs_quota_us": "50000",
    "cpu.cfs_period_us": "100000",
    "cpu.max": "50000 100000",
    "cpuset.cpus": "0",
    "blkio.bfq.weight": "700",
    "io.bfq.weight": "default 700",
    "io.weight": "default 700",
}


def _assert_expected(bench: Bench) -> None:
    seen = {name: value for name, value in _limits(bench).items() if name != "cpuset.mems"}
    assert "pids.max" in seen
    assert seen == {name: EXPECTED[name] for name in seen}


def test_limits_hold_from_the_start_and_after_a_reboot(bench: Bench) -> None:
    bench.start(_limited(bench))
    _assert_expected(bench)
    first = bench.init_pid()
    bench.inside("reboot", "-f")
    wait_until(lambda: bench.observe().init_pid not in {first, None})
    _assert_expected(bench)


def test_limits_change_live_and_stay_changed_after_a_reboot(bench: Bench) -> None:
    plain = bench.start()
    assert bench.limit("pids", "pids.max") == "max"
    bench.engine.apply(_limited(bench))
    _assert_expected(bench)
    first = bench.init_pid()
    bench.inside("reboot", "-f")
    wait_until(lambda: bench.observe().init_pid not in {first, None})
    _assert_expected(bench)
    bench.engine.apply(plain)
    assert bench.limit("pids", "pids.max") == "max"
    unlimited = dataclasses.replace(plain, memory=Memory(limit=UNLIMITED, swap=UNLIMITED))
    bench.engine.apply(unlimited)


def test_what_the_kernel_refuses_is_put_back(bench: Bench) -> None:
    bench.start(_limited(bench))
    before = _limits(bench)
    wrong = dataclasses.replace(
        bench.domain(), memory=Memory(limit=80 * MIB, swap=0), cpu=Cpu(affinity="4000")
    )
    with pytest.raises(errors.OperationFailed, match="'4000' for 'cpu affinity'"):
        bench.engine.apply(wrong)
    assert _limits(bench) == before


def test_memory_in_use_is_not_taken_by_force(bench: Bench) -> None:
    """The kernel refuses with version 1; with version 2 it would end what uses it."""
    plain = bench.domain(memory=Memory(limit=128 * MIB, swap=0))
    bench.start(plain)
    before = _limits(bench)
    less = dataclasses.replace(plain, memory=Memory(limit=24 * MIB, swap=0))
    keeps = "x=$(head -c 40000000 /dev/zero | tr '\\0' x); : > /tmp/full; sleep 1000; echo $x"
    child = bench.script(f"bench.engine.execute(CTID, ExecRequest(argv=('sh', '-c', {keeps!r})))")
    wait_until((bench.guest / "tmp/full").exists, 60)  # long in an emulated guest
    with pytest.raises(errors.OperationFailed, match="for 'memory'"):
        bench.engine.apply(less)
    assert child.poll() is None
    assert _limits(bench) == before
    bench.sh("killall sleep; rm /tmp/full")
    child.wait(10)
    bench.engine.apply(less)
    assert bench.observe().is_active


def test_memory_that_caches_files_is_taken_back(bench: Bench) -> None:
    plain = bench.domain(memory=Memory(limit=128 * MIB, swap=0))
    bench.start(plain)
    bench.sh("head -c 60000000 /dev/zero > /tmp/file; cat /tmp/file > /dev/null")
    os.sync()
    bench.engine.apply(dataclasses.replace(plain, memory=Memory(limit=24 * MIB, swap=0)))
    assert bench.observe().is_active


def test_a_start_that_cannot_have_its_limits_fails_and_says_so(bench: Bench) -> None:
    with pytest.raises(errors.OperationFailed, match="refuses '4000'"):
        bench.start(bench.domain(cpu=Cpu(affinity="4000")))
    assert bench.observe().reason is Reason.FAILED_TO_START
    assert bench.leftovers() == []


def test_no_more_processes_than_numproc(bench: Bench) -> None:
    bench.start(_limited(bench))
    forks = "i=0; while [ $i -lt 100 ]; do sleep 60 & i=$((i+1)); done"
    done = bench.inside("/bin/sh", "-c", forks)
    assert done.status != 0
    assert "can't fork" in done.output
    assert bench.observe().is_active


READ = ("/bin/dd", "if=/data", "of=/dev/null", "bs=256k", "iflag=direct")
"""Past the page cache."""


def _with_data(bench: Bench, amount: int) -> None:
    (bench.guest / "data").write_bytes(os.urandom(amount))
    (bench.guest / "bin/dd").symlink_to("/bin/busybox")
    os.sync()


def _blocks_read(bench: Bench) -> int:
    used = bench.engine.statistics(CTID).all_blocks
    assert used is not None
    return used.read_bytes


def test_reads_from_the_disk_are_slowed_down(bench: Bench) -> None:
    """Three seconds' worth, which no limit would let pass sooner."""
    amount, rate = 6 * MIB, 2 * MIB
    _with_data(bench, amount)
    plain = bench.start()
    bench.engine.apply(dataclasses.replace(plain, block_io=BlockIo(bytes_per_second=rate)))
    begin = time.monotonic()
    assert bench.inside(*READ).status == 0
    assert time.monotonic() - begin > 2
    bench.engine.apply(plain)
    assert _blocks_read(bench) >= amount


def test_what_is_read_is_counted_on_a_disk_that_never_had_a_limit(
    bench: Bench, tmp_path: Path
) -> None:
    """A loop device that was never there before is one."""
    amount = 3 * MIB
    _with_data(bench, amount)
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(32 * MIB)
    copy = ["mkfs.ext4", "-q", "-d", str(bench.guest), str(image)]
    subprocess.run(copy, check=True, capture_output=True)
    with _new_loop_device(image) as device:
        subprocess.run(["mount", device, str(bench.guest)], check=True)
        try:
            bench.start()
            before = _blocks_read(bench)
            assert bench.inside(*READ).status == 0
            assert _blocks_read(bench) - before >= amount
        finally:
            bench.clean_up()
            subprocess.run(["umount", str(bench.guest)], check=True)


@contextlib.contextmanager
def _new_loop_device(image: Path) -> Iterator[str]:
    add, remove = 0x4C80, 0x4C81  # of <linux/loop.h>
    with open("/dev/loop-control", "wb", buffering=0) as control:  # noqa: PTH123  # no file
        for _ in range(20):
            number = fcntl.ioctl(control, add, -1)
            device = f"/dev/loop{number}"
            # Anybody who asks for a free device meanwhile may be given this one.
            attached = subprocess.run(["losetup", device, str(image)], check=False)
            if attached.returncode == 0:
                break
        else:
            pytest.fail("others take every new loop device")
        try:
            yield device
        finally:
            subprocess.run(["losetup", "--detach", device], check=False)
            _remove_device(control, remove, number)


def _remove_device(control: IO[bytes], remove: int, number: int) -> None:
    """Udev may still look at it, or somebody else have it by now, who may keep it then."""
    for _ in range(50):
        with contextlib.suppress(OSError):
            fcntl.ioctl(control, remove, number)
            return
        time.sleep(0.02)


HUNGRY = "#!/bin/sh\nx=x; while :; do x=$x$x; done\n"


def test_a_hungry_command_is_ended_and_its_container_lives(bench: Bench) -> None:
    bench.write("bin/hungry", HUNGRY, 0o755)
    bench.start(_limited(bench))
    assert bench.inside("/bin/hungry").status == 137
    assert bench.observe().is_active


def test_an_init_that_the_kernel_ends_for_memory(bench: Bench) -> None:
    bench.write("sbin/hungry", HUNGRY, 0o755)
    bench.start(_limited(bench, init="/sbin/hungry"))
    seen = bench.wait_for_reason(Reason.OUT_OF_MEMORY, seconds=100)
    assert seen.state is DomainState.CRASHED
    assert seen.exit_status == -9
    wait_until(lambda: bench.leftovers() == [], 10, bench.leftovers)


def test_the_table_of_info_says_what_holds(bench: Bench) -> None:
    table = {row.parameter: row for row in bench.engine.enforcement(_limited(bench))}
    assert table["memory"].enforcement is Enforcement.EXACT
    assert table["memory"].value == str(64 * MIB)
    assert table["numproc"].enforcement is Enforcement.EXACT
    assert table["cpu limit"].enforcement is Enforcement.APPROXIMATE
    kept = bench.domain(
        openvz=OpenvzSettings(beancounters=(Beancounter("numflock", BarrierLimit(1, 2)),))
    )
    assert [
        (row.parameter, row.value, row.enforcement) for row in bench.engine.enforcement(kept)
    ] == [("ubc numflock", "1:2", Enforcement.KEPT)]


def test_limits_of_one_that_does_not_run(bench: Bench) -> None:
    with pytest.raises(errors.OperationInvalid, match="not running"):
        bench.engine.apply(bench.domain())


def test_pausing_in_version_2(bench: Bench) -> None:
    """Where version 1 has a freezer the tests above use it; this one takes version 2's."""
    every = bench.groups()
    unified = tuple(tree for tree in every.trees.trees if tree.version == 2)
    assert unified, "a kernel without version 2 of control groups"
    groups = dataclasses.replace(every, trees=Hierarchies(unified))
    folder = groups.folder("freezer")
    assert folder is not None
    folder.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as child:
        try:
            (folder / "cgroup.procs").write_text(str(child.pid))
            groups.freeze()
            assert groups.is_frozen
            assert "frozen 1" in (folder / "cgroup.events").read_text()
            groups.thaw()
            assert not groups.is_frozen
            groups.freeze()
        finally:
            groups.kill_all()
            assert child.wait(5) == -9
            groups.remove()
    assert not folder.parent.exists()
