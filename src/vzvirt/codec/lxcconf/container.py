"""One container's configuration: a definition, and what the host adds to it.

No state, no I/O: whatever has to be looked up (users, devices, where a guest's links lead)
comes in with the ``ContainerSpec``. Limits are not here: they change while the container runs
and must hold after a reboot from inside, so the engine writes them (``limits``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.codec.lxcconf import devices
from vzvirt.codec.lxcconf.grammar import Line, fstab_field, write_lines
from vzvirt.model.devices import DevicePermission
from vzvirt.model.domain import Domain
from vzvirt.model.values import IdMap

CONSOLE_BYTES: Final = 128 << 10
"""Size of the console's log; when it is full it moves aside, so twice that is kept."""

HOOKS: Final = ("pre-start", "start-host", "stop", "post-stop")
"""Moments of a container's life in which liblxc calls us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestMount:
    """One mount besides the root.

    Attributes:
        source: What is mounted.
        target: Where, below the root; no link of the guest's is in it.
        fstype: ``none`` for a bind mount.
        options: As in fstab(5).
    """

    source: str
    target: str
    fstype: str = "none"
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """Everything one configuration is written from.

    Attributes:
        domain: The definition.
        root: Folder with the guest's root; never the host's.
        hostname: Its host name.
        idmap: Map of the user namespace; empty: none.
        groups: Control groups of the container, its monitor, and the monitor's last moments.
        capabilities: Those it keeps; ``None``: all.
        devices: What it may open beyond what all may.
        mounts: Besides the root.
        uid: Number inside that init runs as.
        gid: Group likewise.
        hook: Command line that is run at each of ``HOOKS``.
        console_log: File for what the console shows.
        seccomp: File of the seccomp profile.
        apparmor: AppArmor profile, or ``None`` where the host has none.
    """

    domain: Domain
    root: Path
    hostname: str
    idmap: IdMap
    groups: tuple[str, str, str]
    capabilities: tuple[str, ...] | None
    devices: tuple[DevicePermission, ...] = ()
    mounts: tuple[GuestMount, ...] = ()
    uid: int = 0
    gid: int = 0
    hook: str
    console_log: Path
    seccomp: Path
    apparmor: str | None = None


def write_container(spec: ContainerSpec) -> str:
    """The configuration's text.

    Raises:
        InternalError: The root is missing or is the host's.
        ConfigUnsupported: A value cannot be said in liblxc's grammar.
    """
    if not spec.root.is_absolute() or spec.root == Path("/"):
        raise errors.InternalError(f"'{spec.root}' must never become a container's root")
    lines: list[Line] = []
    for part in (_identity, _root, _users, _confinement, _devices, _mounts, _init, _life):
        lines += part(spec)
    return write_lines(lines)


def _identity(spec: ContainerSpec) -> list[Line]:
    arch = spec.domain.os.arch
    return [
        ("lxc.uts.name", spec.hostname),
        *([("lxc.arch", arch)] if arch else []),
        ("lxc.net.0.type", "empty"),
        ("lxc.net.0.flags", "up"),
    ]


def _root(spec: ContainerSpec) -> list[Line]:
    return [
        ("lxc.rootfs.path", f"dir:{spec.root}"),
        ("lxc.rootfs.managed", "0"),
    ]


def _users(spec: ContainerSpec) -> list[Line]:
    return [
        ("lxc.idmap", f"{kind} {item.start} {item.target} {item.count}")
        for kind, ranges in (("u", spec.idmap.uids), ("g", spec.idmap.gids))
        for item in ranges
    ]


def _confinement(spec: ContainerSpec) -> list[Line]:
    container, monitor, pivot = spec.groups
    lines = [
        ("lxc.cgroup.dir.container", container),
        # The container sees its own groups begin one further down, so limits are out of reach.
        ("lxc.cgroup.dir.container.inner", "ns"),
        ("lxc.cgroup.dir.monitor", monitor),
        ("lxc.cgroup.dir.monitor.pivot", pivot),
        ("lxc.seccomp.profile", str(spec.seccomp)),
    ]
    if spec.capabilities is not None:
        lines.append(("lxc.cap.keep", " ".join(spec.capabilities) or "none"))
    if spec.apparmor is not None:
        lines.append(("lxc.apparmor.profile", spec.apparmor))
        lines.append(("lxc.apparmor.allow_nesting", "1"))
    return lines


def _devices(spec: ContainerSpec) -> list[Line]:
    """Denied unless listed, said in both versions' words: liblxc takes the one that fits."""
    lines: list[Line] = []
    for prefix in ("lxc.cgroup", "lxc.cgroup2"):
        lines.append((f"{prefix}.devices.deny", "a"))
        lines += [(f"{prefix}.devices.allow", str(rule)) for rule in devices.rules(spec.devices)]
    return lines


def _mounts(spec: ContainerSpec) -> list[Line]:
    lines = [
        ("lxc.autodev", "1"),
        ("lxc.mount.auto", "proc:mixed sys:mixed cgroup:mixed"),
    ]
    for mount in spec.mounts:
        fields = (mount.source, mount.target.lstrip("/"), mount.fstype)
        words = [fstab_field(field) for field in fields]
        options = ",".join(mount.options) or "defaults"
        lines.append(("lxc.mount.entry", " ".join([*words, options, "0", "0"])))
    return lines


def _init(spec: ContainerSpec) -> list[Line]:
    system = spec.domain.os
    lines = [("lxc.environment", f"{name}={value}") for name, value in system.init_env]
    if system.init_dir is not None:
        lines.append(("lxc.init.cwd", system.init_dir))
    if spec.uid or spec.gid:
        lines.append(("lxc.init.uid", str(spec.uid)))
        lines.append(("lxc.init.gid", str(spec.gid)))
    return lines


def _life(spec: ContainerSpec) -> list[Line]:
    return [
        ("lxc.tty.max", str(max(0, len(spec.domain.consoles) - 1))),
        ("lxc.pty.max", "1024"),
        ("lxc.console.logfile", str(spec.console_log)),
        ("lxc.console.size", str(CONSOLE_BYTES)),
        ("lxc.console.rotate", "1"),
        ("lxc.hook.version", "1"),
        *((f"lxc.hook.{moment}", spec.hook) for moment in HOOKS),
    ]
