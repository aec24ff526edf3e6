"""The composition root: the only module that knows every backend.

A backend is imported when it is chosen, not before.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vzvirt import errors
from vzvirt.config import Settings
from vzvirt.model.progress import Progress, no_progress
from vzvirt.system.lazily import MappingWhenUsed, when_used
from vzvirt.system.root import Root

if TYPE_CHECKING:
    import socket
    from collections.abc import MutableMapping

    from vzvirt.manager import Manager
    from vzvirt.ports.guestfiles import GuestFiles
    from vzvirt.ports.host import Host, HostFacts
    from vzvirt.ports.hostmarks import HostMarks
    from vzvirt.ports.network import DeviceInventory, GuestLinks, NetworkRunner, NetworkStore
    from vzvirt.ports.storage import StorageLayout, TemplateStore
    from vzvirt.ports.store import DefinitionStore
    from vzvirt.ports.watch import Watch
    from vzvirt.server.settings import ServerSettings

Warn = Callable[[str], None]

OPENVZ_KERNEL: Final = Path("/proc/vz")
"""There on a host whose kernel is OpenVZ's own."""


def engine_name(settings: Settings) -> str:
    """The engine that ``auto`` stands for, or the one that was named.

    Raises:
        NoSupport: It is one that this version does not have.
    """
    name = settings.engine
    if name == "auto":
        name = "vzctl" if OPENVZ_KERNEL.exists() else "lxc"
    if name == "vzctl":
        raise errors.NoSupport(
            "the engine 'vzctl', for hosts with OpenVZ's own kernel, is not there yet",
            hint="--engine lxc runs containers on a mainline kernel, --engine memory simulates",
        )
    return name


def root(settings: Settings) -> Root:
    """Where everything lives: what was said; else a folder of the user's for the memory engine.

    Raises:
        NoSupport: The engine is one that this version does not have.
    """
    if settings.root is not None:
        return Root(settings.root)
    if os.geteuid() != 0 and engine_name(settings) == "memory":
        state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        return Root(Path(os.path.realpath(Path(state).expanduser())) / "vzvirt")
    return Root(Path("/"))


def require_privilege(settings: Settings) -> None:
    """Refuse an ordinary user who wants real containers.

    Raises:
        AccessDenied: He is one.
    """
    if os.geteuid() != 0 and engine_name(settings) != "memory":
        raise errors.AccessDenied(
            "running containers needs root", hint="run it as root, or try --engine memory"
        )


def hook(settings: Settings) -> tuple[str, ...]:
    """What engines start when a container has ended: their word and the CTID are added."""
    return (
        *(sys.executable, "-P", "-m", "vzvirt"),
        *("--root", str(root(settings).prefix), "--engine", engine_name(settings), "internal"),
    )


def store(settings: Settings) -> DefinitionStore:
    """Where the definitions are."""
    from vzvirt.backends.vzfiles.store import VzfilesStore

    networks = when_used(lambda: network_store(settings))

    def bridge_of(network: str) -> str | None:
        with contextlib.suppress(errors.VzvirtError):  # a network that is broken is none
            found = networks.load(network) or networks.load(network, live=True)
            return found.bridge if found else None
        return None

    return VzfilesStore(root(settings), bridge_of)


def network_store(settings: Settings) -> NetworkStore:
    """Where the networks are defined."""
    from vzvirt.backends.networkfiles import FileNetworkStore

    return FileNetworkStore(root(settings))


def host_marks(settings: Settings) -> HostMarks:
    """What is remembered of the host's own beginning and end."""
    from vzvirt.backends.vzfiles.hostmarks import FileHostMarks

    return FileHostMarks(root(settings))


def manager(
    settings: Settings,
    *,
    progress: Progress = no_progress,
    warn: Warn = lambda _sentence: None,
) -> Manager:
    """A manager over the backends that the settings choose.

    Raises:
        NoSupport: The engine is one that this version does not have.
    """
    build = _simulated if engine_name(settings) == "memory" else _real
    return build(settings, progress, warn)


def _real(settings: Settings, progress: Progress, warn: Warn) -> Manager:
    from vzvirt.backends.liblxc.engine import LxcEngine
    from vzvirt.backends.vzfiles.journal import FileJournal
    from vzvirt.manager import Manager

    place = root(settings)
    definitions = store(settings)

    def areas() -> Path:
        return place.within(definitions.global_config().private_pattern).parent

    def layouts() -> Mapping[str, StorageLayout]:
        from vzvirt.backends.storage import layouts

        return layouts(place, areas())

    def template_dir() -> Path:
        return definitions.global_config().template_dir

    def templates() -> TemplateStore:
        from vzvirt.backends.templates import CachedTemplates

        return CachedTemplates(place, template_dir())

    def guestfiles() -> GuestFiles:
        from vzvirt.backends.guestfiles import RealGuestFiles

        return RealGuestFiles()

    def host() -> Host:
        from vzvirt.backends.sysfs import SysfsHost

        return SysfsHost(place)

    def facts() -> HostFacts:
        from vzvirt.backends.sysfs.facts import SysfsFacts

        return SysfsFacts()

    def runner() -> NetworkRunner:
        from vzvirt.backends.networks import LinuxNetworks

        return LinuxNetworks(place)

    def asks() -> bool:
        said = definitions.global_config().skips_address_probe
        return not (settings.skip_address_probe or said)

    def links() -> GuestLinks:
        from vzvirt.backends.netlink import NetlinkLinks

        return NetlinkLinks(place, asks=asks())

    def inventory() -> DeviceInventory:
        from vzvirt.backends.sysfs import SysfsInventory

        return SysfsInventory()

    return Manager(
        store=definitions,
        engine=LxcEngine(place, hook(settings)),
        layouts=MappingWhenUsed(layouts, areas),
        templates=when_used(templates, template_dir),
        guestfiles=when_used(guestfiles),
        journal=FileJournal(place),
        host=when_used(host),
        facts=when_used(facts),
        networks=when_used(lambda: network_store(settings)),
        network_runner=when_used(runner),
        links=when_used(links, asks),
        inventory=when_used(inventory),
        marks=when_used(lambda: host_marks(settings)),
        progress=progress,
        warn=warn,
        layout=settings.layout,
        lock_wait=settings.lock_wait,
    )


def _simulated(settings: Settings, progress: Progress, warn: Warn) -> Manager:
    """The store is the real one, so that what is defined is there for the next command."""
    from vzvirt.backends.memory import (
        MemoryEngine,
        MemoryGuestFiles,
        MemoryHost,
        MemoryInventory,
        MemoryLinks,
        MemoryNetworks,
        MemoryTemplates,
        layouts,
    )
    from vzvirt.backends.vzfiles.journal import FileJournal
    from vzvirt.manager import Manager

    def facts() -> HostFacts:
        from vzvirt.backends.memory.facts import MemoryFacts

        return MemoryFacts()

    place = root(settings)
    definitions = store(settings)
    return Manager(
        store=definitions,
        engine=MemoryEngine(place),
        layouts=layouts(place),
        templates=MemoryTemplates(definitions.global_config().template_dir),
        guestfiles=MemoryGuestFiles(),
        journal=FileJournal(place),
        host=MemoryHost(),
        facts=when_used(facts),
        networks=when_used(lambda: network_store(settings)),
        network_runner=MemoryNetworks(place),
        links=MemoryLinks(place),
        inventory=MemoryInventory(place),
        marks=when_used(lambda: host_marks(settings)),
        progress=progress,
        warn=warn,
        layout=settings.layout,
        lock_wait=settings.lock_wait,
    )


def watches(settings: Settings, made: Manager) -> list[Watch]:
    """What hears of changes that others make to an installation.

    Raises:
        SystemFailure: The kernel allows no more watches.
    """
    from vzvirt.backends.networkfiles.watching import NetworkWatch
    from vzvirt.backends.storage.watching import PoolWatch
    from vzvirt.backends.vzfiles.watching import DefinitionWatch

    place = root(settings)

    def pools() -> dict[str, Path]:
        return {pool.name: pool.target for pool in made.storage.pools()}

    found: list[Watch] = [DefinitionWatch(place), NetworkWatch(place)]
    found.append(PoolWatch(pools, place.path("etc/vz/vz.conf")))
    if engine_name(settings) == "memory":
        from vzvirt.backends.memory.watching import MemoryWatch

        return [*found, MemoryWatch(place)]
    from vzvirt.backends.liblxc.watching import RunWatch
    from vzvirt.backends.netlink.listening import WiringWatch
    from vzvirt.backends.sysfs.watching import DeviceWatch

    return [*found, RunWatch(place), DeviceWatch(), WiringWatch(place)]


def server_settings(settings: Settings, path: Path | None = None) -> ServerSettings:
    """The daemon's own settings.

    Args:
        settings: They say where the file is.
        path: Another file.

    Raises:
        ConfigSyntax: Something in the file is wrong.
    """
    from vzvirt.server.settings import FILE, load

    return load(path or root(settings).path(FILE))


async def daemon(
    settings: Settings, environment: MutableMapping[str, str], path: Path | None = None
) -> None:
    """Be the daemon, until a signal ends it.

    Args:
        settings: As for ``manager``.
        environment: What the service manager says; its variables are removed.
        path: Where the daemon's own settings are, if not in their usual place.

    Raises:
        VzvirtError: It cannot begin.
    """
    from vzvirt.server import log, sockets
    from vzvirt.server.broker import Broker
    from vzvirt.server.daemon import Daemon, Hooks, have_descriptors, lock
    from vzvirt.server.delegation import Stem, delegate
    from vzvirt.server.service import Service
    from vzvirt.server.servicemanager import Notifier, passed
    from vzvirt.server.snapshot import Snapshot
    from vzvirt.server.watching import watching
    from vzvirt.system import confined

    own = server_settings(settings, path)
    log.begin(own.log_level, environment)
    place = root(settings)
    lock(place.path("run/vzvirt/vzvirtd.pid"))
    home = sockets.home_of(environment) if settings.root is None and os.geteuid() else None
    have_descriptors()
    made = manager(settings, warn=log.warn)
    broker = Broker()
    snapshot = Snapshot(made.looks, broker.publish)
    service = Service(manager=made, snapshot=snapshot, broker=broker, settings=own, root=place)
    stem = Stem((*hook(settings), "stem"), log.warn, lambda: service.settings.spare_processor)
    delegate(made, stem)
    watch = watching(service, watches(settings, made))
    watch.begin(service.loop)
    hooks = Hooks(
        read_settings=lambda: server_settings(settings, path),
        started=lambda: watch.boot(own.boot_parallel),
        stopping=watch.end,
    )
    listeners = sockets.open_all(own, place, passed(environment), home)
    try:
        await Daemon(service, listeners, Notifier(environment), hooks).run()
    finally:
        for listener in listeners:
            listener.close()
        stem.close()
        confined.release_all(place)


def stem(settings: Settings, control: socket.socket) -> None:
    """Be the process that the daemon has its use cases done by; see ``server.delegation``.

    Args:
        settings: As for ``manager``.
        control: Where requests come from.
    """
    import pkgutil
    from importlib import import_module

    from vzvirt import backends, codec
    from vzvirt import manager as use_cases
    from vzvirt.server.delegation import serve
    from vzvirt.system import confined

    for package in (use_cases, backends, codec):
        # Once, for all children.
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    serve(
        lambda warn: manager(settings, warn=warn),
        control,
        afterwards=confined.release_ours,
    )
