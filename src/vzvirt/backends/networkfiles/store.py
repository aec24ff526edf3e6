"""ports.network.NetworkStore over files of libvirt's XML, laid out as libvirt lays out its own.

State: ``etc/vzvirt/networks/NAME.xml`` is a definition; a link to it below ``autostart/`` says
that it starts with the host; ``run/vzvirt/networks/NAME.xml`` is what a network runs by, and goes
with the host's next boot. People may edit these files: a name in a file that is not the file's own
is an error, and nothing is remembered from one call to the next. The caller holds the networks'
lock.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.codec.xml import read_network, write_network
from vzvirt.model.network import Network
from vzvirt.model.values import check_name
from vzvirt.system.files import (
    make_folder,
    mapping_os_errors,
    read_bytes,
    sync_folder,
    write_atomic,
)
from vzvirt.system.root import Root

PERSISTENT: Final = "etc/vzvirt/networks"
LIVE: Final = "run/vzvirt/networks"
"""Folders below the root: definitions, and what networks run by."""

_SUFFIX: Final = ".xml"
_BLANK: Final = "~"
"""Stands for a blank in a file's name; no network's name has one."""


class FileNetworkStore:
    """The networks of one installation; implements ``ports.network.NetworkStore``."""

    def __init__(self, root: Root) -> None:
        self._persistent = root.path(PERSISTENT)
        self._links = self._persistent / "autostart"
        self._live = root.path(LIVE)

    def names(self) -> list[str]:
        """All networks, persistent or active, in the order of the alphabet."""
        return sorted({*_names_in(self._persistent), *_names_in(self._live)})

    def load(self, name: str, *, live: bool = False) -> Network | None:
        """A definition, or with ``live`` the one it runs by; ``None``: there is none.

        Raises:
            ConfigSyntax: Its file cannot be read, or is another network's.
        """
        if not _is_name(name):
            return None
        path = self._file(name, live=live)
        text = read_bytes(path)
        if text is None:
            return None
        try:
            network = read_network(text).network
        except errors.CallerError as refusal:
            raise errors.ConfigSyntax(
                f"'{path}': {refusal.message}", hint=refusal.hint
            ) from refusal
        if network.name != name:
            raise errors.ConfigSyntax(
                f"'{path}' is the file of network '{name}', but defines '{network.name}'",
                hint="rename the file, or correct <name>",
            )
        return network

    def save(self, network: Network, *, live: bool = False) -> None:
        """Write a definition; it is durable when this returns.

        Raises:
            NoSpace: The disk is full; the old definition stands.
        """
        path = self._file(network.name, live=live)
        make_folder(path.parent)
        write_atomic(path, write_network(network).encode())

    def delete(self, name: str, *, live: bool = False) -> None:
        """Remove a definition, and with it what says that it starts with the host. Idempotent."""
        check_name(name, "network")
        if not live:
            self.set_autostart(name, on=False)
        _remove(self._file(name, live=live))

    def autostart(self, name: str) -> bool:
        """Whether it starts with the host."""
        return _is_name(name) and self._link(name).is_symlink()

    def set_autostart(self, name: str, on: bool) -> None:
        """Say whether it starts with the host.

        Raises:
            NoNetwork: It has no persistent definition.
        """
        check_name(name, "network")
        link = self._link(name)
        if not on:
            _remove(link)
        elif not self._file(name).exists():
            raise errors.NoNetwork(
                f"there is no persistent network '{name}'", hint="define it first"
            )
        elif not link.is_symlink():
            make_folder(self._links)
            with mapping_os_errors(f"link network '{name}'"):
                draft = link.with_name(f".{link.name}.new")
                draft.unlink(missing_ok=True)
                draft.symlink_to(Path(os.pardir) / link.name)
                draft.rename(link)
                sync_folder(self._links)

    def _file(self, name: str, *, live: bool = False) -> Path:
        return (self._live if live else self._persistent) / _file_name(name)

    def _link(self, name: str) -> Path:
        return self._links / _file_name(name)


def _file_name(name: str) -> str:
    """A network's file; its name is safe but for blanks, which shells do not like."""
    return name.replace(" ", _BLANK) + _SUFFIX


def _is_name(name: str) -> bool:
    try:
        check_name(name, "network")
    except errors.InvalidArgument:
        return False
    return True


def _names_in(folder: Path) -> list[str]:
    with mapping_os_errors("list the networks"):
        try:
            files = os.listdir(folder)  # noqa: PTH208  # names are all we need
        except FileNotFoundError:
            return []
    stems = [item.removesuffix(_SUFFIX) for item in files if item.endswith(_SUFFIX)]
    names = [stem.replace(_BLANK, " ") for stem in stems if " " not in stem]
    return [name for name in names if _is_name(name)]


def _remove(path: Path) -> None:
    with mapping_os_errors(f"remove '{path}'"), contextlib.suppress(FileNotFoundError):
        path.unlink()
        sync_folder(path.parent)
