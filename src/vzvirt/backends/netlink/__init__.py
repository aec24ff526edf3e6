"""Interfaces of containers, made with the kernel's own tools (``ip``, ``tc``, ``nft``)."""

from vzvirt.backends.netlink.links import NetlinkLinks

__all__ = ["NetlinkLinks"]
