"""ifupdown's ``interfaces(5)``: Debian's, Alpine's and busybox's.

No state. Our stanzas stand at the top of ``/etc/network/interfaces``, which all of them read.
An interface of ours has what the host gave it when ``ifup`` comes to it, so its commands only
put right what is missing, as after ``ifdown``. Stanzas of the guest's for the same interface
are set aside: two that do not agree would end in failure.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Final

from vzvirt.backends.guestfiles.edits import Editor
from vzvirt.backends.guestfiles.guestlinks import GuestRoute, Link, Links

_MAIN: Final = "/etc/network/interfaces"
_MORE: Final = "/etc/network/interfaces.d"
_SWITCHES: Final = ("auto", "allow-")
_STANZAS: Final = ("iface", "mapping", "source", "template", "no-", "rename", *_SWITCHES)
_PROGRAMS: Final = ("/sbin/ifup", "/usr/sbin/ifup")


def write(editor: Editor, links: Links) -> None:
    """Write our stanzas, or none."""
    ours = [link for link in links if not link.is_others]
    knows_inet6_dhcp = not any((editor.link(path) or "").endswith("busybox") for path in _PROGRAMS)
    lines = [line for link in ours for line in _stanzas(link, knows_inet6_dhcp=knows_inet6_dhcp)]
    editor.block(_MAIN, lines, _Rival(ours), drop_empty=True)
    for name in editor.names(_MORE):
        path = f"{_MORE}/{name}"
        if editor.is_file(path):
            _set_aside(editor, path, ours)


def _set_aside(editor: Editor, path: str, ours: Links) -> None:
    rival = _Rival(ours)
    lines = (editor.read_clean(path) or b"").splitlines()
    rivals = [line for line in lines if rival(line.strip())]
    note = [f"# Interfaces of ours are in {_MAIN}."] if rivals else []
    editor.block(path, note, _Rival(ours))


class _Rival:
    """Tells, line by line, which lines of a file are stanzas for interfaces of ours."""

    def __init__(self, links: Links) -> None:
        self._names = {link.name for link in links}
        # OpenVZ's own scripts gave each address of a guest an alias: venet0:0, venet0:1 ...
        self._aliases = tuple(f"{link.name}:" for link in links if link.is_routed)
        self._inside = False

    def __call__(self, line: bytes) -> bool:
        words = line.decode("utf-8", "replace").split()
        if not words or words[0].startswith("#"):
            return False
        if words[0] == "iface":
            self._inside = len(words) > 1 and (words[1] in self._names or self._alias(words[1]))
        elif words[0].startswith(_SWITCHES):
            self._inside = False
            return len(words) > 1 and all(map(self._alias, words[1:]))
        elif words[0].startswith(_STANZAS):
            self._inside = False
        return self._inside

    def _alias(self, name: str) -> bool:
        return bool(self._aliases) and name.startswith(self._aliases)


def _stanzas(link: Link, *, knows_inet6_dhcp: bool) -> Iterator[str]:
    device = link.name
    yield f"auto {device}"
    yield f"iface {device} inet {'dhcp' if link.asks_for(4) else 'manual'}"
    yield f"    up ip link set dev {shlex.quote(device)} up || true"
    for address in link.addresses():
        yield f"    up ip addr replace {address} dev {shlex.quote(device)} || true"
    for route in link.routes():
        yield f"    up ip {_route(route, device)} || true"
    if link.asks_for(6) and knows_inet6_dhcp:
        yield f"iface {device} inet6 dhcp"


def _route(route: GuestRoute, device: str) -> str:
    words = ["-6"] if route.version == 6 else []
    words += ["route", "replace", route.destination]
    words += ["via", str(route.gateway)] if route.gateway else []
    words += ["dev", shlex.quote(device)]
    words += ["metric", str(route.metric)] if route.metric is not None else []
    words += ["onlink"] if route.on_link else []
    return " ".join(words)
