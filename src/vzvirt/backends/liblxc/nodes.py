"""Device nodes of the host, given to and taken from running containers.

No state. liblxc's own tool makes the node and opens the container's device list for it, in
either version of control groups. At a start they are in the configuration instead (``plan``).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.backends.liblxc.plan import node_permission
from vzvirt.backends.liblxc.runfolder import RunFolder
from vzvirt.codec.lxcconf.devices import access_of
from vzvirt.model.devices import HostDevice
from vzvirt.system import process
from vzvirt.system.files import mapping_os_errors

LXC_DEVICE: Final = "/usr/bin/lxc-device"

_PATIENCE: Final = 30.0


def attach(pid: int, groups: Groups, run: RunFolder, device: HostDevice) -> None:
    """Make a node inside and allow its use, with the permissions it was given.

    Raises:
        NoDevice: The host has no such node.
        NoSupport: The container has a user namespace, in which no node made later can be opened.
        OperationFailed: It could not be made.
    """
    rule = node_permission(str(device.name), device.permissions)
    _refuse_confined(pid, device)
    _run(run, "add", str(device.name))
    missing = "".join(letter for letter in "rw" if letter not in access_of(rule.permissions))
    folder = groups.folder("devices")
    if missing and folder is not None and (folder / "devices.deny").exists():
        with mapping_os_errors(f"limit the use of '{device.name}'"):
            (folder / "devices.deny").write_text(
                f"{rule.kind} {rule.major}:{rule.minor} {missing}", encoding="ascii"
            )


def detach(pid: int, groups: Groups, run: RunFolder, device: HostDevice) -> None:
    """Remove a node inside and forbid its use."""
    del groups
    _refuse_confined(pid, device)
    _run(run, "del", str(device.name))


def _refuse_confined(pid: int, device: HostDevice) -> None:
    try:
        confined = not os.path.samestat(Path(f"/proc/{pid}/ns/user").stat(), _OWN.stat())
    except OSError as error:
        raise errors.OperationInvalid("the container is not running any more") from error
    if confined:
        raise errors.NoSupport(
            f"'{device.name}' cannot come or go while the container runs: in its user namespace "
            "the kernel opens no node that was made later",
            hint="change its definition alone, and start it anew",
        )


_OWN: Final = Path("/proc/self/ns/user")


def _run(run: RunFolder, action: str, path: str) -> None:
    process.run(
        [LXC_DEVICE, "-P", run.path.parent, "-n", str(run.ctid), action, path],
        timeout=_PATIENCE,
    )
