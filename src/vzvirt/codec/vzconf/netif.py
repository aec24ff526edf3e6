"""NETIF: the veth pairs of a container.

Interfaces are separated by ``;``, their fields by ``,``, in any order when read. Each comes out
as an ``Interface`` of kind bridge, or ethernet where no bridge is named; what NETIF has no field
for (addresses, a virtual network's name, bandwidth ...) is kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from vzvirt import errors
from vzvirt.codec.vzconf.forms import Form, Notes
from vzvirt.model.devices import Interface, InterfaceKind, check_interface_name
from vzvirt.model.values import MacAddress

T = TypeVar("T")

FIELDS: Final = ("ifname", "bridge", "mac", "host_ifname", "host_mac", "mac_filter")
"""In the order vzctl writes them."""

SWITCH: Final = {"on": True, "off": False}


class VethPairs(Form[tuple[Interface, ...]]):
    """All veth pairs of a container."""

    words = "fields `name=value` separated by commas: " + ", ".join(FIELDS) + "; pairs by `;`"
    may_be_empty = True

    def parse(self, text: str, notes: Notes) -> tuple[Interface, ...]:
        """Read all pairs; a field that cannot be read is left out, a nameless pair altogether."""
        pairs = [self._pair(pair, notes) for pair in _split(text)]
        found = tuple(pair for pair in pairs if pair)
        if pairs and not found:
            raise ValueError(text)
        return found

    def _pair(self, text: str, notes: Notes) -> Interface | None:
        fields = {}
        for part in text.split(","):
            name, _equals, value = part.strip().partition("=")
            if value and name in FIELDS:
                fields[name] = value
        bridge = fields.get("bridge", "")
        guest_name = _field(fields, "ifname", _device_name, notes)
        if guest_name is None:
            notes.append(f"'{text[:60]}' skipped")
            return None
        return Interface(
            kind=InterfaceKind.BRIDGE if bridge else InterfaceKind.ETHERNET,
            source=bridge,
            guest_name=guest_name,
            host_name=_field(fields, "host_ifname", _device_name, notes),
            mac=_field(fields, "mac", MacAddress, notes),
            host_mac=_field(fields, "host_mac", MacAddress, notes),
            mac_filter=SWITCH.get(fields.get("mac_filter", "")),
        )

    def format(self, value: tuple[Interface, ...]) -> str | None:
        """Write all pairs."""
        return ";".join(filter(None, map(_written, value))) or None


def _split(text: str) -> list[str]:
    """The pairs."""
    return [pair for part in text.split(";") if (pair := part.strip())]


def _written(item: Interface) -> str | None:
    """Write one pair; a virtual network's bridge is found at start, so none is named."""
    if item.kind in {InterfaceKind.ROUTED, InterfaceKind.DIRECT} or not item.guest_name:
        return None
    values: dict[str, object] = {
        "ifname": item.guest_name,
        "bridge": item.source if item.kind is InterfaceKind.BRIDGE else None,
        "mac": item.mac,
        "host_ifname": item.host_name,
        "host_mac": item.host_mac,
        "mac_filter": item.mac_filter,
    }
    return ",".join(f"{name}={_text(values[name])}" for name in FIELDS if _text(values[name]))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, MacAddress):
        return str(value).upper()
    text = str(value)
    return text if not any(char in ',; "' for char in text) else ""


def _device_name(text: str) -> str:
    return check_interface_name(text, "NETIF")


def _field(
    fields: dict[str, str], name: str, convert: Callable[[str], T], notes: Notes
) -> T | None:
    text = fields.get(name)
    if text is None:
        return None
    try:
        return convert(text)
    except errors.InvalidArgument as error:
        notes.append(error.message)
        return None
