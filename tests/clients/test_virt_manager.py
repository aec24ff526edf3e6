"""virt-manager, as Debian has it, used with hands on a desktop of its own.

``--regenerate`` takes the pictures that the documentation shows, of real containers.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import daemonlab
from clients.desktop import Desktop, desktop, ending
from daemonlab import Daemon

PICTURES = Path(__file__).parents[2] / "docs/images"

LIST = "Virtual Machine Manager"
WINDOW = "(web|The web server) on OpenVZ"
CONNECTION = "OpenVZ - Connection Details"
WIZARD = "New VM"
DELETE = "Delete Virtual Machine"

WEB = "4dea22b3-1d52-d8f3-2516-782e98ab8fa0"

KIB = 1024

XML = """
<domain type='openvz'>
  <name>{name}</name>
  {uuid}
  <memory unit='MiB'>256</memory>
  <vcpu>2</vcpu>
  <os><type>exe</type></os>
  <devices>
    <filesystem type='template'><source name='busybox'/><target dir='/'/></filesystem>
    <filesystem type='mount'><source dir='{srv}'/><target dir='/srv/www'/></filesystem>
    <interface type='network'><source network='default'/></interface>
  </devices>
</domain>
"""

SETTINGS = f"""
[org/virt-manager/virt-manager]
manager-window-width=640
manager-window-height=260
xmleditor-enabled=true

[org/virt-manager/virt-manager/stats]
update-interval=1
enable-disk-poll=true
enable-net-poll=true
enable-memory-poll=true

[org/virt-manager/virt-manager/vmlist-fields]
memory-usage=true
network-traffic=true

[org/virt-manager/virt-manager/confirm]
forcepoweroff=false
removedev=false
delete-storage=false

[org/virt-manager/virt-manager/vms/{WEB.replace("-", "")}]
vm-window-size=(760, 480)
"""
"""All statistics are asked for every second, and nothing is asked twice."""

UNDERSTOOD = (
    # It wants a pool named 'default' for the images of machines' disks, and does without.
    "Could not define storage pool: this function is not supported by the connection driver",
    # It tries to take away what can't be while a container runs, and says so.
    "file systems of 'web' cannot come or go while it runs",
    # A device of the host that is gone again before it is looked at.
    "Node device not found: this host has no device",
)
"""Ends of tracebacks in its log that show no mistake."""


@dataclass
class Seat:
    """Somebody who uses virt-manager.

    Attributes:
        daemon: What it is connected to.
        desk: The desktop it runs on.
        log: What it noted.
    """

    daemon: Daemon
    desk: Desktop
    log: Path
    read: int = 0

    def expect_state(self, name: str, state: str) -> None:
        """Wait until the list says so, which the daemon must do as well."""
        self.desk.expect(LIST, "table cell", f"{name}\n{state}")
        said = {"Running": "running", "Paused": "paused", "Shutoff": "shut off"}[state]
        assert self.daemon.ok("domstate", name) == said

    def choose(self, name: str) -> None:
        self.desk.choose(LIST, f"{name}\n.*")

    def menu(self, menu: str, item: str) -> None:
        self.desk.press(LIST, "menu", menu)
        self.desk.press(LIST, "menu item", item)

    def details(self, page: str) -> None:
        self.desk.press(WINDOW, "radio button", "Details")
        self.desk.choose(WINDOW, page)

    def change(self, page: str, role: str, name: str, text: str | None = None) -> None:
        """Change a page of the details and apply it.

        News of a container throw away what is being changed: then it is changed again.
        """
        self.details(page)
        apply = (WINDOW, "push button", "config-apply")
        until(lambda: self._is_changed(role, name, text) and self.desk.is_usable(*apply))
        self.desk.press(*apply)

    def _is_changed(self, role: str, name: str, text: str | None) -> bool:
        if text is None:
            self.desk.press(WINDOW, role, name)
        else:
            self.desk.write(WINDOW, role, name, "1")
            self.desk.write(WINDOW, role, name, text)
        return True

    def stands(self, xpath: str, *words: str) -> str:
        """What the document of ``web`` says."""
        return self.daemon.ok("dumpxml", "web", *words, "--xpath", xpath)

    def picture(self, window: str, name: str) -> None:
        PICTURES.mkdir(exist_ok=True)
        self.desk.shot(window, str(PICTURES / f"virt-manager-{name}.png"))

    def tracebacks(self) -> list[str]:
        """Those in its log that are new and not understood, with what came just before."""
        text = self.log.read_text(errors="replace")
        new, self.read = text[self.read :], len(text)
        entries = re.split(r"^(?=\[\w{3}, )", new, flags=re.MULTILINE)
        told = [one for one in entries if "Traceback" in one or "rror showing" in one]
        return [one for one in told if not any(known in one for known in UNDERSTOOD)]


@contextlib.contextmanager
def network() -> Iterator[tuple[str, ...]]:
    """The words that enter a network namespace with nothing in it."""
    name = f"vzt-{secrets.token_hex(4)}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        yield ("nsenter", f"--net=/run/netns/{name}", "--")
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


def document(daemon: Daemon, name: str) -> str:
    """What a container is defined as."""
    uuid = f"<uuid>{WEB}</uuid>" if name == "web" else ""
    return XML.format(name=name, uuid=uuid, srv=daemon.root / "srv")


@contextlib.contextmanager
def containers(daemon: Daemon) -> Iterator[None]:
    """Two that are off, and a network that runs."""
    assert daemon.vzvirt.call("template", "build", "busybox").returncode == 0
    (daemon.root / "srv").mkdir()
    for name in ("web", "db"):
        daemon.ok("define", "/dev/stdin", stdin=document(daemon, name))
    try:
        daemon.ok("start", "db")  # makes the network
        daemon.ok("destroy", "db")
        yield
    finally:
        for name in ("web", "db", "new"):
            daemon.virsh("destroy", name)
        daemon.virsh("net-destroy", "default")


@pytest.fixture(scope="module", params=["memory", pytest.param("lxc", marks=pytest.mark.root)])
def seat(request: pytest.FixtureRequest) -> Iterator[Seat]:
    folder = Path(tempfile.mkdtemp(prefix="vzvirt-desk.", dir="/var/tmp"))
    try:
        with contextlib.ExitStack() as ended_in_reverse:
            enter = ended_in_reverse.enter_context
            within = enter(network()) if request.param == "lxc" else ()
            daemon = enter(daemonlab.running(request.param, within=within))
            enter(containers(daemon))
            desk = enter(desktop(folder, SETTINGS))
            yield enter(virt_manager(daemon, desk, folder))
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def virt_manager(daemon: Daemon, desk: Desktop, folder: Path) -> Iterator[Seat]:
    """virt-manager, connected; in the end it is closed as its users do."""
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            ["virt-manager", "--debug", "--no-fork", "--connect", daemon.uri],
            env=desk.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    with ending(process):
        seat = Seat(daemon, desk, folder / "home/.cache/virt-manager/virt-manager.log")
        for name in ("web", "db"):
            desk.expect(LIST, "table cell", f"{name}\nShutoff")
        yield seat
        seat.menu("File", "Quit")
        assert process.wait(20) == 0


@pytest.fixture(autouse=True)
def nothing_unexpected(seat: Seat) -> Iterator[None]:
    yield
    assert seat.tracebacks() == []
    assert "Traceback" not in seat.daemon.log.read_text(), seat.daemon.last_words()


def test_the_list_shows_what_there_is(seat: Seat, regenerate: bool) -> None:
    assert seat.desk.names(LIST, "table cell") == ["OpenVZ", "db\nShutoff", "web\nShutoff"]
    seat.daemon.vzvirt.call("rename", "db", "mail")
    seat.desk.expect(LIST, "table cell", "mail\nShutoff")
    seat.daemon.ok("domrename", "mail", "db")
    seat.expect_state("db", "Shutoff")
    seat.daemon.ok("start", "db")
    seat.expect_state("db", "Running")
    if regenerate and seat.daemon.engine == "lxc":
        seat.picture(LIST, "list")
    seat.daemon.ok("destroy", "db")
    seat.expect_state("db", "Shutoff")


def test_a_life(seat: Seat) -> None:
    seat.choose("web")
    seat.desk.press(LIST, "push button", "Run")
    seat.expect_state("web", "Running")
    for state in ("Paused", "Running"):
        seat.desk.press(LIST, "toggle button", "Pause")
        seat.expect_state("web", state)
    seat.desk.press(LIST, "push button", "Shut Down")
    seat.expect_state("web", "Shutoff")
    seat.desk.press(LIST, "push button", "Run")
    seat.expect_state("web", "Running")
    seat.desk.press(LIST, "toggle button", "Menu")
    seat.desk.press(LIST, "menu item", "Force Off")
    seat.expect_state("web", "Shutoff")


@pytest.fixture
def web(seat: Seat) -> Iterator[Seat]:
    """The window of a container that is off; in the end it is as it was first defined."""
    seat.choose("web")
    seat.desk.press(LIST, "push button", "Open")
    yield seat
    seat.daemon.virsh("destroy", "web")
    seat.daemon.ok("define", "/dev/stdin", stdin=document(seat.daemon, "web"))
    seat.expect_state("web", "Shutoff")
    seat.desk.press(WINDOW, "menu", "File")
    seat.desk.press(WINDOW, "menu item", "Close")
    seat.desk.expect_gone(WINDOW)


def run(seat: Seat) -> None:
    seat.desk.press(WINDOW, "push button", "Run")
    seat.expect_state("web", "Running")


@pytest.mark.parametrize("active", [False, True], ids=["off", "running"])
def test_details(web: Seat, regenerate: bool, active: bool) -> None:
    desk = web.desk
    if active:
        run(web)
    web.details("Overview")
    assert desk.expect(WINDOW, "text", "Name:") == "web"
    assert WEB in desk.names(WINDOW, "label")
    desk.expect(WINDOW, "label", r"Running \(Booted\)" if active else "Shutoff.*")
    web.details("CPUs")
    assert desk.expect(WINDOW, "spin button", "Virtual CPU Select") == "2"
    web.details("Memory")
    for which in ("Memory Select", "Max Memory Select"):
        assert desk.expect(WINDOW, "spin button", which) == "256"
    web.details("Boot Options")
    assert desk.expect(WINDOW, "text", "Init path:") == "/sbin/init"
    web.details("NIC .*")
    desk.expect(WINDOW, "label", "00:18:51:.*")
    if regenerate and active and web.daemon.engine == "lxc":
        web.picture(WINDOW, "details")
    web.details("Console 1")
    desk.expect(WINDOW, "label", "pty")
    web.details("Filesystem /")
    assert desk.expect(WINDOW, "text", "Template:") == "busybox"
    web.details("Filesystem /srv/www")
    assert desk.expect(WINDOW, "text", "Source path:") == str(web.daemon.root / "srv")
    web.details("Performance")
    desk.expect(WINDOW, "label", ".* of 256 MiB" if active else "0 %")


def test_changes_of_its_definition(web: Seat) -> None:
    daemon = web.daemon
    web.change("Overview", "text", "Title:", "The web server")
    until(lambda: daemon.ok("desc", "web", "--title") == "The web server")
    web.change("Memory", "spin button", "Memory Select", "300")
    until(lambda: f">{300 * KIB}<" in web.stands("/domain/memory"))
    web.change("CPUs", "spin button", "Virtual CPU Select", "1")
    until(lambda: ">1<" in web.stands("//vcpu"))
    web.change("NIC .*", "check box", "active")
    until(lambda: "down" in web.stands("//link/@state"))
    for listed in ("web", ""):
        web.change("Boot Options", "check box", "Start virtual machine on host boot up")
        until(lambda listed=listed: daemon.ok("list", "--name", "--all", "--autostart") == listed)


def test_changes_while_it_runs(web: Seat) -> None:
    desk = web.desk
    run(web)
    for amount in (320, 200):
        web.change("Memory", "spin button", "Memory Select", str(amount))
        said = f">{amount * KIB}<"
        until(lambda said=said: said in web.stands("/domain/memory"))
        until(lambda said=said: said in web.stands("/domain/memory", "--inactive"))
    web.change("NIC .*", "check box", "active")
    until(lambda: "down" in web.stands("//link/@state"))
    web.details("Filesystem /srv/www")
    desk.press(WINDOW, "push button", "config-remove")
    desk.expect("vmm dialog", "label", "This change will take effect after the next guest .*")
    desk.press("vmm dialog", "push button", "OK")
    until(lambda: "www" not in web.stands("//filesystem", "--inactive"))
    assert "www" in web.stands("//filesystem")


def test_its_console(web: Seat, regenerate: bool) -> None:
    desk, terminal = web.desk, (WINDOW, "terminal", "Serial Terminal")
    desk.press(WINDOW, "radio button", "Console")
    run(web)
    desk.point(*terminal)
    if web.daemon.engine == "memory":
        desk.expect_text(*terminal, "simulated init started")
        desk.keys("hello\n")
        desk.expect_text(*terminal, "hello")
        return
    until(lambda: prompted(desk, terminal))  # what is typed before getty listens is lost
    assert web.daemon.vzvirt.call("passwd", "web", stdin="secret\n").returncode == 0
    desk.keys("root\n")
    desk.expect_text(*terminal, "Password:")
    desk.keys("secret\n")
    desk.expect_text(*terminal, r"# \s*\Z")
    desk.keys("clear; df -h /\n")
    desk.expect_text(*terminal, r"2\.0G")
    if regenerate:
        web.picture(WINDOW, "console")
    desk.keys("poweroff\n")
    web.expect_state("web", "Shutoff")


def prompted(desk: Desktop, terminal: tuple[str, str, str]) -> bool:
    """Whether there is a prompt to log in, once Enter was pressed."""
    desk.keys("\n")
    return "login:" in desk.expect(*terminal)


def test_the_connections_details(seat: Seat, regenerate: bool) -> None:
    desk = seat.desk
    seat.menu("Edit", "Connection Details")
    desk.turn(CONNECTION, "Virtual Networks")
    desk.expect(CONNECTION, "table cell", "default")
    desk.choose(CONNECTION, "default")
    desk.expect(CONNECTION, "label", r"192\.168\..*/24")
    desk.turn(CONNECTION, "Storage")
    for pool, volume in (("private", "101"), ("templates", "busybox")):
        desk.choose(CONNECTION, f"{pool}\n.*|.*{pool}.*")
        desk.expect(CONNECTION, "table cell", volume)
    if regenerate and seat.daemon.engine == "lxc":
        seat.picture(CONNECTION, "storage")
    desk.press(CONNECTION, "menu", "File")
    desk.press(CONNECTION, "menu item", "Close")
    desk.expect_gone(CONNECTION)


def test_a_new_one_comes_and_goes(seat: Seat) -> None:
    """From a folder with a system in it, which stays when the container is deleted."""
    desk, daemon = seat.desk, seat.daemon
    folder = daemon.root / "vz/system"
    folder.mkdir()
    if daemon.engine == "lxc":
        archive = daemon.root / "vz/template/cache/busybox.tar.gz"
        subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)
    desk.press(LIST, "push button", "New")
    desk.press(WIZARD, "radio button", "Operating system container")
    desk.press(WIZARD, "push button", "Forward")
    desk.expect(WIZARD, "label", "Provide the existing OS root directory:")
    desk.write(WIZARD, "text", "", str(folder))
    desk.press(WIZARD, "push button", "Forward")
    desk.press(WIZARD, "push button", "Forward")
    desk.expect(WIZARD, "label", "Ready to begin the installation")
    desk.write(WIZARD, "text", "", "new")
    desk.press(WIZARD, "push button", "Finish")
    seat.expect_state("new", "Running")
    desk.expect("new on OpenVZ", "terminal", "Serial Terminal")
    daemon.ok("destroy", "new")
    seat.expect_state("new", "Shutoff")
    seat.choose("new")
    seat.menu("Edit", "Delete")
    desk.press(DELETE, "push button", "Delete")
    desk.expect_gone("new on OpenVZ")
    assert sorted(daemon.ok("list", "--all", "--name").split()) == ["db", "web"]
    assert folder.exists()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + daemonlab.PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
