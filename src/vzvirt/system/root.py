"""The prefix before every path that vzvirt derives.

No state. ``VZVIRT_ROOT`` puts a whole installation (``etc/vz``, ``vz``, ``run/vzvirt``,
``var/lib/vzvirt``, ``var/log``) below a folder of its own, so that several can live on one
host. What a user names himself (a bind source, ``/dev/...``) is never prefixed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VARIABLE: Final = "VZVIRT_ROOT"
"""Environment variable that names the prefix."""


@dataclass(frozen=True, slots=True)
class Root:
    """One installation.

    Attributes:
        prefix: Absolute path of its top folder; ``/`` for the host's own.
    """

    prefix: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Root:
        """The installation that ``VZVIRT_ROOT`` names, else ``/``.

        Links and ``..`` are resolved, so that one folder has one tag however it is spelt.
        """
        named = (os.environ if environment is None else environment).get(VARIABLE)
        return cls(Path(os.path.realpath(named or "/")))

    def path(self, relative: str) -> Path:
        """A path below the prefix, such as ``etc/vz``."""
        return self.prefix / relative.lstrip("/")

    def within(self, absolute: str | Path) -> Path:
        """An absolute path of a config file, moved below the prefix; never above it."""
        normal = os.path.normpath("/" + os.fspath(absolute))
        return self.prefix / normal.lstrip("/")

    @property
    def tag(self) -> str:
        """What keeps names of two installations apart: empty for ``/``, else 6 hex digits."""
        if self.prefix == Path("/"):
            return ""
        import hashlib  # not for every command

        return hashlib.sha256(os.fsencode(self.prefix)).hexdigest()[:6]
