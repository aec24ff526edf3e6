"""How a host, and what can be had on it, stand in libvirt's documents; written only.

``<capabilities>`` tells of the host, ``<domainCapabilities>`` of what one container may have.
The order of elements is libvirt's: its schemas for these documents insist on it.
"""

from __future__ import annotations

from typing import Final

from vzvirt.codec.schema import (
    TEXT,
    WORD,
    Constant,
    Convert,
    Items,
    Part,
    Spec,
    Value,
    as_fields,
)
from vzvirt.codec.tree import Node
from vzvirt.codec.xml.convert import NUMBER, UUID_TEXT, one_of, ranges
from vzvirt.codec.xml.document import serialise
from vzvirt.model.capabilities import (
    CacheBank,
    CacheKind,
    Capabilities,
    DomainCapabilities,
    HostTopology,
    NumaCell,
    PagePool,
    Platform,
    Processor,
    SecurityModel,
)

_KIB: Final = 1024

KIBIBYTES: Convert[int] = Convert(
    lambda text: NUMBER.read(text) * _KIB, lambda size: str(size // _KIB), "a number of KiB"
)
NUMBERS: Convert[tuple[int, ...]] = Convert(
    lambda _: (), lambda numbers: ranges(sorted(numbers)), "a list like '0,2-3'"
)

# The host

PAGE_SIZE: Final = Spec(
    lambda size: size,
    Constant("size", "@unit", "KiB"),
    Value("size", "@size", KIBIBYTES),
    spread=lambda size: {"size": size},
)

PAGES: Final = Spec(
    PagePool,
    Constant("size", "@unit", "KiB"),
    Value("size", "@size", KIBIBYTES),
    Value("total", "", NUMBER),
    claims=frozenset({"free"}),  # changes all the time: clients ask for it
)

DISTANCE: Final = Spec(
    lambda cell, distance: (cell, distance),
    Value("cell", "@id", NUMBER),
    Value("distance", "@value", NUMBER),
    spread=lambda pair: {"cell": pair[0], "distance": pair[1]},
)

PROCESSOR: Final = Spec(
    Processor,
    Value("number", "@id", NUMBER),
    Value("socket", "@socket_id", NUMBER),
    Value("die", "@die_id", NUMBER),
    Value("core", "@core_id", NUMBER),
    Value("siblings", "@siblings", NUMBERS),
)

CELL: Final = Spec(
    NumaCell,
    Value("number", "@id", NUMBER),
    Constant("memory", "memory/@unit", "KiB"),
    Value("memory", "memory", KIBIBYTES),
    Items("pages", "pages", PAGES),
    Items("distances", "distances/sibling", DISTANCE),
    Value("count", "cpus/@num", NUMBER),
    Items("processors", "cpus/cpu", PROCESSOR),
    spread=lambda cell: {**as_fields(cell), "count": len(cell.processors)},
)

CACHE: Final = Spec(
    CacheBank,
    Value("number", "@id", NUMBER),
    Value("level", "@level", NUMBER),
    Value("kind", "@type", one_of(CacheKind)),
    Value("size", "@size", KIBIBYTES),
    Constant("size", "@unit", "KiB"),
    Value("processors", "@cpus", NUMBERS),
)

TOPOLOGY: Final = Spec(
    HostTopology,
    Value("count", "topology/cells/@num", NUMBER),
    Items("cells", "topology/cells/cell", CELL),
    Items("caches", "cache/bank", CACHE),
    spread=lambda topology: {**as_fields(topology), "count": len(topology.cells)},
    claims=frozenset({"offline"}),  # what is switched off has no place in a cell
)

SECURITY: Final = Spec(SecurityModel, Value("name", "model", TEXT), Value("doi", "doi", TEXT))


HOST: Final = Spec(
    Capabilities,
    Value("uuid", "uuid", UUID_TEXT),
    Value("arch", "cpu/arch", WORD),
    Items("page_sizes", "cpu/pages", PAGE_SIZE),
    Constant("arch", "power_management", ""),
    Constant("arch", "iommu/@support", "no"),
    Part("topology", "", TOPOLOGY),
    Part("security", "secmodel", SECURITY),
    spread=lambda value: {**as_fields(value), "page_sizes": value.topology.page_sizes},
    claims=frozenset({"platforms", "emulator", "virtualisation"}),
)

# What can be had on it

PLATFORM: Final = Spec(
    Platform, Value("arch", "@name", WORD), Value("word_size", "wordsize", NUMBER)
)


def _guest(value: Capabilities, platform: Platform) -> Node:
    guest = Node("guest", children=[Node("os_type", text="exe"), Node("arch")])
    arch = guest.children[-1]
    PLATFORM.write(platform, arch, sparse=False)
    arch.children += [
        Node("emulator", text=value.emulator),
        Node("domain", {"type": value.virtualisation}),
    ]
    return guest


def write_capabilities(value: Capabilities) -> str:
    """Write what libvirt calls the capabilities of a host."""
    root = Node("capabilities", children=[Node("host")])
    HOST.write(value, root.children[0], sparse=False)
    root.children += [_guest(value, platform) for platform in value.platforms]
    return serialise(root)


_ABSENT_MODES: Final = ("host-passthrough", "maximum", "host-model", "custom")
"""Ways to simulate a processor; a container has the real one."""


def _absent(*names: str) -> list[Node]:
    """What only a simulated machine has."""
    return [Node(name, {"supported": "no"}) for name in names]


def _enum(name: str, values: tuple[str, ...]) -> Node:
    return Node("enum", {"name": name}, [Node("value", text=value) for value in values])


def write_domain_capabilities(value: DomainCapabilities) -> str:
    """Write what one container may have."""
    modes = [Node("mode", {"name": name, "supported": "no"}) for name in _ABSENT_MODES]
    root = Node(
        "domainCapabilities",
        children=[
            Node("path", text=value.emulator),
            Node("domain", text=value.virtualisation),
            Node("arch", text=value.arch),
            Node("vcpu", {"max": str(value.vcpus)}),
            *_absent("iothreads"),
            Node("os", {"supported": "yes"}, _absent("loader")),
            Node("cpu", children=modes),
            *_absent("memoryBacking"),
            Node("devices", children=_devices(value)),
            Node("features", children=_absent("gic", "vmcoreinfo", "genid")),
        ],
    )
    return serialise(root)


def _devices(value: DomainCapabilities) -> list[Node]:
    """In the order of libvirt's schema."""
    hostdev = [
        _enum("mode", value.hostdev_modes),
        _enum("subsysType", value.hostdev_kinds),
        _enum("capsType", value.hostdev_capabilities),
    ]
    return [
        *_absent("disk", "graphics", "video"),
        Node("hostdev", {"supported": "yes"}, hostdev),
        *_absent("rng"),
        Node("filesystem", {"supported": "yes"}),
        *_absent("tpm", "redirdev", "channel"),
    ]
