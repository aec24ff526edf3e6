"""Hypothesis strategies for definitions: whatever ``Domain`` may say, in canonical form.

``domains()`` gives what a reader of XML may give; ``stored_domains()`` what the store holds: CTID,
UUID, guest names and MACs are there, and no sample is left to expand.

Canonical means: of several ways the model has to say one thing, the one that every codec gives
back. Sizes are whole pages (KiB for quotas). A CPU limit of so many percent is said by
``limit_percent`` alone; ``period`` and ``quota`` are there, alone, only if they say something
finer than ``100000`` and ``1000 * percent``. At most one interface is routed, and it has no MAC.
No beancounter says what ``Memory`` says.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import string
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

from vzvirt.model.devices import (
    Bandwidth,
    Console,
    DevicePermission,
    Filesystem,
    FilesystemKind,
    GuestNaming,
    HostDevice,
    HostDeviceKind,
    Interface,
    InterfaceKind,
    IpInterface,
    Route,
)
from vzvirt.model.domain import (
    Domain,
    LifecyclePolicy,
    OnEnd,
    OpenvzSettings,
    OperatingSystem,
)
from vzvirt.model.resources import (
    BEANCOUNTERS,
    HELD_BY_MEMORY,
    Accounting,
    Beancounter,
    BlockIo,
    CapabilityDefault,
    Cpu,
    LinuxCapabilities,
    Memory,
)
from vzvirt.model.values import (
    UNLIMITED,
    BarrierLimit,
    Ctid,
    IdMap,
    IdRange,
    Limit,
    MacAddress,
    PciAddress,
    SoftHard,
)

T = TypeVar("T")
K = TypeVar("K")

PAGE = 4096
KIB = 1024
WORD_CHARS = string.ascii_letters + string.digits
METADATA = (
    '<app:note xmlns:app="urn:example:note" owner="ops">keep  this</app:note>',
    '<x:a xmlns:x="urn:example:x"><x:b/>mixed <x:c d="1 &lt; 2"/> text</x:a>',
    '<plain xmlns="urn:example:default"> <inner/> <!-- why --> </plain>',
)


@cache
def words(extra: str = "", size: int = 12) -> st.SearchStrategy[str]:
    """Words a config file, a shell and a path would all take."""
    rest = st.text(WORD_CHARS + extra, max_size=size - 1)
    return st.builds(str.__add__, st.sampled_from(string.ascii_letters), rest)


@cache
def texts() -> st.SearchStrategy[str]:
    """One line for people, with everything that some format must escape."""
    return st.text(WORD_CHARS + " \"'\\<>&=#$;,éß€\U0001f600", min_size=1, max_size=24).filter(
        lambda text: text == text.strip()
    )


def maybe(strategy: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    return st.none() | strategy


def several(strategy: st.SearchStrategy[T], most: int = 3) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(strategy, max_size=most).map(tuple)


def distinct(
    strategy: st.SearchStrategy[T], key: Callable[[T], K], most: int = 3
) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(strategy, max_size=most, unique_by=key).map(tuple)


@cache
def paths() -> st.SearchStrategy[str]:
    """Absolute paths, now and then with a blank."""
    part = words("-_. ", 8).map(str.strip)
    return st.lists(part, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


@cache
def pages(most: int = 2**40) -> st.SearchStrategy[int]:
    """Bytes, whole pages."""
    return st.integers(1, most // PAGE).map(lambda count: count * PAGE)


def limits(amounts: st.SearchStrategy[int]) -> st.SearchStrategy[Limit]:
    return st.just(UNLIMITED) | amounts


@cache
def soft_hards(unit: int) -> st.SearchStrategy[SoftHard]:
    pair = st.tuples(st.integers(0, 2**30), st.integers(0, 2**30)).map(sorted)
    return pair.map(lambda ends: SoftHard(ends[0] * unit, ends[1] * unit))


@cache
def macs() -> st.SearchStrategy[MacAddress]:
    tail = st.binary(min_size=5, max_size=5)
    return tail.map(lambda data: MacAddress(":".join(["02", *(f"{byte:02x}" for byte in data)])))


@cache
def device_names(stem: str) -> st.SearchStrategy[str]:
    return st.integers(0, 999).map(lambda number: f"{stem}{number}")


@cache
def pci_addresses() -> st.SearchStrategy[PciAddress]:
    return st.builds(
        PciAddress,
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFF),
        st.integers(0, 0x1F),
        st.integers(0, 7),
    )


# Resources


@cache
def memories(accounting: Accounting | None) -> st.SearchStrategy[Memory]:
    """Swap only where accounting has it."""
    swap = st.none() if accounting is Accounting.UBC else maybe(limits(pages() | st.just(0)))
    return st.builds(
        Memory,
        limit=maybe(limits(pages())),
        swap=swap,
        soft_limit=maybe(limits(pages())),
        min_guarantee=maybe(limits(pages())),
    )


def _finer_cpu(period: int, quota: int) -> Cpu:
    if quota == -1 or (period == 100_000 and quota % 1000 == 0):
        return Cpu(limit_percent=0 if quota == -1 else quota // 1000)
    return Cpu(period=period, quota=quota)


@st.composite
def cpus(draw: st.DrawFn) -> Cpu:
    """Canonical ones only; see the module's docstring."""
    limit = draw(
        st.just(Cpu())
        | st.builds(Cpu, limit_percent=st.integers(0, 6400))
        | st.builds(_finer_cpu, st.integers(1000, 1_000_000), st.integers(1000, 10**7))
    )
    return dataclasses.replace(
        limit,
        vcpus=draw(maybe(st.integers(1, 64))),
        affinity=draw(maybe(st.sampled_from(["0", "0,2-3", "1-7", "all", "auto"]))),
        shares=draw(maybe(st.integers(2, 262144))),
    )


@cache
def block_ios() -> st.SearchStrategy[BlockIo]:
    return st.builds(
        BlockIo,
        weight=maybe(st.integers(100, 1000)),
        bytes_per_second=maybe(st.integers(0, 2**31 - 1)),
        operations_per_second=maybe(st.integers(0, 2**31 - 1)),
    )


@cache
def linux_capabilities() -> st.SearchStrategy[LinuxCapabilities]:
    names = st.sampled_from(["mknod", "sys_chroot", "net_admin", "ve_admin", "setfcap", "kill"])
    return st.builds(
        LinuxCapabilities,
        default=st.sampled_from(CapabilityDefault),
        switches=distinct(st.tuples(names, st.booleans()), lambda pair: pair[0]),
    )


@cache
def idmaps() -> st.SearchStrategy[IdMap]:
    """None at all, a plain shift, and one with a hole."""
    base = st.integers(1, 30000).map(lambda number: number * 65536)
    plain = base.map(lambda start: IdMap((IdRange(0, start, 65536),), (IdRange(0, start, 65536),)))
    holed = base.map(
        lambda start: IdMap(
            (IdRange(0, start, 1000), IdRange(2000, start + 2000, 500)),
            (IdRange(0, start, 100000),),
        )
    )
    return st.just(IdMap()) | plain | holed


@cache
def beancounters(accounting: Accounting | None) -> st.SearchStrategy[tuple[Beancounter, ...]]:
    held = HELD_BY_MEMORY[accounting or Accounting.VSWAP]
    names = [name for name in BEANCOUNTERS if name not in held]
    amount = limits(st.integers(0, 2**40))
    row = st.builds(Beancounter, st.sampled_from(names), st.builds(BarrierLimit, amount, amount))
    return distinct(row, lambda item: item.name, 5).map(
        lambda rows: tuple(sorted(rows, key=lambda item: BEANCOUNTERS.index(item.name)))
    )


# Devices


@cache
def roots() -> st.SearchStrategy[Filesystem]:
    template = st.builds(
        Filesystem,
        kind=st.just(FilesystemKind.TEMPLATE),
        source=st.just("") | words("-_.", 20),
        space=maybe(soft_hards(KIB)),
        inodes=maybe(soft_hards(1)),
        readonly=st.booleans(),
    )
    folder = st.builds(
        Filesystem, kind=st.just(FilesystemKind.MOUNT), source=paths(), readonly=st.booleans()
    )
    return template | folder


@cache
def mounts() -> st.SearchStrategy[Filesystem]:
    """File systems beside the root."""
    kinds = st.sampled_from(
        [FilesystemKind.MOUNT, FilesystemKind.FILE, FilesystemKind.BLOCK, FilesystemKind.RAM]
    )
    return kinds.flatmap(
        lambda kind: st.builds(
            Filesystem,
            kind=st.just(kind),
            source=st.just("") if kind is FilesystemKind.RAM else paths(),
            target=paths(),
            readonly=st.booleans(),
            usage=pages() if kind is FilesystemKind.RAM else st.none(),
            image_format=maybe(st.just("raw")) if kind is FilesystemKind.FILE else st.none(),
        )
    )


@st.composite
def filesystems(draw: st.DrawFn) -> tuple[Filesystem, ...]:
    root = draw(maybe(roots()))
    others = draw(distinct(mounts(), lambda item: item.target, 2))
    return (*([root] if root else []), *others)


@cache
def addresses() -> st.SearchStrategy[IpInterface]:
    version4 = st.tuples(st.ip_addresses(v=4), st.integers(1, 32))
    version6 = st.tuples(st.ip_addresses(v=6), st.integers(1, 128))
    return (version4 | version6).map(lambda pair: ipaddress.ip_interface(f"{pair[0]}/{pair[1]}"))


@cache
def single_addresses() -> st.SearchStrategy[IpInterface]:
    """What a routed interface has; not the all-zero ones OpenVZ skips."""
    return st.ip_addresses().filter(int).map(lambda address: ipaddress.ip_interface(str(address)))


@cache
def routes() -> st.SearchStrategy[Route]:
    def build(version: int, length: int, bits: int, gateway: int, metric: int | None) -> Route:
        size = 32 if version == 4 else 128
        length = min(length, size)
        top = (bits % 2**length) << (size - length)
        if version == 4:
            net4 = ipaddress.IPv4Network((top, length))
            return Route(net4, ipaddress.IPv4Address(gateway % 2**32), metric)
        net6 = ipaddress.IPv6Network((top, length))
        return Route(net6, ipaddress.IPv6Address(gateway), metric)

    return st.builds(
        build,
        st.sampled_from([4, 6]),
        st.integers(0, 64),
        st.integers(0, 2**64),
        st.integers(1, 2**128 - 1),
        maybe(st.integers(0, 1000)),
    )


@cache
def bandwidths() -> st.SearchStrategy[Bandwidth]:
    number = st.integers(1, 10**6)
    return st.builds(Bandwidth, number, maybe(number), maybe(number))


SOURCES = {
    InterfaceKind.BRIDGE: "br",
    InterfaceKind.NETWORK: "net",
    InterfaceKind.DIRECT: "en",
}


@cache
def _interfaces(kind: InterfaceKind, *, stored: bool) -> st.SearchStrategy[Interface]:
    """Interfaces of one kind; those with a filter may tell it addresses."""
    told = several(addresses().map(lambda item: item.ip), 2)
    return st.builds(
        lambda item, ips: dataclasses.replace(item, filter_addresses=ips if item.filter else ()),
        _unfiltered(kind, stored=stored),
        told,
    )


@cache
def _unfiltered(kind: InterfaceKind, *, stored: bool) -> st.SearchStrategy[Interface]:
    if kind is InterfaceKind.ROUTED:
        single = distinct(single_addresses(), lambda item: item.ip, 3).filter(bool)
        return st.builds(
            Interface, kind=st.just(kind), addresses=single, routes=several(routes(), 1)
        )
    names = device_names("eth")
    has_source = kind in SOURCES
    return st.builds(
        Interface,
        kind=st.just(kind),
        source=device_names(SOURCES[kind]) if has_source else st.just(""),
        guest_name=names if stored else maybe(names),
        host_name=maybe(device_names("veth")),
        mac=macs() if stored else maybe(macs()),
        host_mac=maybe(macs()),
        mac_filter=maybe(st.booleans()),
        addresses=st.just(())
        if kind is InterfaceKind.ETHERNET
        else distinct(addresses(), lambda item: item.ip, 2),
        dhcp=st.sampled_from([(), (4,), (6,), (4, 6)]),
        routes=distinct(routes(), lambda item: item, 2),
        link_up=st.booleans(),
        isolated=st.booleans(),
        mtu=maybe(st.integers(68, 65535)),
        inbound=maybe(bandwidths()),
        outbound=maybe(bandwidths()),
        filter=maybe(st.just("clean-traffic")),
        mode=st.sampled_from([None, "bridge", "private"])
        if kind is InterfaceKind.DIRECT
        else st.none(),
        portgroup=maybe(words()) if kind is InterfaceKind.NETWORK else st.none(),
    )


@st.composite
def interfaces(draw: st.DrawFn, *, stored: bool = False) -> tuple[Interface, ...]:
    """At most one routed; guest names, MACs and host names differ."""
    kinds = draw(st.lists(st.sampled_from(InterfaceKind), max_size=3))
    found: list[Interface] = []
    seen: set[object] = set()
    for kind in kinds:
        item = draw(_interfaces(kind, stored=stored))
        marks = {kind} if kind is InterfaceKind.ROUTED else set[object]()
        marks |= {item.guest_name, item.host_name, item.mac} - {None}
        if not marks & seen:
            seen |= marks
            found.append(item)
    return tuple(found)


@cache
def host_devices() -> st.SearchStrategy[tuple[HostDevice, ...]]:
    net = st.builds(HostDevice, kind=st.just(HostDeviceKind.NET), name=device_names("enp"))
    pci = st.builds(HostDevice, kind=st.just(HostDeviceKind.PCI), address=pci_addresses())
    node = st.builds(
        HostDevice,
        kind=st.sampled_from([HostDeviceKind.STORAGE, HostDeviceKind.MISC]),
        name=words().map(lambda name: f"/dev/{name}"),
        permissions=st.sampled_from(["", "r", "rw", "rwm", "rwq"]),
    )
    return distinct(net | pci | node, lambda item: (item.name, item.address), 4)


@cache
def device_permissions() -> st.SearchStrategy[tuple[DevicePermission, ...]]:
    rule = st.builds(
        DevicePermission,
        kind=st.sampled_from("bc"),
        major=st.integers(8, 250),
        minor=maybe(st.integers(0, 255)),
        permissions=st.sampled_from(["r", "rw", "rwq", "none"]),
    )
    return distinct(rule, lambda item: (item.kind, item.major, item.minor))


@cache
def guest_namings() -> st.SearchStrategy[GuestNaming]:
    servers = st.ip_addresses().map(str)
    return st.builds(
        GuestNaming,
        hostname=maybe(words("-.", 20)),
        nameservers=st.just(("inherit",)) | several(servers),
        search_domains=several(words("-.", 16)),
    )


# The whole


@cache
def openvz_settings(
    accounting: Accounting | None, *, stored: bool
) -> st.SearchStrategy[OpenvzSettings]:
    features = st.sampled_from(["nfs", "sit", "ipip", "ppp", "bridge", "nfsd"])
    number = maybe(st.integers(0, 10**6))
    return st.builds(
        OpenvzSettings,
        accounting=st.just(accounting),
        config_sample=st.none() if stored else maybe(words("-.")),
        origin_sample=maybe(words("-.")),
        beancounters=beancounters(accounting),
        layout=st.sampled_from([None, "simfs", "image", "ploop"]),
        private_area=maybe(st.sampled_from(["/vz/private/$VEID", "/srv/ct/${VEID}"])),
        root_mount=maybe(st.just("/vz/root/$VEID")),
        disk_quota=maybe(st.booleans()),
        quota_grace=number,
        quota_ugid_limit=number,
        kernel_features=distinct(st.tuples(features, st.booleans()), lambda pair: pair[0]),
        netfilter=st.sampled_from([None, "disabled", "stateless", "stateful", "full"]),
        iptables=distinct(words("_"), str),
        meminfo=st.sampled_from([None, "none", "pages:262144", "privvmpages:1"]),
        mount_options=maybe(st.just("noatime,nodev")),
        vm_overcommit=maybe(st.integers(0, 400).map(lambda number: number / 4)),
        cpu_weight=number,
        device_permissions=device_permissions(),
        autostart_priority=number,
        stop_timeout=number,
        disabled=maybe(st.booleans()),
    )


@cache
def operating_systems() -> st.SearchStrategy[OperatingSystem]:
    return st.builds(
        OperatingSystem,
        arch=st.sampled_from([None, "x86_64", "i686", "aarch64"]),
        init=st.just("/sbin/init") | paths(),
        init_args=several(texts()),
        init_env=distinct(st.tuples(words("_"), texts()), lambda pair: pair[0]),
        init_dir=maybe(paths()),
        init_user=maybe(words()),
        init_group=maybe(words()),
    )


@st.composite
def domains(draw: st.DrawFn, *, stored: bool = False) -> Domain:
    """A definition; ``stored``: with everything the store insists on."""
    accounting = draw(
        st.sampled_from(Accounting) if stored else st.sampled_from([None, *Accounting])
    )
    numbers = st.integers(101, 2147483644).map(Ctid)
    ctid = draw(numbers if stored else maybe(numbers))
    names = words("-_+. ", 16).map(str.strip)
    name = draw(names | st.just(str(ctid)) if ctid else names)
    ends = st.sampled_from(OnEnd)
    return Domain(
        name=name,
        ctid=ctid,
        uuid=draw(st.uuids() if stored else maybe(st.uuids())),
        title=draw(maybe(texts())),
        description=draw(maybe(texts() | st.just("two\nlines"))),
        metadata=draw(st.lists(st.sampled_from(METADATA), max_size=2, unique=True).map(tuple)),
        memory=draw(memories(accounting)),
        cpu=draw(cpus()),
        numa_nodes=draw(st.sampled_from([None, "0", "0,2-3", "all"])),
        block_io=draw(block_ios()),
        linux_capabilities=draw(linux_capabilities()),
        idmap=draw(maybe(idmaps())),
        os=draw(operating_systems()),
        clock=draw(st.sampled_from(["utc", "localtime"])),
        lifecycle=LifecyclePolicy(
            on_poweroff=draw(ends), on_reboot=draw(ends), on_crash=draw(ends)
        ),
        filesystems=draw(filesystems()),
        interfaces=draw(interfaces(stored=stored)),
        guest_naming=draw(guest_namings()),
        host_devices=draw(host_devices()),
        consoles=draw(
            st.just((Console(),)) | st.just((Console(target_type="lxc"), Console(port=1)))
        ),
        openvz=draw(openvz_settings(accounting, stored=stored)),
        autostart=draw(maybe(st.booleans())) if stored else None,
        provisioned=draw(st.sampled_from([None, False, True])) if stored else None,
        idmap_shifted=draw(st.booleans()) if stored else False,
        disposable=draw(st.booleans()) if stored else False,
    )


def stored_domains() -> st.SearchStrategy[Domain]:
    """What the store holds."""
    return domains(stored=True)
