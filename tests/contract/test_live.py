"""What runs and what is stored, over every engine: live changes, transient containers."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from contract.conftest import CTID, MIB, Site, wait_until
from installation import Host
from vzvirt import errors
from vzvirt.backends.memory import MemoryEngine
from vzvirt.codec.xml import read_domain, write_domain
from vzvirt.model.affect import Affect
from vzvirt.model.devices import Filesystem, FilesystemKind, GuestNaming, Interface, InterfaceKind
from vzvirt.model.domain import Domain, LifecyclePolicy, OnEnd
from vzvirt.model.resources import Memory
from vzvirt.model.state import DomainState, Reason
from vzvirt.model.values import Ctid
from vzvirt.ports.engine import ExecRequest

HOST_NAMES = [f"vzvt{os.getpid() % 1_000_000}.{number}" for number in range(2)]
"""Names that no other test run on this host takes."""

PLAIN, SECOND = (Interface(kind=InterfaceKind.ETHERNET, host_name=name) for name in HOST_NAMES)
"""Pairs of devices that nothing else is connected to."""


def wanted(name: str = "web", **fields: object) -> Domain:
    root = Filesystem(kind=FilesystemKind.TEMPLATE, source="busybox")
    return Domain(name=name, **{"filesystems": (root,), **fields})  # type: ignore[arg-type]


def live_interfaces(site: Site) -> list[str | None]:
    return [item.guest_name for item in site.manager.definitions.live("web").domain.interfaces]


def stored_interfaces(site: Site) -> list[str | None]:
    return [item.guest_name for item in site.manager.definitions.get("web").domain.interfaces]


def inside(site: Site) -> list[str]:
    """Interfaces that the container has."""
    if isinstance(site.engine, MemoryEngine):
        return []
    pid = site.observe().init_pid
    lines = Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]
    return sorted(line.partition(":")[0].strip() for line in lines)


def left(site: Site) -> list[str]:
    """What there is below the prefix that names a container."""
    folders = ("etc/vz/conf", "etc/vz/names", "vz/private", "run/vzvirt", "run/vzvirt/live")
    found = []
    for folder in folders:
        path = site.folder / folder
        names = [item.name for item in path.iterdir()] if path.is_dir() else []
        found += [f"{folder}/{name}" for name in names if name[0].isdecimal() or name == "web"]
    return sorted(found)


def wait_for_the_restarter(site: Site) -> None:
    """Whoever started it again may not be gone yet, though it is."""
    host = Host(site.folder)
    wait_until(lambda: not host.footprint().processes, lambda: host.footprint())


def test_a_definition_made_anew_is_for_the_next_start(site: Site) -> None:
    defined = site.define(memory=Memory(limit=64 * MIB, swap=0))
    site.manager.lifecycle.start("web")
    other = dataclasses.replace(defined, memory=Memory(limit=96 * MIB, swap=0), title="B")
    other = site.manager.definitions.define(other).domain
    live = site.manager.definitions.live("web").domain
    assert (live.memory.limit, live.title) == (64 * MIB, None)
    assert site.manager.definitions.get("web").domain == other
    assert site.manager.definitions.summaries()[0].memory == 64 * MIB
    site.manager.lifecycle.kill("web")
    assert site.manager.definitions.live("web").domain == other, "what would run"
    site.manager.lifecycle.start("web")
    assert site.manager.definitions.live("web").domain.memory.limit == 96 * MIB


def test_what_is_attached_to_what_runs_comes_off_again(site: Site) -> None:
    site.define()
    site.manager.lifecycle.start("web")
    bare = inside(site)
    site.manager.devices.attach("web", PLAIN, Affect.LIVE)
    assert (live_interfaces(site), stored_interfaces(site)) == (["eth0"], [])
    assert inside(site) == (sorted([*bare, "eth0"]) if site.is_real else [])
    (made,) = site.manager.definitions.live("web").domain.interfaces
    with pytest.raises(errors.NoDevice):
        site.manager.devices.detach("web", made, Affect.STORED)
    site.manager.devices.detach("web", made, Affect.LIVE)
    assert live_interfaces(site) == []
    assert inside(site) == bare


def test_what_runs_keeps_its_devices_over_a_reboot_from_inside(site: Site) -> None:
    site.define()
    site.manager.lifecycle.start("web")
    site.manager.devices.attach("web", PLAIN, Affect.LIVE)
    before = site.observe()
    if isinstance(site.engine, MemoryEngine):
        site.engine.request_reboot(CTID)
    else:
        site.engine.execute(CTID, ExecRequest(argv=("reboot", "-f"), tty=False))
    wait_until(
        lambda: (
            site.observe().is_active and site.observe().init_pid not in {None, before.init_pid}
        ),
        lambda: site.observe(),
    )
    assert live_interfaces(site) == ["eth0"]
    if site.is_real:
        wait_until(lambda: "eth0" in inside(site), lambda: inside(site))
    site.manager.devices.detach("web", PLAIN, Affect.CURRENT)
    assert "eth0" not in inside(site)
    site.manager.lifecycle.kill("web")
    site.manager.lifecycle.start("web")
    assert live_interfaces(site) == []


def test_attached_to_both_it_is_the_same_device(site: Site) -> None:
    site.define()
    site.manager.lifecycle.start("web")
    site.manager.devices.attach("web", PLAIN, Affect.LIVE)
    site.manager.devices.attach("web", SECOND, Affect.BOTH)
    live, stored = site.manager.definitions.live("web"), site.manager.definitions.get("web")
    assert live_interfaces(site) == ["eth0", "eth1"]
    assert stored.domain.interfaces == live.domain.interfaces[1:]
    (made,) = stored.domain.interfaces
    site.manager.devices.detach("web", made, Affect.BOTH)
    assert (live_interfaces(site), stored_interfaces(site)) == (["eth0"], [])
    (first,) = site.manager.definitions.live("web").domain.interfaces
    site.manager.devices.detach("web", first, Affect.ALL)
    assert live_interfaces(site) == []


def test_only_what_is_there_can_change(site: Site) -> None:
    site.define()
    with pytest.raises(errors.OperationInvalid, match="not running"):
        site.manager.devices.attach("web", PLAIN, Affect.LIVE)
    with pytest.raises(errors.OperationInvalid, match="not running"):
        site.manager.devices.attach("web", SECOND, Affect.BOTH)
    assert stored_interfaces(site) == []
    site.manager.lifecycle.start_transient(wanted("gone"))
    for change in (
        lambda: site.manager.devices.attach("gone", PLAIN, Affect.STORED),
        lambda: site.manager.definitions.set_autostart("gone", True),
    ):
        with pytest.raises(errors.OperationInvalid, match="transient"):
            change()
    assert site.manager.definitions.get("gone").transient


def test_names_change_in_both(site: Site) -> None:
    site.define()
    site.manager.lifecycle.start("web")
    site.manager.guestside.update_naming("web", GuestNaming(hostname="shop"))
    for found in (site.manager.definitions.live("web"), site.manager.definitions.get("web")):
        assert found.domain.guest_naming.hostname == "shop"
    site.manager.definitions.edit(
        "web", Affect.CURRENT, lambda old: dataclasses.replace(old, title="now")
    )
    assert site.manager.definitions.live("web").domain.title == "now"
    assert site.manager.definitions.get("web").domain.title is None


def test_one_that_runs_since_before_there_were_live_definitions(site: Site) -> None:
    site.define()
    site.manager.lifecycle.start("web")
    site.world.store.delete(CTID, live=True)
    assert site.manager.definitions.live("web") == site.manager.definitions.get("web")
    site.manager.devices.attach("web", PLAIN, Affect.LIVE)
    assert (live_interfaces(site), stored_interfaces(site)) == (["eth0"], [])
    site.manager.lifecycle.kill("web")
    assert "run/vzvirt/live/101.xml" not in left(site)


# -- transient containers ---------------------------------------------------------------------


def test_a_transient_container_is_gone_once_it_is_killed(site: Site) -> None:
    started = site.manager.lifecycle.start_transient(wanted())
    assert (started.domain.ctid, started.is_new) == (CTID, True)
    (summary,) = site.manager.definitions.summaries()
    assert (summary.state, summary.transient) == (DomainState.RUNNING, True)
    assert (
        site.manager.definitions.get("web").domain == site.manager.definitions.live("web").domain
    )
    assert "etc/vz/conf/101.conf" not in left(site)
    site.manager.lifecycle.kill("web")
    assert site.manager.definitions.summaries(all=True) == []
    assert left(site) == []
    with pytest.raises(errors.NoDomain):
        site.manager.definitions.get("web")
    assert site.manager.lifecycle.start_transient(wanted()).domain.ctid == CTID
    assert site.observe().reason is Reason.BOOTED


@pytest.mark.parametrize("how", ["power_off_inside", "crash_inside"])
def test_a_transient_container_that_ends_by_itself_is_gone(site: Site, how: str) -> None:
    site.manager.lifecycle.start_transient(wanted())
    getattr(site, how)()
    if isinstance(site.engine, MemoryEngine):
        site.manager.lifecycle.forget(CTID)  # what the hook has done behind it
    host = Host(site.folder)
    wait_until(lambda: not [*left(site), *host.footprint().processes], lambda: left(site))
    assert site.manager.definitions.summaries(all=True) == []
    assert site.observe().reason in {Reason.POWERED_OFF, Reason.DIED}, "the last words stay"


def test_one_whose_end_nobody_saw_is_forgotten_by_the_next_command(site: Site) -> None:
    site.manager.lifecycle.start_transient(wanted())
    before = site.world.store.load(CTID, live=True).domain
    site.manager.lifecycle.kill("web")
    site.world.store.save(before, live=True)
    assert [item.name for item in site.manager.definitions.summaries(all=True)] == ["web"]
    assert site.manager.repairs.repair_pending() == [CTID]
    assert left(site) == []


def test_one_that_ended_with_the_host_leaves_nothing(site: Site) -> None:
    """The host's run folder is empty after its next boot."""
    site.manager.lifecycle.start_transient(wanted())
    before = site.world.store.load(CTID, live=True).domain
    place = site.area()
    site.manager.lifecycle.kill("web")
    with place.layout.build(place.spec) as folder:
        (folder / "etc").mkdir()
    site.world.store.keep_former(before)
    assert left(site) == ["vz/private/101"]
    assert site.define("other").ctid == Ctid(102)
    assert site.manager.repairs.repair_pending() == [CTID]
    assert left(site) == ["etc/vz/conf/102.conf", "etc/vz/conf/102.vzvirt.xml"]
    assert site.manager.repairs.repair_pending() == []


def test_a_transient_container_holds_its_identity(site: Site) -> None:
    site.manager.lifecycle.start_transient(wanted())
    uuid = site.manager.definitions.get("web").domain.uuid
    for other in (wanted(), wanted("www", uuid=uuid), wanted("www", ctid=CTID)):
        with pytest.raises(errors.Conflict):
            site.manager.definitions.define(other)
        with pytest.raises(errors.Conflict):
            site.manager.lifecycle.start_transient(other)
    with pytest.raises(errors.OperationInvalid, match="running"):
        site.manager.lifecycle.start_transient(wanted(uuid=uuid))
    assert site.manager.definitions.define(wanted("other")).domain.ctid == Ctid(102)


def test_what_does_not_come_up_leaves_nothing(site: Site) -> None:
    odd = Interface(kind=InterfaceKind.ETHERNET, filter="nonsense")
    with pytest.raises(errors.ConfigUnsupported):
        site.manager.lifecycle.start_transient(wanted(interfaces=(odd,)))
    assert left(site) == []
    with pytest.raises(errors.NoTemplate):
        root = Filesystem(kind=FilesystemKind.TEMPLATE, source="none")
        site.manager.lifecycle.start_transient(wanted(filesystems=(root,)))
    assert left(site) == []


def test_defined_while_it_runs_it_stays(site: Site) -> None:
    started = site.manager.lifecycle.start_transient(wanted()).domain
    defined = site.manager.definitions.define(started)
    assert defined.is_new
    assert not site.manager.definitions.summaries()[0].transient
    site.manager.lifecycle.kill("web")
    assert site.area().exists, "a root that was made for the run is its own now"
    site.manager.lifecycle.start("web")


def test_defined_from_what_it_was_started_with(site: Site) -> None:
    """As ``virt-install`` does: what the document leaves unsaid is the same both times."""
    document = wanted(ctid=CTID, uuid=uuid4())
    started = site.manager.lifecycle.start_transient(document).domain
    defined = site.manager.definitions.define(document).domain
    assert defined.memory.limit is not None, "it came from a sample"
    assert (defined.memory, defined.root) == (started.memory, started.root)
    assert defined.openvz.origin_sample == started.openvz.origin_sample


def test_undefined_while_it_runs_it_is_transient(site: Site) -> None:
    site.define()
    site.manager.lifecycle.start("web")
    site.manager.definitions.undefine("web", remove_data=False, running=True)
    assert site.manager.definitions.summaries()[0].transient
    assert not (site.folder / "etc/vz/conf/101.conf").exists()
    with pytest.raises(errors.OperationInvalid, match="transient"):
        site.manager.definitions.undefine("web", remove_data=False, running=True)
    site.manager.lifecycle.kill("web")
    assert left(site) == ["vz/private/101"], "what was there before is not ours to delete"


def test_a_stored_container_runs_once_as_another_document_says(site: Site) -> None:
    defined = site.define(title="stored")
    once = dataclasses.replace(defined, title="once", memory=Memory(limit=80 * MIB, swap=0))
    started = site.manager.lifecycle.start_transient(once)
    assert not started.is_new
    (summary,) = site.manager.definitions.summaries()
    assert (summary.transient, summary.memory) == (False, 80 * MIB)
    assert site.manager.definitions.live("web").domain.title == "once"
    site.manager.lifecycle.kill("web")
    assert site.manager.definitions.live("web").domain.title == "stored"
    site.manager.lifecycle.start("web")
    assert site.manager.definitions.live("web").domain.title == "stored"


def test_the_policy_restarts_a_transient_container(site: Site) -> None:
    policy = LifecyclePolicy(on_poweroff=OnEnd.RESTART)
    site.manager.lifecycle.start_transient(wanted(lifecycle=policy, title="again"))
    first = site.observe()
    site.power_off_inside()
    if isinstance(site.engine, MemoryEngine):
        assert site.manager.lifecycle.restart_by_policy(CTID)
    site.wait_for(Reason.RESTARTED)
    assert site.observe().init_pid != first.init_pid
    assert site.manager.definitions.get("web").transient
    assert site.manager.definitions.live("web").domain.title == "again"
    site.manager.lifecycle.kill("web")
    assert left(site) == []
    wait_for_the_restarter(site)


def test_the_policy_restarts_a_stored_one_from_what_is_stored(site: Site) -> None:
    policy = LifecyclePolicy(on_poweroff=OnEnd.RESTART)
    defined = site.define(lifecycle=policy)
    site.manager.lifecycle.start("web")
    site.manager.definitions.define(dataclasses.replace(defined, title="new"))
    site.power_off_inside()
    if isinstance(site.engine, MemoryEngine):
        assert site.manager.lifecycle.restart_by_policy(CTID)
    site.wait_for(Reason.RESTARTED)
    assert site.manager.definitions.live("web").domain.title == "new"
    site.manager.lifecycle.kill("web")
    wait_for_the_restarter(site)


def test_rename(site: Site) -> None:
    defined = site.define()
    site.manager.lifecycle.start("web")
    with pytest.raises(errors.OperationInvalid, match="running"):
        site.manager.definitions.rename("web", "www")
    site.manager.lifecycle.kill("web")
    site.define("db")
    with pytest.raises(errors.Conflict):
        site.manager.definitions.rename("web", "db")
    for name in ("-x", "102", ""):
        with pytest.raises(errors.InvalidArgument):
            site.manager.definitions.rename("web", name)
    site.manager.definitions.rename("web", "www")
    assert site.manager.definitions.get("www").domain == dataclasses.replace(
        site.manager.definitions.get("101").domain, name="www"
    )
    assert site.manager.definitions.get("www").domain.uuid == defined.uuid
    with pytest.raises(errors.NoDomain):
        site.manager.definitions.get("web")


def test_by_commands(site: Site, command: Callable[..., list[str]], tmp_path: Path) -> None:
    document = tmp_path / "web.xml"
    document.write_text(
        "<domain type='openvz'><name>web</name><devices><filesystem type='template'>"
        "<source name='busybox'/></filesystem></devices></domain>"
    )

    def run(*words: str) -> str:
        done = subprocess.run(command(site, *words), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("run", str(document))
    assert "transient" in run("list")
    plug = tmp_path / "plug.xml"
    plug.write_text(f"<interface type='ethernet'><target dev='{HOST_NAMES[0]}'/></interface>")
    run("attach", "web", str(plug))
    assert "<interface" in run("dumpxml", "web")
    live = tmp_path / "live.xml"
    live.write_text(run("dumpxml", "web"))
    run("define", str(live))
    run("detach", "--live", "web", str(plug))
    assert "<interface" not in run("dumpxml", "web")
    assert "<interface" in run("dumpxml", "--inactive", "web")
    run("kill", "web")
    run("rename", "web", "www")
    run("undefine", "--remove-data", "www")
    assert left(site) == []


# -- what stays of one that was undefined -----------------------------------------------------


def test_defined_again_it_has_its_root_again(site: Site, tmp_path: Path) -> None:
    site.define()
    site.manager.lifecycle.start("web")
    (tmp_path / "mine").write_text("kept")
    site.manager.guests.push("web", tmp_path / "mine", "/etc/mine")
    site.manager.lifecycle.kill("web")
    before = site.manager.definitions.get("web").domain
    text = read_domain(write_domain(before)).domain
    site.manager.definitions.undefine("web", remove_data=False)
    with pytest.raises(errors.Conflict, match="not free"):
        site.define("web", ctid=CTID)
    assert site.define("other").ctid == Ctid(102), "its number is not given to others"
    for document in (text, dataclasses.replace(text, ctid=None)):
        again = site.manager.definitions.define(document)
        assert (again.domain, again.is_new) == (before, True)
        site.manager.lifecycle.start("web")
        site.manager.guests.pull("web", "/etc/mine", tmp_path / "back")
        assert (tmp_path / "back").read_text() == "kept"
        (tmp_path / "back").unlink()
        site.manager.lifecycle.kill("web")
        site.manager.definitions.undefine("web", remove_data=False)
    site.manager.lifecycle.start_transient(text)
    site.manager.guests.pull("web", "/etc/mine", tmp_path / "back")
    site.manager.lifecycle.kill("web")
    assert (site.folder / "vz/private/101").exists(), "it was there before"
    site.manager.definitions.define(text)
    site.manager.definitions.undefine("web", remove_data=True)
    assert left(site) == ["etc/vz/conf/102.conf", "etc/vz/conf/102.vzvirt.xml"]
    fresh = site.manager.definitions.define(dataclasses.replace(text, ctid=None)).domain
    assert (fresh.ctid, fresh.provisioned) == (CTID, False)


def test_a_root_that_was_removed_is_nobodys(site: Site) -> None:
    site.define()
    site.manager.provisioning.provision("web")
    before = read_domain(write_domain(site.manager.definitions.get("web").domain)).domain
    site.manager.definitions.undefine("web", remove_data=False)
    shutil.rmtree(site.folder / "vz/private/101")
    again = site.manager.definitions.define(dataclasses.replace(before, ctid=None)).domain
    assert not again.provisioned
    site.manager.lifecycle.start("web")
