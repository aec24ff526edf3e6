"""Debian's libvirtd with nothing but its test driver, to hold our daemon against.

It runs in a mount and a network namespace of its own, with its folders below a temporary one,
and is given no driver module that could touch the host: only those that list things.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MODULES: Final = Path("/usr/lib/x86_64-linux-gnu/libvirt/connection-driver")

HARMLESS: Final = ("interface", "network", "nodedev", "nwfilter", "secret", "storage")
"""What a host without virtual machines has."""

_START: Final = r"""
set -e
for folder in /etc/libvirt /var/lib/libvirt /var/cache/libvirt /run/libvirt; do
    mkdir -p "$folder" "$1$folder"
    mount --bind "$1$folder" "$folder"
done
exec /usr/sbin/libvirtd --config "$1/libvirtd.conf" --pid-file "$1/pid"
"""

_SETTINGS: Final = """\
unix_sock_dir = "{folder}"
unix_sock_rw_perms = "0700"
auth_unix_ro = "none"
auth_unix_rw = "none"
max_clients = 2000
max_anonymous_clients = 2000
log_outputs = "3:file:{folder}/log"
"""


@dataclass(frozen=True)
class Peer:
    """A daemon that clients of libvirt can ask."""

    uri: str
    pid: int

    @property
    def memory(self) -> int:
        """Bytes of its memory that are in use (``VmRSS``)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024


def wait_until_there(path: Path, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Wait for a daemon's socket."""
    until = time.monotonic() + seconds
    while not path.exists():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{process.args!r} does not make {path}")
        time.sleep(0.002)


@contextmanager
def libvirtd() -> Iterator[Peer]:
    """Start it, and end it."""
    folder = Path(tempfile.mkdtemp(prefix="vzvirt-peer.", dir="/var/tmp"))
    (folder / "libvirtd.conf").write_text(_SETTINGS.format(folder=folder))
    drivers = folder / "drivers"
    drivers.mkdir()
    for name in HARMLESS:
        module = f"libvirt_driver_{name}.so"
        (drivers / module).symlink_to(MODULES / module)
    process = subprocess.Popen(
        ["unshare", "--net", "--mount", "sh", "-c", _START, "sh", folder],
        env={"LIBVIRT_DRIVER_DIR": str(drivers), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_there(folder / "libvirt-sock", process)
        yield Peer(f"test+unix:///default?socket={folder}/libvirt-sock", process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(folder)
