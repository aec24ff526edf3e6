"""THE table of every parameter OpenVZ knows: one row each, read both ways, printed by the docs.

Rows stand in the order in which vzctl appends keys to a file. A row with a ``field`` is a fact of
its own: its value is that field of ``Domain``, converted by its ``form``. A row with ``shares``
says a part of what those fields say; ``resources`` and ``devices`` put the parts together. A row
with neither is known to OpenVZ but is no fact about a container: its lines are left alone.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

from vzvirt.codec.vzconf.forms import (
    KIB,
    Beancount,
    CpuShare,
    Decimal,
    Flag,
    Form,
    Layout,
    Number,
    Quota,
    Rate,
    Scaled,
    Text,
    choice,
)
from vzvirt.codec.vzconf.lists import (
    CAPABILITIES,
    FEATURES,
    Addresses,
    DeviceNodes,
    DevicePermissions,
    NetDevices,
    PciDevices,
    PlainWords,
    Resolver,
    Switches,
)
from vzvirt.codec.vzconf.netif import VethPairs
from vzvirt.codec.vzconf.rows import Duplicates, Param, Scope
from vzvirt.model.resources import BEANCOUNTERS
from vzvirt.model.values import PAGE_SIZE

T = TypeVar("T")

LAST: Final = Duplicates.LAST
ACCUMULATE: Final = Duplicates.ACCUMULATE

CPU_LIST: Final = re.compile(r"all|auto|[0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*")
NODE_LIST: Final = re.compile(r"all|[0-9]{1,4}(-[0-9]{1,4})?(,[0-9]{1,4}(-[0-9]{1,4})?)*")
MEMINFO: Final = re.compile(r"none|(pages|privvmpages):[0-9]+")
SUFFIXES: Final = "suffixes T G M K P B"

ITEMS, BYTES, PAGES = Beancount(0), Beancount(1), Beancount(PAGE_SIZE)

_COUNTERS: Final = {
    "kmemsize": (BYTES, "kernel memory"),
    "lockedpages": (PAGES, "memory locked by mlock"),
    "privvmpages": (PAGES, "committed private memory; the memory limit under ubc accounting"),
    "shmpages": (PAGES, "shared memory"),
    "numproc": (ITEMS, "processes and threads"),
    "physpages": (PAGES, "RAM; a limit here means vswap accounting"),
    "vmguarpages": (PAGES, "memory whose allocation is guaranteed; only the barrier counts"),
    "oomguarpages": (PAGES, "memory kept when the host runs out; only the barrier counts"),
    "numtcpsock": (ITEMS, "TCP sockets"),
    "numflock": (ITEMS, "file locks"),
    "numpty": (ITEMS, "pseudo-terminals"),
    "numsiginfo": (ITEMS, "pending signals"),
    "tcpsndbuf": (BYTES, "send buffers of TCP sockets"),
    "tcprcvbuf": (BYTES, "receive buffers of TCP sockets"),
    "othersockbuf": (BYTES, "send buffers of other sockets"),
    "dgramrcvbuf": (BYTES, "receive buffers of other sockets"),
    "numothersock": (ITEMS, "sockets other than TCP"),
    "numfile": (ITEMS, "open files"),
    "dcachesize": (BYTES, "directory entries and inodes held in memory"),
    "numiptent": (ITEMS, "packet filter rules"),
    "avnumproc": (ITEMS, "processes expected on average; bookkeeping only"),
    "swappages": (PAGES, "swap, on top of RAM"),
}
_COUNTER_SHARES: Final = {
    "privvmpages": ("memory.limit", "memory.soft_limit", "openvz.accounting"),
    "physpages": ("memory.limit", "openvz.accounting"),
    "vmguarpages": ("memory.min_guarantee",),
    "swappages": ("memory.swap",),
}
_COUNTER_ALIASES: Final = {"dcachesize": ("DCACHE",), "numiptent": ("IPTENTRIES",)}
_COUNTER_OPTIONS: Final = {
    "kmemsize": ", -k",
    "lockedpages": ", -l",
    "numproc": ", -p",
    "numflock": ", -f",
    "numpty": ", -t",
    "numsiginfo": ", -i",
    "tcprcvbuf": ", -b",
    "numiptent": ", -e",
    "numfile": ", -n",
    "dcachesize": ", -x",
    "physpages": ", --ram",
    "swappages": ", --swap",
}

COUNTERS: Final = {
    name: Param(
        name.upper(),
        _COUNTERS[name][0],
        _COUNTERS[name][1],
        shares=("openvz.beancounters", *_COUNTER_SHARES.get(name, ())),
        option=f"--{name}{_COUNTER_OPTIONS.get(name, '')}",
        duplicates=LAST,
        aliases=_COUNTER_ALIASES.get(name, ()),
    )
    for name in BEANCOUNTERS
}
"""The beancounters' rows, by the names of the model."""

# Rows that the mappings ask for by name.
IP_ADDRESS: Final = Param(
    "IP_ADDRESS",
    Addresses(),
    "addresses routed to the container",
    shares=("interfaces",),
    option="--ipadd, --ipdel",
    duplicates=ACCUMULATE,
)
NETDEV: Final = Param(
    "NETDEV",
    NetDevices(),
    "network devices of the host handed in",
    shares=("host_devices",),
    option="--netdev_add, --netdev_del",
    duplicates=ACCUMULATE,
)
DEVNODES: Final = Param(
    "DEVNODES",
    DeviceNodes(),
    "device nodes of the host handed in",
    shares=("host_devices",),
    option="--devnodes",
    duplicates=ACCUMULATE,
)
PCI: Final = Param(
    "PCI",
    PciDevices(),
    "PCI functions of the host handed in",
    shares=("host_devices",),
    option="--pci_add, --pci_del",
    duplicates=ACCUMULATE,
)
VE_PRIVATE: Final = Param(
    "VE_PRIVATE",
    Text(re.compile("/.+"), "path; `$VEID` stands for the CTID"),
    "folder that holds the container's files",
    shares=("openvz.private_area", "filesystems"),
    option="--private",
)
OSTEMPLATE: Final = Param(
    "OSTEMPLATE",
    Text(re.compile(r"\.*[^./][^/]*"), "name of a template"),
    "template the root file system was made from",
    shares=("filesystems",),
    option="--ostemplate",
)
CPULIMIT: Final = Param(
    "CPULIMIT",
    CpuShare("percent of one processor, 0: none; `N%`: of all", most=2**44 // 1000, unlimited=0),
    "processor time all its processes may take",
    shares=("cpu.limit_percent", "cpu.period", "cpu.quota"),
    option="--cpulimit",
)
LOCAL_UID: Final = Param(
    "LOCAL_UID",
    Number("user id, 0: no user namespace", most=2**32 - 1 - 65536),
    "user of the host that root inside is",
    shares=("idmap",),
    option="--local_uid",
)
LOCAL_GID: Final = Param(
    "LOCAL_GID",
    Number("group id", most=2**32 - 1 - 65536),
    "group of the host that root's inside is",
    shares=("idmap",),
    option="--local_gid",
)
DISKSPACE: Final = Param(
    "DISKSPACE",
    Quota(KIB, f"soft[:hard] in KiB, {SUFFIXES}"),
    "quota on space",
    shares=("filesystems",),
    option="--diskspace",
)
DISKINODES: Final = Param(
    "DISKINODES",
    Quota(1, "soft[:hard], suffixes multiply"),
    "quota on files",
    shares=("filesystems",),
    option="--diskinodes",
)
NETIF: Final = Param(
    "NETIF",
    VethPairs(),
    "veth pairs",
    shares=("interfaces",),
    option="--netif_add, --netif_del, --ifname, --mac, --host_ifname, --host_mac, --bridge,"
    " --mac_filter",
)
NAME: Final = Param(
    "NAME",
    Text(re.compile(r"[A-Za-z0-9 \-+_.]+"), "letters, digits, blank, `-`, `+`, `_`, `.`"),
    "name besides the CTID",
    shares=("name",),
    option="--name",
)

_CONTAINER: Final[tuple[Param[Any], ...]] = (  # Any: rows hold values of different types
    *COUNTERS.values(),
    Param("VM_OVERCOMMIT", Decimal(), "private memory as a multiple of RAM and swap, 0: unlimited",
          "openvz.vm_overcommit", option="--vm_overcommit"),
    Param("IPTABLES", PlainWords(trailing_blank=True), "packet filter modules; obsolete",
          "openvz.iptables", option="--iptables", duplicates=ACCUMULATE),
    Param("NETFILTER", choice("disabled", "stateless", "stateful", "full"),
          "which packet filters work inside",
          "openvz.netfilter", option="--netfilter", duplicates=LAST),
    Param("CAPABILITY", Switches(CAPABILITIES, upper=True), "Linux capabilities switched",
          "linux_capabilities.switches", option="--capability", duplicates=ACCUMULATE),
    IP_ADDRESS,
    NETDEV,
    Param("HOSTNAME", Text(), "host name inside", "guest_naming.hostname", option="--hostname"),
    Param("DESCRIPTION", Text(), "what it is for", "description", option="--description"),
    Param("NAMESERVER", Resolver(), "name servers asked inside",
          "guest_naming.nameservers", option="--nameserver", duplicates=ACCUMULATE),
    Param("SEARCHDOMAIN", Resolver(), "domains searched for names inside",
          "guest_naming.search_domains", option="--searchdomain", duplicates=ACCUMULATE),
    Param("DEVICES", DevicePermissions(), "devices allowed, by number",
          "openvz.device_permissions", option="--devices", duplicates=ACCUMULATE),
    DEVNODES,
    PCI,
    Param("VE_ROOT", VE_PRIVATE.form, "folder its root is mounted on while it runs",
          "openvz.root_mount", option="--root"),
    VE_PRIVATE,
    Param("MOUNT_OPTS", Text(), "options its image is mounted with",
          "openvz.mount_options", option="--mount_opts"),
    Param("VE_LAYOUT", Layout(), "storage layout of the private area",
          "openvz.layout", option="--layout", duplicates=LAST),
    OSTEMPLATE,
    Param("CPUUNITS", Scaled("8..500000; 1000 units are 1024 shares", 8, 500000, 1024, 1000),
          "share of processor time against other containers", "cpu.shares", option="--cpuunits"),
    Param("CPUUWEIGHT", Number("weight"), "share of processor time, older form",
          "openvz.cpu_weight", option="--cpuweight"),
    CPULIMIT,
    Param("CPUS", Number("processors", least=1, most=8192), "processors it sees",
          "cpu.vcpus", option="--cpus"),
    Param("CPUMASK", Text(CPU_LIST, "list of processors (`0,2-3`), `all` or `auto`"),
          "processors it may run on", "cpu.affinity", option="--cpumask"),
    Param("NODEMASK", Text(NODE_LIST, "list of nodes (`0,2-3`) or `all`"),
          "memory nodes it may use", "numa_nodes", option="--nodemask"),
    Param("ONBOOT", Flag(), "whether it starts with the host; unset: if it ran before",
          "autostart", option="--onboot"),
    Param("ORIGIN_SAMPLE", Text(), "sample its values once came from", "openvz.origin_sample"),
    Param("DISABLED", Flag(), "whether it may not be started",
          "openvz.disabled", option="--disabled"),
    LOCAL_UID,
    LOCAL_GID,
    Param("DISK_QUOTA", Flag(), "whether disk quotas are on",
          "openvz.disk_quota", option="--diskquota"),
    DISKSPACE,
    DISKINODES,
    Param("QUOTATIME", Number("seconds"), "how long a soft quota may be passed",
          "openvz.quota_grace", option="--quotatime"),
    Param("QUOTAUGIDLIMIT", Number("ids, 0: none"), "most user and group ids with quotas inside",
          "openvz.quota_ugid_limit", option="--quotaugidlimit"),
    Param("MEMINFO", Text(MEMINFO, "`none`, `pages:N`, `privvmpages:N`"),
          "what /proc/meminfo shows inside",
          "openvz.meminfo", option="--meminfo", duplicates=LAST),
    NETIF,
    Param("VEID", Number("CTID"), "whose config this is; compared in migrations",
          duplicates=LAST, ignored=True),
    NAME,
    Param("FEATURES", Switches(FEATURES), "kernel features switched",
          "openvz.kernel_features", option="--features", duplicates=ACCUMULATE),
    Param("IOPRIO", Scaled("0..7", 0, 7, 900, 7, base=100), "weight of its disk accesses",
          "block_io.weight", option="--ioprio", duplicates=LAST),
    Param("IOLIMIT", Rate(), "disk bandwidth, reads and writes together",
          "block_io.bytes_per_second", option="--iolimit", duplicates=LAST),
    Param("IOPSLIMIT", Number("operations per second, 0: none", unlimited=None, most=2**31 - 1),
          "disk accesses, reads and writes together",
          "block_io.operations_per_second", option="--iopslimit", duplicates=LAST),
    Param("BOOTORDER", Number("higher first"), "order of starts with the host",
          "openvz.autostart_priority", option="--bootorder"),
    Param("STOP_TIMEOUT", Number("seconds, 0: 120"), "how long a polite shutdown may take",
          "openvz.stop_timeout", option="--stop-timeout"),
)  # fmt: skip

PATH: Final = Text(re.compile("/.*"), "path")

LOCKDIR: Final = Param("LOCKDIR", PATH, "folder of the containers' locks", scope=Scope.GLOBAL)
DUMPDIR: Final = Param("DUMPDIR", PATH, "folder of suspended containers", scope=Scope.GLOBAL)
TEMPLATE: Final = Param("TEMPLATE", PATH, "folder of the OS templates", scope=Scope.GLOBAL)
CONFIGFILE: Final = Param(
    "CONFIGFILE", Text(), "sample a new container takes its values from", scope=Scope.GLOBAL
)
DEF_OSTEMPLATE: Final = Param(
    "DEF_OSTEMPLATE", OSTEMPLATE.form, "template of a new container", scope=Scope.GLOBAL
)
SKIP_ARPDETECT: Final = Param(
    "SKIP_ARPDETECT",
    Flag(),
    "whether containers get routed addresses unasked who has them",
    scope=Scope.GLOBAL,
)

_ONLY_KNOWN: Final[dict[str, tuple[Form[Any], str]]] = {
    "VIRTUOZZO": (Flag(), "whether the boot script does anything"),
    "VE0CPUUNITS": (Number("units"), "the host's own share of processor time"),
    "VE_STOP_MODE": (choice("stop", "suspend"), "what happens to containers at shutdown"),
    "VE_PARALLEL": (Number("containers"), "how many start at once"),
    "VZFASTBOOT": (Flag(), "whether quotas are counted after the start"),
    "LOGGING": (Flag(), "whether vzctl keeps a log"),
    "LOGFILE": (PATH, "vzctl's log"),
    "LOG_LEVEL": (Number("level"), "how much goes into the log"),
    "VERBOSE": (Number("level"), "how much vzctl prints"),
    "VZWDOG": (Flag(), "whether the watchdog module is loaded"),
    "IPV6": (Flag(), "whether IPv6 addresses are taken"),
    "IPTABLES_MODULES": (PlainWords(), "packet filter modules the host loads"),
    "IP6TABLES": (PlainWords(), "packet filter modules of IPv6"),
    "MODULES_DISABLED": (Flag(), "whether vzctl loads no modules"),
    "ERROR_ON_ARPFAIL": (Flag(), "whether an address in use elsewhere is an error"),
    "VE_ROUTE_SRC_DEV": (Text(), "device whose address containers' routes come from"),
    "NEIGHBOUR_DEVS": (Text(), "devices on which containers' addresses are announced"),
    "FORCE_ROUTE": (Flag(), "whether routes are set where they stand already"),
    "SKIP_SYSCTL_SETUP": (Flag(), "whether the host's sysctls are left alone"),
    "CONFIG_CUSTOMIZED": (Flag(), "mark of older tools"),
    "VETH": (Text(), "veth pairs, older form; deprecated"),
}

_GLOBAL: Final[tuple[Param[Any], ...]] = (
    LOCKDIR,
    DUMPDIR,
    TEMPLATE,
    CONFIGFILE,
    DEF_OSTEMPLATE,
    SKIP_ARPDETECT,
    *(
        Param(key, form, meaning, scope=Scope.GLOBAL, ignored=True)
        for key, (form, meaning) in _ONLY_KNOWN.items()
    ),
)

PARAMS: Final[tuple[Param[Any], ...]] = _CONTAINER + _GLOBAL
"""Every parameter, in the order in which keys are appended."""

FACTS: Final = tuple(param for param in PARAMS if param.fields)
"""Parameters that say something about a container."""

BY_KEY: Final = {key: param for param in PARAMS for key in (param.key, *param.aliases)}
"""The row of a key as it stands in a file, aliases too."""

DEPRECATED: Final = frozenset({"VETH"})
"""Keys that earn a warning by being there."""
