"""Device nodes of the host, given to and taken from running containers.

No state. At a start they are in the configuration instead (``plan``). Where device access is
control groups of version 1, what a group may open its inner groups may not unless they are told
so, too, hence all of them are; liblxc, which tells the innermost only, cannot. In version 2 it is
a program in the kernel that liblxc alone can replace, so its own tool does all; it knows no
other permissions than all.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.backends.liblxc.groups import Groups
from vzvirt.backends.liblxc.plan import node_permission
from vzvirt.backends.liblxc.runfolder import RunFolder
from vzvirt.codec.lxcconf.devices import access_of
from vzvirt.model.devices import DevicePermission, HostDevice
from vzvirt.system import process
from vzvirt.system.files import mapping_os_errors
from vzvirt.system.safepath import GuestRoot

LXC_DEVICE: Final = "/usr/bin/lxc-device"

_PATIENCE: Final = 30.0


def attach(pid: int, groups: Groups, run: RunFolder, device: HostDevice) -> None:
    """Make a node inside and allow its use, with the permissions it was given.

    Raises:
        NoDevice: The host has no such node.
        NoSupport: The container has a user namespace, in which no node made later can be opened,
            or this host can't give it fewer permissions than all now.
        OperationFailed: It could not be made.
    """
    path = str(device.name)
    rule = node_permission(path, device.permissions)
    _refuse_confined(pid, device)
    if groups.trees.version("devices") != 1:
        _refuse_narrow(device)
        _run(run, "add", path)
        return
    _tell(groups, "devices.allow", rule, access_of(rule.permissions))
    with _inside(pid, f"make '{path}' inside") as guest, guest.parent(path) as (folder, name):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        os.mknod(name, _KINDS[rule.kind] | 0o660, Path(path).stat().st_rdev, dir_fd=folder)


def detach(pid: int, groups: Groups, run: RunFolder, device: HostDevice) -> None:
    """Remove a node inside and forbid its use.

    Raises:
        NoDevice: The host has no such node any more.
        OperationFailed: It could not be removed.
    """
    path = str(device.name)
    rule = node_permission(path, device.permissions)
    _refuse_confined(pid, device)
    if groups.trees.version("devices") != 1:
        _run(run, "del", path)
        return
    _tell(groups, "devices.deny", rule, "rw")
    with _inside(pid, f"remove '{path}' inside") as guest:
        try:
            guest.unlink(path, missing_ok=True)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            # It was there from the start, as a mount: it stays, and nobody can open it.


@contextlib.contextmanager
def _inside(pid: int, what: str) -> Iterator[GuestRoot]:
    """A running container's files as it sees them itself."""
    with mapping_os_errors(what), GuestRoot(Path(f"/proc/{pid}/root")) as guest:
        yield guest


_KINDS: Final = {"b": stat.S_IFBLK, "c": stat.S_IFCHR}


def _tell(groups: Groups, file: str, rule: DevicePermission, access: str) -> None:
    """Say a rule to the container's group and all within, outermost first."""
    top = groups.folder("devices")
    if top is None or not access:
        return
    with mapping_os_errors("change what devices a container may use"):
        for folder, _, _ in os.walk(top):
            (Path(folder) / file).write_text(
                f"{rule.kind} {rule.major}:{rule.minor} {access}", encoding="ascii"
            )


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


def _refuse_narrow(device: HostDevice) -> None:
    if access_of(device.permissions) != access_of(""):
        raise errors.NoSupport(
            f"'{device.name}' cannot come with the permissions '{device.permissions}' while the "
            "container runs: on this host's control groups it would be given all",
            hint="change its definition alone (--config), and start it anew",
        )


_OWN: Final = Path("/proc/self/ns/user")


def _run(run: RunFolder, action: str, path: str) -> None:
    process.run(
        [LXC_DEVICE, "-P", run.path.parent, "-n", str(run.ctid), action, path],
        timeout=_PATIENCE,
    )
