"""Check and convert files, without touching any container."""

from __future__ import annotations
