"""What a running container says of itself, as far as anybody can look without asking it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MountUse:
    """A file system that a container has mounted, and how full it is.

    Attributes:
        mountpoint: Path inside.
        name: What is mounted, as whoever mounted it said it.
        fstype: Type of the file system.
        devices: Names below the host's ``/dev`` that it lies on; none for one in memory.
        total: Bytes it can hold.
        used: Bytes that are taken; ``None``, like ``total``: cannot be told.
    """

    mountpoint: str
    name: str
    fstype: str
    devices: tuple[str, ...] = ()
    total: int | None = None
    used: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestSystem:
    """An operating system as its own ``os-release`` and the host's kernel name it.

    Attributes:
        id: ``debian``; empty, like all others: not said.
        name: ``Debian GNU/Linux``.
        pretty_name: ``Debian GNU/Linux 12 (bookworm)``.
        version: ``12 (bookworm)``.
        version_id: ``12``.
        variant: ``Server Edition``.
        variant_id: ``server``.
        kernel_release: ``6.1.0-18-amd64``: the host's, all containers share it.
        kernel_version: ``#1 SMP ...``.
        machine: ``x86_64``.
    """

    id: str = ""
    name: str = ""
    pretty_name: str = ""
    version: str = ""
    version_id: str = ""
    variant: str = ""
    variant_id: str = ""
    kernel_release: str = ""
    kernel_version: str = ""
    machine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestUser:
    """A user who is logged in.

    Attributes:
        name: As the guest knows him.
        login_time: Milliseconds since the epoch.
        terminal: Which of the guest's terminals, or empty.
    """

    name: str
    login_time: int
    terminal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestTimezone:
    """A guest's time zone: its short name now (``CET``) and seconds east of Greenwich."""

    name: str
    offset: int
