"""Storage volumes: templates and private areas."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from uuid import UUID

from vzvirt import errors
from vzvirt.codec.xml import read_volume_request, write_volume
from vzvirt.model.storagepool import StoragePool, Volume, VolumeKind, VolumeRef
from vzvirt.rpc.protocol import constants, remote
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.filters import at_most
from vzvirt.server.stream import Pipe

_CHUNK: Final = 1 << 18
"""Bytes of a volume sent at one time."""


def _pool(call: Call, asked: remote.NonnullStoragePool) -> StoragePool:
    return call.daemon.manager.storage.pool_by_uuid(UUID(bytes=asked.uuid))


def _wire(ref: VolumeRef) -> remote.NonnullStorageVol:
    return remote.NonnullStorageVol(ref.pool, ref.name, str(ref.path))


def _volume(call: Call, asked: remote.NonnullStorageVol) -> VolumeRef:
    storage = call.daemon.manager.storage
    return storage.volume(storage.pool(asked.pool), asked.name)


@handles("storage_pool_num_of_volumes", where=Where.WORKER)
def number(
    call: Call, args: remote.StoragePoolNumOfVolumesArgs
) -> remote.StoragePoolNumOfVolumesRet:
    """How many a pool has."""
    found = call.daemon.manager.storage.volumes(_pool(call, args.pool))
    return remote.StoragePoolNumOfVolumesRet(len(found))


@handles("storage_pool_list_volumes", where=Where.WORKER)
def list_names(
    call: Call, args: remote.StoragePoolListVolumesArgs
) -> remote.StoragePoolListVolumesRet:
    """Names of a pool's volumes."""
    names = [ref.name for ref in call.daemon.manager.storage.volumes(_pool(call, args.pool))]
    return remote.StoragePoolListVolumesRet(at_most(names, args.maxnames))


@handles("storage_pool_list_all_volumes", flags=0, where=Where.WORKER)
def list_all(
    call: Call, args: remote.StoragePoolListAllVolumesArgs
) -> remote.StoragePoolListAllVolumesRet:
    """A pool's volumes."""
    refs = call.daemon.manager.storage.volumes(_pool(call, args.pool))
    found = [_wire(ref) for ref in refs] if args.need_results else []
    return remote.StoragePoolListAllVolumesRet(found, len(refs))


@handles("storage_vol_lookup_by_name", where=Where.WORKER)
def lookup_by_name(
    call: Call, args: remote.StorageVolLookupByNameArgs
) -> remote.StorageVolLookupByNameRet:
    """One of a pool by its name."""
    found = call.daemon.manager.storage.volume(_pool(call, args.pool), args.name)
    return remote.StorageVolLookupByNameRet(_wire(found))


@handles("storage_vol_lookup_by_key", where=Where.WORKER)
def lookup_by_key(
    call: Call, args: remote.StorageVolLookupByKeyArgs
) -> remote.StorageVolLookupByKeyRet:
    """One by its key, which is its path."""
    found = call.daemon.manager.storage.volume_by_path(Path(args.key))
    return remote.StorageVolLookupByKeyRet(_wire(found))


@handles("storage_vol_lookup_by_path", where=Where.WORKER)
def lookup_by_path(
    call: Call, args: remote.StorageVolLookupByPathArgs
) -> remote.StorageVolLookupByPathRet:
    """One by its path."""
    found = call.daemon.manager.storage.volume_by_path(Path(args.path))
    return remote.StorageVolLookupByPathRet(_wire(found))


@handles("storage_vol_get_path", where=Where.WORKER)
def get_path(call: Call, args: remote.StorageVolGetPathArgs) -> remote.StorageVolGetPathRet:
    """Where it is."""
    return remote.StorageVolGetPathRet(str(_volume(call, args.vol).path))


_TYPES: Final = {
    VolumeKind.FILE: constants.VIR_STORAGE_VOL_FILE,
    VolumeKind.FOLDER: constants.VIR_STORAGE_VOL_DIR,
}


def _looked_at(call: Call, asked: remote.NonnullStorageVol) -> Volume:
    """What there is to say of one; private areas may be looked through for it."""
    daemon = call.daemon
    return daemon.manager.storage.look_at(_volume(call, asked), share=daemon.usages.get)


@handles("storage_vol_get_info", where=Where.WORKER)
def get_info(call: Call, args: remote.StorageVolGetInfoArgs) -> remote.StorageVolGetInfoRet:
    """Its sizes in bytes."""
    found = _looked_at(call, args.vol)
    return remote.StorageVolGetInfoRet(_TYPES[found.kind], found.capacity, found.allocation)


@handles(
    "storage_vol_get_info_flags",
    flags=constants.VIR_STORAGE_VOL_GET_PHYSICAL,
    where=Where.WORKER,
)
def get_info_flags(
    call: Call, args: remote.StorageVolGetInfoFlagsArgs
) -> remote.StorageVolGetInfoFlagsRet:
    """Its sizes in bytes; on request the size of the file, instead of what it takes."""
    found = _looked_at(call, args.vol)
    size = found.allocation
    if args.flags & constants.VIR_STORAGE_VOL_GET_PHYSICAL and found.kind is VolumeKind.FILE:
        size = found.capacity
    return remote.StorageVolGetInfoFlagsRet(_TYPES[found.kind], found.capacity, size)


@handles("storage_vol_get_xml_desc", flags=0, where=Where.WORKER)
def get_xml(call: Call, args: remote.StorageVolGetXmlDescArgs) -> remote.StorageVolGetXmlDescRet:
    """The document of one."""
    return remote.StorageVolGetXmlDescRet(write_volume(_looked_at(call, args.vol)))


@handles("storage_vol_create_xml", flags=0, where=Where.WORKER)
def create(call: Call, args: remote.StorageVolCreateXmlArgs) -> remote.StorageVolCreateXmlRet:
    """Make one that is to be filled by an upload."""
    request = read_volume_request(args.xml)
    made = call.daemon.manager.storage.create(_pool(call, args.pool), request)
    return remote.StorageVolCreateXmlRet(_wire(made))


@handles("storage_vol_delete", flags=0, where=Where.WORKER)
def delete(call: Call, args: remote.StorageVolDeleteArgs) -> None:
    """Delete one that nothing needs."""
    daemon, ref = call.daemon, _volume(call, args.vol)
    try:
        daemon.manager.storage.delete(ref)
    finally:
        daemon.usages.forget(ref.path)


@handles("storage_vol_upload", flags=0, where=Where.WORKER)
def upload(call: Call, args: remote.StorageVolUploadArgs) -> None:
    """Fill a template with what the client sends.

    Raises:
        NoSupport: It is no template, or only a part of it is to change.
    """
    storage = call.daemon.manager.storage
    ref = _volume(call, args.vol)
    storage.require_template(ref)
    if args.offset:
        raise errors.NoSupport("a template is replaced as a whole; leave the offset out")
    most = args.length

    def receive(pipe: Pipe) -> None:
        incoming = storage.upload(ref)
        try:
            taken = 0
            while data := pipe.read():
                taken += len(data)
                if most and taken > most:
                    raise errors.InvalidArgument(f"more than the {most} bytes came that were said")
                incoming.write(data)
            incoming.finish()
        finally:
            incoming.abort()

    call.open_stream().serve(receive)


@handles("storage_vol_download", flags=0, where=Where.WORKER)
def download(call: Call, args: remote.StorageVolDownloadArgs) -> None:
    """Send a template to the client, or a part of it; a length of 0 is all.

    Raises:
        NoSupport: It is no template.
        NoTemplate: Nothing was uploaded yet.
        InvalidArgument: It is not that large.
    """
    storage = call.daemon.manager.storage
    ref = _volume(call, args.vol)
    with storage.opened(ref) as there:
        size = there.seek(0, os.SEEK_END)
    if args.offset > size:
        raise errors.InvalidArgument(f"the offset {args.offset} is behind the end, at {size}")

    def send(pipe: Pipe) -> None:
        with storage.opened(ref) as file:
            file.seek(args.offset)
            left = args.length
            while data := file.read(min(left, _CHUNK) if args.length else _CHUNK):
                pipe.write(data)
                left -= len(data)

    call.open_stream().serve(send)
