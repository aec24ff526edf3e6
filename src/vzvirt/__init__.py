"""vzvirt: OpenVZ-style system containers on today's kernels.

``connect`` gives programs in Python what commands and daemon use.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vzvirt.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from vzvirt.manager import Manager

__version__ = VERSION

__all__ = ["__version__", "connect"]


def connect(
    root: str | os.PathLike[str] | None = None,
    *,
    engine: str | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Manager:
    """All that can be done with the containers of one installation, for a program in Python.

    There is no connection to be closed: what is shared is on disk and in the kernel, so a program
    may work beside commands and the daemon. Unfinished work that somebody else left is finished or
    undone by whoever next changes that container.

    Args:
        root: The installation's folder; ``None``: what ``VZVIRT_ROOT`` says, or the usual place.
        engine: What runs containers: ``lxc``, or ``memory`` to simulate. ``None``: what
            ``VZVIRT_ENGINE`` or the settings file says, or what suits the host.
        progress: Called while long work goes on: what is done, how much of it, and of how much
            (``None``: nobody knows).
        warn: Called with one sentence for what is worth knowing, but no error.

    Raises:
        VzvirtError: A setting is wrong.
        AccessDenied: Running containers needs root.
        NoSupport: The engine is one that this version does not have.
    """
    from vzvirt import bootstrap, config  # a command that asks for the version loads nothing
    from vzvirt.model.progress import no_progress

    given = {"root": None if root is None else os.fspath(root), "engine": engine}
    settings = config.load({name: text for name, text in given.items() if text is not None})
    bootstrap.require_privilege(settings)
    return bootstrap.manager(
        settings, progress=progress or no_progress, warn=warn or (lambda _sentence: None)
    )
