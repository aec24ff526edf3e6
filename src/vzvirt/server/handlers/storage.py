"""Storage pools: both are always there and active, and nothing but their volumes can change."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from uuid import UUID

from vzvirt import errors
from vzvirt.codec.xml import write_pool_capabilities, write_storage_pool
from vzvirt.model.event import PoolRefreshed
from vzvirt.model.storagepool import StoragePool
from vzvirt.rpc.protocol import constants, remote
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.filters import Group, at_most, mask, wanted


def _wire(pool: StoragePool) -> remote.NonnullStoragePool:
    return remote.NonnullStoragePool(pool.name, pool.uuid.bytes)


def _pool(call: Call, asked: remote.NonnullStoragePool) -> StoragePool:
    return call.daemon.manager.storage.pool_by_uuid(UUID(bytes=asked.uuid))


_GROUPS: Final[tuple[Group, ...]] = (
    {
        constants.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE: True,
        constants.VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE: False,
    },
    {
        constants.VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT: True,
        constants.VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT: False,
    },
    {
        constants.VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART: True,
        constants.VIR_CONNECT_LIST_STORAGE_POOLS_NO_AUTOSTART: False,
    },
    {
        constants.VIR_CONNECT_LIST_STORAGE_POOLS_DIR: True,
        **dict.fromkeys(
            (
                constants.VIR_CONNECT_LIST_STORAGE_POOLS_FS,
                constants.VIR_CONNECT_LIST_STORAGE_POOLS_NETFS,
                constants.VIR_CONNECT_LIST_STORAGE_POOLS_LOGICAL,
                constants.VIR_CONNECT_LIST_STORAGE_POOLS_DISK,
                constants.VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI,
                constants.VIR_CONNECT_LIST_STORAGE_POOLS_SCSI,
                constants.VIR_CONNECT_LIST_STORAGE_POOLS_MPATH,
                constants.VIR_CONNECT_LIST_STORAGE_POOLS_RBD,
                constants.VIR_CONNECT_LIST_STORAGE_POOLS_SHEEPDOG,
                constants.VIR_CONNECT_LIST_STORAGE_POOLS_GLUSTER,
                constants.VIR_CONNECT_LIST_STORAGE_POOLS_ZFS,
                constants.VIR_CONNECT_LIST_STORAGE_POOLS_VSTORAGE,
                constants.VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI_DIRECT,
            ),
            False,
        ),
    },
)


@handles("connect_list_all_storage_pools", flags=mask(*_GROUPS), where=Where.WORKER)
def list_all(
    call: Call, args: remote.ConnectListAllStoragePoolsArgs
) -> remote.ConnectListAllStoragePoolsRet:
    """Both, unless the client asks for others."""
    pools = call.daemon.manager.storage.pools()
    found = [_wire(pool) for pool in pools if wanted(args.flags, *_GROUPS)]
    return remote.ConnectListAllStoragePoolsRet(found if args.need_results else [], len(found))


@handles("connect_num_of_storage_pools", where=Where.WORKER)
def number_active(call: Call, args: None) -> remote.ConnectNumOfStoragePoolsRet:
    """How many are active."""
    return remote.ConnectNumOfStoragePoolsRet(len(call.daemon.manager.storage.pools()))


@handles("connect_list_storage_pools", where=Where.WORKER)
def list_active(
    call: Call, args: remote.ConnectListStoragePoolsArgs
) -> remote.ConnectListStoragePoolsRet:
    """Names of those that are active."""
    names = [pool.name for pool in call.daemon.manager.storage.pools()]
    return remote.ConnectListStoragePoolsRet(at_most(names, args.maxnames))


@handles("connect_num_of_defined_storage_pools")
def number_inactive(call: Call, args: None) -> remote.ConnectNumOfDefinedStoragePoolsRet:
    """None is inactive."""
    return remote.ConnectNumOfDefinedStoragePoolsRet(0)


@handles("connect_list_defined_storage_pools")
def list_inactive(
    call: Call, args: remote.ConnectListDefinedStoragePoolsArgs
) -> remote.ConnectListDefinedStoragePoolsRet:
    """None is inactive."""
    return remote.ConnectListDefinedStoragePoolsRet([])


@handles("storage_pool_lookup_by_name", where=Where.WORKER)
def lookup_by_name(
    call: Call, args: remote.StoragePoolLookupByNameArgs
) -> remote.StoragePoolLookupByNameRet:
    """One by its name."""
    return remote.StoragePoolLookupByNameRet(_wire(call.daemon.manager.storage.pool(args.name)))


@handles("storage_pool_lookup_by_uuid", where=Where.WORKER)
def lookup_by_uuid(
    call: Call, args: remote.StoragePoolLookupByUuidArgs
) -> remote.StoragePoolLookupByUuidRet:
    """One by its UUID."""
    found = call.daemon.manager.storage.pool_by_uuid(UUID(bytes=args.uuid))
    return remote.StoragePoolLookupByUuidRet(_wire(found))


@handles("storage_pool_lookup_by_volume", where=Where.WORKER)
def lookup_by_volume(
    call: Call, args: remote.StoragePoolLookupByVolumeArgs
) -> remote.StoragePoolLookupByVolumeRet:
    """The one that a volume is in."""
    found = call.daemon.manager.storage.pool(args.vol.pool)
    return remote.StoragePoolLookupByVolumeRet(_wire(found))


@handles("storage_pool_lookup_by_target_path", where=Where.WORKER)
def lookup_by_target(
    call: Call, args: remote.StoragePoolLookupByTargetPathArgs
) -> remote.StoragePoolLookupByTargetPathRet:
    """The one whose volumes are in a folder."""
    found = call.daemon.manager.storage.pool_by_target(Path(args.path))
    return remote.StoragePoolLookupByTargetPathRet(_wire(found))


@handles("storage_pool_get_info", where=Where.WORKER)
def get_info(call: Call, args: remote.StoragePoolGetInfoArgs) -> remote.StoragePoolGetInfoRet:
    """Room on its disk, in bytes."""
    space = call.daemon.manager.storage.details(_pool(call, args.pool)).space
    return remote.StoragePoolGetInfoRet(
        constants.VIR_STORAGE_POOL_RUNNING, space.capacity, space.allocation, space.available
    )


@handles("storage_pool_get_xml_desc", flags=constants.VIR_STORAGE_XML_INACTIVE, where=Where.WORKER)
def get_xml(call: Call, args: remote.StoragePoolGetXmlDescArgs) -> remote.StoragePoolGetXmlDescRet:
    """The document of one."""
    details = call.daemon.manager.storage.details(_pool(call, args.pool))
    return remote.StoragePoolGetXmlDescRet(write_storage_pool(details))


@handles("storage_pool_get_autostart", where=Where.WORKER)
def get_autostart(
    call: Call, args: remote.StoragePoolGetAutostartArgs
) -> remote.StoragePoolGetAutostartRet:
    """It is always there."""
    _pool(call, args.pool)
    return remote.StoragePoolGetAutostartRet(1)


@handles("storage_pool_is_active", where=Where.WORKER)
def is_active(call: Call, args: remote.StoragePoolIsActiveArgs) -> remote.StoragePoolIsActiveRet:
    """It always is."""
    _pool(call, args.pool)
    return remote.StoragePoolIsActiveRet(1)


@handles("storage_pool_is_persistent", where=Where.WORKER)
def is_persistent(
    call: Call, args: remote.StoragePoolIsPersistentArgs
) -> remote.StoragePoolIsPersistentRet:
    """It always is."""
    _pool(call, args.pool)
    return remote.StoragePoolIsPersistentRet(1)


@handles("storage_pool_refresh", flags=0, where=Where.WORKER)
def refresh(call: Call, args: remote.StoragePoolRefreshArgs) -> None:
    """Have sizes of private areas added up anew, which are told for half a minute at most.

    Nothing else is remembered; who listens is told.
    """
    daemon, pool = call.daemon, _pool(call, args.pool)
    daemon.usages.forget_all()
    event = PoolRefreshed(pool.name, pool.uuid)
    daemon.on_loop(lambda: daemon.broker.publish([event]))


@handles("connect_get_storage_pool_capabilities", flags=0)
def get_capabilities(
    call: Call, args: remote.ConnectGetStoragePoolCapabilitiesArgs
) -> remote.ConnectGetStoragePoolCapabilitiesRet:
    """Which types of pools there are."""
    return remote.ConnectGetStoragePoolCapabilitiesRet(write_pool_capabilities())


@handles("storage_pool_create", where=Where.WORKER)
def start(call: Call, args: remote.StoragePoolCreateArgs) -> None:
    """Refuse: it is active.

    Raises:
        OperationInvalid: Always.
    """
    pool = _pool(call, args.pool)
    raise errors.OperationInvalid(f"the storage pool '{pool.name}' is active already")


@handles("storage_pool_set_autostart", where=Where.WORKER)
def set_autostart(call: Call, args: remote.StoragePoolSetAutostartArgs) -> None:
    """Take what is so already.

    Raises:
        NoSupport: It is not to start with the host.
    """
    _pool(call, args.pool)
    if not args.autostart:
        call.daemon.manager.storage.refuse_change()


@handles("storage_pool_define_xml", where=Where.WORKER)
@handles("storage_pool_create_xml", where=Where.WORKER)
@handles("storage_pool_build", where=Where.WORKER)
@handles("storage_pool_destroy", where=Where.WORKER)
@handles("storage_pool_delete", where=Where.WORKER)
@handles("storage_pool_undefine", where=Where.WORKER)
def refuse_change(call: Call, args: object) -> None:
    """Refuse to make, change or remove a pool.

    Raises:
        NoSupport: Always.
    """
    call.daemon.manager.storage.refuse_change()
