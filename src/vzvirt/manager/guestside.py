"""The guest's side of names and networks: what is written into its files, at start and live.

No state. A guest whose files cannot be changed, perhaps since it forbids it, starts all the
same; the user is told. vz.conf's name servers are for guests that have no others: a lease's
come first, and a root that is a folder of the user's or read-only is not changed for them.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Mapping, Sequence
from functools import partial

from vzvirt import errors
from vzvirt.manager import links
from vzvirt.manager.areas import Area, area
from vzvirt.manager.defaults import effective
from vzvirt.manager.repairs import change_all
from vzvirt.manager.standing import changing
from vzvirt.manager.world import World
from vzvirt.model.devices import INHERIT, GuestNaming, Interface
from vzvirt.model.domain import Domain
from vzvirt.model.state import DomainState
from vzvirt.model.values import Ctid
from vzvirt.ports.engine import ExecRequest
from vzvirt.ports.guestfiles import Refresh


def prepare(world: World, domain: Domain, own: GuestNaming, place: Area) -> tuple[str, ...]:
    """Make a root ready to boot; it is mounted, and nothing in it runs.

    Args:
        world: The ports.
        domain: What is started.
        own: What its own definition says of names, without vz.conf.
        place: Its storage.

    Returns:
        Names of interfaces inside for which somebody else must ask DHCP.
    """
    try:
        _write_naming(world, domain, place, own)
    except errors.VzvirtError as error:
        _warn(world, domain, error)
    try:
        return _unasked(_write_network(world, domain, place))
    except errors.VzvirtError as error:
        _warn(world, domain, error)
    return tuple(item.guest_name for item in domain.interfaces if item.dhcp and item.guest_name)


def _unasked(orders: Mapping[str, Refresh]) -> tuple[str, ...]:
    return tuple(name for name, order in orders.items() if not order)


def _write_naming(
    world: World, domain: Domain, place: Area, own: GuestNaming
) -> tuple[Refresh, ...]:
    """Write names into a root.

    Returns:
        What a running guest must be told.

    Raises:
        InvalidArgument: A name or address is none.
        OperationFailed: The guest protects a file, or the host has nothing to inherit.
    """
    naming, spare = _split(domain, own, place)
    with place.layout.opened(place.spec) as root:
        return world.guestfiles.apply_naming(root, domain.owners_on_disk, naming, spare)


def follow(world: World, domain: Domain, before: Sequence[Interface]) -> tuple[str, ...]:
    """Tell a running guest's network programs of interfaces that came, went or changed.

    Those that are to ask DHCP where they did not before are made to.

    Args:
        world: The ports.
        domain: What runs now.
        before: The interfaces it had.

    Returns:
        As of ``prepare``, for the next reboot.
    """
    try:
        orders = _write_network(world, domain, area(world, domain))
        asked = {(item.guest_name, item.kind, item.source, item.dhcp) for item in before}
        new = [
            item.guest_name or ""
            for item in domain.interfaces
            if (item.guest_name, item.kind, item.source, item.dhcp) not in asked
        ]
        _ask(world, domain, {name: orders[name] for name in new if name in orders})
    except errors.VzvirtError as error:
        _warn(world, domain, error)
        return ()
    return _unasked(orders)


def catch_up(world: World, ctid: Ctid, domain: Domain) -> None:
    """Have a guest that was paused, perhaps since its start, ask DHCP where nobody has yet.

    Args:
        world: The ports.
        ctid: The container.
        domain: What runs.
    """
    pid = world.engine.observe(ctid).init_pid
    if pid is None or not any(item.dhcp for item in domain.interfaces):
        return
    try:
        unasked = _unasked(_write_network(world, domain, area(world, domain)))
        known = {
            item.guest_name
            for item in (world.links.addresses(pid) if unasked else ())
            if any(not address.is_link_local for address in item.addresses)
        }
        links.ask_for_addresses(world, ctid, domain, [n for n in unasked if n not in known])
    except errors.VzvirtError as error:
        _warn(world, domain, error)


def _ask(world: World, domain: Domain, orders: Mapping[str, Refresh]) -> None:
    """Have a running guest ask DHCP; by its own program, or by any client it has."""
    if not orders or domain.ctid is None:
        return
    if world.engine.observe(domain.ctid).state is not DomainState.RUNNING:
        world.warn(f"'{domain.name}' is paused: it asks DHCP for addresses when it starts anew")
        return
    for order in filter(None, orders.values()):
        world.engine.execute(domain.ctid, ExecRequest(argv=order, tty=False))
    links.ask_for_addresses(world, domain.ctid, domain, _unasked(orders))


def _write_network(world: World, domain: Domain, place: Area) -> dict[str, Refresh]:
    """Tell a root's network programs of its interfaces, as ``prepare`` does.

    Raises:
        OperationFailed: The guest protects a file.
    """
    with place.layout.opened(place.spec) as root:
        return world.guestfiles.apply_network(root, domain.owners_on_disk, domain.interfaces)


def _split(domain: Domain, own: GuestNaming, place: Area) -> tuple[GuestNaming, GuestNaming]:
    """What a root is to have, and what only for want of something better.

    Args:
        domain: The effective definition.
        own: What its own config says.
        place: Its storage.
    """
    leased = any(item.dhcp for item in domain.interfaces)
    untouched = bool(place.places.users_folder) or place.spec.readonly
    if not leased and not untouched:
        return domain.guest_naming, GuestNaming()
    firm = dataclasses.replace(
        domain.guest_naming, nameservers=own.nameservers, search_domains=own.search_domains
    )
    return firm, GuestNaming() if untouched else domain.guest_naming


def _warn(world: World, domain: Domain, error: errors.VzvirtError) -> None:
    hint = f" ({error.hint})" if error.hint else ""
    world.warn(f"'{domain.name}': {error.message}{hint}")


def _refuse_bad_names(naming: GuestNaming) -> None:
    """Refuse what no guest could be told, whether or not one is told now.

    Raises:
        InvalidArgument: A name or address is none.
    """
    from vzvirt.model.network import check_dns_name  # not for every start

    if naming.hostname:
        check_dns_name(naming.hostname)
    for domain in naming.search_domains:
        check_dns_name(domain.rstrip("."))
    for server in naming.nameservers:
        if server == INHERIT:
            continue
        try:
            ipaddress.ip_address(server)
        except ValueError:
            raise errors.InvalidArgument(
                f"name server '{server}' is not an address", hint=f"or say '{INHERIT}'"
            ) from None


class GuestSide:
    """Use cases that change what a guest finds in its files."""

    def __init__(self, world: World) -> None:
        self._world = world

    def update_naming(self, ref: str, naming: GuestNaming) -> None:
        """Change a container's host name, name servers and search domains, for good and at once.

        Raises:
            NoDomain: There is no such container.
            InvalidArgument: A name or address is none.
            OperationFailed: It runs, and its files cannot be changed; nothing is stored.
        """
        _refuse_bad_names(naming)
        world = self._world
        with changing(world, ref) as now:
            if now.live is not None:
                changed = dataclasses.replace(now.live, guest_naming=naming)
                self._apply(effective(changed, world.store.global_config()), naming)
            change_all(world, now.ctid, partial(dataclasses.replace, guest_naming=naming))

    def _apply(self, domain: Domain, own: GuestNaming) -> None:
        world = self._world
        place = area(world, domain)
        refresh = _write_naming(world, domain, place, own)
        if world.engine.observe(place.spec.ctid).state is not DomainState.RUNNING:
            world.warn(f"'{domain.name}' is paused: it goes by its new names when it starts anew")
            return
        try:
            for argv in refresh:  # a guest that lacks a program has its files all the same
                world.engine.execute(place.spec.ctid, ExecRequest(argv=argv, tty=False))
        except errors.VzvirtError as error:
            _warn(world, domain, error)
