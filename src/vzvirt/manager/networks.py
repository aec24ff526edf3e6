"""Virtual networks: define, run, change.

A network is persistent (it has a definition), active (it runs, by a definition of its own that
may differ), or both. Every change is made under the networks' lock. What a network is running by
is noted before it starts and forgotten after it has stopped, so whatever a crash leaves is found
and cleared by the next start or stop.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial

from vzvirt import errors
from vzvirt.manager import networkplans, networkrefusals
from vzvirt.manager.world import World
from vzvirt.model.devices import InterfaceKind, IpInterface
from vzvirt.model.host import HostCheck
from vzvirt.model.network import DEFAULT_NETWORK, Lease, Network, NetworkStatus
from vzvirt.model.networkchange import NetworkChange


class Networks:
    """Use cases over virtual networks; each is named by its name or UUID."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.networks
        self._runner = world.network_runner

    # -- looking -------------------------------------------------------------------------

    def list(self) -> builtins.list[NetworkStatus]:
        """All networks, by name; one that cannot be read is warned of."""
        found = []
        for name in self._store.names():
            try:
                status = self._status(name)
            except errors.ConfigSyntax as unreadable:
                self._world.warn(str(unreadable))
                continue
            if status is not None:
                found.append(status)
        return found

    def get(self, ref: str) -> NetworkStatus:
        """One network and how it stands.

        Raises:
            NoNetwork: There is none.
        """
        status = self._status(self._name_of(ref))
        if status is None:
            raise networkrefusals.unknown(ref)
        return status

    def definition(self, ref: str) -> Network:
        """The persistent definition, which a running network may differ from.

        Raises:
            NoNetwork: There is no such network.
            OperationInvalid: It is gone once it stops, so it has none.
        """
        name = self._name_of(ref)
        network = self._store.load(name)
        if network is None:
            self._refuse_unknown(name)
            raise errors.OperationInvalid(f"network '{name}' is not persistent")
        return network

    def leases(self, ref: str) -> builtins.list[Lease]:
        """What its DHCP has given out; nothing where it does not run.

        Raises:
            NoNetwork: There is none.
        """
        status = self.get(ref)
        return self._runner.leases(status.network) if status.active else []

    # -- defining ------------------------------------------------------------------------

    def define(self, network: Network, *, replacing: Network | None = None) -> Network:
        """Make or replace a persistent definition; one that runs goes on as it is.

        Returns:
            It, complete.

        Raises:
            Conflict: Another network has its name, UUID, bridge or addresses.
            OperationInvalid: Its definition is no longer ``replacing``.
        """
        with self._lock():
            if replacing is not None and self.definition(replacing.name) != replacing:
                raise networkrefusals.changed_meanwhile(replacing.name)
            return self._define(network)

    def undefine(self, ref: str) -> None:
        """Remove a persistent definition; a network that runs does so until it is stopped.

        Raises:
            NoNetwork: There is no such network.
            OperationInvalid: It has none.
        """
        with self._lock():
            self._store.delete(self.definition(ref).name)

    def set_autostart(self, ref: str, on: bool) -> None:
        """Say whether it starts with the host.

        Raises:
            NoNetwork: There is no such network.
            OperationInvalid: It is not persistent.
        """
        with self._lock():
            self._store.set_autostart(self.definition(ref).name, on)

    # -- running -------------------------------------------------------------------------

    def start(self, ref: str) -> None:
        """Start a defined network.

        Raises:
            NoNetwork: There is none.
            OperationInvalid: It runs.
            Conflict: Its bridge or addresses are in use on this host.
        """
        with self._lock():
            name = self._name_of(ref)
            if self._live(name) is not None:
                raise errors.OperationInvalid(f"network '{name}' is active already")
            self._start(self.definition(name))

    def start_transient(self, network: Network) -> Network:
        """Run a network that is gone once it stops.

        Returns:
            It, complete.

        Raises:
            OperationInvalid: One of that name runs.
            Conflict: As for ``define`` and ``start``.
        """
        with self._lock():
            if self._live(network.name) is not None:
                raise errors.OperationInvalid(f"network '{network.name}' is active already")
            complete = self._complete(network)
            self._start(complete)
            return complete

    def stop(self, ref: str) -> None:
        """Stop a network; containers on it lose their connection until they start anew.

        Raises:
            NoNetwork: There is none.
            OperationInvalid: It does not run, or is libvirt's own.
        """
        with self._lock():
            name = self._name_of(ref)
            network = self._store.load(name, live=True)
            if network is None:
                self._refuse_unknown(name)
                if self._runner.foreign(name) is not None:
                    raise networkrefusals.not_ours(name)
                raise networkrefusals.inactive(name)
            self._warn_of_users(name)
            self._runner.stop(network)
            self._store.delete(name, live=True)

    def start_all(self) -> None:
        """Start every network that starts with the host; one that cannot is warned of."""
        with self._lock():
            for name in self._store.names():
                if self._store.autostart(name):
                    with self._warning(f"network '{name}' does not start"):
                        self._started(name, start=True)

    def reconcile(self) -> None:
        """Make again what running networks have lost, such as rules to a firewall's reload."""
        with self._lock():
            for name in self._store.names():
                with self._warning(f"network '{name}' is not whole"):
                    network = self._live(name)
                    if network is not None:
                        self._warn(self._runner.mend(network))

    def checks(self) -> builtins.list[HostCheck]:
        """What this host has for networks; where it has none, for the one that stands ready."""
        networks = [*self._all()]
        if not networks:
            network = networkplans.default_network(self._runner.taken())
            networks = [networkplans.completed(network, self._runner.free_bridge(()))]
        return self._runner.checks(networks)

    def update(self, ref: str, change: NetworkChange, *, live: bool, persistent: bool) -> None:
        """Change one entry of a network, as it runs, in its definition, or both.

        Raises:
            NoNetwork: There is no such network.
            OperationInvalid: It does not run, is not persistent, or has no such entry.
            Conflict: What is to be added is there already.
            ConfigUnsupported: With the change nobody could define it.
        """
        with self._lock():
            name = self._name_of(ref)
            running = self._running(name) if live else None
            defined = self.definition(name) if persistent else None
            # Both changes are tried before the first is made.
            edit = partial(networkplans.changed, change=change)
            new_running, new_defined = running and edit(running), defined and edit(defined)
            with ExitStack() as undo:
                if running is not None and new_running is not None:
                    undo.callback(self._put_back, new_running, running)
                    self._runner.update(running, new_running)
                    self._store.save(new_running, live=True)
                if new_defined is not None:
                    self._store.save(new_defined)
                undo.pop_all()

    def known(self, name: str) -> Network | None:
        """A network as it runs, or would run; ``None``: there is none of that name."""
        return self._live(name) or self._store.load(name) or self._runner.foreign(name)

    def refuse_inactive(self, name: str) -> None:
        """Refuse what needs a network that runs, whoever runs it.

        Raises:
            NoNetwork: There is none.
            OperationInvalid: It does not run.
        """
        if self._live(name) is None and self._runner.foreign(name) is None:
            self._running(name)

    def ready(self, name: str, *, start: bool) -> Network:
        """A network as it runs, for interfaces to join it; it is put right first.

        Args:
            name: The network; one named ``default`` is made where there is none.
            start: Whether it is started, if it starts with the host or is the default one.

        Raises:
            NoNetwork: There is none.
            OperationInvalid: It does not run.
            Conflict: Its bridge or addresses are in use on this host.
        """
        with self._lock():
            network = self._live(name)
            if network is None:
                return self._started(name, start)
            self._warn(self._runner.mend(network))
            return network

    # -- within --------------------------------------------------------------------------

    def _lock(self) -> AbstractContextManager[None]:
        return self._runner.lock(self._world.lock_wait)

    def _name_of(self, ref: str) -> str:
        """The name behind a name or UUID."""
        names = self._store.names()
        if ref in names:
            return ref
        for network in self._all():
            if str(network.uuid) == ref.lower():
                return network.name
        return ref

    def _all(self) -> Iterator[Network]:
        """Every network, by its definition or else as it runs; unreadable ones left out."""
        for name in self._store.names():
            with suppress(errors.ConfigSyntax):  # its own commands will say so
                network = self._store.load(name) or self._store.load(name, live=True)
                if network is not None:
                    yield network

    def _status(self, name: str) -> NetworkStatus | None:
        defined, running = self._store.load(name), self._live(name)
        network = running or defined
        if network is not None:
            return NetworkStatus(
                network=network,
                active=running is not None,
                persistent=defined is not None,
                autostart=self._store.autostart(name),
                foreign=self._runner.is_foreign(network),
            )
        foreign = self._runner.foreign(name)
        if foreign is None:
            return None
        return NetworkStatus(
            network=foreign, active=True, persistent=False, autostart=False, foreign=True
        )

    def _live(self, name: str) -> Network | None:
        """What a network runs by; ``None``: it does not run, whatever a crash has left."""
        network = self._store.load(name, live=True)
        return network if network is not None and self._runner.is_active(network) else None

    def _running(self, name: str) -> Network:
        network = self._live(name)
        if network is None:
            self._refuse_unknown(name)
            raise networkrefusals.inactive(name)
        return network

    def _put_back(self, new: Network, old: Network) -> None:
        """Undo a change; the error that made it necessary is the one to tell."""
        with suppress(errors.VzvirtError):
            self._runner.update(new, old)
            self._store.save(old, live=True)

    def _refuse_unknown(self, name: str) -> None:
        if name not in self._store.names() and self._runner.foreign(name) is None:
            raise networkrefusals.unknown(name)

    def _define(self, network: Network) -> Network:
        complete = self._complete(network)
        self._store.save(complete)
        return complete

    def _complete(self, network: Network) -> Network:
        """Give a network all that identifies it, and hold it against the others."""
        others = [*self._all()]
        old = next((item for item in others if item.name == network.name), None)
        if old is not None:
            if network.uuid not in {None, old.uuid}:
                raise errors.Conflict(
                    f"network '{network.name}' is defined already, with UUID {old.uuid}",
                    hint="leave <uuid> out to change it, or choose another name",
                )
            network = networkplans.identified_as(network, old)
        held = {item.bridge for item in others if item.bridge is not None}
        bridge = network.bridge or self._runner.free_bridge(held)
        complete = networkplans.completed(network, bridge)
        networkplans.check(complete, others)
        return complete

    def _start(self, network: Network) -> None:
        self._store.save(network, live=True)
        try:
            self._warn(self._runner.start(network))
        except BaseException:
            self._store.delete(network.name, live=True)
            raise

    def _started(self, name: str, start: bool) -> Network:
        """A network, started if it does not run and that is in order; or libvirt's own."""
        running = self._live(name)
        if running is not None:
            return running
        network = self._store.load(name)
        if network is None:
            foreign = self._runner.foreign(name)
            if foreign is not None:
                return foreign
            if name != DEFAULT_NETWORK:
                raise networkrefusals.unknown(name)
        if not start or not (name == DEFAULT_NETWORK or self._store.autostart(name)):
            raise networkrefusals.inactive(name)
        if network is None:
            network = self._make_default()
        self._start(network)
        return network

    def _make_default(self) -> Network:
        ranges = [item.interface for other in self._all() for item in other.addresses]
        taken = [*self._runner.taken(), *ranges, *self._containers_addresses()]
        network = self._define(networkplans.default_network(taken))
        self._store.set_autostart(network.name, on=True)
        return network

    def _containers_addresses(self) -> Iterator[IpInterface]:
        """What containers were given; a range around it would take it from them."""
        for ctid in self._world.store.ctids():
            with suppress(errors.VzvirtError):
                for live in (False, True):
                    for interface in self._world.store.load(ctid, live=live).domain.interfaces:
                        yield from interface.addresses

    @contextmanager
    def _warning(self, what: str) -> Iterator[None]:
        """One network's failure does not keep the others from theirs."""
        try:
            yield
        except errors.VzvirtError as failure:
            self._world.warn(f"{what}: {failure}")

    def _warn(self, sentences: builtins.list[str]) -> None:
        for sentence in sentences:
            self._world.warn(sentence)

    def _warn_of_users(self, name: str) -> None:
        users = [f"'{user}'" for user in self._users(name)]
        if users:
            self._world.warn(
                f"network '{name}' is stopped under {', '.join(users)}; they are connected again "
                "when they start anew"
            )

    def _users(self, name: str) -> Iterator[str]:
        """Running containers that are on a network."""
        world = self._world
        for ctid in filter(lambda one: world.engine.observe(one).is_active, world.store.ctids()):
            with suppress(errors.VzvirtError):
                domain = world.store.load(ctid, live=True).domain
                on = domain.interfaces
                if (InterfaceKind.NETWORK, name) in {(item.kind, item.source) for item in on}:
                    yield domain.name
