"""``etc/vz/names``: a link for each container that has a name, to its config's absolute path.

The links are an index. What a container is called its config says (``NAME``), so a link is
believed only where the config it leads to has that name, and a name is found without its link.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.model.values import Ctid
from vzvirt.system.files import make_folder, mapping_os_errors, sync_folder

_CONFIG: Final = re.compile(r"([1-9][0-9]{0,9})\.conf", re.ASCII)


def ctid_of_config(name: str) -> Ctid | None:
    """The container that a file of this name is the config of, or ``None``."""
    match = _CONFIG.fullmatch(name)
    if match is None:
        return None
    try:
        return Ctid(match[1])
    except errors.InvalidArgument:
        return None  # beyond the highest number


class NameLinks:
    """The links of one installation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def target(self, name: str) -> Ctid | None:
        """The container whose config a name's link points to, as vzctl looks it up."""
        if "/" in name or "\0" in name or name in {"", ".", ".."}:
            return None
        try:
            return ctid_of_config(Path((self._folder / name).readlink()).name)
        except OSError:
            return None

    def check(self, name: str) -> None:
        """Look whether a name can be linked.

        Raises:
            Conflict: Something that is no link stands in the way.
        """
        link = self._folder / name
        if os.path.lexists(link) and not link.is_symlink():
            raise errors.Conflict(
                f"the name '{name}' cannot be linked: '{link}' is there and is no link",
                hint="move it away, or choose another name",
            )

    def add(self, name: str, ctid: Ctid, config: Path) -> None:
        """Let a name lead to a container's config, by its absolute path."""
        with mapping_os_errors(f"link the name of container {ctid}"):
            with contextlib.suppress(FileNotFoundError):
                if (self._folder / name).readlink() == config:
                    return
            make_folder(self._folder)
            draft = self._folder / f".{ctid}.new"
            draft.unlink(missing_ok=True)
            draft.symlink_to(config)
            draft.rename(self._folder / name)
            sync_folder(self._folder)

    def prune(self, ctid: Ctid, *, keep: str | None) -> None:
        """Remove all links to a container's config but one."""
        pruning = mapping_os_errors(f"remove the links to container {ctid}")
        with pruning, contextlib.suppress(FileNotFoundError):
            others = [
                name
                for name in os.listdir(self._folder)  # noqa: PTH208  # names are all we need
                if name != keep and self.target(name) == ctid
            ]
            for name in others:
                (self._folder / name).unlink(missing_ok=True)
            if others:
                sync_folder(self._folder)
