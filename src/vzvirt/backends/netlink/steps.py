"""From interfaces to the steps that make them; no state, nothing is run here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vzvirt.backends.netlink import batches, filters, kernel, shaping
from vzvirt.backends.netlink.nics import NicNote
from vzvirt.model.values import Ctid
from vzvirt.ports.network import Boots, BootStep, Plug

MOVE: Final = Path(__file__).with_name("move.sh")


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the host adds to a container's interfaces.

    Attributes:
        tag: The installation's.
        proxies: On which devices each routed address is answered for.
    """

    ctid: Ctid
    tag: str
    proxies: batches.Proxies


def boot_steps(
    wiring: Wiring, plugs: tuple[Plug, ...], nics: tuple[NicNote, ...], kept: Path
) -> tuple[BootStep, ...]:
    """Everything that each boot runs, in order.

    Args:
        wiring: What the host adds.
        plugs: The interfaces.
        nics: Network devices of the host, as they are noted.
        kept: File that the container's network namespace is mounted on if it has ``nics``.
    """
    return (
        *_clear(wiring, plugs),
        *_nic_steps(nics, kept),
        *plug_steps(wiring, plugs),
    )


def _clear(wiring: Wiring, plugs: tuple[Plug, ...]) -> Iterator[BootStep]:
    """The boot before left its devices to a namespace that the kernel may not have ended yet."""
    ctid, tag = wiring.ctid, wiring.tag
    lines = [line for plug in plugs for line in batches.unmake(plug, ctid, tag)]
    if lines:
        yield BootStep(
            argv=kernel.IP_BATCH_ON,
            stdin=kernel.text(lines),
            boots=Boots.LATER,
            may_fail=True,
        )


def _nic_steps(nics: tuple[NicNote, ...], kept: Path) -> Iterator[BootStep]:
    """Move NICs in: from the host first, later from the namespace of the boot before."""
    if not nics:
        return
    there = ("nsenter", f"--net={kept}", "--", "/bin/sh", str(MOVE), batches.PID)
    for nic in nics:
        argv = (*there, nic.name, nic.mac, nic.permanent)
        yield BootStep(argv=argv, boots=Boots.LATER)
    yield BootStep(argv=("umount", str(kept)), boots=Boots.LATER)
    # Held on to before anything is moved in, so that nothing can be lost with it.
    yield BootStep(argv=("mount", "--bind", f"/proc/{batches.PID}/ns/net", str(kept)))
    move = kernel.text([f"link set dev {nic.name} netns {batches.PID}" for nic in nics])
    yield BootStep(argv=kernel.IP_BATCH, stdin=move, boots=Boots.FIRST)
    up = kernel.text([f"link set dev {nic.name} up" for nic in nics])
    yield BootStep(argv=kernel.IP_BATCH, stdin=up, inside=True)


def plug_steps(wiring: Wiring, plugs: tuple[Plug, ...]) -> Iterator[BootStep]:
    """Make interfaces, filter before anything flows, then set them up inside."""
    ctid, tag = wiring.ctid, wiring.tag
    host = [line for plug in plugs for line in batches.make(plug, ctid, tag, wiring.proxies)]
    rules = "".join(filters.rules(plug, ctid, tag) for plug in plugs)
    limits = [line for plug in plugs for line in shaping.limits(plug, ctid, tag)]
    inside = [line for plug in plugs for line in batches.furnish(plug)]
    if host:
        yield BootStep(argv=kernel.IP_BATCH, stdin=kernel.text(host))
    if rules:
        yield BootStep(argv=kernel.NFT_BATCH, stdin=rules)
    if limits:
        yield BootStep(argv=kernel.TC_BATCH, stdin=kernel.text(limits))
    if inside:
        yield BootStep(argv=kernel.IP_BATCH, stdin=kernel.text(inside), inside=True)
