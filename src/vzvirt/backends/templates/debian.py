"""The recipe ``debian``: a small Debian with systemd, by mmdebstrap.

No state but the tarball. Packages come from the mirrors the host's own apt is set up for.
"""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.model.progress import Progress

DEFAULT_SUITE: Final = "bookworm"

_RELEASES: Final = {"bullseye": "11", "bookworm": "12", "trixie": "13", "forky": "14"}
"""Suites and their numbers, for the template's name."""

_PACKAGES: Final = (
    "systemd-sysv",
    "dbus",
    "iproute2",
    "iputils-ping",
    "netbase",
    "openssh-server",
    "procps",
)

_MASKED: Final = (
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "sys-kernel-config.mount",
    "sys-fs-fuse-connections.mount",
    "dev-hugepages.mount",
    "systemd-modules-load.service",
    "systemd-udevd.service",
    "systemd-udev-trigger.service",
    "systemd-journald-audit.socket",
    "systemd-remount-fs.service",
)
"""Units that a container may not carry out, and that would make it come up degraded."""

_UNIQUE: Final = ("etc/machine-id", "var/lib/dbus/machine-id")

_STAGES: Final = (
    "automatically chosen",
    "running apt-get update",
    "downloading packages",
    "extracting archives",
    "installing essential packages",
    "installing remaining packages",
    "running --customize-hook",
    "cleaning package lists",
    "creating tarball",
    "success",
)
"""What mmdebstrap says, in this order; the steps of the progress bar."""

_LAST_LINES: Final = 4


def default_name(suite: str | None) -> str:
    """The template's name where none is given, such as ``debian-12-x86_64``."""
    suite = suite or DEFAULT_SUITE
    return f"debian-{_RELEASES.get(suite, suite)}-{platform.machine()}"


def build(tarball: Path, suite: str | None, progress: Progress) -> None:
    """Make the tarball; takes about half a minute and needs the network.

    Raises:
        NoSupport: mmdebstrap is not installed.
        OperationFailed: mmdebstrap failed.
    """
    suite = DEFAULT_SUITE if suite is None else suite
    if not suite.replace("-", "").isalnum() or suite.startswith("-"):
        raise errors.InvalidArgument(f"'{suite[:60]}' is not the name of a Debian suite")
    # mmdebstrap tells the compression by the name's end, which the draft does not have.
    packed = tarball.with_name(f"{tarball.name}.tar.gz")
    try:
        _run(_command(suite, packed), suite, progress)
        packed.rename(tarball)
    finally:
        packed.unlink(missing_ok=True)


def _run(command: list[str], suite: str, progress: Progress) -> None:
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except FileNotFoundError:
        raise errors.NoSupport(
            "the program 'mmdebstrap' is not installed", hint="apt install mmdebstrap"
        ) from None
    with child:
        try:
            lines = _follow(child, f"building debian {suite}", progress)
        except BaseException:
            child.terminate()  # it removes its own temporary folder
            raise
    if child.returncode != 0:
        raise errors.OperationFailed(
            f"mmdebstrap could not build '{suite}': {'; '.join(lines[-_LAST_LINES:])}",
            hint="does this host reach its Debian mirror, and does the suite exist there?",
        )


def _command(suite: str, tarball: Path) -> list[str]:
    masks = " ".join(f'"$1/etc/systemd/system/{unit}"' for unit in _MASKED)
    unique = " ".join(f'"$1/{path}"' for path in _UNIQUE)
    hooks = (
        f"for unit in {masks}; do ln -sf /dev/null $unit; done",
        # An empty machine id is filled in at the first boot; keys are made at provisioning.
        f'rm -f {unique} "$1"/etc/ssh/ssh_host_*; : > "$1/etc/machine-id"',
        ': > "$1/etc/fstab"; rm -f "$1/etc/hostname" "$1/etc/resolv.conf"',
    )
    return [
        "mmdebstrap",
        "--format=tar",
        "--variant=minbase",
        f"--include={','.join(_PACKAGES)}",
        *(f"--customize-hook={hook}" for hook in hooks),
        suite,
        str(tarball),
    ]


def _follow(child: subprocess.Popen[str], what: str, progress: Progress) -> list[str]:
    """Show how far it is, and keep what it says."""
    lines: list[str] = []
    stage = 0
    for line in child.stderr or ():
        text = line.strip()
        if text:
            lines.append(text)
        stage = max([stage, *(at for at, mark in enumerate(_STAGES) if mark in text)])
        progress(what, stage, len(_STAGES) - 1)
    return lines
