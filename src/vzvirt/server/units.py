"""The files that a host with systemd needs to run the daemon."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import Final

_PLACES: Final[Mapping[str, str]] = {
    "vzvirtd.service": "etc/systemd/system/vzvirtd.service",
    "vzvirt-containers.service": "etc/systemd/system/vzvirt-containers.service",
    "vzvirtd.socket": "etc/systemd/system/vzvirtd.socket",
    "vzvirtd-ro.socket": "etc/systemd/system/vzvirtd-ro.socket",
    "vzvirtd-tls.socket": "etc/systemd/system/vzvirtd-tls.socket",
    "sysusers.conf": "etc/sysusers.d/vzvirt.conf",
    "tmpfiles.conf": "etc/tmpfiles.d/vzvirt.conf",
}
"""The files in ``data/systemd``, and where each goes below the root."""

NEXT: Final = (
    "systemd-sysusers",
    "systemd-tmpfiles --create",
    "systemctl daemon-reload",
    "systemctl enable --now vzvirtd.service vzvirt-containers.service",
)
"""What brings them into effect."""


def files(daemon: str, command: str) -> Mapping[str, str]:
    """The files by their path below the root.

    Args:
        daemon: The command that is the daemon, as ``ExecStart=`` wants it.
        command: The command that is ``vzvirt``.
    """
    folder = resources.files("vzvirt").joinpath("data", "systemd")
    texts = {
        place: folder.joinpath(name).read_text(encoding="utf-8") for name, place in _PLACES.items()
    }
    return {
        place: text.replace("@VZVIRTD@", daemon).replace("@VZVIRT@", command)
        for place, text in texts.items()
    }
