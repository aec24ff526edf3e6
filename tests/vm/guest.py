"""Running something in a QEMU guest that is booted for it and switched off after it.

No network and no shared folder: what the guest is to run and the project itself go in on a
second disk, the payload, and what it leaves in ``results/`` there is read back once it is off.
It has two network cards, which reach each other and nobody else.
QEMU emulates (TCG), so this works on any host; a guest takes 20 s to boot and switch off.
"""

from __future__ import annotations

import enum
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .image import PROJECT, Image

PAYLOAD_SIZE = 2**30
PARTS = ("src", "tests", "examples", "tools", "pyproject.toml", "README.md", "LICENSE")


@dataclass(frozen=True)
class NetworkCard:
    """A card of the guest's.

    Attributes:
        model: As QEMU calls it.
        mac: Its address.
    """

    model: str
    mac: str


CARDS = (
    NetworkCard("virtio-net-pci", "52:54:00:76:7a:01"),
    NetworkCard("vmxnet3", "52:54:00:76:7a:02"),
)
"""Two of the kinds that Debian's cloud kernel has drivers for."""


class Cgroups(enum.Enum):
    """How the guest's systemd mounts control groups: arguments of the kernel's command line."""

    UNIFIED = "systemd.unified_cgroup_hierarchy=1"
    HYBRID = "systemd.unified_cgroup_hierarchy=0"
    LEGACY = "systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1"


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        status: Exit status of the script; ``None``: it did not come to its end.
        console: All that the guest's console showed.
        results: What the script left in ``results/``.
    """

    status: int | None
    console: str
    results: Path


def run_in_guest(
    image: Image, script: str, work: Path, *, cgroups: Cgroups, timeout: float
) -> Outcome:
    """Boot a guest, run a shell script in it as root, and switch it off.

    Args:
        image: What to boot.
        script: Its working folder is ``/payload``; the project is in ``/payload/project``.
        work: An empty folder for the disks and logs of this run.
        cgroups: Which control group hierarchies the guest shall have.
        timeout: Seconds after which the guest is killed.
    """
    payload = _payload_disk(script, work)
    console = work / "console.log"
    # A guest that is not off in time is killed; the outcome then has no status.
    with _guest(image, payload, console, cgroups) as qemu, suppress(subprocess.TimeoutExpired):
        qemu.wait(timeout)
    _debugfs(payload, f"rdump /results {work}")
    status = _debugfs(payload, "cat /status").strip()
    shown = console.read_text(errors="replace")
    return Outcome(int(status) if status else None, shown, work / "results")


def _payload_disk(script: str, work: Path) -> Path:
    folder = work / "payload"
    (folder / "results").mkdir(parents=True)
    (folder / "run").write_text(script)
    for part in PARTS:
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, folder / "project" / part, symlinks=True)
        elif source.exists():
            shutil.copy2(source, folder / "project" / part)
    shutil.copytree(sysconfig.get_path("purelib"), folder / "site-packages", symlinks=True)
    disk = work / "payload.img"
    with disk.open("wb") as file:
        file.truncate(PAYLOAD_SIZE)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-L", "payload", "-d", folder, disk], check=True)
    shutil.rmtree(folder)
    return disk


@contextmanager
def _guest(
    image: Image, payload: Path, console: Path, cgroups: Cgroups
) -> Iterator[subprocess.Popen[bytes]]:
    arguments = f"root=LABEL=root rw console=ttyS0 quiet mitigations=off {cgroups.value}"
    qemu = subprocess.Popen(
        [
            "qemu-system-x86_64",
            *("-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2048"),
            *("-display", "none", "-monitor", "none", "-nic", "none", "-no-reboot"),
            *("-serial", f"file:{console}"),
            *_cards(),
            *("-kernel", image.kernel, "-initrd", image.initrd, "-append", arguments),
            *("-drive", f"file={image.root},format=raw,if=virtio,snapshot=on"),
            *("-drive", f"file={payload},format=raw,if=virtio,cache=unsafe"),
        ],
        stdin=subprocess.DEVNULL,
    )
    try:
        yield qemu
    finally:
        qemu.kill()
        qemu.wait()


def _cards() -> list[str]:
    """Cards on one hub."""
    words = []
    for number, card in enumerate(CARDS):
        words += ["-netdev", f"hubport,id=wire{number},hubid=0"]
        words += ["-device", f"{card.model},netdev=wire{number},mac={card.mac},romfile="]
    return words


def _debugfs(disk: Path, command: str) -> str:
    finished = subprocess.run(
        ["debugfs", "-R", command, disk], check=True, capture_output=True, text=True
    )
    return finished.stdout
