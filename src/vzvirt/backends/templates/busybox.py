"""The recipe ``busybox``: a whole small system around one static program.

No state. The tarball depends on nothing but the host's busybox: its files have that program's
time, so building twice gives the same bytes.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.model.progress import Progress
from vzvirt.system.files import mapping_os_errors
from vzvirt.system.process import run, which

_FOLDERS: Final = (
    ("bin", 0o755),
    ("dev", 0o755),
    ("etc", 0o755),
    ("etc/init.d", 0o755),
    ("etc/udhcpc", 0o755),
    ("home", 0o755),
    ("mnt", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("run", 0o755),
    ("sbin", 0o755),
    ("sys", 0o555),
    ("tmp", 0o1777),
    ("usr", 0o755),
    ("usr/bin", 0o755),
    ("usr/sbin", 0o755),
    ("usr/share", 0o755),
    ("var", 0o755),
    ("var/log", 0o755),
    ("var/spool", 0o755),
    ("var/tmp", 0o1777),
)

_INIT: Final = """\
#!/bin/sh
# The first process. Understands the lines of /etc/inittab that a container has a use for:
# sysinit, wait, once, respawn, ctrlaltdel and shutdown. SIGUSR1, SIGUSR2 and SIGPWR power
# off, SIGTERM reboots and SIGINT is ctrlaltdel, as in busybox's own init, which takes two
# seconds for a shutdown that here is over as soon as the last process has ended.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-linux}"
cd /

actions() {  # run the programs of all lines with this action, one after the other
    while IFS=: read -r id levels action program; do
        case "$id" in "#"*) continue ;; esac
        [ "$action" = "$1" ] && "$2" "$program"
    done < /etc/inittab
}
run() {  # in a subshell: the first process must not take the console for itself
    (exec sh -c "exec $1" < /dev/console > /dev/console 2>&1)
}
start() { run "$1" & }
keep() {  # start a program again whenever it ends
    while :; do
        run "$1"
        sleep 1
    done &
}
alone() {
    set -- /proc/[0-9]*
    [ $# -le 1 ]
}
go_down() {
    trap "" USR1 USR2 PWR TERM INT
    actions shutdown run
    kill -TERM -1 2> /dev/null
    for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
        alone && break
        sleep 0.05
    done
    kill -KILL -1 2> /dev/null
    sync
    exec "$1" -f
}
trap "go_down poweroff" USR1 USR2 PWR
trap "go_down reboot" TERM
trap "actions ctrlaltdel run" INT

actions sysinit run
actions wait run
actions once start
actions respawn keep
while :; do
    wait            # this also takes leave of orphans
    sleep 3600 &    # something to wait for where there is nothing else
done
"""

_INITTAB: Final = """\
# id:levels:action:program; see /sbin/init
::sysinit:/etc/init.d/rcS
::respawn:/sbin/getty -L 0 console vt100
::ctrlaltdel:/sbin/reboot
::shutdown:/etc/init.d/rcK
"""

_START: Final = """\
#!/bin/sh
# Run once when the system comes up. Scripts in /etc/init.d named S* are run in order.
[ -s /etc/hostname ] && hostname -F /etc/hostname 2>/dev/null
ip link set lo up 2>/dev/null
for script in /etc/init.d/S*; do
    [ -x "$script" ] && "$script" start
done
exit 0
"""

_STOP: Final = """\
#!/bin/sh
# Run once when the system goes down.
for script in /etc/init.d/S*; do
    [ -x "$script" ] && "$script" stop
done
exit 0
"""

_DHCP: Final = """\
#!/bin/sh
# What udhcpc calls when it has, or has lost, a lease.
case "$1" in
deconfig)
    ip address flush dev "$interface"
    ip link set "$interface" up
    ;;
bound | renew)
    ip address flush dev "$interface"
    ip address add "$ip/${mask:-24}" dev "$interface"
    for gateway in $router; do
        ip route replace default via "$gateway" dev "$interface"
        break
    done
    {
        [ -n "$domain" ] && echo "search $domain"
        for server in $dns; do echo "nameserver $server"; done
    } > /etc/resolv.conf
    ;;
esac
exit 0
"""

_FILES: Final[Mapping[str, tuple[int, str]]] = {
    "etc/passwd": (
        0o644,
        "root:x:0:0:root:/root:/bin/sh\n"
        "daemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
        "nobody:x:65534:65534:nobody:/home:/bin/false\n",
    ),
    "etc/shadow": (0o600, "root:*:19000:0:99999:7:::\ndaemon:*:::::::\nnobody:*:::::::\n"),
    "etc/group": (0o644, "root:x:0:\ndaemon:x:1:\ntty:x:5:\nusers:x:100:\nnogroup:x:65534:\n"),
    "etc/hostname": (0o644, "busybox\n"),
    "etc/hosts": (0o644, "127.0.0.1 localhost\n::1 localhost\n"),
    "etc/inittab": (0o644, _INITTAB),
    "sbin/busybox.init": (0o755, _INIT),
    "etc/init.d/rcS": (0o755, _START),
    "etc/init.d/rcK": (0o755, _STOP),
    "etc/profile": (
        0o644,
        "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\nPS1='\\u@\\h:\\w\\$ '\n",
    ),
    "etc/resolv.conf": (0o644, ""),
    "etc/udhcpc/default.script": (0o755, _DHCP),
    "var/log/wtmp": (0o644, ""),
}


_NEEDED: Final = frozenset({"sh", "getty", "halt", "poweroff", "reboot", "ip", "mount"})
"""Without these applets the system would not work."""


def default_name(_suite: str | None) -> str:
    """The template's name where none is given."""
    return "busybox"


def build(tarball: Path, suite: str | None, progress: Progress) -> None:
    """Make the tarball.

    Raises:
        InvalidArgument: A suite is given; there are none.
        NoSupport: There is no static busybox.
    """
    if suite is not None:
        raise errors.InvalidArgument(f"the recipe 'busybox' has no suites, such as '{suite}'")
    program = _program()
    applets = _applets(program)
    with mapping_os_errors("build the template"):
        content = program.read_bytes()
        when = int(program.stat().st_mtime)
        members = list(_members(content, applets, _version(program)))
        # Neither the compression's header nor any entry holds the time of day.
        with (
            tarball.open("wb") as raw,
            gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed,
            tarfile.TarFile(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive,
        ):
            for done, (member, data) in enumerate(members):
                progress("building busybox", done, len(members))
                member.mtime = when
                archive.addfile(member, io.BytesIO(data))
    progress("building busybox", len(members), len(members))


def _program() -> Path:
    """A busybox that needs no libraries."""
    found = which("busybox")
    hint = "apt install busybox-static"
    if found is None:
        raise errors.NoSupport("there is no busybox on this host", hint=hint)
    program = Path(found).resolve()
    # A program with libraries names its dynamic linker; a static one has no reason to.
    if re.search(rb"/lib[a-z0-9/_-]*/ld-[a-z0-9.-]+\.so", program.read_bytes()[:4096]):
        raise errors.NoSupport(f"'{program}' needs libraries that no container has", hint=hint)
    return program


def _applets(program: Path) -> list[str]:
    listed = run([program, "--list-full"]).stdout.decode().split()
    missing = _NEEDED - {path.rpartition("/")[2] for path in listed}
    if missing:
        raise errors.NoSupport(
            f"'{program}' was built without {', '.join(sorted(missing))}",
            hint="apt install busybox-static",
        )
    return sorted(path for path in listed if path.startswith(("bin/", "sbin/", "usr/")))


def _version(program: Path) -> str:
    said = run([program, "--help"], check=False)
    match = re.search(rb"BusyBox v(\d[\w.]*)", said.stdout + said.stderr)
    return match[1].decode() if match else ""


def _members(
    program: bytes, applets: list[str], version: str
) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    yield _member(".", tarfile.DIRTYPE, 0o755), b""
    for path, mode in _FOLDERS:
        yield _member(path, tarfile.DIRTYPE, mode), b""
    yield _file("bin/busybox", 0o755, program)
    for path in applets:
        if path not in {"bin/busybox", "sbin/init"}:
            yield _link(path, "/bin/busybox"), b""
    yield _link("sbin/init", "busybox.init"), b""
    for path, (mode, text) in _FILES.items():
        yield _file(path, mode, text.encode())
    release = f'ID=busybox\nNAME=BusyBox\nVERSION_ID={version}\nPRETTY_NAME="BusyBox {version}"\n'
    yield _file("etc/os-release", 0o644, release.encode())


def _member(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path if path == "." else f"./{path}")
    member.type, member.mode = kind, mode
    return member


def _link(path: str, target: str) -> tarfile.TarInfo:
    link = _member(path, tarfile.SYMTYPE, 0o777)
    link.linkname = target
    return link


def _file(path: str, mode: int, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    member = _member(path, tarfile.REGTYPE, mode)
    member.size = len(data)
    return member, data
