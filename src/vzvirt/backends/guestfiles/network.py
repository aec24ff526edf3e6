"""What a guest's own network programs are told of the interfaces that its definition configures.

No state. Their files carry our marks and go again with their interface.
"""

from __future__ import annotations

from collections.abc import Sequence

from vzvirt.backends.guestfiles.edits import Editor
from vzvirt.backends.guestfiles.guestlinks import Link, configured
from vzvirt.backends.guestfiles.managers import NETWORK_PROGRAMS, NetworkProgram
from vzvirt.model.devices import Interface
from vzvirt.ports.guestfiles import Refresh


def apply(editor: Editor, interfaces: Sequence[Interface]) -> dict[str, Refresh]:
    """Write it.

    Returns:
        For each interface that is to ask DHCP, what makes the guest's program do so while it
        runs; empty: nothing in the guest will.

    Raises:
        OperationFailed: The guest protects a file.
        OSError: As the kernel says.
    """
    mine = [item for item in interfaces if configured(item)]
    present = [program for program in NETWORK_PROGRAMS if program.is_there(editor)]
    asking = _asking(editor, present) if any(item.dhcp for item in mine) else None
    for program in present:
        links = [Link(item, asks=bool(item.dhcp) and program is asking) for item in mine]
        program.write(editor, links)
    names = [Link(item).name for item in mine if item.dhcp]
    return {name: asking.order(name) if asking is not None else () for name in names}


def _asking(editor: Editor, present: Sequence[NetworkProgram]) -> NetworkProgram | None:
    """The program that is to ask DHCP: the first that runs, else one that can be made to."""
    running = (program for program in present if program.is_on(editor))
    willing = (program for program in present if program.can_switch_on)
    return next(running, None) or next(willing, None)
