"""The disk image QEMU guests boot from: Debian 12 with its cloud kernel, systemd and LXC.

State: one folder ``.cache/vm/KEY`` with the kernel, its initrd and the root file system; KEY is
a digest of everything the image is made of, so a changed ingredient makes a new one and the old
one is removed. Building takes a minute and the Debian mirror; afterwards no network is used.
Guests boot a throw-away copy-on-write view of it: the image itself never changes.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent
CACHE = PROJECT / ".cache" / "vm"
UNIT = Path(__file__).parent / "payload.service"

SUITE = "bookworm"
SIZE = "3G"
PACKAGES = (
    "linux-image-cloud-amd64",
    "systemd-sysv",
    "udev",
    "dbus",
    "python3",
    # What tools/packages.txt lists for running and checking, as far as it makes sense inside.
    "lxc",
    "iproute2",
    "nftables",
    "dnsmasq-base",
    "iputils-ping",
    "e2fsprogs",
    "xfsprogs",
    "mount",
    "busybox-static",
    "xz-utils",
    "zstd",
    "bzip2",
    "procps",
    "libcap2-bin",
    "gcc",
    "libc6-dev",
)
# Everything that goes on in the guest is on this: its python finds what the payload brings.
SITE_PACKAGES = "usr/local/lib/python3.11/dist-packages"


@dataclass(frozen=True)
class Image:
    """What QEMU boots."""

    kernel: Path
    initrd: Path
    root: Path


def image() -> Image:
    """The image, built if it is not in the cache."""
    folder = CACHE / _key()
    if not folder.is_dir():
        for outdated in CACHE.glob("*"):
            shutil.rmtree(outdated)
        _build(folder)
    return Image(folder / "vmlinuz", folder / "initrd.img", folder / "root.img")


def _key() -> str:
    ingredients = (SUITE, SIZE, *PACKAGES, UNIT.read_text(), Path(__file__).read_text())
    return hashlib.sha256("\0".join(ingredients).encode()).hexdigest()[:16]


def _build(folder: Path) -> None:
    """Build in a neighbouring folder and rename, so that what has the right name is complete."""
    building = folder.with_name("building")
    building.mkdir(parents=True)
    root = building / "root"
    subprocess.run(
        [
            "mmdebstrap",
            "--quiet",
            "--variant=apt",
            "--aptopt=APT::Install-Recommends false",
            f"--include={','.join(PACKAGES)}",
            SUITE,
            root,
        ],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    shutil.copy(next((root / "boot").glob("vmlinuz-*")), building / "vmlinuz")
    shutil.copy(next((root / "boot").glob("initrd.img-*")), building / "initrd.img")
    _furnish(root)
    with (building / "root.img").open("wb") as file:
        file.truncate(int(SIZE.removesuffix("G")) * 2**30)
    subprocess.run(
        ["mke2fs", "-q", "-t", "ext4", "-L", "root", "-d", root, building / "root.img"], check=True
    )
    shutil.rmtree(root)
    building.rename(folder)


def _furnish(root: Path) -> None:
    (root / "etc/fstab").write_text("LABEL=root / ext4 rw 0 1\n")
    (root / "payload").mkdir()
    shutil.copy(UNIT, root / "etc/systemd/system" / UNIT.name)
    wanted = root / "etc/systemd/system/multi-user.target.wants"
    (wanted / UNIT.name).symlink_to(f"/etc/systemd/system/{UNIT.name}")
    # No login prompt between the lines of the payload.
    (root / "etc/systemd/system/serial-getty@ttyS0.service").symlink_to("/dev/null")
    packages = root / SITE_PACKAGES
    packages.rmdir()
    packages.symlink_to("/payload/site-packages")
