"""OS templates: the cache, reading and unpacking archives safely, and recipes to build them."""

from __future__ import annotations

from vzvirt.backends.templates.cache import CachedTemplates

__all__ = ["CachedTemplates"]
