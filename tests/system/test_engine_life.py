"""How containers begin and end, and what is said of them meanwhile."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

import crashes
import yardstick
from engine_bench import CTID, NO_IDMAP, Bench, wait_until
from vzvirt import errors
from vzvirt.backends.liblxc import record
from vzvirt.backends.liblxc.starting import FILES_AT_FIRST, FILES_MOST
from vzvirt.model.devices import Interface, InterfaceKind
from vzvirt.model.domain import LifecyclePolicy, OnEnd, OperatingSystem
from vzvirt.model.state import DomainState, Reason
from vzvirt.model.values import Ctid

pytestmark = pytest.mark.root


def test_a_container_starts_is_killed_and_leaves_nothing(bench: Bench) -> None:
    before = time.time()
    bench.start()
    seen = bench.observe()
    assert seen.state is DomainState.RUNNING
    assert seen.reason is Reason.BOOTED
    assert seen.started_at is not None
    assert before - 1 < seen.started_at < time.time() + 1
    assert Path(f"/proc/{seen.init_pid}/comm").exists()

    bench.engine.kill(CTID)
    bench.engine.settle(CTID)

    assert bench.observe().reason is Reason.KILLED
    assert bench.leftovers() == []


def test_two_containers_know_nothing_of_each_other(bench: Bench) -> None:
    bench.start()
    bench.start(bench.domain(ctid=Ctid(102)))
    assert [o.state for o in bench.engine.observe_all([CTID, Ctid(102)])] == [
        DomainState.RUNNING,
        DomainState.RUNNING,
    ]
    bench.engine.kill(CTID)
    bench.engine.settle(CTID)
    assert bench.observe(Ctid(102)).state is DomainState.RUNNING
    assert bench.inside("true", ctid=Ctid(102)).status == 0


def test_a_polite_shutdown(bench: Bench) -> None:
    bench.start()
    bench.engine.request_shutdown(CTID)
    assert bench.engine.wait_stopped(CTID, 10)
    seen = bench.engine.settle(CTID)
    assert (seen.reason, seen.exit_status) == (Reason.SHUT_DOWN, 0)
    assert bench.callbacks() == ["stopped 101"]
    assert bench.leftovers() == []


def test_one_that_takes_its_time_is_said_to_shut_down(bench: Bench) -> None:
    bench.write("sbin/stubborn", "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 1; done\n", 0o755)
    bench.start(bench.domain(init="/sbin/stubborn"))
    bench.engine.request_shutdown(CTID)
    assert bench.observe().state is DomainState.SHUTDOWN
    assert not bench.engine.wait_stopped(CTID, 0.2)
    bench.engine.pause(CTID)
    assert bench.observe().state is DomainState.PAUSED
    bench.engine.unpause(CTID)
    assert bench.observe().state is DomainState.SHUTDOWN, "it was asked, and goes on with it"
    bench.engine.request_reboot(CTID)
    assert bench.observe().state is DomainState.RUNNING
    bench.engine.request_shutdown(CTID)
    assert bench.observe().state is DomainState.SHUTDOWN
    bench.engine.kill(CTID)
    assert bench.engine.settle(CTID).reason is Reason.KILLED


def test_busyboxs_own_init_shuts_down(bench: Bench) -> None:
    bench.start(bench.domain(init="/sbin/init"))
    wait_until(lambda: "sleep" in bench.sh("cat /proc/[0-9]*/comm"))
    bench.engine.request_shutdown(CTID)
    assert bench.engine.wait_stopped(CTID, 10)
    assert bench.engine.settle(CTID).reason is Reason.SHUT_DOWN


def test_power_off_from_inside_is_settled_by_the_hook_alone(bench: Bench) -> None:
    bench.start()
    bench.inside("poweroff", "-f")
    seen = bench.wait_for_reason(Reason.POWERED_OFF)
    assert seen.state is DomainState.SHUTOFF
    wait_until(lambda: bench.leftovers() == [], 10, bench.leftovers)
    assert bench.callbacks() == ["stopped 101"]


@pytest.mark.parametrize(
    ("script", "status"), [("exit 3", 3), ("kill -s SEGV $$; exec /bin/true", None)]
)
def test_an_init_that_dies(bench: Bench, script: str, status: int | None) -> None:
    bench.write("sbin/fails", f"#!/bin/sh\n/bin/busybox sleep 0.2\n{script}\n", 0o755)
    bench.start(bench.domain(init="/sbin/fails"))
    reason = Reason.DIED if status else Reason.POWERED_OFF
    seen = bench.wait_for_reason(reason)
    assert seen.exit_status == (status or 0)


def test_an_init_that_is_killed_from_the_host_died_by_itself(bench: Bench) -> None:
    bench.start()
    os.kill(bench.init_pid(), signal.SIGKILL)
    seen = bench.wait_for_reason(Reason.DIED)
    assert seen.exit_status == -signal.SIGKILL
    assert seen.state is DomainState.CRASHED


def test_an_init_that_ends_at_once(bench: Bench) -> None:
    bench.start(bench.domain(init="/bin/true"))
    bench.wait_for_reason(Reason.POWERED_OFF)
    wait_until(lambda: bench.leftovers() == [], 10, bench.leftovers)


def test_reboots_from_inside_without_a_callback(bench: Bench) -> None:
    bench.start()
    first = bench.init_pid()
    bench.inside("reboot", "-f")
    wait_until(lambda: bench.observe().init_pid not in {first, None})
    assert bench.observe().reason is Reason.REBOOTED_FROM_INSIDE
    assert bench.inside("true").status == 0
    assert bench.callbacks() == []
    # Owners are still shifted, so root inside is root on disk.
    assert bench.sh("ls -ln /etc/passwd").split()[2] == "0"
    bench.sh("echo x > /root/after")
    assert (bench.guest / "root/after").stat().st_uid == 0


def test_init_heeds_signals_that_our_caller_ignores(bench: Bench) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        bench.start(bench.domain())
    finally:
        signal.signal(signal.SIGINT, before)
    status = Path(f"/proc/{bench.init_pid()}/status").read_text()
    ignored = next(line for line in status.splitlines() if line.startswith("SigIgn"))
    assert not int(ignored.split()[1], 16) & 1 << signal.SIGINT - 1


def test_init_may_open_the_same_whoever_starts_it(bench: Bench) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        bench.start(bench.domain())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    init = bench.init_pid()
    assert init is not None
    first, most = resource.prlimit(init, resource.RLIMIT_NOFILE)
    assert first == FILES_AT_FIRST
    assert most == FILES_MOST or most == hard < FILES_MOST  # where nobody may raise it


def test_init_is_spared_no_more_than_others_where_memory_runs_out(bench: Bench) -> None:
    ours = Path("/proc/self/oom_score_adj")
    before = ours.read_text()
    ours.write_text(str(int(before) + 7))
    try:
        bench.start(bench.domain())
    finally:
        ours.write_text(before)
    assert Path(f"/proc/{bench.init_pid()}/oom_score_adj").read_text() == "0\n"


def test_a_reboot_that_was_asked_for(bench: Bench) -> None:
    policy = LifecyclePolicy(on_reboot=OnEnd.DESTROY)
    bench.start(bench.domain(lifecycle=policy))
    first = bench.init_pid()
    bench.engine.request_reboot(CTID)
    wait_until(lambda: bench.observe().init_pid not in {first, None})
    assert bench.observe().reason is Reason.BOOTED


def test_a_reboot_that_fails_is_a_crash(bench: Bench) -> None:
    bench.start()
    (bench.guest / "sbin/quick").chmod(0o644)
    bench.inside("reboot", "-f")
    bench.wait_for_reason(Reason.DIED)
    wait_until(lambda: bench.leftovers() == [], 10, bench.leftovers)
    assert bench.callbacks() == ["stopped 101"]


def test_a_policy_turns_a_reboot_from_inside_into_a_stop(bench: Bench) -> None:
    bench.start(bench.domain(lifecycle=LifecyclePolicy(on_reboot=OnEnd.DESTROY)))
    bench.inside("reboot", "-f")
    bench.wait_for_reason(Reason.POWERED_OFF)
    wait_until(lambda: bench.leftovers() == [], 10, bench.leftovers)
    assert bench.callbacks() == ["stopped 101"]


def test_a_container_that_does_nothing_but_reboot_is_stopped(bench: Bench) -> None:
    bench.write("sbin/again", "#!/bin/sh\nexec /bin/busybox reboot -f\n", 0o755)
    bench.start(bench.domain(init="/sbin/again"))
    bench.wait_for_reason(Reason.DIED, seconds=30)
    wait_until(lambda: bench.leftovers() == [], 10, bench.leftovers)


def test_a_policy_restarts_after_a_power_off(bench: Bench) -> None:
    bench.start(bench.domain(lifecycle=LifecyclePolicy(on_poweroff=OnEnd.RESTART)))
    first = bench.init_pid()
    bench.inside("poweroff", "-f")
    wait_until(lambda: bench.observe().init_pid not in {first, None})
    assert bench.observe().reason is Reason.RESTARTED
    assert bench.callbacks() == ["stopped 101", "restart 101"]


def test_a_crash_is_restarted_three_times_and_then_no_more(bench: Bench) -> None:
    bench.write("sbin/fails", "#!/bin/sh\nexit 9\n", 0o755)
    policy = LifecyclePolicy(on_crash=OnEnd.RESTART)
    bench.start(bench.domain(init="/sbin/fails", lifecycle=policy))
    wait_until(lambda: bench.callbacks().count("stopped 101") == 4, 30, bench.callbacks)
    seen = bench.wait_for_reason(Reason.DIED)
    assert seen.exit_status == 9
    wait_until(lambda: bench.leftovers() == [], 10, bench.leftovers)
    assert bench.callbacks().count("restart 101") == 3


def test_a_restart_that_fails_says_so_in_the_log(bench: Bench) -> None:
    bench.start(bench.domain(lifecycle=LifecyclePolicy(on_poweroff=OnEnd.RESTART)))
    (bench.root.prefix / "plan-101").unlink()  # what the callback starts it by
    bench.inside("poweroff", "-f")
    log = bench.engine._log(CTID)
    wait_until(lambda: "not restarted by its policy: " in log.read_text())
    assert "plan-101" in log.read_text()
    assert bench.observe().reason is Reason.POWERED_OFF


def test_a_kill_is_not_answered_by_a_restart(bench: Bench) -> None:
    restart = OnEnd.RESTART
    bench.start(bench.domain(lifecycle=LifecyclePolicy(on_poweroff=restart, on_crash=restart)))
    bench.engine.kill(CTID)
    bench.engine.settle(CTID)
    assert bench.observe().reason is Reason.KILLED
    assert bench.callbacks() == ["stopped 101"]


def test_pause_and_unpause(bench: Bench) -> None:
    bench.start(bench.domain(), paused=True)
    assert bench.observe().state is DomainState.PAUSED
    bench.engine.unpause(CTID)
    assert bench.observe().reason is Reason.UNPAUSED
    bench.write(
        "sbin/count", "#!/bin/sh\nn=0\nwhile :; do n=$((n+1)); echo $n > /tmp/n; done\n", 0o755
    )
    child = bench.script(
        "bench.engine.execute(CTID, ExecRequest(argv=('/sbin/count',), tty=False))"
    )
    count = bench.guest / "tmp/n"
    wait_until(count.exists)
    bench.engine.pause(CTID)
    assert bench.observe().reason is Reason.PAUSED_BY_USER
    seen = count.read_text()
    time.sleep(0.2)
    assert count.read_text() == seen
    bench.engine.unpause(CTID)
    wait_until(lambda: count.read_text() not in {seen, ""})
    bench.engine.pause(CTID)
    bench.engine.kill(CTID)  # of a paused one
    bench.engine.settle(CTID)
    assert bench.observe().reason is Reason.KILLED
    child.wait(10)


def test_it_outlives_its_starter(bench: Bench) -> None:
    """Also one that is killed together with its whole process group the moment it is up."""
    starter = bench.script("bench.start()\nos.killpg(0, signal.SIGKILL)")
    assert starter.wait(20) == -signal.SIGKILL
    assert bench.observe().state is DomainState.RUNNING
    assert bench.inside("true").status == 0


def test_who_has_the_number_of_a_starter_that_died_is_not_taken_for_it(bench: Bench) -> None:
    bench.start()
    ours = Path("/proc/self/stat").read_text().split(" ")
    ours[21] = str(int(ours[21]) - 1)
    (bench.engine._run(CTID).path / "starting").write_text(" ".join(ours))
    bench.sh("poweroff -f")
    wait_until(lambda: bench.callbacks() == ["stopped 101"])
    wait_until(lambda: bench.leftovers() == [], 10, bench.leftovers)


def test_the_end_of_one_that_is_being_started_is_its_starters_affair(bench: Bench) -> None:
    bench.start()
    starting = bench.engine._run(CTID).path / "starting"
    starting.write_text(Path("/proc/self/stat").read_text())
    bench.sh("poweroff -f")
    monitor = bench.engine._run(CTID).monitor
    assert monitor is not None
    assert monitor.wait(10)
    assert bench.callbacks() == []
    assert not bench.engine.settle(CTID).unsettled, "it has not ended for others"
    assert bench.engine._run(CTID).exists
    starting.unlink()
    assert bench.engine.settle(CTID).reason is Reason.POWERED_OFF


def test_a_starter_that_dies_half_way(bench: Bench) -> None:
    """Whatever it got to, it is either running whole or can be cleared away."""
    begun = bench.root.prefix / "begun"

    def begin() -> subprocess.Popen[bytes]:
        begun.unlink(missing_ok=True)
        starter = bench.script(f"Path({str(begun)!r}).touch()\nbench.start()")
        wait_until(begun.exists)
        return starter

    def is_clear() -> bool:
        if bench.engine.settle(CTID).init_pid is not None:
            with contextlib.suppress(errors.OperationInvalid):  # it may be about to go
                wait_until(lambda: bench.inside("true").status == 0)
            bench.engine.kill(CTID)
            bench.engine.settle(CTID)
        bench.engine.forget(CTID)
        return bench.leftovers() == []

    def clear() -> None:
        wait_until(is_clear, 10, bench.leftovers)  # a monitor that had begun goes on

    def starts_again() -> None:
        wait_until(lambda: bench.observe().init_pid is not None or not bench.observe().is_active)
        clear()
        bench.start()
        assert bench.observe().state is DomainState.RUNNING

    crashes.campaign(8, begin, clear, starts_again)


def test_what_an_abandoned_start_left_going_cannot_begin_once_it_is_cleared_away(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever starts it dies; its ``lxc-start`` goes on just as somebody clears away."""
    starter = bench.script(
        "from vzvirt.backends.liblxc import starting\n"
        "starting.UNTAUGHT = ('/bin/sh', '-c', '/bin/sleep 1; exec \"$@\"', 'sh')\n"
        "bench.start()"
    )
    wait_until(lambda: any(line.startswith("/bin/sh -c") for line in bench.leftovers()))
    starter.kill()
    starter.wait()
    save = record.save

    def save_slowly(*words: Any) -> None:
        time.sleep(2)  # meanwhile lxc-start begins
        save(*words)

    monkeypatch.setattr(record, "save", save_slowly)
    bench.engine.settle(CTID)
    monkeypatch.undo()
    assert not bench.observe().is_active
    wait_until(lambda: bench.leftovers() == [], 10, bench.leftovers)
    bench.start()
    assert bench.observe().state is DomainState.RUNNING


def test_a_monitor_that_dies_takes_its_container_along_and_is_noticed(bench: Bench) -> None:
    bench.start()
    monitor = bench.engine._run(CTID).monitor
    assert monitor is not None
    init = bench.init_pid()
    os.kill(monitor.pid, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{init}").exists())
    assert bench.observe().state is DomainState.CRASHED
    seen = bench.engine.settle(CTID)
    assert seen.reason is Reason.DIED
    assert bench.leftovers() == []
    bench.start()
    assert bench.observe().state is DomainState.RUNNING


# -- starts that fail ---------------------------------------------------------------------


def test_a_start_that_fails_says_why_and_leaves_nothing(bench: Bench) -> None:
    bench.write("sbin/plain", "no program at all", 0o644)
    with pytest.raises(errors.OperationFailed, match=r'Permission denied.*"/sbin/plain"'):
        bench.start(bench.domain(init="/sbin/plain"))
    assert bench.observe().reason is Reason.FAILED_TO_START
    assert bench.leftovers() == []
    assert bench.callbacks() == []


def test_a_root_without_init(bench: Bench) -> None:
    with pytest.raises(errors.OperationFailed, match="no init '/sbin/systemd'"):
        bench.start(bench.domain(init="/sbin/systemd"))
    assert bench.leftovers() == []


@pytest.mark.parametrize("root", ["/", "/proc/self/root", "/../", "//"])
def test_the_hosts_own_root_is_never_run(bench: Bench, root: str) -> None:
    with pytest.raises(errors.InternalError, match="host's own root"):
        bench.start(root_mount=Path(root))
    assert bench.leftovers() == []


def test_a_bind_mount_of_the_hosts_root_is_never_run(bench: Bench) -> None:
    point = bench.root.prefix / "point"
    point.mkdir()
    subprocess.run(["mount", "--bind", "/", point], check=True)
    try:
        with pytest.raises(errors.InternalError, match="host's own root"):
            bench.start(root_mount=point)
    finally:
        subprocess.run(["umount", point], check=True)


def test_a_relative_root_is_never_run(bench: Bench) -> None:
    with pytest.raises(errors.InternalError, match="absolute"):
        bench.start(root_mount=Path())


def test_a_folder_that_the_containers_users_cannot_pass(bench: Bench) -> None:
    bench.root.prefix.chmod(0o700)
    with pytest.raises(errors.OperationFailed, match="is closed to the container's users"):
        bench.start()
    bench.start(idmap=NO_IDMAP)


def test_an_interface_is_refused_by_name(bench: Bench) -> None:
    eth0 = Interface(kind=InterfaceKind.BRIDGE, source="br0", guest_name="eth0")
    with pytest.raises(errors.ConfigUnsupported, match="interface 'eth0' of type 'bridge'"):
        bench.start(bench.domain(interfaces=(eth0,)))


def test_another_machines_programs_are_refused(bench: Bench) -> None:
    with pytest.raises(errors.ConfigUnsupported, match="'s390x'"):
        bench.start(bench.domain(os=OperatingSystem(arch="s390x", init="/sbin/quick")))


def test_starting_twice_is_refused(bench: Bench) -> None:
    bench.start()
    pid = bench.init_pid()
    with pytest.raises(errors.OperationInvalid, match="running already"):
        bench.start()
    assert bench.init_pid() == pid


def test_where_newuidmap_is_installed_no_range_of_roots_is_needed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bench.root.prefix / "tools"
    folder.mkdir()
    for name in ("newuidmap", "newgidmap"):
        (folder / name).write_bytes(Path("/bin/false").read_bytes())
        (folder / name).chmod(0o4755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    bench.start()
    assert bench.observe().state is DomainState.RUNNING


def test_forgetting_leaves_no_trace(bench: Bench) -> None:
    bench.start()
    bench.engine.kill(CTID)
    bench.engine.settle(CTID)
    bench.engine.forget(CTID)
    bench.engine.forget(CTID)
    assert bench.observe().reason is Reason.NEVER_STARTED
    assert not list(bench.root.path("var").rglob("101*"))


def test_a_start_is_quick(bench: Bench) -> None:
    times, measures = [], []
    for _ in range(5):
        measures.append(yardstick.measure())
        begin = time.perf_counter()
        bench.start()
        times.append(time.perf_counter() - begin)
        bench.engine.kill(CTID)
        bench.engine.settle(CTID)
    assert min(times) < 4 * min(measures), (times, measures)
