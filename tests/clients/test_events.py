"""Events as real clients hear of them, whoever caused what happened."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

import daemonlab
from clients import containers
from clients.ears import python, virsh
from daemonlab import PATIENCE, Daemon
from networklab import lab


def run_folder(daemon: Daemon, name: str = "web") -> Path:
    ctid = daemon.ok("domid", name)
    return daemon.folder / ctid


def pid_of(daemon: Daemon, who: str, name: str = "web") -> int:
    return int((run_folder(daemon, name) / who).read_text().split()[0])


def vzvirt(daemon: Daemon, *words: str | Path, stdin: str = "") -> None:
    done = daemon.vzvirt.call(*words, stdin=stdin)
    assert done.returncode == 0, done


# -- whoever causes it -------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["memory", pytest.param("lxc", marks=pytest.mark.root)])
def test_a_life_led_by_commands_in_other_processes(
    engine: str, request: pytest.FixtureRequest
) -> None:
    daemon: Daemon = request.getfixturevalue(f"{engine}_daemon")
    daemon.vzvirt.call("template", "build", "busybox")  # there is one, perhaps
    with virsh(daemon) as ear:
        document = containers.XML.format(name="web", devices="")
        vzvirt(daemon, "define", "/dev/stdin", stdin=document)
        ear.hears("web Defined Added")
        vzvirt(daemon, "start", "web")
        ear.hears("web Started Booted")
        vzvirt(daemon, "pause", "web")
        ear.hears("web Suspended Paused")
        vzvirt(daemon, "unpause", "web")
        ear.hears("web Resumed Unpaused")
        vzvirt(daemon, "reboot", "web")
        ear.hears("web reboot")
        vzvirt(daemon, "kill", "web")
        ear.hears("web Stopped Destroyed")
        vzvirt(daemon, "start", "--paused", "web")
        ear.hears("web Started Booted", "web Suspended Paused")
        vzvirt(daemon, "unpause", "web")
        ear.hears("web Resumed Unpaused")
        vzvirt(daemon, "shutdown", "web")
        ear.hears("web Shutdown Finished after host request", "web Stopped Shutdown")
        vzvirt(daemon, "undefine", "--remove-data", "web")
        ear.hears("web Undefined Removed")
        ear.hears_nothing_more()


@pytest.mark.root
def test_what_a_guest_or_the_kernel_does(lxc_daemon: Daemon) -> None:
    daemon = lxc_daemon
    with virsh(daemon) as ear, containers.running(daemon):
        ear.hears("web Defined Added", "web Started Booted")
        vzvirt(daemon, "exec", "web", "--", "reboot")
        ear.hears("web reboot")
        vzvirt(daemon, "exec", "web", "--", "poweroff")
        ear.hears("web Shutdown Finished after guest request", "web Stopped Shutdown")
        crash = ("web Crashed Panicked", "web Stopped Crashed")
        for victim in ("init", "monitor"):
            daemon.ok("start", "web")
            ear.hears("web Started Booted")
            os.kill(pid_of(daemon, victim), signal.SIGKILL)
            ear.hears(*crash)
            assert daemon.ok("domstate", "web") == "crashed"
        ear.hears_nothing_more()
        cleared_away(daemon)


def cleared_away(daemon: Daemon) -> None:
    """What a killed monitor's hook would have done, the daemon does."""
    until = time.monotonic() + PATIENCE
    while any(path.name.isdecimal() for path in daemon.folder.iterdir()):
        assert time.monotonic() < until
        time.sleep(0.1)


HUNGRY = (
    "<init>/bin/sh</init><initarg>-c</initarg>"
    "<initarg>sleep 1; x=x; while :; do x=$x$x; done</initarg>"
)


@pytest.mark.root
def test_a_container_that_runs_out_of_memory(lxc_daemon: Daemon) -> None:
    daemon = lxc_daemon
    document = (
        containers.XML.format(name="web", devices="")
        .replace("<type>exe</type>", f"<type>exe</type>{HUNGRY}")
        .replace("256", "32")
        .replace("320", "32")
    )
    with python(daemon) as ear:
        daemon.ok("create", "/dev/stdin", stdin=document)
        heard = [ear.next(), ear.next(60), ear.next()]
        assert [words[3:5] for words in heard] == [[2, 0], [8, 0], [5, 2]]
        assert [words[2] > 0 for words in heard] == [True, True, False]
        ear.hears_nothing_more()


@pytest.mark.root
def test_a_whole_run_that_nobody_saw_is_told(lxc_daemon: Daemon) -> None:
    """The daemon stands still while it happens."""
    daemon = lxc_daemon
    with virsh(daemon) as ear, containers.running(daemon):
        ear.hears("web Defined Added", "web Started Booted")
        daemon.signal(signal.SIGSTOP)
        try:
            vzvirt(daemon, "exec", "web", "--", "poweroff")
            until = time.monotonic() + PATIENCE
            while run_exists(daemon):
                assert time.monotonic() < until
                time.sleep(0.05)
            vzvirt(daemon, "start", "web")
        finally:
            daemon.signal(signal.SIGCONT)
        ear.hears(
            "web Shutdown Finished after guest request",
            "web Stopped Shutdown",
            "web Started Booted",
        )
        ear.hears_nothing_more()


def run_exists(daemon: Daemon) -> bool:
    return any(path.name.isdecimal() for path in daemon.folder.iterdir())


# -- details -----------------------------------------------------------------------------


def test_numbers_states_and_filters_of_the_python_binding(daemon: Daemon) -> None:
    vzvirt(daemon, "template", "build", "busybox")
    with containers.running(daemon, "other"), containers.running(daemon):
        daemon.ok("destroy", "web")
        with python(daemon) as all_ears, python(daemon, "web") as ear:
            daemon.ok("destroy", "other")
            daemon.ok("start", "web")
            daemon.ok("suspend", "web")
            daemon.ok("resume", "web")
            ctid = int(daemon.ok("domid", "web"))
            daemon.ok("destroy", "web")
            life = [
                ["lifecycle", "web", ctid, 2, 0],
                ["lifecycle", "web", ctid, 3, 0],
                ["lifecycle", "web", ctid, 4, 0],
                ["lifecycle", "web", -1, 5, 1],
            ]
            heard = [ear.next() for _ in life]
            assert [words[:5] for words in heard] == life
            assert heard[-1][5] == 5, "off: what is told is there to be seen"
            first = all_ears.next()
            assert (first[1], first[3], first[4]) == ("other", 5, 1)
            assert [all_ears.next()[:5] for _ in life] == life
            ear.hears_nothing_more()
            assert ear.end() == [["done"]]
            assert all_ears.end() == [["done"]]


def test_notes_and_devices(daemon: Daemon) -> None:
    vzvirt(daemon, "template", "build", "busybox")
    nic = "<interface type='ethernet'><mac address='00:18:51:00:00:05'/></interface>"
    with containers.running(daemon), python(daemon) as ear:
        daemon.ok("desc", "web", "--live", "--config", "words")
        ear.hears(["metadata", "web", 0, None])
        daemon.ok("desc", "web", "--config", "--title", "words")
        ear.hears(["metadata", "web", 1, None])
        element = ("--key", "k", "--set", "<a/>")
        daemon.ok("metadata", "web", "--config", "--uri", "http://a", *element)
        ear.hears(["metadata", "web", 2, "http://a"])
        daemon.ok("attach-device", "web", "/dev/stdin", "--live", stdin=nic)
        ear.hears(["device added", "web", "net0"])
        daemon.ok("detach-device", "web", "/dev/stdin", "--live", stdin=nic)
        ear.hears(["device removed", "web", "net0"])
        daemon.ok("autostart", "web")
        ear.hears_nothing_more()


def test_transient_ones_are_never_defined(daemon: Daemon) -> None:
    vzvirt(daemon, "template", "build", "busybox")
    with virsh(daemon) as ear:
        daemon.ok("create", "/dev/stdin", stdin=containers.XML.format(name="web", devices=""))
        ear.hears("web Started Booted")
        daemon.ok("destroy", "web")
        ear.hears("web Stopped Destroyed")
        ear.hears_nothing_more()
        assert "web" not in daemon.ok("list", "--all", "--name")


def test_another_name(daemon: Daemon) -> None:
    daemon.ok("define", "/dev/stdin", stdin=containers.XML.format(name="web", devices=""))
    with python(daemon) as ear:
        vzvirt(daemon, "rename", "web", "www")
        heard = [ear.next(), ear.next()]
        assert [words[:5] for words in heard] == [
            ["lifecycle", "web", -1, 1, 1],
            ["lifecycle", "www", -1, 0, 2],
        ]
        ear.hears_nothing_more()


# -- networks, pools, devices ------------------------------------------------------------


def test_networks_and_pools(daemon: Daemon, tmp_path: Path) -> None:
    document = tmp_path / "lab.xml"
    document.write_text(
        "<network><name>lab</name><forward mode='nat'/>"
        "<ip address='10.7.1.1' netmask='255.255.255.0'/></network>"
    )
    with python(daemon, of_host=True) as ear:
        daemon.ok("net-define", document)
        ear.hears(["network", "lab", 0, 0])
        vzvirt(daemon, "net", "start", "lab")
        ear.hears(["network", "lab", 2, 0])
        vzvirt(daemon, "net", "stop", "lab")
        ear.hears(["network", "lab", 3, 0])
        daemon.ok("net-undefine", "lab")
        ear.hears(["network", "lab", 1, 0])
        vzvirt(daemon, "template", "build", "busybox")
        ear.hears(["pool refreshed", "templates"])
        ear.hears_nothing_more()


@pytest.mark.root
def test_devices_of_the_host_come_and_go() -> None:
    """In a network namespace of its own, whose devices are all that is touched."""
    with (
        lab() as net,
        daemonlab.running("lxc", within=net.inside("host")) as daemon,
        python(daemon, of_host=True) as ear,
    ):
        net.ip("host", "link", "add", "probe0", "type", "veth", "peer", "probe1")
        heard = [ear.next(), ear.next()]
        names = sorted(name for _, name, _, _ in heard)
        assert [name[:10] for name in names] == ["net_probe0", "net_probe1"]
        assert sorted(heard) == [["device", name, 0, 0] for name in names]
        assert set(names) <= {*daemon.ok("nodedev-list", "--cap", "net").split()}
        net.ip("host", "link", "del", "probe0")
        assert sorted([ear.next(), ear.next()]) == [["device", name, 1, 0] for name in names]
        ear.hears_nothing_more()
