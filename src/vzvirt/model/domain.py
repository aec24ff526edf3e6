"""A container's definition: what is wanted, as opposed to what runs (``state``)."""

from __future__ import annotations

import dataclasses
import enum
import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from vzvirt import errors
from vzvirt.model.devices import (
    Console,
    DevicePermission,
    Filesystem,
    GuestNaming,
    HostDevice,
    Interface,
    check_guest_path,
)
from vzvirt.model.resources import (
    Accounting,
    Beancounter,
    BlockIo,
    Cpu,
    LinuxCapabilities,
    Memory,
)
from vzvirt.model.state import Reason
from vzvirt.model.values import Ctid, IdMap, check_name

DEFAULT_INIT: Final = "/sbin/init"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingSystem:
    """How the container boots.

    Attributes:
        arch: Machine as ``uname -m`` names it, or ``None``: the host's.
        init: Absolute path of the first program inside.
        init_args: Its arguments.
        init_env: Its environment.
        init_dir: Its working folder, or ``None``: ``/``.
        init_user: User name or number it runs as, or ``None``: root.
        init_group: Group likewise.
    """

    arch: str | None = None
    init: str = DEFAULT_INIT
    init_args: tuple[str, ...] = ()
    init_env: tuple[tuple[str, str], ...] = ()
    init_dir: str | None = None
    init_user: str | None = None
    init_group: str | None = None

    def __post_init__(self) -> None:
        """Check the paths.

        Raises:
            InvalidArgument: One is relative.
        """
        check_guest_path(self.init, "init")
        if self.init_dir is not None:
            check_guest_path(self.init_dir, "initdir")


class OnEnd(enum.Enum):
    """What follows when a container ends by itself."""

    DESTROY = "destroy"  # stays off
    RESTART = "restart"  # is started again


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecyclePolicy:
    """What follows a power-off, a reboot, and a crash."""

    on_poweroff: OnEnd = OnEnd.DESTROY
    on_reboot: OnEnd = OnEnd.RESTART
    on_crash: OnEnd = OnEnd.DESTROY

    def restarts_after(self, reason: Reason) -> bool:
        """Whether a container that ended for a reason is started again."""
        follows = {
            Reason.POWERED_OFF: self.on_poweroff,
            Reason.DIED: self.on_crash,
            Reason.OUT_OF_MEMORY: self.on_crash,
        }
        return follows.get(reason) is OnEnd.RESTART


@dataclass(frozen=True, slots=True)
class ForeignLine:
    """A line of a config file that no element holds: comment, unknown key, garbage.

    Attributes:
        position: Its line number in the file, from 0.
        text: The line without its line end.
    """

    position: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenvzSettings:
    """What OpenVZ has beyond libvirt's schema; ``None`` or empty: not said.

    Attributes:
        accounting: vswap or ubc; defaults decide where it is not said.
        config_sample: Sample to take values from; input only, gone once it is expanded.
        origin_sample: The sample its values once came from; a note.
        beancounters: Rows that no other element holds.
        layout: Storage layout of the private area (VE_LAYOUT).
        private_area: VE_PRIVATE as written, ``$VEID`` unexpanded.
        root_mount: VE_ROOT as written, ``$VEID`` unexpanded.
        disk_quota: Whether quotas are on (DISK_QUOTA).
        quota_grace: Seconds a soft quota may be passed (QUOTATIME).
        quota_ugid_limit: Most user and group ids with quotas inside (QUOTAUGIDLIMIT).
        kernel_features: FEATURES, name and switch in the order given.
        netfilter: NETFILTER: disabled, stateless, stateful, full.
        iptables: IPTABLES, the obsolete list of modules.
        meminfo: MEMINFO as written.
        mount_options: MOUNT_OPTS.
        vm_overcommit: VM_OVERCOMMIT.
        cpu_weight: CPUUWEIGHT.
        device_permissions: DEVICES.
        autostart_priority: BOOTORDER: higher first.
        stop_timeout: Seconds a polite shutdown may take; 0 or unset: 120.
        disabled: Whether it may not be started (DISABLED).
        foreign_lines: Only while a file is converted without a store.
    """

    accounting: Accounting | None = None
    config_sample: str | None = None
    origin_sample: str | None = None
    beancounters: tuple[Beancounter, ...] = ()
    layout: str | None = None
    private_area: str | None = None
    root_mount: str | None = None
    disk_quota: bool | None = None
    quota_grace: int | None = None
    quota_ugid_limit: int | None = None
    kernel_features: tuple[tuple[str, bool], ...] = ()
    netfilter: str | None = None
    iptables: tuple[str, ...] = ()
    meminfo: str | None = None
    mount_options: str | None = None
    vm_overcommit: float | None = None
    cpu_weight: int | None = None
    device_permissions: tuple[DevicePermission, ...] = ()
    autostart_priority: int | None = None
    stop_timeout: int | None = None
    disabled: bool | None = None
    foreign_lines: tuple[ForeignLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """Everything that is wanted of one container.

    Attributes:
        name: Its name; equal to the CTID's digits where it has none of its own.
        ctid: Its permanent number; ``None`` until the store gave it one.
        uuid: ``None`` until defaults or the store gave it one.
        metadata: Each top element below ``<metadata>``, serialised, verbatim.
        clock: Clock offset (``utc``, ``localtime``).
        idmap: ``None``: not said; an empty map: no user namespace.
        numa_nodes: Memory nodes as a list (``0,2-3``) or ``all``.
        autostart: ONBOOT; ``None``: unset. Not part of the XML.
        provisioned: Whether a root was once made for it; ``None``: nobody noted that it was not,
            so it was, as with every config of an OpenVZ host. Not part of the XML.
        idmap_shifted: Whether owners on disk are shifted by the id map. Not part of the XML.
        disposable: Whether its root was made for one transient run, and goes with it. Only live
            definitions say so. Not part of the XML.
    """

    name: str
    ctid: Ctid | None = None
    uuid: UUID | None = None
    title: str | None = None
    description: str | None = None
    metadata: tuple[str, ...] = ()
    memory: Memory = Memory()
    cpu: Cpu = Cpu()
    numa_nodes: str | None = None
    block_io: BlockIo = BlockIo()
    linux_capabilities: LinuxCapabilities = LinuxCapabilities()
    idmap: IdMap | None = None
    os: OperatingSystem = OperatingSystem()
    clock: str = "utc"
    lifecycle: LifecyclePolicy = LifecyclePolicy()
    filesystems: tuple[Filesystem, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    guest_naming: GuestNaming = GuestNaming()
    host_devices: tuple[HostDevice, ...] = ()
    consoles: tuple[Console, ...] = (Console(),)
    openvz: OpenvzSettings = OpenvzSettings()
    autostart: bool | None = None
    provisioned: bool | None = None
    idmap_shifted: bool = False
    disposable: bool = False

    def __post_init__(self) -> None:
        """Check what can be told from the value alone.

        Raises:
            InvalidArgument: A name is unusable, or two mounts share a target.
        """
        check_name(self.name)
        if self.name.isdecimal() and self.ctid is not None and self.name != str(self.ctid):
            raise errors.InvalidArgument(
                f"numeric name '{self.name}' and id {self.ctid} differ",
                hint="a numeric name is the id; leave one of the two out",
            )
        targets: set[str] = set()
        for filesystem in self.filesystems:
            if filesystem.target in targets:
                raise errors.InvalidArgument(
                    f"two filesystems have the target '{filesystem.target}'"
                )
            targets.add(filesystem.target)

    @property
    def number(self) -> Ctid:
        """The CTID of a definition that has to have one by now.

        Raises:
            InternalError: It has none.
        """
        if self.ctid is None:
            raise errors.InternalError(f"'{self.name}' has no container id yet")
        return self.ctid

    @property
    def hostname(self) -> str:
        """The host name: the one given, else the name without what no host's may have."""
        fitting = re.sub(r"[^A-Za-z0-9.-]+", "-", self.name).strip("-.")[:63]
        return self.guest_naming.hostname or fitting or "container"

    @property
    def owners_on_disk(self) -> IdMap:
        """How owners on disk are shifted; an empty map: they are not."""
        return self.idmap if self.idmap and self.idmap_shifted else IdMap()

    @property
    def root(self) -> Filesystem | None:
        """The file system mounted on ``/``, or ``None``."""
        return next((item for item in self.filesystems if item.is_root), None)

    @property
    def devices(self) -> dict[str, Interface | Filesystem | HostDevice]:
        """What can come and go, by the alias that libvirt's events call it: its kind and place."""
        kinds: dict[str, tuple[Interface | Filesystem | HostDevice, ...]] = {
            "net": self.interfaces,
            "fs": self.filesystems,
            "hostdev": self.host_devices,
        }
        return {
            f"{kind}{place}": device
            for kind, devices in kinds.items()
            for place, device in enumerate(devices)
        }

    @property
    def has_own_name(self) -> bool:
        """Whether the name is more than the CTID's digits (so OpenVZ's NAME is set)."""
        return not self.name.isdecimal()

    def with_root(self, root: Filesystem) -> Domain:
        """A copy whose ``/`` is another file system."""
        others = tuple(item for item in self.filesystems if not item.is_root)
        return dataclasses.replace(self, filesystems=(root, *others))


NOT_IN_XML: Final = frozenset({"autostart", "provisioned", "idmap_shifted", "disposable"})
"""Fields of ``Domain`` that its XML does not show; all but the first are in its partial form."""


def replace_openvz(domain: Domain, **changes: object) -> Domain:
    """A copy with other OpenVZ settings; ``changes`` are fields of ``OpenvzSettings``."""
    openvz = dataclasses.replace(domain.openvz, **changes)  # type: ignore[arg-type]  # checked by replace()
    return dataclasses.replace(domain, openvz=openvz)
