"""How pools and volumes stand in libvirt's ``<pool>`` and ``<volume>``.

Pools are written only: there is none to be defined. Of a volume's document no more is read than
what it takes to make one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.codec.schema import TEXT, Constant, Convert, Part, Spec, Value, as_fields
from vzvirt.codec.tree import Node
from vzvirt.codec.xml.convert import NUMBER, UUID_TEXT, Amount, one_of, stripped
from vzvirt.codec.xml.document import parse, serialise
from vzvirt.model.storagepool import (
    DiskSpace,
    FileFacts,
    PoolDetails,
    StoragePool,
    Volume,
    VolumeFormat,
    VolumeKind,
    VolumeRequest,
)

_NANOSECONDS: Final = 1_000_000_000

HOST_PATH: Convert[Path] = Convert(Path, str, "a path")
OCTAL: Convert[int] = Convert(lambda text: int(text, 8), lambda mode: f"{mode:04o}", "a mode")


def _write_time(moment: int) -> str:
    seconds, rest = divmod(moment, _NANOSECONDS)
    return f"{seconds}.{rest:09d}" if rest else f"{seconds}"


TIME: Convert[int] = Convert(
    lambda text: round(float(text) * _NANOSECONDS), _write_time, "seconds since the epoch"
)

PERMISSIONS: Final = (
    Value("mode", "target/permissions/mode", OCTAL),
    Value("owner", "target/permissions/owner", NUMBER),
    Value("group", "target/permissions/group", NUMBER),
)
_SIZES: Final = frozenset({"size", "allocated"})  # said by a volume's own sizes
_TIMES: Final = frozenset({"accessed_at", "modified_at", "changed_at"})

# Pools

POOL_FOLDER: Final = Spec(FileFacts, *PERMISSIONS, claims=_SIZES | _TIMES)

SPACE: Final = Spec(
    DiskSpace,
    Constant("capacity", "capacity/@unit", "bytes"),
    Value("capacity", "capacity", NUMBER),
    Constant("capacity", "allocation/@unit", "bytes"),
    Value("allocation", "allocation", NUMBER),
    Constant("capacity", "available/@unit", "bytes"),
    Value("available", "available", NUMBER),
    spread=lambda space: {**as_fields(space), "allocation": space.allocation},
)

NAMES: Final = Spec(
    StoragePool,
    Constant("name", "@type", "dir"),
    Value("name", "name", TEXT),
    Value("uuid", "uuid", UUID_TEXT),
    spread=lambda pool: {**as_fields(pool), "name": pool.name},
    claims=frozenset({"kind", "target"}),
)

POOL: Final = Spec(
    PoolDetails,
    Part("pool", "", NAMES),
    Part("space", "", SPACE),
    Constant("target", "source", ""),
    Value("target", "target/path", HOST_PATH),
    Part("facts", "", POOL_FOLDER),
    spread=lambda details: {**as_fields(details), "target": details.pool.target},
)


def write_storage_pool(details: PoolDetails) -> str:
    """Write libvirt's XML of a pool.

    Raises:
        XmlError: A path has a character that XML cannot carry.
    """
    root = Node("pool")
    POOL.write(details, root, sparse=False)
    return serialise(root)


def write_pool_capabilities() -> str:
    """Write which types of pools there are: folders."""
    options = Node(
        "volOptions", children=[Node("defaultFormat", {"type": VolumeFormat.RAW.value})]
    )
    formats = [Node("value", text=item.value) for item in VolumeFormat]
    options.children.append(Node("enum", {"name": "targetFormatType"}, formats))
    pool = Node("pool", {"type": "dir", "supported": "yes"}, [options])
    return serialise(Node("storagepoolCapabilities", children=[pool]))


# Volumes

VOLUME_FILE: Final = Spec(
    FileFacts,
    *PERMISSIONS,
    Value("accessed_at", "target/timestamps/atime", TIME),
    Value("modified_at", "target/timestamps/mtime", TIME),
    Value("changed_at", "target/timestamps/ctime", TIME),
    claims=_SIZES,
)

VOLUME: Final = Spec(
    Volume,
    Value("kind", "@type", one_of(VolumeKind)),
    Value("name", "name", TEXT),
    Value("key", "key", HOST_PATH),
    Constant("capacity", "capacity/@unit", "bytes"),
    Value("capacity", "capacity", NUMBER),
    Constant("allocation", "allocation/@unit", "bytes"),
    Value("allocation", "allocation", NUMBER),
    Value("path", "target/path", HOST_PATH),
    Value("format", "target/format/@type", one_of(VolumeFormat)),
    Part("facts", "", VOLUME_FILE),
    spread=lambda volume: {
        **as_fields(volume),
        "name": volume.ref.name,
        "key": volume.ref.path,
        "path": volume.ref.path,
    },
    claims=frozenset({"ref"}),
)

REQUEST: Final = Spec(
    VolumeRequest,
    Value("name", "name", stripped(str, "a name")),
    Amount("capacity", "capacity", default="bytes"),
)


def write_volume(volume: Volume) -> str:
    """Write libvirt's XML of a volume.

    Raises:
        XmlError: A path has a character that XML cannot carry.
    """
    root = Node("volume")
    VOLUME.write(volume, root, sparse=False)
    return serialise(root)


def read_volume_request(text: str | bytes) -> VolumeRequest:
    """Read a ``<volume>`` that is to be made.

    Raises:
        XmlError: It is malformed, or something else.
    """
    root = parse(text)
    if root.tag != "volume":
        raise errors.XmlError(f"the document is a {root.spelling}, not a <volume>")
    return REQUEST.read(root)
