"""virt-install, virt-xml and virt-clone, as Debian has them."""

from __future__ import annotations

import os
import subprocess

import pytest

from clients.surroundings import FILES
from daemonlab import Daemon

TEMPLATE = ("--container", "--filesystem", "busybox,/,type=template", "--memory", "256")


def tool(daemon: Daemon, name: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one of them, however it ends."""
    return subprocess.run(
        [name, "--connect", daemon.uri, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(daemon.root)},
    )


def works(daemon: Daemon, name: str, *words: str) -> str:
    """Run one, which must succeed; what it printed."""
    done = tool(daemon, name, *words)
    assert done.returncode == 0, f"{done}\n{daemon.last_words()}"
    return done.stdout


def install(daemon: Daemon, name: str, *words: str) -> str:
    return works(daemon, "virt-install", "--name", name, "--noautoconsole", *words)


@pytest.fixture(scope="module")
def simulated(memory_daemon: Daemon) -> Daemon:
    memory_daemon.vzvirt("template", "build", "busybox")
    return memory_daemon


@pytest.fixture(scope="module")
def installed(simulated: Daemon) -> Daemon:
    """With a container named web."""
    said = install(simulated, "web", *TEMPLATE, "--network", "default", "--autostart")
    assert "Domain creation completed" in said
    return simulated


def value(daemon: Daemon, name: str, xpath: str) -> str:
    """What the definition of a container says somewhere."""
    return daemon.ok("dumpxml", "--inactive", name, "--xpath", xpath)


def test_it_is_made_and_stays(installed: Daemon) -> None:
    assert "web" in installed.ok("list", "--name", "--persistent", "--autostart")
    for part in ("//memtune", "//filesystem", "//cputune", "//interface"):
        assert value(installed, "web", part) == installed.ok("dumpxml", "web", "--xpath", part)
    assert "786432" in value(installed, "web", "//swap_hard_limit")  # from the sample


def test_the_document_alone(simulated: Daemon) -> None:
    words = ("--name", "paper", *TEMPLATE, "--print-xml")
    document = works(simulated, "virt-install", *words)
    assert '<domain type="openvz">' in document
    assert '<filesystem type="template">' in document
    assert "paper" not in simulated.ok("list", "--all", "--name")
    simulated.ok("define", "--validate", "/dev/stdin", stdin=document)
    simulated.ok("undefine", "paper")


def test_a_name_that_is_taken(installed: Daemon) -> None:
    done = tool(installed, "virt-install", "--name", "web", *TEMPLATE)
    assert done.returncode == 1
    assert "Guest name 'web' is already in use" in done.stderr


def test_edits(installed: Daemon) -> None:
    """Of the definition alone."""
    edits = (
        (("--metadata", "title=The web server"), "//title", "The web server"),
        (("--memory", "512"), "/domain/memory/text()", "524288"),
        (("--vcpus", "2"), "/domain/vcpu/text()", "2"),
        (("--cputune", "shares=512"), "//shares/text()", "512"),
        (("--blkiotune", "weight=300"), "//weight/text()", "300"),
    )
    for words, xpath, expected in edits:
        works(installed, "virt-xml", "web", "--edit", *words)
        assert expected in value(installed, "web", xpath)
    assert "Title" not in installed.ok("dumpxml", "web", "--xpath", "//vcpu")
    diff = works(installed, "virt-xml", "web", "--edit", "--metadata", "title=X", "--print-diff")
    assert "+  <title>X</title>" in diff
    assert "The web server" in value(installed, "web", "//title")


def test_devices_come_and_go(installed: Daemon) -> None:
    mac = "00:18:51:00:00:01"
    card = ("--network", f"network=default,mac={mac}")
    said = works(installed, "virt-xml", "web", "--add-device", *card, "--update")
    assert "Device hotplug successful" in said
    assert mac in installed.ok("domiflist", "web")
    assert mac in installed.ok("domiflist", "web", "--inactive")
    works(installed, "virt-xml", "web", "--remove-device", "--network", f"mac={mac}", "--update")
    assert mac not in installed.ok("domiflist", "web")
    assert mac not in installed.ok("domiflist", "web", "--inactive")
    works(installed, "virt-xml", "web", "--add-device", "--filesystem", "/srv,/mnt/srv")
    assert "/mnt/srv" in value(installed, "web", "//filesystem/target")
    works(installed, "virt-xml", "web", "--remove-device", "--filesystem", "target.dir=/mnt/srv")
    assert "/mnt/srv" not in value(installed, "web", "//filesystem/target")


def test_a_clone(simulated: Daemon) -> None:
    """Made from the same template; it shares nothing that must be its own."""
    card = ("network", "default", "--mac", "00:18:51:00:00:02", "--config")
    simulated.ok("define", FILES / "mail.xml")
    simulated.ok("attach-interface", "mail", *card)
    works(simulated, "virt-clone", "--original", "mail", "--name", "post", "--auto-clone")
    for part in ("//uuid", "//interface/mac", "//interface/target", "/domain/@id"):
        assert value(simulated, "mail", part) != value(simulated, "post", part)
    for part in ("//filesystem", "//memory"):
        assert value(simulated, "mail", part) == value(simulated, "post", part)
    for name in ("mail", "post"):
        simulated.ok("undefine", name)


@pytest.mark.root
def test_a_real_one_from_a_template(lxc_daemon: Daemon) -> None:
    try:
        install(lxc_daemon, "first", *TEMPLATE, "--network", "none")
        assert lxc_daemon.vzvirt("exec", "first", "--", "hostname") == "first\n"
        assert lxc_daemon.ok("list", "--name", "--persistent") == "first"
    finally:
        lxc_daemon.vzvirt.call("kill", "first")
        lxc_daemon.vzvirt.call("undefine", "--remove-data", "first")


@pytest.mark.root
def test_a_real_one_in_a_folder(lxc_daemon: Daemon) -> None:
    """Whose root is there already: ``--import``."""
    folder = lxc_daemon.root / "roots/second"
    folder.mkdir(parents=True)
    template = next((lxc_daemon.root / "vz/template/cache").glob("busybox.tar*"))
    subprocess.run(["tar", "-xf", template, "-C", folder], check=True)
    words = ("--container", "--import", "--memory", "128", "--network", "none")
    try:
        install(lxc_daemon, "second", *words, "--filesystem", f"{folder},/")
        lxc_daemon.vzvirt("exec", "second", "--", "touch", "/from-inside")
        assert (folder / "from-inside").exists()
        assert f'dir="{folder}"' in value(lxc_daemon, "second", "//filesystem/source")
    finally:
        lxc_daemon.vzvirt.call("kill", "second")
        lxc_daemon.vzvirt.call("undefine", "--remove-data", "second")
    assert (folder / "bin/busybox").exists()
