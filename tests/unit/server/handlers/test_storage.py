from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from unit.server.handlers.clients import Client
from vzvirt import errors
from vzvirt.model.event import PoolRefreshed
from vzvirt.rpc.protocol import constants, remote
from vzvirt.server.replies import Refusal

DIR, LOGICAL, INACTIVE = (
    constants.VIR_CONNECT_LIST_STORAGE_POOLS_DIR,
    constants.VIR_CONNECT_LIST_STORAGE_POOLS_LOGICAL,
    constants.VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE,
)
BOTH = ["templates", "private"]
DEFAULT = "<pool type='dir'><name>default</name><target><path>/x</path></target></pool>"


@pytest.fixture
def pool(client: Client) -> Any:
    return client.call("storage_pool_lookup_by_name", "templates").pool


def listed(client: Client, flags: int) -> list[str]:
    found = client.call("connect_list_all_storage_pools", 1, flags)
    assert found.ret == len(found.pools)
    return [pool.name for pool in found.pools]


def test_lists(client: Client) -> None:
    assert listed(client, 0) == listed(client, DIR | LOGICAL) == BOTH
    assert listed(client, INACTIVE) == listed(client, LOGICAL) == []
    assert client.call("connect_list_all_storage_pools", 0, 0).ret == 2
    assert client.call("connect_num_of_storage_pools").num == 2
    assert client.call("connect_list_storage_pools", 9).names == BOTH
    assert client.call("connect_list_storage_pools", 1).names == BOTH[:1]
    assert client.call("connect_num_of_defined_storage_pools").num == 0
    assert client.call("connect_list_defined_storage_pools", 9).names == []
    with pytest.raises(Refusal):
        listed(client, 1 << 30)


def test_one(client: Client, pool: Any) -> None:
    assert client.call("storage_pool_lookup_by_uuid", pool.uuid).pool == pool
    target = str(client.world.root.path("vz/template/cache"))
    assert client.call("storage_pool_lookup_by_target_path", target).pool == pool
    volume = remote.NonnullStorageVol("templates", "any", "any")
    assert client.call("storage_pool_lookup_by_volume", volume).pool == pool
    info = client.call("storage_pool_get_info", pool)
    assert info.state == constants.VIR_STORAGE_POOL_RUNNING
    assert info.capacity == info.allocation + info.available
    assert target in client.call("storage_pool_get_xml_desc", pool, 1).xml
    assert client.call("storage_pool_get_autostart", pool).autostart
    assert client.call("storage_pool_is_active", pool).active
    assert client.call("storage_pool_is_persistent", pool).persistent
    assert "type='dir'" in client.call("connect_get_storage_pool_capabilities", 0).capabilities


def test_none(client: Client) -> None:
    with pytest.raises(errors.NoStoragePool):
        client.call("storage_pool_lookup_by_name", "default")
    with pytest.raises(errors.NoStoragePool):
        client.call("storage_pool_get_info", remote.NonnullStoragePool("private", b"\0" * 16))


def test_what_is_so_already(client: Client, pool: Any) -> None:
    client.call("storage_pool_set_autostart", pool, 1)
    with pytest.raises(errors.OperationInvalid, match="active already"):
        client.call("storage_pool_create", pool, 0)


def test_who_listens_hears_of_a_refresh(client: Client, pool: Any) -> None:
    client.call("storage_pool_refresh", pool, 0)
    assert client.told == [PoolRefreshed("templates", UUID(bytes=pool.uuid))]


def test_there_are_no_others(client: Client, pool: Any) -> None:
    """As virt-manager asks for when it begins: it must hear a plain no."""
    for procedure, *arguments in (
        ("storage_pool_define_xml", DEFAULT, 0),
        ("storage_pool_create_xml", DEFAULT, 0),
        ("storage_pool_build", pool, 0),
        ("storage_pool_destroy", pool),
        ("storage_pool_delete", pool, 0),
        ("storage_pool_undefine", pool),
        ("storage_pool_set_autostart", pool, 0),
    ):
        with pytest.raises(errors.NoSupport, match="cannot be made, changed or removed"):
            client.call(str(procedure), *arguments)
    assert listed(client, 0) == BOTH
