"""Live definitions and the index, over the real store and the one in memory."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strategies import stored_domains
from vzvirt import errors
from vzvirt.backends.memory.store import MemoryStore
from vzvirt.backends.vzfiles.store import VzfilesStore
from vzvirt.model.devices import Interface, InterfaceKind
from vzvirt.model.domain import Domain
from vzvirt.model.values import Ctid, MacAddress
from vzvirt.ports.store import DefinitionStore
from vzvirt.system.root import Root

CTID = Ctid(101)
MAC = MacAddress("00:18:51:01:02:03")
PLUGGED = Interface(kind=InterfaceKind.BRIDGE, source="br0", guest_name="eth0", mac=MAC)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


@pytest.fixture(params=["files", "memory"])
def store(request: pytest.FixtureRequest, root: Root) -> DefinitionStore:
    return VzfilesStore(root) if request.param == "files" else MemoryStore(root)


def web(**changes: object) -> Domain:
    domain = Domain(name="web", ctid=CTID, uuid=UUID(int=7), title="A web server")
    return dataclasses.replace(domain, **changes)  # type: ignore[arg-type]  # its own fields


def test_the_live_definition_stands_beside_the_stored_one(store: DefinitionStore) -> None:
    store.save(web(autostart=True))
    assert store.load(CTID, live=True).domain == web(autostart=True), "until there is one"
    store.save(web(interfaces=(PLUGGED,)), live=True)
    assert store.load(CTID).domain.interfaces == ()
    assert store.load(CTID, live=True).domain == web(interfaces=(PLUGGED,))
    assert not store.load(CTID, live=True).transient
    store.delete(CTID, live=True)
    store.delete(CTID, live=True)
    assert store.load(CTID, live=True).domain == store.load(CTID).domain


def test_who_has_no_other_definition_is_transient(store: DefinitionStore) -> None:
    store.save(web(interfaces=(PLUGGED,)), live=True)
    assert store.ctids() == store.transients() == [CTID]
    assert store.load(CTID).transient
    assert store.load(CTID).domain == web(interfaces=(PLUGGED,))
    for reference in ("101", "web", str(UUID(int=7))):
        assert store.find(reference) == CTID
    (identity,) = store.identities()
    assert (identity.ctid, identity.name, identity.macs) == (CTID, "web", (MAC,))
    assert not store.is_free(CTID)
    store.save(web())
    assert store.transients() == []
    assert not store.load(CTID).transient
    store.delete(CTID)
    assert store.transients() == [CTID]
    store.delete(CTID, live=True)
    assert store.ctids() == store.index() == store.identities() == []
    assert store.is_free(CTID)
    with pytest.raises(errors.NoDomain):
        store.load(CTID)


def test_what_is_kept_for_good_is_nobodys_to_remove(store: DefinitionStore) -> None:
    """A crash may leave what was kept of it while its root was to go with its run."""
    store.keep_former(web(disposable=True))
    assert [item.name for item in store.orphans()] == ["web"]
    assert store.formers() == []
    store.keep_former(web())
    assert store.orphans() == []
    assert [item.name for item in store.formers()] == ["web"]
    store.drop_former(CTID)
    assert store.orphans() == store.formers() == []


def test_addresses_of_both_are_taken(store: DefinitionStore) -> None:
    other = MacAddress("00:18:51:0a:0b:0c")
    store.save(web(interfaces=(PLUGGED,)))
    store.save(web(interfaces=(dataclasses.replace(PLUGGED, mac=other),)), live=True)
    (identity,) = store.identities()
    assert set(identity.macs) == {MAC, other}


def test_every_change_is_a_new_revision(store: DefinitionStore) -> None:
    assert store.revision(CTID) is None
    seen = set()
    for live in (False, True, True, False):
        store.save(web(title=f"step {len(seen)}"), live=live)
        revision = store.revision(CTID)
        assert revision is not None
        assert revision not in seen
        assert store.revision(CTID) == revision
        assert [entry.revision for entry in store.index()] == [revision]
        seen.add(revision)
    store.delete(CTID, live=True)
    assert store.revision(CTID) not in seen
    store.delete(CTID)
    assert store.revision(CTID) is None


def test_a_damaged_live_definition_counts_for_nothing(root: Root) -> None:
    store = VzfilesStore(root)
    store.save(web())
    store.save(web(title="live"), live=True)
    path = root.path("run/vzvirt/live/101.xml")
    for damage in (b"", b"<domain", b"<domain type='openvz' id='102'><name>x</name></domain>"):
        path.write_bytes(damage)
        assert store.load(CTID, live=True).domain.title == "A web server"
    path.rename(path.with_name("102.xml"))
    assert [entry.ctid for entry in store.index()] == [CTID]
    with pytest.raises(errors.NoDomain):
        store.load(Ctid(102))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(domain=stored_domains())
def test_live_definitions_are_kept_as_they_are(root: Root, domain: Domain) -> None:
    assert domain.ctid is not None
    VzfilesStore(root).save(domain, live=True)
    loaded = VzfilesStore(root).load(domain.ctid, live=True).domain
    assert loaded == dataclasses.replace(domain, autostart=None)
    VzfilesStore(root).delete(domain.ctid, live=True)


# -- the index ----------------------------------------------------------------------------

_PIECES = st.sampled_from(
    [
        *("NAME=", "ONBOOT=", "#UUID:", "NETIF=", "VE", '"', '""', " ", "\t", "\r", "\\", "="),
        *("\n", "\n", "\n", '"yes"', '"no"', "maybe", '"web"', '"a b "', '"17"', '"x/y"', '".."'),
        *("é", "\x00", "\x85", "\ufeff", "#", 'NAME="db"', 'ONBOOT="yes"', "  NAME=www"),
        *(f" {UUID(int=5)}", f"{{{UUID(int=6)}}}", f"#UUID: {UUID(int=9)}", " nonsense"),
    ]
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(_PIECES, max_size=14).map("".join))
def test_the_index_says_what_reading_all_says(root: Root, text: str) -> None:
    config = root.path("etc/vz/conf/101.conf")
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_bytes(text.encode())
    domain = VzfilesStore(root).load(CTID).domain
    (entry,) = VzfilesStore(root).index()
    assert (entry.name, entry.uuid, entry.autostart) == (
        domain.name,
        domain.uuid,
        domain.autostart,
    )


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(domain=stored_domains())
def test_the_index_of_what_is_saved(root: Root, domain: Domain) -> None:
    store = VzfilesStore(root)
    for former in store.ctids():
        store.delete(former)
    store.save(domain)
    (entry,) = store.index()
    assert (entry.ctid, entry.name, entry.uuid, entry.autostart, entry.transient) == (
        *(domain.ctid, domain.name, domain.uuid, domain.autostart),
        False,
    )
