"""Virtual networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vzvirt import errors
from vzvirt.cli.commands.editing import edited
from vzvirt.cli.network_reports import LEASE_FIELDS, NETWORK_FIELDS, NETWORK_INFO_FIELDS
from vzvirt.cli.output import Json, document, documents
from vzvirt.cli.session import Session, read_file
from vzvirt.codec.xml import read_entry, read_network, write_network
from vzvirt.model.network import Network
from vzvirt.model.networkchange import ChangeKind, NetworkChange, described

_ACTIONS: Final = {
    "add": (ChangeKind.ADD_LAST, "added"),
    "add-first": (ChangeKind.ADD_FIRST, "added"),
    "modify": (ChangeKind.MODIFY, "changed"),
    "delete": (ChangeKind.DELETE, "removed"),
}


def list_networks(session: Session, *, everything: bool, json: bool) -> None:
    """List the networks that run, or all."""
    output = session.output
    found = [item for item in session.manager.networks.list() if everything or item.active]
    if json:
        output.json(documents(NETWORK_FIELDS, found))
    elif output.quiet:
        for item in found:
            output.line(item.network.name)
    else:
        output.table(NETWORK_FIELDS, found)


def info(session: Session, *, ref: str, json: bool) -> None:
    """Show how one stands."""
    status = session.manager.networks.get(ref)
    if json:
        session.output.json(document(NETWORK_INFO_FIELDS, status))
    else:
        session.output.facts(NETWORK_INFO_FIELDS, status)


def dumpxml(session: Session, *, ref: str, inactive: bool) -> None:
    """Print a network as it runs, else its definition."""
    networks = session.manager.networks
    if inactive:
        session.output.text(write_network(networks.definition(ref)))
    else:
        status = networks.get(ref)
        session.output.text(write_network(status.network, active=status.active))


def define(session: Session, *, file: str, validate: bool, json: bool) -> None:
    """Write a definition."""
    read = read_network(read_file(file), validate=validate)
    _tell(session, session.manager.networks.define(read.network), "defined", read.warnings, json)


def start_transient(session: Session, *, file: str, validate: bool, json: bool) -> None:
    """Start a network that is gone once it stops."""
    read = read_network(read_file(file), validate=validate)
    network = session.manager.networks.start_transient(read.network)
    _tell(session, network, "started", read.warnings, json)


def edit(session: Session, *, ref: str) -> None:
    """Edit a definition in the user's editor."""
    networks = session.manager.networks
    old = networks.definition(ref)

    def take(text: bytes) -> None:
        read = read_network(text)
        if (read.network.name, read.network.uuid) != (old.name, old.uuid):
            raise errors.InvalidArgument(
                f"the name or uuid of {_title(old)} was changed",
                hint="define another network with 'vzvirt net define'",
            )
        new = networks.define(read.network, replacing=old)
        _tell(session, new, "edited", read.warnings, json=False)

    if not edited(session, old.name, write_network(old), take):
        session.output.note(f"{_title(old)} not changed")


def start(session: Session, *, refs: tuple[str, ...], json: bool) -> int:
    """Start defined networks."""
    return _each(session, refs, session.manager.networks.start, "started", json=json)


def stop(session: Session, *, refs: tuple[str, ...], json: bool) -> int:
    """Stop networks."""
    return _each(session, refs, session.manager.networks.stop, "stopped", json=json)


def undefine(session: Session, *, refs: tuple[str, ...], json: bool) -> int:
    """Delete definitions."""
    return _each(session, refs, session.manager.networks.undefine, "undefined", json=json)


def autostart(session: Session, *, refs: tuple[str, ...], disable: bool, json: bool) -> int:
    """Say whether networks start with the host."""
    networks = session.manager.networks
    done = "does not start with the host" if disable else "starts with the host"
    return _each(
        session, refs, lambda name: networks.set_autostart(name, not disable), done, json=json
    )


def leases(session: Session, *, ref: str, json: bool) -> None:
    """List what DHCP has given out."""
    found = session.manager.networks.leases(ref)
    if json:
        session.output.json(documents(LEASE_FIELDS, found))
    else:
        session.output.table(LEASE_FIELDS, found)


def update(
    session: Session, *, ref: str, action: str, entry: str, live: bool, config: bool, json: bool
) -> None:
    """Change one entry of a network."""
    networks = session.manager.networks
    status = networks.get(ref)
    kind, done = _ACTIONS[action]
    removed_from = status.network if kind is ChangeKind.DELETE else None
    text = entry if entry.lstrip().startswith("<") else read_file(entry)
    changed = read_entry(text, removed_from)
    if not (live or config):
        live, config = status.active, status.persistent
    name = status.network.name
    networks.update(name, NetworkChange(kind=kind, entry=changed), live=live, persistent=config)
    if json:
        session.output.json([{**_identity(status.network), "done": done}])
    else:
        session.output.note(f"{_title(status.network)}: {described(changed)} {done}")


def _each(
    session: Session,
    refs: tuple[str, ...],
    act: Callable[[str], None],
    done: str,
    *,
    json: bool,
) -> int:
    """Do something with each network, by its name."""

    def acted(ref: str) -> tuple[str, dict[str, Json]]:
        network = session.manager.networks.get(ref).network
        act(network.name)
        return _title(network), _identity(network)

    return session.each_of(refs, acted, done, json=json)


def _tell(
    session: Session, network: Network, done: str, warnings: tuple[str, ...], json: bool
) -> None:
    for warning in warnings:
        session.output.warn(warning)
    if json:
        session.output.json({**_identity(network), "done": done, "warnings": list(warnings)})
    else:
        session.output.note(f"{_title(network)} {done}")


def _title(network: Network) -> str:
    return f"network {network.name}"


def _identity(network: Network) -> dict[str, Json]:
    return {"name": network.name, "uuid": str(network.uuid)}
