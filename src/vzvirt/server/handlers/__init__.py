"""The answers to calls, a module per topic.

A handler is a plain function marked with ``dispatch.handles``. ``load`` imports every module
here, so that a new one needs no list to be put in.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module


def load() -> None:
    """Fill the table of handlers."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
