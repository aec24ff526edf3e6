"""Definitions of virtual networks as files, in libvirt's XML."""

from __future__ import annotations

from vzvirt.backends.networkfiles.store import FileNetworkStore

__all__ = ["FileNetworkStore"]
