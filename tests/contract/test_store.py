"""The store on real files: what it keeps, what it leaves alone, what survives a crash."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings

from strategies import stored_domains
from vzvirt import errors
from vzvirt.backends.vzfiles.store import VzfilesStore
from vzvirt.codec import vzconf
from vzvirt.model.devices import Filesystem, FilesystemKind, Interface, InterfaceKind
from vzvirt.model.domain import Domain, OpenvzSettings
from vzvirt.model.resources import Accounting, Memory
from vzvirt.model.values import PAGE_SIZE, Ctid, MacAddress
from vzvirt.ports.store import DefinitionStore
from vzvirt.system import mounts
from vzvirt.system.root import Root

CTID = Ctid(101)
UUID_1 = UUID("11111111-2222-3333-4444-555555555555")
MAC = MacAddress("00:18:51:01:02:03")


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


@pytest.fixture
def conf(root: Root) -> Path:
    folder = root.path("etc/vz/conf")
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def store(root: Root) -> DefinitionStore:
    return VzfilesStore(root)


def web(**changes: object) -> Domain:
    """A definition with something for the config and something for the sidecar."""
    domain = Domain(
        name="web",
        ctid=CTID,
        uuid=UUID_1,
        title="A <web> server",
        description="serves",
        memory=Memory(limit=256 << 20, swap=128 << 20),
        filesystems=(Filesystem(kind=FilesystemKind.TEMPLATE, source="busybox"),),
        interfaces=(
            Interface(kind=InterfaceKind.BRIDGE, source="br0", guest_name="eth0", mac=MAC),
            Interface(kind=InterfaceKind.DIRECT, source="eth9", guest_name="eth1"),
        ),
        openvz=OpenvzSettings(accounting=Accounting.VSWAP),
    )
    return dataclasses.replace(domain, **changes)  # type: ignore[arg-type]  # checked by replace


def names(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


def tree(root: Root) -> dict[str, tuple[bytes | str, int]]:
    """Everything below the prefix: content and time of change."""
    found: dict[str, tuple[bytes | str, int]] = {}
    for path in sorted(root.prefix.rglob("*")):
        content = str(path.readlink()) if path.is_symlink() else b""
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
        found[str(path)] = (content, path.lstat().st_mtime_ns)
    return found


# -- keeping -------------------------------------------------------------------------------


def test_what_is_saved_is_found(store: DefinitionStore, root: Root) -> None:
    domain = web()
    assert store.save(domain).domain == domain
    stored = VzfilesStore(root).load(CTID)
    assert (stored.domain, stored.warnings, stored.transient) == (domain, (), False)
    for reference in ("101", "web", str(UUID_1), UUID_1.hex):
        assert store.find(reference) == CTID
    assert store.ctids() == [CTID]
    assert names(root.path("etc/vz/conf")) == ["101.conf", "101.vzvirt.xml"]
    assert root.path("etc/vz/names/web").readlink() == root.path("etc/vz/conf/101.conf")


@settings(
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(domain=stored_domains())
def test_nothing_is_lost(root: Root, domain: Domain) -> None:
    store = VzfilesStore(root)
    assert domain.ctid is not None
    for former in store.ctids():
        store.delete(former)
    store.save(domain)
    stored = VzfilesStore(root).load(domain.ctid)
    assert stored.domain == vzconf.rounded(domain)
    before = tree(root)
    VzfilesStore(root).save(stored.domain)
    assert tree(root) == before, "saving what stands already writes nothing"


def test_what_is_rounded_is_told(store: DefinitionStore) -> None:
    odd = Domain(
        name="odd", ctid=Ctid(150), uuid=UUID(int=150), memory=Memory(limit=PAGE_SIZE + 1)
    )
    saved = store.save(odd)
    assert saved.domain.memory.limit == 2 * PAGE_SIZE
    assert any("PHYSPAGES" in sentence for sentence in saved.roundings)
    assert store.load(Ctid(150)).roundings == ()


def test_a_new_revision_for_every_change(store: DefinitionStore) -> None:
    seen = {store.save(web()).revision}
    for change in ({"title": "B"}, {"description": "other"}, {"autostart": True}):
        revision = store.save(web(**change)).revision
        assert revision not in seen
        assert store.load(CTID).revision == revision
        seen.add(revision)


def test_changes_by_others_are_noticed(store: DefinitionStore, conf: Path) -> None:
    store.save(web())
    config = conf / "101.conf"
    assert store.load(CTID) is store.load(CTID), "an unchanged file is not parsed again"
    config.write_text(config.read_text().replace('"serves"', '"changed by hand"'))
    assert store.load(CTID).domain.description == "changed by hand"
    config.unlink()
    with pytest.raises(errors.NoDomain):
        store.load(CTID)
    assert store.identities() == []


def test_renaming_moves_the_link(store: DefinitionStore, root: Root) -> None:
    store.save(web())
    store.save(web(name="www"))
    assert names(root.path("etc/vz/names")) == ["www"]
    with pytest.raises(errors.NoDomain, match="'web'"):
        store.find("web")
    store.save(web(name="101"))
    assert names(root.path("etc/vz/names")) == []


def test_anothers_name_is_not_taken(store: DefinitionStore, root: Root) -> None:
    store.save(web())
    before = tree(root)
    other = Domain(name="web", ctid=Ctid(102), uuid=UUID(int=2))
    with pytest.raises(errors.Conflict, match="belongs to container 101"):
        store.save(other)
    assert tree(root) == before


def test_deleting_leaves_nothing(store: DefinitionStore, root: Root) -> None:
    store.save(web())
    store.delete(CTID)
    store.delete(CTID)
    assert names(root.path("etc/vz/conf")) == names(root.path("etc/vz/names")) == []
    assert store.is_free(CTID)
    for reference in ("101", "web", str(UUID_1)):
        with pytest.raises(errors.NoDomain):
            store.find(reference)


def test_what_must_be_unique(store: DefinitionStore) -> None:
    second = MacAddress("00:18:51:0a:0b:0c")
    direct = Interface(kind=InterfaceKind.DIRECT, source="eth9", guest_name="eth1", mac=second)
    store.save(web(interfaces=(*web().interfaces[:1], direct)))
    store.save(Domain(name="102", ctid=Ctid(102), uuid=UUID(int=2)))
    first, other = store.identities()
    assert (first.ctid, first.name, first.uuid) == (CTID, "web", UUID_1)
    assert set(first.macs) == {MAC, second}
    assert (other.ctid, other.name, other.macs) == (102, "102", ())


@pytest.mark.parametrize("live", [False, True])
def test_both_ends_must_be_unique(store: DefinitionStore, live: bool) -> None:
    host_mac = MacAddress("00:18:51:0a:0b:0d")
    pair = dataclasses.replace(web().interfaces[0], host_name="veth101.0", host_mac=host_mac)
    store.save(web(interfaces=(pair,)), live=live)
    (only,) = store.identities()
    assert set(only.macs) == {MAC, host_mac}


# -- an old host's files -------------------------------------------------------------------

OLD_CONFIG = b"""\
# This is the configuration file for container 777
ONBOOT="no"
PHYSPAGES="0:65536"
SWAPPAGES="0:32768"
  NAME="indented"
UNKNOWN_KEY='kept # as it is'
this line is garbage
OSTEMPLATE="debian-7.0-x86_64"\r
HOSTNAME="old"
NETIF="ifname=eth0,mac=00:18:51:AA:BB:CC,host_ifname=veth777.0,host_mac=00:18:51:DD:EE:FF"
VE_PRIVATE="/vz/private/$VEID"
"""


@pytest.fixture
def old_tree(root: Root, conf: Path) -> Root:
    """What an OpenVZ 4 host leaves: configs, links and private areas, no UUIDs, no sidecars."""
    (conf / "777.conf").write_bytes(OLD_CONFIG)
    (conf / "0.conf").write_bytes(b'ONBOOT="no"\n')
    (conf / "778.conf.destroyed").write_bytes(b"")
    (conf / "ve-basic.conf-sample").write_bytes(b'NUMPROC="240:240"\n')
    (conf / "779.conf").write_bytes(b"")
    area = root.path("vz/private/777")
    (area / "etc").mkdir(parents=True)
    links = root.path("etc/vz/names")
    links.mkdir()
    (links / "indented").symlink_to("/etc/vz/conf/777.conf")
    (links / "stale").symlink_to("/etc/vz/conf/779.conf")
    return root


def test_an_old_tree_is_picked_up_and_not_rewritten(old_tree: Root) -> None:
    before = tree(old_tree)
    store = VzfilesStore(old_tree)
    assert store.ctids() == [777, 779]
    stored = store.load(Ctid(777))
    assert stored.domain.name == "indented"
    assert stored.domain.memory == Memory(limit=65536 * 4096, swap=32768 * 4096)
    assert stored.domain.uuid is not None
    assert any("7" in warning for warning in stored.warnings), "the garbage is in line 7"
    assert store.find("indented") == store.find(str(stored.domain.uuid)) == 777
    with pytest.raises(errors.NoDomain):
        store.find("stale")
    assert store.load(Ctid(779)).domain.name == "779"
    assert not store.is_free(Ctid(777))
    assert store.places(stored.domain).private_area == old_tree.path("vz/private/777")
    assert store.sample("basic").openvz.beancounters
    store.identities()
    store.global_config()
    store.save(stored.domain)  # nothing differs
    assert tree(old_tree) == before


def test_the_derived_uuid_is_stable_and_of_this_tree(old_tree: Root, tmp_path: Path) -> None:
    uuid = VzfilesStore(old_tree).load(Ctid(777)).domain.uuid
    assert VzfilesStore(old_tree).load(Ctid(777)).domain.uuid == uuid
    assert uuid != VzfilesStore(old_tree).load(Ctid(779)).domain.uuid
    elsewhere = Root(tmp_path / "elsewhere")
    elsewhere.path("etc/vz/conf").mkdir(parents=True)
    elsewhere.path("etc/vz/conf/777.conf").write_bytes(OLD_CONFIG)
    assert VzfilesStore(elsewhere).load(Ctid(777)).domain.uuid != uuid


def test_a_config_that_was_written_anew_has_no_sidecar(old_tree: Root) -> None:
    store = VzfilesStore(old_tree)
    domain = store.load(Ctid(777)).domain
    store.save(dataclasses.replace(domain, title="old", provisioned=True))
    config = old_tree.path("etc/vz/conf/777.conf")
    config.rename(config.with_suffix(".conf.destroyed"))  # as vzctl destroy does
    config.write_bytes(OLD_CONFIG)
    anew = VzfilesStore(old_tree).load(Ctid(777))
    assert anew.domain == domain
    assert any("of another container" in warning for warning in anew.warnings)
    kept = store.save(dataclasses.replace(domain, description="new")).domain
    assert (kept.title, kept.provisioned, kept.description) == (None, None, "new")


def test_the_first_change_writes_the_uuid_and_that_change_only(old_tree: Root) -> None:
    store = VzfilesStore(old_tree)
    domain = store.load(Ctid(777)).domain
    assert store.save(dataclasses.replace(domain, autostart=True)).domain.autostart is True
    written = old_tree.path("etc/vz/conf/777.conf").read_bytes()
    assert written.startswith(OLD_CONFIG.replace(b'ONBOOT="no"', b'ONBOOT="yes"'))
    added = written.removeprefix(OLD_CONFIG.replace(b'ONBOOT="no"', b'ONBOOT="yes"'))
    assert added.split() == [b"#UUID:", str(domain.uuid).encode()]
    assert VzfilesStore(old_tree).load(Ctid(777)).domain.uuid == domain.uuid


def test_a_name_is_found_without_its_link(old_tree: Root) -> None:
    old_tree.path("etc/vz/names/indented").unlink()
    assert VzfilesStore(old_tree).find("indented") == 777


def test_a_config_elsewhere_is_written_there(root: Root, conf: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared/of-777.conf"
    shared.parent.mkdir()
    shared.write_bytes(OLD_CONFIG)
    (conf / "777.conf").symlink_to(shared)
    (conf / "778.conf").symlink_to("/no/such.conf")
    store = VzfilesStore(root)
    assert store.ctids() == [777]
    assert not store.is_free(Ctid(778)), "a dangling link is somebody's"
    domain = store.load(Ctid(777)).domain
    store.save(dataclasses.replace(domain, description="changed"))
    assert (conf / "777.conf").is_symlink()
    assert b'DESCRIPTION="changed"' in shared.read_bytes()
    assert root.path("etc/vz/names/indented").readlink() == conf / "777.conf"


# -- damage --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\x00" * 100,
        bytes(range(256)) * 20,
        b"=\n==\n\"\nNAME=\nNAME\n'",
        b'NAME="999"\nPHYSPAGES="lots"\nNETIF="ifname=,mac=zz;;,"\nCPUS="-1"\n',
        b'NAME="a/b"\n#UUID: nonsense\nDISKSPACE="9:1"\nIP_ADDRESS="1.2.3.4.5 ::g"\n',
        b'NAME="' + b"x" * 5000 + b'"\n',
        b'VE_PRIVATE="../../.."\nOSTEMPLATE="../etc"\nLOCAL_UID="-5"\nONBOOT="maybe"\n',
    ],
)
def test_garbage_loads_with_warnings_at_most(
    store: DefinitionStore, conf: Path, garbage: bytes
) -> None:
    (conf / "101.conf").write_bytes(garbage)
    domain = store.load(CTID).domain
    assert domain.ctid == CTID
    assert [identity.ctid for identity in store.identities()] == [CTID]
    assert store.find("101") == CTID
    assert store.find(str(domain.uuid)) == CTID
    store.places(domain)
    assert (conf / "101.conf").read_bytes() == garbage


@pytest.mark.parametrize(
    "damage",
    [
        b"<",
        b"\xff\xfe\x00",
        b"<domain/>",
        b"<other xmlns='x'/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><domain type='openvz'>&b;</domain>",
        b"<domain type='openvz'><name>web</name><uuid>nonsense</uuid></domain>",
    ],
)
def test_a_damaged_sidecar_is_a_warning(store: DefinitionStore, conf: Path, damage: bytes) -> None:
    store.save(web())
    (conf / "101.vzvirt.xml").write_bytes(damage)
    stored = store.load(CTID)
    assert stored.domain.title is None
    assert stored.domain.description == "serves", "the config counts"
    assert any("101.vzvirt.xml" in warning for warning in stored.warnings)
    store.save(web())
    assert store.load(CTID).domain == web()


def test_anothers_sidecar_is_ignored_with_a_warning(store: DefinitionStore, conf: Path) -> None:
    store.save(web())
    sidecar = conf / "101.vzvirt.xml"
    sidecar.write_text(sidecar.read_text().replace(str(UUID_1), str(UUID(int=5))))
    stored = store.load(CTID)
    assert stored.domain.title is None
    assert [warning for warning in stored.warnings if "another container" in warning]


# -- which numbers are taken ---------------------------------------------------------------


def test_which_files_are_containers(store: DefinitionStore, conf: Path) -> None:
    for name in (
        *("101.conf", "7.conf", "2147483644.conf"),
        *("0.conf", "0102.conf", "-1.conf", "103.conf.destroyed", "104.conf~", "x.conf"),
        *("2147483645.conf", ".105.conf.new", "106.vzvirt.xml", "107.vzvirt.next", "108.mount"),
    ):
        (conf / name).write_bytes(b"")
    (conf / "109.conf").mkdir()
    (conf / "110.conf").symlink_to("110.conf")
    os.mkfifo(conf / "111.conf")
    for reference in ("109", "110", "111"):
        with pytest.raises(errors.NoDomain):
            store.find(reference)
    assert store.ctids() == [7, 101, 2147483644]


def test_no_containers_without_a_folder(store: DefinitionStore) -> None:
    assert store.ctids() == store.identities() == []
    with pytest.raises(errors.NoDomain):
        store.find("101")
    assert store.is_free(CTID)


@pytest.mark.parametrize(
    "path",
    [
        "etc/vz/conf/101.conf",
        "etc/vz/conf/101.vzvirt.xml",
        "vz/private/101",
        "vz/root/101",
        "vz/dump/Dump.101",
    ],
)
def test_each_trace_takes_a_number(store: DefinitionStore, root: Root, path: str) -> None:
    assert store.is_free(CTID)
    trace = root.path(path)
    trace.parent.mkdir(parents=True)
    trace.symlink_to("/nowhere")
    assert not store.is_free(CTID)
    assert store.is_free(Ctid(102))


@pytest.mark.parametrize(
    "reference", ["", "0", "0101", "-101", "101 ", "../101", "a\0b", "{}", "1" * 500]
)
def test_odd_references_name_nobody(store: DefinitionStore, reference: str) -> None:
    store.save(web())
    with pytest.raises(errors.NoDomain):
        store.find(reference)


# -- the host's own files ------------------------------------------------------------------


def test_without_vz_conf_the_built_in_one_counts(store: DefinitionStore, root: Root) -> None:
    config = store.global_config()
    assert config.lock_dir.is_relative_to(root.prefix)
    assert config.template_dir.is_relative_to(root.prefix)
    assert config.dump_dir.is_relative_to(root.prefix)
    assert "$VEID" in config.private_pattern


def test_vz_conf_decides_where_things_are(root: Root) -> None:
    file = root.path("etc/vz/vz.conf")
    file.parent.mkdir(parents=True)
    file.write_text(
        "LOCKDIR=/srv/lock\nDUMPDIR=/srv/dump\nTEMPLATE=/srv/template\n"
        "VE_PRIVATE=/srv/${VEID}/private/\nVE_ROOT=/srv/$VEID/root/$VEID\n"
    )
    store = VzfilesStore(root)
    config = store.global_config()
    assert config.lock_dir == root.path("srv/lock")
    assert config.template_dir == root.path("srv/template")
    assert config.dump_dir == root.path("srv/dump")
    places = store.places(web())
    assert places.private_area == root.path("srv/101/private")
    assert places.root_mount == root.path("srv/101/root/$VEID"), "only the first one is replaced"
    assert not places.users_folder
    root.path("srv/101/private").mkdir(parents=True)
    assert not store.is_free(CTID)
    with store.lock(CTID):
        assert names(root.path("srv/lock")) == ["101.lck"]
    file.write_text("LOCKDIR=/elsewhere\n")
    assert store.global_config().lock_dir == root.path("elsewhere")


def test_a_container_may_say_where_it_is(store: DefinitionStore, root: Root) -> None:
    own = OpenvzSettings(private_area="/data/$VEID/", root_mount="/mnt/../mnt/${VEID}")
    places = store.places(web(openvz=own))
    assert places.private_area == root.path("data/101")
    assert places.root_mount == root.path("mnt/101")


def test_a_users_folder_is_where_the_user_says(store: DefinitionStore, root: Root) -> None:
    folder = Filesystem(kind=FilesystemKind.MOUNT, source="/srv/my-root")
    places = store.places(web(filesystems=(folder,)))
    assert places.private_area == Path("/srv/my-root")
    assert places.users_folder
    assert places.root_mount.is_relative_to(root.prefix)
    inner = Filesystem(kind=FilesystemKind.MOUNT, source="/srv/data", target="/srv")
    assert not store.places(web(filesystems=(inner,))).users_folder


def test_the_hosts_samples_go_before_ours(store: DefinitionStore, conf: Path) -> None:
    ours = store.sample_names()
    assert ours
    (conf / "ve-mine.conf-sample").write_text('NUMPROC="7:7"\n')
    (conf / f"ve-{ours[0]}.conf-sample").write_text('DESCRIPTION="the host\'s"\n')
    assert store.sample_names() == sorted([*ours, "mine"])
    assert store.sample("mine").openvz.beancounters[0].value.limit == 7
    assert store.sample(ours[0]).description == "the host's"
    for name in ("none", "../../../etc/passwd", "a\0b", ""):
        with pytest.raises(errors.NoSample, match="mine"):
            store.sample(name)


# -- at once, and cut short ----------------------------------------------------------------

DEFINER = """
import sys
from pathlib import Path
from uuid import uuid4
from vzvirt.backends.vzfiles.store import VzfilesStore
from vzvirt.model.domain import Domain
from vzvirt.model.values import Ctid
from vzvirt.system.root import Root
store = VzfilesStore(Root(Path(sys.argv[1])))
for number in range(5):
    with store.registry_lock():
        ctid = next(Ctid(n) for n in range(101, 1000) if store.is_free(Ctid(n)))
        with store.lock(ctid):
            name = f"ct-{sys.argv[2]}-{number}"
            store.save(Domain(name=name, ctid=ctid, uuid=uuid4(), title=name))
"""


def test_many_processes_define_at_once(root: Root) -> None:
    argv = [sys.executable, "-c", DEFINER, root.prefix]
    definers = [subprocess.Popen([*argv, str(number)]) for number in range(8)]
    assert [definer.wait() for definer in definers] == [0] * 8
    store = VzfilesStore(root)
    assert store.ctids() == list(range(101, 141))
    assert len({identity.name for identity in store.identities()}) == 40
    for ctid in store.ctids():
        domain = store.load(ctid).domain
        assert domain.title == domain.name
        assert store.find(domain.name) == ctid


CHANGER = """
import dataclasses, sys
from pathlib import Path
from vzvirt.backends.vzfiles.store import VzfilesStore
from vzvirt.model.values import Ctid
from vzvirt.system.root import Root
store = VzfilesStore(Root(Path(sys.argv[1])))
print("ready", flush=True)
number = int(sys.argv[2])
while True:
    with store.lock(Ctid(101)):
        domain = store.load(Ctid(101)).domain
        text = f"version {number}"
        store.save(dataclasses.replace(domain, title=text, description=text, name=f"n{number}"))
    number += 1
"""


def test_a_killed_command_leaves_the_old_or_the_new_definition(root: Root) -> None:
    """Title is in the sidecar, description and name in the config: they must agree."""
    store = VzfilesStore(root)
    store.save(web(title="version 0", description="version 0", name="n0"))
    for attempt in range(25):
        argv = [sys.executable, "-c", CHANGER, root.prefix, str(attempt * 1000)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as changer:
            assert changer.stdout is not None
            changer.stdout.readline()
            time.sleep(0.004 + attempt * 0.0011)
            changer.send_signal(signal.SIGKILL)
        domain = VzfilesStore(root).load(CTID).domain
        assert domain.title == domain.description == domain.name.replace("n", "version ")
        assert VzfilesStore(root).find(domain.name) == CTID
        assert root.path(f"etc/vz/names/{domain.name}").is_symlink(), "real vzctl finds it too"
        with VzfilesStore(root).lock(CTID, wait=0):  # its stale lock is no obstacle
            assert VzfilesStore(root).load(CTID).domain == domain, "nor does repair change it"
    store.save(web())
    with store.lock(CTID):
        pass
    kept = {"101.conf", "101.vzvirt.xml"}
    assert set(names(root.path("etc/vz/conf"))) == kept
    assert names(root.path("etc/vz/names")) == ["web"]
    assert names(store.global_config().lock_dir) == []


@pytest.fixture
def full_disk(root: Root) -> Iterator[Path]:
    """A small file system below ``etc/vz``, and a file that fills it."""
    folder = root.path("etc/vz")
    folder.mkdir(parents=True)
    mounts.mount("none", folder, "tmpfs", ["size=64k"])
    try:
        yield folder / "filler"
    finally:
        mounts.unmount(folder)


def fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass


@pytest.mark.root
def test_a_full_disk_keeps_the_old_definition(root: Root, full_disk: Path) -> None:
    store = VzfilesStore(root)
    store.save(web())
    fill(full_disk)
    before = {path: entry[0] for path, entry in tree(root).items()}
    for change in (
        {"title": "B" * 5000},
        {"description": "c"},
        {"title": "b", "description": "b"},
    ):
        with pytest.raises(errors.NoSpace, match="No space left"):
            store.save(web(**change))
        assert {path: entry[0] for path, entry in tree(root).items()} == before
    assert VzfilesStore(root).load(CTID).domain == web()
    with pytest.raises(errors.NoSpace):
        store.save(Domain(name="new", ctid=Ctid(102), uuid=UUID(int=2), title="t"))
    assert store.is_free(Ctid(102))
    full_disk.unlink()
    assert store.save(web(title="B")).domain.title == "B"


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(domain=stored_domains())
def test_what_was_can_be_recalled_after_it_has_changed(root: Root, domain: Domain) -> None:
    store = VzfilesStore(root)
    assert domain.ctid is not None
    kinds = {False: store.save(domain).domain, True: store.save(domain, live=True).domain}
    imprints = {live: store.imprint(domain.ctid, live=live) for live in kinds}
    assert imprints == {live: store.imprint(domain.ctid, live=live) for live in kinds}
    for live in kinds:
        store.delete(domain.ctid, live=live)
        assert store.imprint(domain.ctid, live=live) is None
    for live, before in kinds.items():
        assert imprints[live] is not None
        assert store.recall(domain.ctid, imprints[live], live=live) == before


def test_an_entry_stays_the_same_as_long_as_nothing_of_it_changes(store: DefinitionStore) -> None:
    assert store.entry(CTID) is None
    store.save(web())
    entry = store.entry(CTID)
    assert entry is not None
    assert store.entry(CTID) is entry
    assert (entry.name, entry.uuid, entry.transient) == ("web", UUID_1, False)
    store.save(web(title="B"))
    assert store.entry(CTID) not in {None, entry}


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes somebody else")
@pytest.mark.root
def test_who_may_not_write_is_told_so(root: Root) -> None:
    store = VzfilesStore(root)
    store.save(web())
    root.path("etc/vz/conf").chmod(0o555)
    os.seteuid(65534)
    try:
        with pytest.raises(errors.AccessDenied) as caught:
            store.save(web(description="other"))
        assert "root" in (caught.value.hint or "")
    finally:
        os.seteuid(0)
    assert store.load(CTID).domain == web()
