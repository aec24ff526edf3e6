"""Every transition of the table, and what follows an end."""

from __future__ import annotations

import dataclasses
import ipaddress
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from vzvirt import errors
from vzvirt.manager import Manager, guestside
from vzvirt.model.devices import Filesystem, FilesystemKind, Interface, InterfaceKind
from vzvirt.model.domain import LifecyclePolicy, OnEnd, OpenvzSettings
from vzvirt.model.network import Forward, ForwardMode, Network, NetworkAddress
from vzvirt.model.state import TRANSITIONS, Action, DomainState, Reason
from vzvirt.model.storage import AreaSpec
from vzvirt.model.values import Ctid, IdMap
from vzvirt.ports.engine import ExecRequest
from worlds import MIB, World, container

CTID = Ctid(101)

REACH: Mapping[DomainState, Callable[[World], None]] = {
    DomainState.SHUTOFF: lambda world: None,
    DomainState.CRASHED: lambda world: _crash(world),
    DomainState.RUNNING: lambda world: world.manager.lifecycle.start("web"),
    DomainState.PAUSED: lambda world: world.manager.lifecycle.start("web", paused=True),
    DomainState.SHUTDOWN: lambda world: _ask_in_vain(world),
}

PERFORM: Mapping[Action, Callable[[World, Manager], object]] = {
    Action.START: lambda world, it: it.lifecycle.start("web"),
    Action.SHUTDOWN: lambda world, it: it.lifecycle.shutdown("web", timeout=0),
    Action.KILL: lambda world, it: it.lifecycle.kill("web"),
    Action.REBOOT: lambda world, it: it.lifecycle.reboot("web", timeout=0.05),
    Action.PAUSE: lambda world, it: it.lifecycle.pause("web"),
    Action.UNPAUSE: lambda world, it: it.lifecycle.unpause("web"),
    Action.EXECUTE: lambda world, it: it.guests.execute("web", ExecRequest(argv=("true",))),
    Action.UNDEFINE: lambda world, it: it.definitions.undefine("web", remove_data=False),
    Action.PROVISION: lambda world, it: it.provisioning.provision("web"),
    Action.END: lambda world, it: _end(world, Reason.POWERED_OFF),
    Action.CRASH: lambda world, it: _end(world, Reason.DIED),
}

ASKED = [action for action in Action if action not in {Action.END, Action.CRASH}]


def _end(world: World, reason: Reason) -> None:
    world.engine.end_from_inside(CTID, reason)
    world.manager.lifecycle.ended(CTID)


def _crash(world: World) -> None:
    world.manager.lifecycle.start("web")
    _end(world, Reason.DIED)


def _ask_in_vain(world: World) -> None:
    world.manager.lifecycle.start("web")
    world.engine.make_stubborn(CTID)
    world.manager.lifecycle.shutdown("web", timeout=0)


def _prepare(world: World, state: DomainState, action: Action) -> None:
    world.define()
    REACH[state](world)
    if action is Action.PROVISION and state is DomainState.CRASHED:
        world.layouts["simfs"].delete(_spec(world))
    elif action is Action.SHUTDOWN:
        world.engine.make_stubborn(CTID)
    assert world.state() is state


def _shut_down_while(
    world: World,
    patch: pytest.MonkeyPatch,
    meanwhile: Callable[[], object],
    *,
    stopped: bool = False,
) -> None:
    """A container that ignores the next request to shut down; while that waits, something happens.

    Args:
        world: Where.
        patch: Undone by the first wait.
        meanwhile: What happens.
        stopped: What the wait says.
    """
    _prepare(world, DomainState.RUNNING, Action.SHUTDOWN)

    def wait_stopped(ctid: Ctid, timeout: float) -> bool:
        del ctid, timeout
        patch.undo()
        meanwhile()
        return stopped

    patch.setattr(world.engine, "wait_stopped", wait_stopped)


def _spec(world: World) -> AreaSpec:
    return AreaSpec(ctid=CTID, private_area=world.area(), root_mount=world.root.path("vz/root/1"))


@pytest.mark.parametrize(("state", "action"), list(TRANSITIONS), ids=str)
def test_every_transition(world: World, state: DomainState, action: Action) -> None:
    _prepare(world, state, action)
    PERFORM[action](world, world.manager)
    assert world.state() is TRANSITIONS[state, action]


@pytest.mark.parametrize(
    ("state", "action"),
    [(s, a) for s in DomainState for a in ASKED if (s, a) not in TRANSITIONS],
    ids=str,
)
def test_what_the_table_lacks_is_refused(world: World, state: DomainState, action: Action) -> None:
    world.define()
    REACH[state](world)
    with pytest.raises(errors.OperationInvalid):
        PERFORM[action](world, world.manager)
    assert world.state() is state


def test_start_provisions_once(world: World) -> None:
    world.define()
    world.manager.lifecycle.start("web")
    domain = world.store.load(CTID).domain
    assert domain.provisioned
    assert (world.area() / "etc/hostname").read_text() == "web\n"
    world.manager.lifecycle.kill("web")
    (world.area() / "mark").touch()
    world.manager.lifecycle.start("web")
    assert (world.area() / "mark").exists()
    assert world.journal.pending() == []


def test_what_a_hook_left_is_cleared_away_unless_somebody_is_at_work(world: World) -> None:
    world.define()
    world.manager.lifecycle.start("web")
    world.engine.end_from_inside(CTID, Reason.POWERED_OFF)
    mounted = world.layouts["simfs"].is_mounted
    busy: list[errors.Busy] = []
    cleared: list[bool] = []

    def clear_away() -> None:
        try:
            cleared.append(world.manager.lifecycle.clear_away(CTID))
        except errors.Busy as error:
            busy.append(error)

    with world.store.lock(CTID):
        other = threading.Thread(target=clear_away)
        other.start()
        other.join()
    assert busy and mounted(_spec(world))
    clear_away()
    assert len(busy) == 1 and not mounted(_spec(world))
    world.manager.lifecycle.start("web")
    clear_away()
    assert cleared == [True, False] and mounted(_spec(world))


@pytest.mark.parametrize("touched", [False, True])
def test_a_definition_that_others_wrote_had_its_private_area(world: World, touched: bool) -> None:
    defined = world.define().domain
    world.store.save(dataclasses.replace(defined, provisioned=None))
    if touched:
        world.manager.definitions.set_autostart("web", True)
        world.define(uuid=defined.uuid)
    with pytest.raises(errors.OperationInvalid, match="is gone"):
        world.manager.lifecycle.start("web")
    assert not world.area().exists()
    world.manager.provisioning.provision("web")
    world.manager.lifecycle.start("web")


def test_a_root_that_others_made_is_missed_not_its_template(world: World) -> None:
    unnamed = dataclasses.replace(world.define().domain, provisioned=None, filesystems=())
    world.store.save(unnamed)
    with pytest.raises(errors.OperationInvalid, match=r"^the private area .* is gone$"):
        world.manager.lifecycle.start("web")
    with pytest.raises(errors.ConfigUnsupported, match="names no template to make its root from"):
        world.manager.provisioning.provision("web")


def test_interfaces_that_a_config_leaves_open_are_completed_for_the_run(world: World) -> None:
    left_open = Interface(kind=InterfaceKind.ETHERNET, guest_name="eth0")
    stored = dataclasses.replace(world.define().domain, interfaces=(left_open,))
    world.store.save(stored)
    world.manager.lifecycle.start("web")
    (live,) = world.store.load(CTID, live=True).domain.interfaces
    assert (live.guest_name, live.host_name) == ("eth0", "veth101.0")
    assert live.mac is not None
    assert live.host_mac not in {None, live.mac}
    assert world.store.load(CTID).domain.interfaces == (left_open,)


def test_a_network_that_stops_during_a_start_is_no_plain_pair(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks, real = world.manager.networks, guestside.prepare
    interface = ipaddress.ip_interface("10.7.0.1/24")
    nat = Forward(mode=ForwardMode.NAT)
    networks.define(
        Network(name="lan", forward=nat, addresses=(NetworkAddress(interface=interface),))
    )
    networks.start("lan")
    world.define(interfaces=(Interface(kind=InterfaceKind.NETWORK, source="lan"),))

    def prepare(*args: Any) -> Any:
        networks.stop("lan")
        return real(*args)

    monkeypatch.setattr(guestside, "prepare", prepare)
    with pytest.raises(errors.OperationInvalid, match="'lan' is not active"):
        world.manager.lifecycle.start("web")
    assert world.state() is DomainState.SHUTOFF
    assert world.leftovers() == []


def test_a_private_area_that_is_gone_is_never_made_anew(world: World) -> None:
    world.define()
    world.manager.lifecycle.start("web")
    world.manager.lifecycle.kill("web")
    world.area().rename(world.root.path("unmounted"))
    with pytest.raises(errors.OperationInvalid, match="is gone") as caught:
        world.manager.lifecycle.start("web")
    assert "mounted?" in (caught.value.hint or "")
    assert not world.area().exists()
    world.manager.provisioning.provision("web")
    world.manager.lifecycle.start("web")


def test_a_disabled_one(world: World) -> None:
    world.define(openvz=OpenvzSettings(disabled=True))
    with pytest.raises(errors.OperationInvalid, match="disabled"):
        world.manager.lifecycle.start("web")
    assert not world.area().exists()


def test_a_missing_folder_is_found_before_anything_is_made(world: World, tmp_path: Path) -> None:
    root = container().filesystems[0]
    data = Filesystem(kind=FilesystemKind.MOUNT, source=str(tmp_path / "data"), target="/srv/data")
    world.define(filesystems=(root, data))
    with pytest.raises(errors.OperationFailed, match="data' of filesystem '/srv/data'"):
        world.manager.lifecycle.start("web")
    assert not world.area().exists()
    (tmp_path / "data").mkdir()
    world.manager.lifecycle.start("web")


def test_refused_interfaces_are_found_before_anything_is_made(world: World) -> None:
    """Neither a root is unpacked, nor the network started that another interface asks for."""
    joined = Interface(kind=InterfaceKind.NETWORK, source="default")
    odd = Interface(kind=InterfaceKind.ETHERNET, filter="nonsense")
    world.define(interfaces=(joined, odd))
    with pytest.raises(errors.ConfigUnsupported, match="nonsense"):
        world.manager.lifecycle.start("web")
    assert not world.area().exists()
    assert world.manager.networks.list() == []


def test_the_hosts_own_root_is_looked_for_again_at_start(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "etc").mkdir()
    world.define(filesystems=(Filesystem(kind=FilesystemKind.MOUNT, source=str(folder)),))
    (folder / "etc").rmdir()
    folder.rmdir()
    folder.symlink_to("/")
    with pytest.raises(errors.InvalidArgument, match="own root"):
        world.manager.lifecycle.start("web")
    assert not world.mounted()


def test_a_failed_start_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.define()

    def fail(_plan: object) -> None:
        raise errors.OperationFailed("no")

    monkeypatch.setattr(world.engine, "start", fail)
    with pytest.raises(errors.OperationFailed, match="no"):
        world.manager.lifecycle.start("web")
    assert not world.mounted()
    assert world.journal.pending() == []
    assert world.store.load(CTID).domain.provisioned


def test_shifted_owners_where_the_kernel_cannot(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.host, "idmapped_mounts", lambda _folder: False)
    world.define()
    world.manager.lifecycle.start("web")
    assert world.store.load(CTID).domain.idmap_shifted
    world.define(name="plain", idmap=IdMap())
    world.manager.lifecycle.start("plain")
    assert not world.store.load(Ctid(102)).domain.idmap_shifted


def test_unshifted_owners_where_the_kernel_no_longer_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.define()
    world.manager.provisioning.provision("web")
    monkeypatch.setattr(world.host, "idmapped_mounts", lambda _folder: False)
    with pytest.raises(errors.NoSupport, match="other owners"):
        world.manager.lifecycle.start("web")
    assert not world.mounted()


class TestShutdown:
    def test_it_waits_and_gives_back(self, world: World) -> None:
        world.define()
        world.manager.lifecycle.start("web")
        world.manager.lifecycle.shutdown("web")
        assert world.engine.observe(CTID).reason is Reason.SHUT_DOWN
        assert not world.mounted()

    def test_who_does_not_obey_is_killed(self, world: World) -> None:
        _prepare(world, DomainState.SHUTDOWN, Action.SHUTDOWN)
        world.manager.lifecycle.shutdown("web", timeout=0.05)
        assert world.engine.observe(CTID).reason is Reason.KILLED
        assert not world.mounted()

    def test_unless_told_otherwise(self, world: World) -> None:
        _prepare(world, DomainState.SHUTDOWN, Action.SHUTDOWN)
        with pytest.raises(errors.TimedOut, match=r"within 0\.05 s"):
            world.manager.lifecycle.shutdown("web", timeout=0.05, kill=False)
        assert world.state() is DomainState.SHUTDOWN

    def test_others_may_kill_it_meanwhile(self, world: World) -> None:
        _prepare(world, DomainState.RUNNING, Action.SHUTDOWN)
        waiting = threading.Thread(
            target=lambda: world.manager.lifecycle.shutdown("web", timeout=20)
        )
        waiting.start()
        began = time.monotonic()
        while world.state() is not DomainState.SHUTDOWN and time.monotonic() - began < 5:
            time.sleep(0.01)
        world.manager.lifecycle.kill("web")
        waiting.join(5)
        assert not waiting.is_alive()
        assert world.engine.observe(CTID).reason is Reason.KILLED

    @pytest.mark.parametrize("stopped", [False, True])
    def test_one_that_was_started_again_meanwhile_is_left_alone(
        self, world: World, monkeypatch: pytest.MonkeyPatch, stopped: bool
    ) -> None:
        def again() -> None:
            world.manager.lifecycle.kill("web")
            world.manager.lifecycle.start("web")

        _shut_down_while(world, monkeypatch, again, stopped=stopped)
        with pytest.raises(errors.OperationInvalid, match="'web' was overtaken: booted"):
            world.manager.lifecycle.shutdown("web", timeout=0.01)
        assert world.state() is DomainState.RUNNING

    @pytest.mark.parametrize(
        ("meanwhile", "reason"),
        [
            (lambda it: it.lifecycle.request_reboot("web"), Reason.BOOTED),
            (lambda it: it.lifecycle.pause("web"), Reason.PAUSED_BY_USER),
        ],
    )
    def test_what_others_ask_for_afterwards_holds(
        self,
        world: World,
        monkeypatch: pytest.MonkeyPatch,
        meanwhile: Callable[[Manager], object],
        reason: Reason,
    ) -> None:
        _shut_down_while(world, monkeypatch, lambda: meanwhile(world.manager))
        with pytest.raises(errors.OperationInvalid, match=f"'web' was overtaken: {reason.words}"):
            world.manager.lifecycle.shutdown("web", timeout=0.01)
        assert world.engine.observe(CTID).reason is reason


class TestReboot:
    def test_inside(self, world: World) -> None:
        world.define()
        world.manager.lifecycle.start("web")
        before = world.engine.observe(CTID)
        world.manager.lifecycle.reboot("web")
        now = world.engine.observe(CTID)
        assert now.is_active
        assert now.init_pid != before.init_pid
        assert world.mounted()

    def test_who_does_not_obey_is_started_anew(self, world: World) -> None:
        _prepare(world, DomainState.RUNNING, Action.SHUTDOWN)
        before = world.engine.observe(CTID)
        world.manager.lifecycle.reboot("web", timeout=0.05)
        now = world.engine.observe(CTID)
        assert now.is_active
        assert now.init_pid != before.init_pid

    def test_one_that_only_went_down_is_started(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.define()
        world.manager.lifecycle.start("web")
        monkeypatch.setattr(
            world.engine,
            "request_reboot",
            lambda ctid: world.engine.end_from_inside(ctid, Reason.POWERED_OFF),
        )
        world.manager.lifecycle.reboot("web", timeout=5)
        assert world.state() is DomainState.RUNNING

    @pytest.mark.parametrize(
        ("meanwhile", "reason"),
        [
            (lambda it: it.lifecycle.kill("web"), Reason.KILLED),
            (lambda it: it.lifecycle.shutdown("web", timeout=0), Reason.SHUTTING_DOWN),
            (lambda it: it.lifecycle.shutdown("web", timeout=0.01), Reason.KILLED),
        ],
    )
    def test_what_others_ask_for_afterwards_holds(
        self,
        world: World,
        monkeypatch: pytest.MonkeyPatch,
        meanwhile: Callable[[Manager], object],
        reason: Reason,
    ) -> None:
        _prepare(world, DomainState.RUNNING, Action.SHUTDOWN)

        def wait_stopped(ctid: Ctid, timeout: float) -> bool:
            monkeypatch.undo()
            meanwhile(world.manager)
            return world.engine.wait_stopped(ctid, timeout)

        monkeypatch.setattr(world.engine, "wait_stopped", wait_stopped)
        with pytest.raises(errors.OperationInvalid, match=f"overtaken: {reason.words}"):
            world.manager.lifecycle.reboot("web", timeout=0.3)
        assert world.engine.observe(CTID).reason is reason

    def test_a_run_that_others_began_and_that_ended_is_left_alone(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _prepare(world, DomainState.RUNNING, Action.SHUTDOWN)

        def wait_stopped(ctid: Ctid, timeout: float) -> bool:
            monkeypatch.undo()
            world.manager.lifecycle.kill("web")
            world.manager.lifecycle.start("web")
            _end(world, Reason.POWERED_OFF)
            return True

        monkeypatch.setattr(world.engine, "wait_stopped", wait_stopped)
        with pytest.raises(errors.OperationInvalid, match="overtaken: powered off"):
            world.manager.lifecycle.reboot("web", timeout=5)
        assert world.state() is DomainState.SHUTOFF


@pytest.mark.parametrize(
    ("reason", "policy", "restarted"),
    [
        (Reason.POWERED_OFF, LifecyclePolicy(), False),
        (Reason.POWERED_OFF, LifecyclePolicy(on_poweroff=OnEnd.RESTART), True),
        (Reason.DIED, LifecyclePolicy(), False),
        (Reason.DIED, LifecyclePolicy(on_crash=OnEnd.RESTART), True),
        (Reason.OUT_OF_MEMORY, LifecyclePolicy(on_crash=OnEnd.RESTART), True),
        (Reason.SHUT_DOWN, LifecyclePolicy(on_poweroff=OnEnd.RESTART), False),
        (Reason.KILLED, LifecyclePolicy(on_crash=OnEnd.RESTART), False),
    ],
)
def test_restart_policy(
    world: World, reason: Reason, policy: LifecyclePolicy, restarted: bool
) -> None:
    world.define(lifecycle=policy)
    world.manager.lifecycle.start("web")
    _end(world, reason)
    assert not world.mounted()
    assert world.manager.lifecycle.restart_by_policy(CTID) is restarted
    if restarted:
        assert world.engine.observe(CTID).reason is Reason.RESTARTED


def test_a_restart_waits_for_the_lock_as_long_as_it_takes(world: World) -> None:
    world.define(lifecycle=LifecyclePolicy(on_crash=OnEnd.RESTART))
    world.manager.lifecycle.start("web")
    _end(world, Reason.DIED)
    lifecycle = world.manager.lifecycle
    lifecycle._world = dataclasses.replace(lifecycle._world, lock_wait=0.01)
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with world.store.lock(CTID):
            held.set()
            go.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    threading.Timer(0.3, go.set).start()
    assert lifecycle.restart_by_policy(CTID)
    thread.join()


def test_no_restart_of_one_that_was_undefined(world: World) -> None:
    world.define(lifecycle=LifecyclePolicy(on_crash=OnEnd.RESTART))
    world.manager.lifecycle.start("web")
    _end(world, Reason.DIED)
    world.manager.definitions.undefine("web", remove_data=False)
    assert not world.manager.lifecycle.restart_by_policy(CTID)


def test_no_restart_of_one_that_runs(world: World) -> None:
    world.define(lifecycle=LifecyclePolicy(on_crash=OnEnd.RESTART))
    world.manager.lifecycle.start("web")
    assert not world.manager.lifecycle.restart_by_policy(CTID)
    assert world.engine.observe(CTID).reason is Reason.BOOTED


def test_ended_needs_no_lock_and_no_definition(world: World) -> None:
    world.define()
    world.manager.lifecycle.start("web")
    world.engine.end_from_inside(CTID, Reason.DIED)
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with world.store.lock(CTID):
            held.set()
            go.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    world.manager.lifecycle.ended(CTID)
    go.set()
    thread.join()
    assert not world.mounted()
    world.store.delete(CTID)
    world.manager.lifecycle.ended(CTID)


def test_ended_of_one_that_runs_again_takes_nothing_from_it(world: World) -> None:
    world.define()
    world.manager.lifecycle.start("web")
    world.manager.lifecycle.ended(CTID)
    assert world.mounted()


def test_a_stale_mount_is_cleared_by_the_next_start(world: World) -> None:
    world.define(space=10 * MIB)
    world.manager.lifecycle.start("web")
    world.engine.end_from_inside(CTID, Reason.DIED)  # the hook was killed
    assert world.mounted()
    world.manager.lifecycle.start("web")
    assert world.state() is DomainState.RUNNING


def test_who_waits_for_a_lock_in_vain(world: World) -> None:
    world.define()
    manager = world.manager
    manager._world = dataclasses.replace(manager._world, lock_wait=0.05)
    manager.lifecycle._world = manager._world
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with world.store.lock(CTID):
            held.set()
            go.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    with pytest.raises(errors.Busy):
        manager.lifecycle.start("web")
    go.set()
    thread.join()
    assert world.state() is DomainState.SHUTOFF
