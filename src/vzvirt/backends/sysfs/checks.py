"""What ``vzvirt doctor`` looks at: one small function per line, listed in one table.

No state, and nothing is changed: what can only be known by trying is tried on something that
vanishes by itself.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.model.host import HostCheck, Verdict
from vzvirt.model.storage import LayoutAbilities
from vzvirt.system import idmapped
from vzvirt.system.cgroups import Hierarchies
from vzvirt.system.mounttable import mounts
from vzvirt.system.process import run, which

_CAP_SYS_ADMIN: Final = 21
_CAP_SYS_RESOURCE: Final = 24
_CONTROLLERS: Final = ("cpu", "cpuset", "devices", "freezer", "io", "memory", "pids")
_IDS: Final = 65536
"""How many user ids a container gets."""

_WATCHES: Final = 8192
_INSTANCES: Final = 512
"""What some tens of systemd guests need of inotify; most kernels give 128 instances."""


def _ok(topic: str, found: str) -> HostCheck:
    return HostCheck(topic=topic, verdict=Verdict.OK, found=found)


def _warning(topic: str, found: str, remedy: str | None = None) -> HostCheck:
    return HostCheck(topic=topic, verdict=Verdict.WARNING, found=found, remedy=remedy)


def _missing(topic: str, found: str, remedy: str | None = None) -> HostCheck:
    return HostCheck(topic=topic, verdict=Verdict.MISSING, found=found, remedy=remedy)


def all_checks(layouts: list[LayoutAbilities], folder: Path) -> list[HostCheck]:
    """Look at everything.

    Args:
        layouts: What each storage layout says of itself.
        folder: Where private areas are kept.
    """
    lines = [check() for check in _CHECKS]
    lines.insert(_AFTER_NAMESPACES, _idmapped_mounts(folder))
    return lines + [_layout(layout) for layout in layouts]


# -- rights and kernel ------------------------------------------------------------------


def _has_capability(number: int) -> bool:
    status = Path("/proc/self/status").read_text()
    return bool(int(status.partition("CapEff:")[2].split()[0], 16) >> number & 1)


def _rights() -> HostCheck:
    topic = "rights"
    if os.geteuid() != 0 or not _has_capability(_CAP_SYS_ADMIN):
        return _missing(topic, "not root", "run as root, or try things out with --engine memory")
    if not _has_capability(_CAP_SYS_RESOURCE):
        return _warning(
            topic,
            "root without CAP_SYS_RESOURCE: mounted images cannot grow, rlimits cannot be raised",
            "run with all of root's capabilities",
        )
    return _ok(topic, "root with all that is needed")


def _kernel() -> HostCheck:
    facts = os.uname()
    match = re.match(r"(\d+)\.(\d+)", facts.release)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    if version < (5, 6):
        return _missing("kernel", f"Linux {facts.release}", "vzvirt needs Linux 5.6 or later")
    return _ok("kernel", f"Linux {facts.release} on {facts.machine}")


def _cgroup() -> HostCheck:
    trees = Hierarchies.detect()
    versions = {name: trees.version(name) for name in _CONTROLLERS}
    missing = [name for name, version in versions.items() if version is None]
    there = ", ".join(f"{name} (v{version})" for name, version in versions.items() if version)
    found = f"{trees.kind}: {there or 'no controllers'}"
    if missing:
        return _warning(
            "cgroup", f"{found}; not there: {', '.join(missing)}", "limits of these are only kept"
        )
    return _ok("cgroup", found)


def _swap_accounting() -> HostCheck:
    topic = "swap accounting"
    trees = Hierarchies.detect()
    top = trees.path_for("memory", "x")
    if top is None:
        return _missing(topic, "no memory controller")
    if trees.version("memory") == 1:
        there = (top.parent / "memory.memsw.limit_in_bytes").exists()
    else:
        # The top group has no such file; whichever group is there tells.
        there = any(top.parent.glob("*/memory.swap.max"))
    if there:
        return _ok(topic, "limits on swap hold")
    return _warning(topic, "limits on swap do not hold", "boot with swapaccount=1")


def _user_namespaces() -> HostCheck:
    try:
        with idmapped.user_namespace(idmapped.ANY_MAP):
            pass
    except errors.NoSupport as error:
        return _missing("user namespaces", "none can be made", error.hint)
    return _ok("user namespaces", "containers run with ids of their own")


def _idmapped_mounts(folder: Path) -> HostCheck:
    if idmapped.can_shift(folder):
        return _ok("idmapped mounts", f"owners stay unshifted on the disk that holds '{folder}'")
    return _warning(
        "idmapped mounts",
        f"not on the file system that holds '{folder}': owners are shifted on the disk",
    )


def _id_ranges() -> HostCheck:
    topic = "id ranges"
    if which("newuidmap") is None:
        return _ok(topic, "no newuidmap: maps are written directly")
    lacking = [
        str(path) for path in (Path("/etc/subuid"), Path("/etc/subgid")) if not _has_range(path)
    ]
    if lacking:
        return _missing(
            topic,
            f"newuidmap is installed, and root has no range of {_IDS} ids "
            f"in {' and '.join(lacking)}",
            "add the line root:100000:65536 to each",
        )
    return _ok(topic, f"root has at least {_IDS} subordinate ids")


def _has_range(path: Path) -> bool:
    try:
        lines = path.read_text().split()
    except OSError:
        return False
    ranges = (line.split(":") for line in lines if line.startswith(("root:", "0:")))
    return any(len(part) == 3 and int(part[2]) >= _IDS for part in ranges if part[-1].isdigit())


def _seccomp() -> HostCheck:
    if Path("/proc/sys/kernel/seccomp/actions_avail").exists():
        return _ok("seccomp", "system calls are filtered")
    return _missing("seccomp", "not in this kernel", "a kernel with CONFIG_SECCOMP_FILTER")


def _apparmor() -> HostCheck:
    enabled = Path("/sys/module/apparmor/parameters/enabled")
    if enabled.exists() and enabled.read_text().strip() == "Y":
        return _ok("AppArmor", "on")
    return _ok("AppArmor", "not in use; seccomp, namespaces and capabilities confine containers")


def _inotify() -> HostCheck:
    folder = Path("/proc/sys/fs/inotify")
    limits = {
        name: int((folder / name).read_text())
        for name in ("max_user_instances", "max_user_watches")
    }
    found = ", ".join(f"{name} {value}" for name, value in limits.items())
    if limits["max_user_instances"] < _INSTANCES or limits["max_user_watches"] < _WATCHES:
        return _warning(
            "inotify",
            found,
            f"for many systemd guests: sysctl fs.inotify.max_user_instances={_INSTANCES}",
        )
    return _ok("inotify", found)


# -- file systems -----------------------------------------------------------------------


def _file_system(name: str) -> bool:
    table = Path("/proc/filesystems").read_text().split()
    return name in table or _module_exists(name)


def _module_exists(name: str) -> bool:
    """Whether the running kernel could load a module of that name."""
    index = Path(f"/lib/modules/{os.uname().release}/modules.dep")
    try:
        text = index.read_text(errors="replace")
    except OSError:
        return False
    return re.search(rf"^\S*/{re.escape(name)}\.ko", text, re.MULTILINE) is not None


def _overlay() -> HostCheck:
    if _file_system("overlay"):
        return _ok("overlayfs", "there")
    return _warning("overlayfs", "not in this kernel", "modprobe overlay")


def _loop() -> HostCheck:
    if Path("/dev/loop-control").exists():
        return _ok("loop devices", "there")
    return _missing("loop devices", "no /dev/loop-control", "modprobe loop")


def _project_quota() -> HostCheck:
    using = [
        mount.point
        for mount in mounts()
        if {"prjquota", "pquota"} & set(mount.options) and mount.fstype in {"ext4", "xfs"}
    ]
    if using:
        return _ok(
            "project quota", f"on for {', '.join(map(str, using))}: simfs keeps quotas there"
        )
    return _ok("project quota", "on for no file system: simfs keeps no quotas")


# -- networks ---------------------------------------------------------------------------


def _network() -> HostCheck:
    topic = "veth and bridges"
    lacking = [
        name
        for name in ("veth", "bridge")
        if not Path(f"/sys/module/{name}").exists() and not _module_exists(name)
    ]
    if which("ip") is None:
        return _missing(topic, "the program 'ip' is not installed", "apt install iproute2")
    # A driver that is built in and has no parameters leaves no trace; only a try tells.
    still = [name for name in lacking if not _can_make_link(name)]
    if still:
        return _missing(topic, f"the kernel has no {', '.join(still)}")
    return _ok(topic, "there")


def _can_make_link(kind: str) -> bool:
    """Try in a network namespace that vanishes at once."""
    command = ["unshare", "--net", "ip", "link", "add", "vzprobe", "type", kind]
    try:
        return run(command, check=False, timeout=10).status == 0
    except errors.VzvirtError:
        return False


def _nftables() -> HostCheck:
    if which("nft") is None:
        return _warning("nftables", "the program 'nft' is not installed", "apt install nftables")
    try:
        done = run(["unshare", "--net", "nft", "add", "table", "inet", "probe"], check=False)
    except errors.VzvirtError as error:
        return _warning("nftables", error.message)
    if done.status:
        return _warning("nftables", f"does not work: {done.last_words}", "modprobe nf_tables")
    return _ok("nftables", "there")


# -- programs ---------------------------------------------------------------------------


def _lxc() -> HostCheck:
    if which("lxc-start") is None:
        return _missing("LXC", "not installed", "apt install lxc")
    version = run(["lxc-start", "--version"], check=False).stdout.decode().strip()
    return _ok("LXC", f"liblxc {version}")


def _lxcfs() -> HostCheck:
    if any(mount.fstype == "fuse.lxcfs" for mount in mounts()):
        return _ok("lxcfs", "running: guests see their own memory and load")
    if which("lxcfs"):
        return _warning("lxcfs", "installed, not running", "systemctl start lxcfs")
    return _warning(
        "lxcfs", "not installed: guests see the host's memory and load", "apt install lxcfs"
    )


_PROGRAMS: Final = (
    ("ext4 tools", ("mke2fs", "e2fsck", "resize2fs"), "e2fsprogs", Verdict.MISSING),
    ("busybox templates", ("busybox",), "busybox-static", Verdict.WARNING),
    ("Debian templates", ("mmdebstrap",), "mmdebstrap", Verdict.WARNING),
    ("zstd templates", ("zstd",), "zstd", Verdict.WARNING),
    ("SSH host keys", ("ssh-keygen",), "openssh-client", Verdict.WARNING),
)
"""Topic, programs, the Debian package that has them, and how bad it is to lack them."""


def _programs(topic: str, programs: tuple[str, ...], package: str, verdict: Verdict) -> HostCheck:
    lacking = [name for name in programs if which(name) is None]
    if not lacking:
        return _ok(topic, f"{', '.join(programs)} installed")
    return HostCheck(
        topic=topic,
        verdict=verdict,
        found=f"{', '.join(lacking)} not installed",
        remedy=f"apt install {package}",
    )


def _layout(layout: LayoutAbilities) -> HostCheck:
    topic = f"layout {layout.name}"
    if layout.unusable:
        return _missing(topic, layout.unusable)
    abilities = {
        "size quota": layout.size_quota,
        "inode quota": layout.inode_quota,
        "soft limits": layout.soft_limits,
        "grows while running": layout.grows_live,
        "shrinks while running": layout.shrinks_live,
        "shrinks when stopped": layout.shrinks_stopped,
    }
    able = [name for name, holds in abilities.items() if holds]
    return _ok(topic, ", ".join(able) if able else "no quotas")


_CHECKS: Final[tuple[Callable[[], HostCheck], ...]] = (
    _rights,
    _kernel,
    _cgroup,
    _swap_accounting,
    _user_namespaces,
    _id_ranges,
    _seccomp,
    _apparmor,
    _inotify,
    _loop,
    _overlay,
    _project_quota,
    _network,
    _nftables,
    _lxc,
    _lxcfs,
    *(functools.partial(_programs, *row) for row in _PROGRAMS),
)
"""In the order of the report."""

_AFTER_NAMESPACES: Final = 5
"""Where the one check goes that needs to know a folder."""
