"""From a start plan to the files that a container is started from.

No state; looks things up on the host and in the guest's root, and makes mount points in the
latter. What this engine cannot make is refused here, by name, before anything is started.
"""

from __future__ import annotations

import os
import platform
import shlex
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.liblxc import guest as guests
from vzvirt.codec.lxcconf import ContainerSpec, GuestMount
from vzvirt.codec.lxcconf.capabilities import CAPABILITIES, kept_capabilities
from vzvirt.codec.lxcconf.devices import access_of
from vzvirt.model.devices import DevicePermission, Filesystem, FilesystemKind, HostDeviceKind
from vzvirt.model.domain import Domain
from vzvirt.model.host import runs_on
from vzvirt.model.values import IdMap
from vzvirt.ports.engine import StartPlan
from vzvirt.system.safepath import GuestRoot

HOOK_SCRIPT: Final = Path(__file__).with_name("hook.sh")

_BELOW_DEV: Final = "/dev/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Something of the host's to be shown in the run folder, from where it is mounted inside.

    So its owners are shifted, it is read-only throughout where it has to be, and no folder on
    the way to it has to let the container's users pass. Neither does liblxc's own way of shifting
    the root's owners outlive a reboot from inside.

    Attributes:
        source: What it is.
        place: Where, in the run folder.
        is_folder: Or a file.
    """

    source: Path
    place: Path
    is_folder: bool = True
    readonly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What was found out for one start."""

    spec: ContainerSpec
    argv: tuple[str, ...]
    init_kind: guests.InitKind
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where this container's own files and groups are."""

    groups: tuple[str, str, str]
    run_folder: Path
    console_log: Path
    log: Path
    hook: tuple[str, ...]


def prepare(plan: StartPlan, around: Surroundings) -> Prepared:
    """Find out all that a configuration needs.

    Raises:
        ConfigUnsupported: The definition has something that this engine cannot make.
        InternalError: The root is the host's own.
        OperationFailed: The root has no init.
    """
    check_root(plan.root_mount)
    domain = plan.domain
    _check_arch(domain)
    _check_devices(domain, can_plug=bool(plan.boot_steps))
    if plan.idmap:
        # liblxc looks this folder up once more as the container's root.
        _check_passable(around.run_folder.parent, plan.idmap)
    with GuestRoot(plan.root_mount) as guest:
        kind = guests.init_kind(guest, domain.os.init)
        uid, gid = _init_ids(guest, domain)
        more = [item for item in domain.filesystems if not item.is_root]
        shown = _shown(plan.root_mount, more, around.run_folder)
        mounts = [_mount(guest, plan, item, shown.get(item.target)) for item in more]
    nodes = [item for item in domain.host_devices if item.kind not in _MOVED]
    spec = ContainerSpec(
        domain=domain,
        root=shown["/"].place,
        hostname=domain.hostname,
        idmap=plan.idmap,
        groups=around.groups,
        capabilities=_capabilities(plan),
        devices=(
            *domain.openvz.device_permissions,
            *(node_permission(str(item.name), item.permissions) for item in nodes),
        ),
        mounts=(*mounts, *(_node(str(item.name)) for item in nodes)),
        uid=uid,
        gid=gid,
        hook=_hook_line(around),
        console_log=around.console_log,
        seccomp=around.run_folder / "seccomp",
        apparmor=_apparmor(),
    )
    argv = (domain.os.init, *domain.os.init_args)
    return Prepared(spec=spec, argv=argv, init_kind=kind, shown=tuple(shown.values()))


def check_root(folder: Path) -> None:
    """Refuse the one folder that no container may ever run on.

    Raises:
        InternalError: It is, or shows, the host's own root.
        OperationFailed: It is no folder.
    """
    if not folder.is_absolute():
        raise errors.InternalError(f"'{folder}' is not the absolute path of a root")
    try:
        found, own = folder.stat(), Path("/").stat()
    except OSError as error:
        raise errors.OperationFailed(
            f"the container's root '{folder}' cannot be used: {error.strerror}"
        ) from error
    if os.path.samestat(found, own) or Path(os.path.realpath(folder)) == Path("/"):
        raise errors.InternalError(f"'{folder}' is the host's own root; no container runs on it")
    if not stat.S_ISDIR(found.st_mode):
        raise errors.OperationFailed(f"the container's root '{folder}' is no folder")


def _check_passable(folder: Path, idmap: IdMap) -> None:
    """See that the container's root, an ordinary user of the host, gets as far as a folder.

    Raises:
        OperationFailed: A folder on the way is closed.
    """
    uid, gid = idmap.outside(0, 0)
    for step in reversed((folder, *folder.parents)):
        if not step.exists():
            return
        found = step.stat()
        bit = 0o001
        if found.st_uid == uid:
            bit = 0o100
        elif found.st_gid == gid:
            bit = 0o010
        if not found.st_mode & bit:
            raise errors.OperationFailed(
                f"'{step}' is closed to the container's users (root inside is {uid} outside), "
                f"who have to pass it on the way to '{folder}'",
                hint=f"chmod o+x '{step}'",
            )


def _check_arch(domain: Domain) -> None:
    host, wanted = platform.machine(), domain.os.arch
    if wanted is not None and not runs_on(host, wanted):
        raise errors.ConfigUnsupported(
            f"the container is for '{wanted}', and this host is '{host}'",
            hint="containers share the host's kernel; use a template made for this machine",
        )


_MOVED: Final = frozenset({HostDeviceKind.NET, HostDeviceKind.PCI})
"""Host devices that are no nodes below /dev."""


def _check_devices(domain: Domain, *, can_plug: bool) -> None:
    """Refuse by name what would otherwise be missing without a word.

    Args:
        domain: The definition.
        can_plug: Whether boot steps make its interfaces and move NICs in.
    """
    for interface in () if can_plug else domain.interfaces:
        name = interface.guest_name or interface.source
        what = f"interface '{name}'" if name else "interface"
        raise errors.ConfigUnsupported(
            f"{what} of type '{interface.kind.value}' cannot be made by this engine",
            hint="take the interface out of the definition; the container has 'lo' by itself",
        )
    for device in domain.host_devices:
        if device.kind in _MOVED:
            if can_plug:
                continue
            raise errors.ConfigUnsupported(
                f"host device '{device.name or device.address}' of type '{device.kind.value}' "
                "cannot be handed to a container by this engine",
                hint="take the <hostdev> out of the definition",
            )
        if not str(device.name).startswith(_BELOW_DEV):
            raise errors.ConfigUnsupported(f"host device '{device.name}' is not below /dev")


def _init_ids(guest: GuestRoot, domain: Domain) -> tuple[int, int]:
    system = domain.os
    user = guests.find_user(guest, system.init_user) if system.init_user else guests.User(0, 0)
    group = guests.find_group(guest, system.init_group) if system.init_group else user.gid
    return user.uid, group


def _capabilities(plan: StartPlan) -> tuple[str, ...] | None:
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="ascii"))
    kept = kept_capabilities(
        plan.domain.linux_capabilities,
        confined=bool(plan.idmap),
        bridge=dict(plan.domain.openvz.kernel_features).get("bridge", False),
        last=last,
    )
    return None if len(kept) == min(last + 1, len(CAPABILITIES)) else kept


def _shown(root: Path, more: list[Filesystem], run_folder: Path) -> dict[str, Shown]:
    """What of the host is shown to the container, by its place inside."""
    found = {"/": Shown(source=root, place=run_folder / "root")}
    for number, item in enumerate(more):
        if item.kind is FilesystemKind.MOUNT:
            found[item.target] = Shown(
                source=Path(item.source),
                place=run_folder / f"mount-{number}",
                is_folder=guests.is_folder(item.source),
                readonly=item.readonly,
            )
    return found


def _mount(guest: GuestRoot, plan: StartPlan, item: Filesystem, shown: Shown | None) -> GuestMount:
    owners = plan.idmap if plan.shifted else IdMap()
    if shown is not None:
        target = guests.make_target(guest, item.target, owners, folder=shown.is_folder)
        return GuestMount(source=str(shown.place), target=target, options=("rbind",))
    if item.kind is not FilesystemKind.RAM:
        raise errors.ConfigUnsupported(
            f"filesystem '{item.target}' of type '{item.kind.value}' cannot be mounted "
            "by this engine",
            hint="mount it on the host and use type='mount' with that folder",
        )
    access = ("ro",) if item.readonly else ()
    size = (f"size={item.usage}",) if item.usage else ()
    return GuestMount(
        source="tmpfs",
        target=guests.make_target(guest, item.target, owners, folder=True),
        fstype="tmpfs",
        options=(*access, "nosuid", "nodev", "mode=0755", *size),
    )


def _node(path: str) -> GuestMount:
    """A device node of the host's, in the container's own ``/dev``."""
    return GuestMount(source=path, target=path, options=("bind", "create=file"))


def node_permission(path: str, permissions: str) -> DevicePermission:
    """What the definition of a device node allows.

    Raises:
        NoDevice: There is none on this host.
    """
    try:
        found = Path(path).stat()
    except OSError as error:
        raise errors.NoDevice(f"host device '{path}': {error.strerror}") from error
    kinds = {stat.S_IFBLK: "b", stat.S_IFCHR: "c"}
    kind = kinds.get(stat.S_IFMT(found.st_mode))
    if kind is None:
        raise errors.NoDevice(f"'{path}' is no device node")
    major, minor = os.major(found.st_rdev), os.minor(found.st_rdev)
    given = access_of(permissions).rstrip("m") or "none"
    return DevicePermission(kind=kind, major=major, minor=minor, permissions=given)


def _hook_line(around: Surroundings) -> str:
    words: Sequence[str] = (
        "/bin/sh",
        str(HOOK_SCRIPT),
        str(around.run_folder),
        str(around.log),
        *around.hook,
    )
    return shlex.join(words)


def _apparmor() -> str | None:
    """The profile where AppArmor is on; without its compiler only none can be had."""
    try:
        enabled = Path("/sys/module/apparmor/parameters/enabled").read_text().startswith("Y")
    except OSError:
        return None
    if not enabled:
        return None
    compiler = any(Path(folder, "apparmor_parser").exists() for folder in ("/sbin", "/usr/sbin"))
    return "generated" if compiler else "unconfined"
