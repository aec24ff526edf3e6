"""Interfaces, routed addresses and other devices of containers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from vzvirt import errors
from vzvirt.cli.network_reports import ADDRESS_FIELDS, COUNTER_FIELDS, INTERFACE_FIELDS
from vzvirt.cli.output import Field, documents
from vzvirt.cli.session import Session, affected, identity, read_file, title
from vzvirt.codec.xml import read_device
from vzvirt.model.affect import Affect
from vzvirt.model.devices import Filesystem, GuestNaming, HostDevice, Interface, IpInterface
from vzvirt.model.domain import Domain

T = TypeVar("T")

Device = Interface | HostDevice | Filesystem


class _Change(Protocol):
    """What the manager does with a device."""

    def __call__(self, ref: str, device: Device, affect: Affect) -> None: ...


def add_address(session: Session, *, ref: str, address: IpInterface, json: bool) -> None:
    """Give a container a routed address."""
    domain = session.find(ref)
    session.manager.devices.add_address(str(domain.ctid), address)
    _say(session, domain, f"has {address.ip}", json=json)


def remove_address(session: Session, *, ref: str, address: IpInterface, json: bool) -> None:
    """Take a routed address from it."""
    domain = session.find(ref)
    session.manager.devices.remove_address(str(domain.ctid), address)
    _say(session, domain, f"has {address.ip} no more", json=json)


def naming(
    session: Session,
    *,
    ref: str,
    hostname: str | None,
    nameservers: tuple[str, ...],
    search_domains: tuple[str, ...],
    json: bool,
) -> None:
    """Change what a container is called and whom it asks for names."""
    if hostname is None and not nameservers and not search_domains:
        raise errors.InvalidArgument(
            "nothing to change was given", hint="--hostname, --nameserver or --searchdomain"
        )
    domain = session.find(ref)
    old = domain.guest_naming
    new = GuestNaming(
        hostname=old.hostname if hostname is None else hostname or None,
        nameservers=tuple(filter(None, nameservers)) if nameservers else old.nameservers,
        search_domains=(
            tuple(filter(None, search_domains)) if search_domains else old.search_domains
        ),
    )
    session.manager.guestside.update_naming(str(domain.ctid), new)
    _say(session, domain, "goes by its new names", json=json)


def attach(session: Session, *, ref: str, file: str, live: bool, config: bool, json: bool) -> None:
    """Give a container one more device."""
    domain, device = _read(session, ref, file)
    _make(session.manager.devices.attach, domain, device, live=live, config=config)
    _say(session, domain, f"has {_described(device)}", json=json)


def update(session: Session, *, ref: str, file: str, live: bool, config: bool, json: bool) -> None:
    """Change a device of a container."""
    domain, device = _read(session, ref, file)
    _make(session.manager.devices.update, domain, device, live=live, config=config)
    _say(session, domain, f"has {_described(device)} changed", json=json)


def detach(session: Session, *, ref: str, file: str, live: bool, config: bool, json: bool) -> None:
    """Take a device from a container."""
    domain, device = _read(session, ref, file)
    _make(session.manager.devices.detach, domain, device, live=live, config=config)
    _say(session, domain, f"has {_described(device)} no more", json=json)


def list_interfaces(session: Session, *, ref: str, json: bool) -> None:
    """List a container's interfaces."""
    found = session.manager.connections.interfaces(str(session.find(ref).ctid))
    _show(session, INTERFACE_FIELDS, found, json=json)


def list_addresses(session: Session, *, ref: str, json: bool) -> None:
    """List the addresses that a running container has."""
    found = session.manager.connections.addresses(str(session.find(ref).ctid))
    _show(session, ADDRESS_FIELDS, found, json=json)


def list_counters(session: Session, *, ref: str, json: bool) -> None:
    """Show the traffic of a running container's interfaces."""
    found = session.manager.connections.counters(str(session.find(ref).ctid))
    _show(session, COUNTER_FIELDS, found, json=json)


def _read(session: Session, ref: str, file: str) -> tuple[Domain, Device]:
    domain = session.find(ref)
    read = read_device(read_file(file))
    for warning in read.warnings:
        session.output.warn(warning)
    return domain, read.device


def _make(change: _Change, domain: Domain, device: Device, *, live: bool, config: bool) -> None:
    """Without a word on where, a change is made wherever it can be."""
    change(str(domain.ctid), device, affected(live=live, config=config))


def _described(device: Device) -> str:
    match device:
        case Interface():
            where = f" on '{device.source}'" if device.source else ""
            return f"interface {device.mac or device.guest_name or device.kind.value}{where}"
        case HostDevice():
            return f"host device {device.name or device.address}"
        case Filesystem():
            return f"filesystem {device.target}"


def _say(session: Session, domain: Domain, done: str, *, json: bool) -> None:
    if json:
        session.output.json([{**identity(domain), "done": done}])
    else:
        session.output.note(f"{title(domain)} {done}")


def _show(session: Session, fields: Sequence[Field[T]], found: Sequence[T], *, json: bool) -> None:
    if json:
        session.output.json(documents(fields, found))
    else:
        session.output.table(fields, found)
