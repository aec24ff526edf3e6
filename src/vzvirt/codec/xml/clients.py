"""What documents for libvirt's clients say beyond canonical XML, and what clients make of it.

``<currentMemory>`` says again what ``<memory>`` says: a container may use all it has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vzvirt.codec.schema import Values
from vzvirt.codec.tree import Node
from vzvirt.codec.xml.convert import Amount
from vzvirt.model.values import Limit

_BOTH: Final = (
    Amount("memory", "memory", unlimited=True),
    Amount("currentMemory", "currentMemory", unlimited=True),
)


def say_in_full(root: Node, arch: str) -> None:
    """Say which machine it is, and how much of its memory it may use now."""
    for kind in root.find_all("os", "type"):
        kind.attributes.setdefault("arch", arch)
    memory = root.find("memory")
    if memory is not None:
        now = Node("currentMemory", memory.attributes, text=memory.text)
        root.children.insert(root.children.index(memory) + 1, now)


def settle_current_memory(root: Node, told: Callable[[str], Limit | None]) -> None:
    """Where only one of the two was changed since it was told, that one is meant.

    Args:
        root: The document; where both were changed and disagree, that is refused later.
        told: What both of them said last of the container with a name, in bytes; ``None``: nothing
            was said, there is no such container.

    Raises:
        XmlError: One of them is no amount.
    """
    values: Values = {}
    for amount in _BOTH:
        amount.read(root, values)
    name, memory, now = (root.find(tag) for tag in ("name", "memory", "currentMemory"))
    if memory is None or now is None or values["memory"] == values["currentMemory"]:
        return
    former = told(name.text.strip()) if name is not None else None
    if former == values["memory"]:
        memory.text, memory.attributes = now.text, dict(now.attributes)
    elif former == values["currentMemory"]:
        now.text, now.attributes = memory.text, dict(memory.attributes)
