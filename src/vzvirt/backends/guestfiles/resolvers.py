"""Where the programs that resolve names in a guest look for servers, as a table.

No state. A guest may have several of them; each that is there is told. The file that all others
fall back on, ``/etc/resolv.conf``, is written unless one of them keeps it as a link of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vzvirt.backends.guestfiles.blocks import assignment, first_word
from vzvirt.backends.guestfiles.edits import Editor
from vzvirt.ports.guestfiles import Refresh

RESOLV_CONF: Final = "/etc/resolv.conf"

_RESOLVED: Final = ("/usr/lib/systemd/systemd-resolved", "/lib/systemd/systemd-resolved")
_MANAGER: Final = ("/usr/sbin/NetworkManager", "/usr/bin/NetworkManager")
_RESOLVCONF: Final = ("/sbin/resolvconf", "/usr/sbin/resolvconf", "/usr/bin/resolvconf")

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolver:
    """A program that resolves names, or keeps a file about it.

    Attributes:
        programs: It is there if one of these is.
        links: ``/etc/resolv.conf`` is its own if it is a link to a path that ends so.
        write: Tells it servers and domains by its files; gives back whether any changed.
        refresh: What makes it look at them while the guest runs.
    """

    programs: Words
    links: Words
    write: Callable[[Editor, Words, Words], bool]
    refresh: Refresh


@dataclass(frozen=True, slots=True)
class Lookup:
    """Name servers and search domains; empty: nothing is said of them."""

    servers: Words = ()
    domains: Words = ()


def apply_resolver(editor: Editor, said: Lookup, spare: Lookup) -> tuple[Refresh, ...]:
    """Tell all that resolve names in a guest; empty: as if we never had.

    Args:
        editor: The guest.
        said: What they are to use, whatever they learn otherwise.
        spare: What stands in the file until somebody writes there what came with a lease.

    Returns:
        What makes them notice while the guest runs.
    """
    target = editor.link(RESOLV_CONF)
    is_kept = False
    refresh: list[Refresh] = []
    for row in RESOLVERS:
        if not editor.has(*row.programs):
            continue
        is_kept |= target is not None and target.endswith(row.links)
        if row.write(editor, said.servers, said.domains):
            refresh.append(row.refresh)
    if not is_kept:
        _write_plain(editor, said.servers or spare.servers, said.domains or spare.domains)
    return tuple(refresh)


def _write_plain(editor: Editor, servers: Words, domains: Words) -> None:
    """The file itself. What it says of servers or domains counts only where we say nothing."""
    beaten = (["nameserver"] if servers else []) + (["search", "domain"] if domains else [])
    lines = [*_search(domains), *(f"nameserver {server}" for server in servers)]
    editor.block(RESOLV_CONF, lines, first_word(*beaten))


def _search(domains: Words) -> list[str]:
    return [f"search {' '.join(domains)}"] if domains else []


def _write_resolved(editor: Editor, servers: Words, domains: Words) -> bool:
    lines = [f"DNS={' '.join(servers)}"] if servers else []
    lines += [f"Domains={' '.join(domains)}"] if domains else []
    section = ["[Resolve]", *lines] if lines else []
    return editor.own("/etc/systemd/resolved.conf.d/00-vzvirt.conf", section)


def _write_manager(editor: Editor, servers: Words, domains: Words) -> bool:
    """NetworkManager would write over the file what it has from its connections."""
    lines = ["[global-dns]", f"searches={','.join(domains)}"] if domains else []
    lines += ["[global-dns-domain-*]", f"servers={','.join(servers)}"] if servers else []
    # Without servers for all domains it does not heed the rest.
    wanted = lines if servers else []
    return editor.own("/etc/NetworkManager/conf.d/99-vzvirt-dns.conf", wanted)


def _write_resolvconf(editor: Editor, servers: Words, domains: Words) -> bool:
    """Servers in ``head`` come first; domains in ``base`` are joined with those of others."""
    folder = "/etc/resolvconf/resolv.conf.d"
    if not editor.guest.is_folder(folder):
        return False
    head = editor.block(f"{folder}/head", [f"nameserver {server}" for server in servers])
    base = editor.block(f"{folder}/base", _search(domains))
    return head or base


def _write_openresolv(editor: Editor, servers: Words, domains: Words) -> bool:
    said = {"name_servers": servers, "search_domains": domains}
    lines = [f'{name}="{" ".join(words)}"' for name, words in said.items() if words]
    beaten = assignment(*(name for name, words in said.items() if words))
    path = "/etc/resolvconf.conf"
    return editor.has(path) and editor.block(path, lines, beaten)


RESOLVERS: Final = (
    Resolver(
        _RESOLVED,
        ("systemd/resolve/stub-resolv.conf", "systemd/resolve/resolv.conf", "systemd/resolv.conf"),
        _write_resolved,
        ("systemctl", "--no-block", "try-restart", "systemd-resolved.service"),
    ),
    Resolver(
        _MANAGER,
        ("run/NetworkManager/resolv.conf",),
        _write_manager,
        ("systemctl", "--no-block", "try-reload-or-restart", "NetworkManager.service"),
    ),
    Resolver(
        _RESOLVCONF,
        ("resolvconf/run/resolv.conf", "run/resolvconf/resolv.conf"),
        _write_resolvconf,
        ("resolvconf", "-u"),
    ),
    Resolver(_RESOLVCONF, (), _write_openresolv, ("resolvconf", "-u")),
)
"""All of them."""
