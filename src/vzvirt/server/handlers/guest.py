"""What containers say of themselves, and signals for what runs in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from vzvirt import errors
from vzvirt.manager.guestinfo import AddressSource, GuestInfo
from vzvirt.ports.network import GuestAddress
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.protocol.constants import (
    VIR_DOMAIN_GET_HOSTNAME_AGENT,
    VIR_DOMAIN_GUEST_INFO_DISKS,
    VIR_DOMAIN_GUEST_INFO_FILESYSTEM,
    VIR_DOMAIN_GUEST_INFO_HOSTNAME,
    VIR_DOMAIN_GUEST_INFO_INTERFACES,
    VIR_DOMAIN_GUEST_INFO_OS,
    VIR_DOMAIN_GUEST_INFO_TIMEZONE,
    VIR_DOMAIN_GUEST_INFO_USERS,
    VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT,
    VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP,
    VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE,
    VIR_DOMAIN_PASSWORD_ENCRYPTED,
    VIR_IP_ADDR_TYPE_IPV4,
    VIR_IP_ADDR_TYPE_IPV6,
)
from vzvirt.rpc.typedparams import Kind
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.params import Param, encoded
from vzvirt.server.targets import active, reference
from vzvirt.system.guesttext import plain


@handles("domain_get_hostname", flags=VIR_DOMAIN_GET_HOSTNAME_AGENT, where=Where.WORKER)
def get_hostname(call: Call, args: remote.DomainGetHostnameArgs) -> remote.DomainGetHostnameRet:
    """What a container calls itself right now."""
    ref = str(active(call, args.dom).ctid)
    return remote.DomainGetHostnameRet(call.daemon.manager.guestinfo.hostname(ref))


@handles("domain_send_process_signal", flags=0, where=Where.WORKER)
def send_process_signal(call: Call, args: remote.DomainSendProcessSignalArgs) -> None:
    """Send a signal to a process by its number inside."""
    ref = str(active(call, args.dom).ctid)
    call.daemon.manager.processes.signal(ref, args.pid_value, args.signum)


@handles("domain_set_user_password", flags=VIR_DOMAIN_PASSWORD_ENCRYPTED, where=Where.WORKER)
def set_user_password(call: Call, args: remote.DomainSetUserPasswordArgs) -> None:
    """Set a user's password, or what is stored of it, inside, whether or not it runs."""
    call.daemon.manager.guests.set_password(
        reference(call, args.dom),
        args.user or "",
        args.password or "",
        is_hash=bool(args.flags & VIR_DOMAIN_PASSWORD_ENCRYPTED),
    )


# -- addresses ---------------------------------------------------------------------------------

_SOURCES: Final = {
    VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE: AddressSource.LEASE,
    VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT: AddressSource.KERNEL,
    VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP: AddressSource.KERNEL,
}
"""The container's own kernel knows better than its neighbours, and is the host's."""

_VERSIONS: Final = {4: VIR_IP_ADDR_TYPE_IPV4, 6: VIR_IP_ADDR_TYPE_IPV6}


@handles("domain_interface_addresses", flags=0, where=Where.WORKER)
def interface_addresses(
    call: Call, args: remote.DomainInterfaceAddressesArgs
) -> remote.DomainInterfaceAddressesRet:
    """Addresses of its interfaces.

    Raises:
        ArgumentUnsupported: Another source is named than there are.
    """
    source = _SOURCES.get(args.source)
    if source is None:
        raise errors.ArgumentUnsupported(f"unknown IP address data source {args.source}")
    ref = str(active(call, args.dom).ctid)
    found = call.daemon.manager.guestinfo.addresses(ref, source)
    return remote.DomainInterfaceAddressesRet([_interface(item) for item in found])


def _interface(item: GuestAddress) -> remote.DomainInterface:
    return remote.DomainInterface(
        name=plain(item.guest_name),
        hwaddr=item.mac or None,
        addrs=[
            remote.DomainIpAddr(
                type=_VERSIONS[address.version],
                addr=str(address.ip),
                prefix=address.network.prefixlen,
            )
            for address in item.addresses
        ],
    )


# -- file systems and all the rest -------------------------------------------------------------


@handles("domain_get_fsinfo", flags=0, where=Where.WORKER)
def get_fsinfo(call: Call, args: remote.DomainGetFsinfoArgs) -> remote.DomainGetFsinfoRet:
    """File systems that it has mounted."""
    ref = str(active(call, args.dom).ctid)
    found = [
        remote.DomainFsinfo(
            mountpoint=item.mountpoint,
            name=item.name,
            fstype=item.fstype,
            dev_aliases=list(item.devices),
        )
        for item in call.daemon.manager.guestinfo.mounts(ref)
    ]
    return remote.DomainGetFsinfoRet(found, len(found))


def _users(info: GuestInfo, ref: str) -> list[Param]:
    found = info.users(ref)
    rows: list[Param] = [("user.count", len(found), Kind.UINT)]
    for number, item in enumerate(found):
        rows += [
            (f"user.{number}.name", item.name, Kind.STRING),
            (f"user.{number}.login-time", item.login_time, Kind.ULLONG),
        ]
    return rows


def _system(info: GuestInfo, ref: str) -> list[Param]:
    found = info.system(ref)
    words = (
        ("id", found.id),
        ("name", found.name),
        ("pretty-name", found.pretty_name),
        ("version", found.version),
        ("version-id", found.version_id),
        ("kernel-release", found.kernel_release),
        ("kernel-version", found.kernel_version),
        ("machine", found.machine),
        ("variant", found.variant),
        ("variant-id", found.variant_id),
    )
    return [(f"os.{name}", value, Kind.STRING) for name, value in words if value]


def _timezone(info: GuestInfo, ref: str) -> list[Param]:
    found = info.timezone(ref)
    return [
        ("timezone.name", found.name, Kind.STRING),
        ("timezone.offset", found.offset, Kind.INT),
    ]


def _hostname(info: GuestInfo, ref: str) -> list[Param]:
    return [("hostname", info.hostname(ref), Kind.STRING)]


def _filesystems(info: GuestInfo, ref: str) -> list[Param]:
    found = info.mounts(ref)
    rows: list[Param] = [("fs.count", len(found), Kind.UINT)]
    for number, item in enumerate(found):
        place = f"fs.{number}"
        rows += [
            (f"{place}.name", item.name, Kind.STRING),
            (f"{place}.mountpoint", item.mountpoint, Kind.STRING),
            (f"{place}.fstype", item.fstype, Kind.STRING),
        ]
        amounts = (("total-bytes", item.total), ("used-bytes", item.used))
        rows += [
            (f"{place}.{name}", amount, Kind.ULLONG)
            for name, amount in amounts
            if amount is not None
        ]
        rows.append((f"{place}.disk.count", len(item.devices), Kind.UINT))
        rows += [
            (f"{place}.disk.{index}.device", f"/dev/{device}", Kind.STRING)
            for index, device in enumerate(item.devices)
        ]
    return rows


def _disks(_info: GuestInfo, _ref: str) -> list[Param]:
    """It sees none: what its file systems lie on is the host's."""
    return [("disk.count", 0, Kind.UINT)]


def _interfaces(info: GuestInfo, ref: str) -> list[Param]:
    found = info.addresses(ref, AddressSource.KERNEL)
    rows: list[Param] = [("if.count", len(found), Kind.UINT)]
    for number, item in enumerate(found):
        place = f"if.{number}"
        rows.append((f"{place}.name", plain(item.guest_name), Kind.STRING))
        if item.mac:
            rows.append((f"{place}.hwaddr", item.mac, Kind.STRING))
        rows.append((f"{place}.addr.count", len(item.addresses), Kind.UINT))
        for index, address in enumerate(item.addresses):
            rows += [
                (f"{place}.addr.{index}.type", f"ipv{address.version}", Kind.STRING),
                (f"{place}.addr.{index}.addr", str(address.ip), Kind.STRING),
                (f"{place}.addr.{index}.prefix", address.network.prefixlen, Kind.UINT),
            ]
    return rows


_TOPICS: Final[dict[int, Callable[[GuestInfo, str], Sequence[Param]]]] = {
    VIR_DOMAIN_GUEST_INFO_USERS: _users,
    VIR_DOMAIN_GUEST_INFO_OS: _system,
    VIR_DOMAIN_GUEST_INFO_TIMEZONE: _timezone,
    VIR_DOMAIN_GUEST_INFO_HOSTNAME: _hostname,
    VIR_DOMAIN_GUEST_INFO_FILESYSTEM: _filesystems,
    VIR_DOMAIN_GUEST_INFO_DISKS: _disks,
    VIR_DOMAIN_GUEST_INFO_INTERFACES: _interfaces,
}


@handles("domain_get_guest_info", flags=0, where=Where.WORKER)
def get_guest_info(
    call: Call, args: remote.DomainGetGuestInfoArgs
) -> remote.DomainGetGuestInfoRet:
    """Everything that is asked for, or that there is.

    Raises:
        ArgumentUnsupported: Something is asked for that nobody knows here.
    """
    unknown = args.types & ~sum(_TOPICS)
    if unknown:
        raise errors.ArgumentUnsupported(f"unsupported guest information types '0x{unknown:x}'")
    ref = str(active(call, args.dom).ctid)
    rows: list[Param] = []
    for bit, read in _TOPICS.items():
        if not args.types or args.types & bit:
            rows += read(call.daemon.manager.guestinfo, ref)
    return remote.DomainGetGuestInfoRet(encoded(rows))
