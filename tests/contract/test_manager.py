"""What a user does, over every engine; each step by a manager that knows only what is on disk."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.conftest import CTID, MIB, Site, wait_until
from vzvirt import errors
from vzvirt.model.devices import Filesystem, FilesystemKind, Interface, InterfaceKind
from vzvirt.model.domain import LifecyclePolicy, OnEnd
from vzvirt.model.resources import Memory
from vzvirt.model.state import DomainState, Reason
from vzvirt.model.values import Ctid, MacAddress, SoftHard
from vzvirt.ports.engine import ExecRequest


@pytest.mark.parametrize("layout", ["simfs", "image"])
def test_a_whole_life(site: Site, layout: str, tmp_path: Path) -> None:
    defined = site.define(layout=layout, space=20 * MIB if layout == "image" else None)
    assert defined.ctid == CTID
    assert not site.area().exists
    assert [item.state for item in site.manager.definitions.summaries(all=True)] == [
        DomainState.SHUTOFF
    ]
    site.manager.lifecycle.start("web")
    (summary,) = site.manager.definitions.summaries()
    assert (summary.name, summary.state) == ("web", DomainState.RUNNING)
    assert site.manager.guests.execute("web", ExecRequest(argv=("true",), tty=False)) == 0
    site.manager.lifecycle.pause("101")
    with pytest.raises(errors.OperationInvalid, match="paused"):
        site.manager.guests.execute("web", ExecRequest(argv=("true",)))
    site.manager.lifecycle.unpause(str(defined.uuid))
    (tmp_path / "greeting").write_text("hello\n")
    site.manager.guests.push("web", tmp_path / "greeting", "/etc/greeting")
    info = site.manager.definitions.info("web")
    assert info.mounted
    assert info.usage is not None
    assert info.usage.used_bytes > 0
    site.manager.lifecycle.shutdown("web")
    assert site.observe().reason is Reason.SHUT_DOWN
    assert not site.area().layout.is_mounted(site.area().spec)
    site.manager.guests.pull("web", "/etc/greeting", tmp_path / "back")
    assert (tmp_path / "back").read_text() == "hello\n"
    site.manager.lifecycle.start("web", paused=True)
    site.manager.lifecycle.kill("web")
    private = site.area().places.private_area
    assert site.manager.definitions.info("web").layout == site.area().layout.abilities
    assert site.area().layout.abilities.name == layout
    site.manager.definitions.undefine("web", remove_data=True)
    assert not private.exists()
    assert site.manager.definitions.summaries(all=True) == []
    assert site.define().ctid == CTID, "the number is free again"


def test_reboot(site: Site) -> None:
    site.define()
    site.manager.lifecycle.start("web")
    before = site.observe()
    site.manager.lifecycle.reboot("web", timeout=20)
    assert site.observe().is_active
    assert site.observe().init_pid != before.init_pid


@pytest.mark.parametrize("layout", ["simfs", "image"])
def test_it_ends_by_itself(site: Site, layout: str) -> None:
    site.define(layout=layout)
    site.manager.lifecycle.start("web")
    site.crash_inside()
    site.wait_for(Reason.DIED)
    site.wait_given_back()
    site.manager.lifecycle.start("web")
    site.power_off_inside()
    site.wait_for(Reason.POWERED_OFF)
    site.wait_given_back()


def test_restarted_by_policy(site: Site) -> None:
    site.define(lifecycle=LifecyclePolicy(on_crash=OnEnd.RESTART))
    site.manager.lifecycle.start("web")
    site.crash_inside()
    if not site.is_real:
        assert site.manager.lifecycle.restart_by_policy(CTID)
    site.wait_for(Reason.RESTARTED)
    place = site.area()
    assert place.layout.is_mounted(place.spec)


def test_quotas_live(site: Site) -> None:
    site.define(space=20 * MIB)
    site.manager.lifecycle.start("web")
    with pytest.raises(errors.InvalidArgument):
        site.manager.quotas.set("web", space=SoftHard(MIB // 64, MIB // 64))
    place = site.area()
    if not place.layout.abilities.grows_live:
        site.manager.lifecycle.shutdown("web")
    site.manager.quotas.set("web", space=SoftHard(40 * MIB, 40 * MIB))
    size = site.manager.quotas.usage("web").size_bytes
    assert size is not None
    assert abs(size - 40 * MIB) < MIB
    root = site.manager.definitions.get("web").domain.root
    assert root is not None
    assert root.space == SoftHard(40 * MIB, 40 * MIB)


def test_a_folder_of_the_users(site: Site, tmp_path: Path) -> None:
    site.define("maker", layout="simfs")
    site.manager.provisioning.provision("maker")
    folder = site.folder / "mine"
    site.area().places.private_area.rename(folder)
    assert (folder / "etc").is_dir()
    root = Filesystem(kind=FilesystemKind.MOUNT, source=str(folder))
    site.define("web", filesystems=(root,))
    site.manager.lifecycle.start("web")
    assert site.manager.guests.execute("web", ExecRequest(argv=("true",), tty=False)) == 0
    with pytest.raises(errors.OperationInvalid):
        site.manager.provisioning.provision("web")
    site.manager.lifecycle.kill("web")
    site.manager.definitions.undefine("web", remove_data=True)
    assert (folder / "etc").is_dir()
    site.manager.definitions.undefine("maker", remove_data=True)


def test_what_is_defined_is_what_is_read(site: Site) -> None:
    domain = site.define(
        memory=Memory(limit=64 * MIB, swap=0),
        description="a shop",
        title="Shop",
        interfaces=(Interface(kind=InterfaceKind.BRIDGE, source="br0"),),
    )
    assert site.manager.definitions.get("web").domain == domain
    again = site.manager.definitions.define(dataclasses.replace(domain))
    assert (again.domain, again.is_new) == (domain, False)


@pytest.mark.parametrize("uuid", ["", "\n#UUID: 8dea22b3-1d52-d8f3-2516-782e98ab8fa0\n"])
def test_a_config_from_an_old_host(site: Site, uuid: str) -> None:
    config = site.folder / "etc/vz/conf/105.conf"
    config.parent.mkdir(parents=True)
    text = 'OSTEMPLATE="busybox"\nVE_LAYOUT="simfs"\nPHYSPAGES="0:16384"\nSWAPPAGES="0:0"\n' + uuid
    config.write_text(text)
    with pytest.raises(errors.OperationInvalid, match="is gone"):
        site.manager.lifecycle.start("105")
    site.define("maker", layout="simfs")
    site.manager.provisioning.provision("maker")
    made = site.area().places.private_area
    made.rename(made.with_name("105"))
    site.manager.lifecycle.start("105")
    assert site.observe(Ctid(105)).is_active
    site.manager.lifecycle.kill("105")
    assert config.read_text() == text, "nothing is rewritten until something is changed"
    site.manager.definitions.set_autostart("105", True)
    made.with_name("105").rename(made)
    with pytest.raises(errors.OperationInvalid, match="is gone"):
        site.manager.lifecycle.start("105")


def test_bad_input_leaves_nothing(site: Site) -> None:
    before = sorted(site.folder.rglob("*"))
    mac = MacAddress("00:18:51:00:00:01")
    pair = Interface(kind=InterfaceKind.BRIDGE, source="br0", mac=mac)
    host = Filesystem(kind=FilesystemKind.MOUNT, source="/")
    for fields in ({"interfaces": (pair, pair)}, {"filesystems": (host,)}, {"name": "007"}):
        with pytest.raises(errors.CallerError):
            site.define(**fields)  # type: ignore[arg-type]  # its fields
    after = sorted(site.folder.rglob("*"))
    assert [path for path in after if path.suffix != ".lck" and path.is_file()] == [
        path for path in before if path.is_file()
    ]
    assert site.manager.definitions.summaries(all=True) == []
    assert site.define().ctid == CTID


def test_many_define_at_once(site: Site, command: Callable[..., list[str]]) -> None:
    documents = []
    for number in range(6):
        document = site.folder / f"{number}.xml"
        document.write_text(
            f"<domain type='openvz'><name>c{number // 2}</name><devices>"
            "<filesystem type='template'><source name='busybox'/></filesystem>"
            "</devices></domain>"
        )
        documents.append(document)

    def define(document: Path) -> int:
        words = command(site, "define", str(document))
        return subprocess.run(words, check=False, capture_output=True).returncode

    with concurrent.futures.ThreadPoolExecutor(len(documents)) as pool:
        statuses = list(pool.map(define, documents))
    assert sorted(statuses) == [0, 0, 0, 2, 2, 2], "each name once"
    summaries = site.manager.definitions.summaries(all=True)
    assert sorted(item.name for item in summaries) == ["c0", "c1", "c2"]
    assert sorted(item.ctid for item in summaries) == [101, 102, 103]


def test_two_starts_at_once(site: Site, command: Callable[..., list[str]]) -> None:
    site.define()
    words = command(site, "start", "web")
    both = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(2)]
    output = [process.communicate(timeout=60)[1].decode() for process in both]
    assert sorted(process.returncode for process in both) == [0, 4], output
    assert site.observe().is_active
    place = site.area()
    assert place.layout.is_mounted(place.spec)


def test_kill_goes_before_a_shutdown_that_waits(
    site: Site, command: Callable[..., list[str]]
) -> None:
    site.start_stubborn()
    words = command(site, "shutdown", "web", "--timeout", "600")
    with subprocess.Popen(words, stderr=subprocess.PIPE) as shutdown:
        wait_until(lambda: site.observe().state is DomainState.SHUTDOWN, site.observe)
        assert shutdown.poll() is None
        site.manager.lifecycle.kill("web")
        assert site.observe().reason is Reason.KILLED
        assert shutdown.wait(60) == 0
    assert site.observe().reason is Reason.KILLED


def test_what_cannot_obey_can_be_killed(site: Site) -> None:
    site.define()
    site.manager.lifecycle.start("web")
    site.manager.lifecycle.pause("web")
    site.manager.lifecycle.kill("web")
    assert site.observe().reason is Reason.KILLED


def test_nobody_is_touched_by_anothers_end(site: Site) -> None:
    site.define("a", space=20 * MIB)
    site.define("b", space=20 * MIB)
    site.manager.lifecycle.start("a")
    site.manager.lifecycle.start("b")
    other = site.observe(Ctid(102))
    site.manager.lifecycle.kill("a")
    site.manager.definitions.undefine("a", remove_data=True)
    assert site.observe(Ctid(102)) == other
    assert site.manager.guests.execute("b", ExecRequest(argv=("true",), tty=False)) == 0
