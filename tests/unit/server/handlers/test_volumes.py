from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from unit.backends.templates import archives
from unit.server.handlers.clients import Client, Upload
from vzvirt import errors
from vzvirt.rpc.protocol import constants, remote
from vzvirt.server import recent
from vzvirt.server.replies import Refusal
from vzvirt.server.stream import StreamAborted
from worlds import TEMPLATE

PHYSICAL = constants.VIR_STORAGE_VOL_GET_PHYSICAL
REQUEST = "<volume><name>mine</name><capacity>1048576</capacity></volume>"


@pytest.fixture
def templates(client: Client) -> Any:
    return client.call("storage_pool_lookup_by_name", "templates").pool


@pytest.fixture
def private(client: Client) -> Any:
    client.world.define()
    client.world.manager.provisioning.provision("101")
    return client.call("storage_pool_lookup_by_name", "private").pool


def named(client: Client, pool: Any, name: str) -> Any:
    return client.call("storage_vol_lookup_by_name", pool, name).vol


def names(client: Client, pool: Any) -> list[str]:
    found = client.call("storage_pool_list_all_volumes", pool, 1, 0)
    assert found.ret == len(found.vols)
    return [vol.name for vol in found.vols]


class TestLooking:
    def test_lists(self, client: Client, templates: Any, private: Any) -> None:
        assert names(client, templates) == [TEMPLATE]
        assert names(client, private) == ["101"]
        assert client.call("storage_pool_list_all_volumes", private, 0, 0).vols == []
        assert client.call("storage_pool_num_of_volumes", private).num == 1
        assert client.call("storage_pool_list_volumes", private, 9).names == ["101"]
        assert client.call("storage_pool_list_volumes", private, 0).names == []

    def test_a_template(self, client: Client, templates: Any) -> None:
        vol = named(client, templates, TEMPLATE)
        path = client.world.root.path(f"vz/template/cache/{TEMPLATE}.tar")
        assert (vol.pool, vol.name, vol.key) == ("templates", TEMPLATE, str(path))
        assert client.call("storage_vol_lookup_by_key", vol.key).vol == vol
        assert client.call("storage_vol_lookup_by_path", vol.key).vol == vol
        assert client.call("storage_vol_get_path", vol).name == vol.key
        info = client.call("storage_vol_get_info", vol)
        assert (info.type, info.capacity) == (0, path.stat().st_size)
        assert info.allocation == path.stat().st_blocks * 512
        assert client.call("storage_vol_get_info_flags", vol, 0).allocation == info.allocation
        physical = client.call("storage_vol_get_info_flags", vol, PHYSICAL)
        assert physical.allocation == info.capacity
        assert f"<key>{path}</key>" in client.call("storage_vol_get_xml_desc", vol, 0).xml

    def test_a_private_area(self, client: Client, private: Any) -> None:
        vol = named(client, private, "101")
        info = client.call("storage_vol_get_info", vol)
        assert info.type == constants.VIR_STORAGE_VOL_DIR
        assert 0 < info.allocation < info.capacity
        physical = client.call("storage_vol_get_info_flags", vol, PHYSICAL)
        assert physical.allocation == info.allocation

    def test_only_what_is_added_up_is_shared(
        self,
        client: Client,
        templates: Any,
        private: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(recent, "QUICK", -1.0)
        area, usages = client.world.root.path("vz/private/101"), client._daemon.usages
        vol = named(client, private, "101")
        client.call("storage_vol_get_info", named(client, templates, TEMPLATE))
        assert not usages._slots
        before = client.call("storage_vol_get_info", vol).allocation
        usages._slots[area].until = time.monotonic() + 600
        (area / "more").write_bytes(b"x" * 10_000)
        assert client.call("storage_vol_get_info", vol).allocation == before
        client.refresh(101)
        dom = client.call("domain_lookup_by_name", "web").dom
        assert client.call("domain_get_block_info", dom, "/", 0).allocation == before
        client.call("storage_pool_refresh", private, 0)
        assert client.call("storage_vol_get_info", vol).allocation > before

    def test_a_deleted_one_is_forgotten(self, client: Client, private: Any) -> None:
        area, vol = client.world.root.path("vz/private/101"), named(client, private, "101")
        client._daemon.usages._slots[area] = recent._Slot()
        client.world.manager.definitions.undefine("101", remove_data=False)
        client.call("storage_vol_delete", vol, 0)
        assert not client._daemon.usages._slots

    def test_none(self, client: Client, templates: Any) -> None:
        gone = remote.NonnullStorageVol("templates", "gone", "/gone")
        with pytest.raises(errors.NoStorageVolume):
            client.call("storage_vol_get_info", gone)
        with pytest.raises(errors.NoStorageVolume):
            client.call("storage_vol_lookup_by_path", "/gone")
        with pytest.raises(errors.NoStoragePool):
            client.call("storage_vol_get_path", remote.NonnullStorageVol("default", "x", "x"))


class TestTemplates:
    def content(self, tmp_path: Path) -> bytes:
        return archives.write(tmp_path / "a", compression="gzip").read_bytes()

    def test_made_filled_copied_and_deleted(
        self, client: Client, templates: Any, tmp_path: Path
    ) -> None:
        vol = client.call("storage_vol_create_xml", templates, REQUEST, 0).vol
        assert client.call("storage_vol_get_info", vol).capacity == 1 << 20
        content = self.content(tmp_path)
        client.pipe = Upload([content[:100], content[100:]])
        client.call("storage_vol_upload", vol, 0, 0, 0)
        client.pipe = Upload([])
        client.call("storage_vol_download", vol, 0, 0, 0)
        assert client.pipe.got == content
        client.pipe = Upload([])
        client.call("storage_vol_download", vol, 7, 20, 0)
        assert client.pipe.got == content[7:27]
        client.call("storage_vol_delete", vol, 0)
        assert names(client, templates) == [TEMPLATE]

    def test_what_fails_changes_nothing(
        self, client: Client, templates: Any, tmp_path: Path
    ) -> None:
        vol = named(client, templates, TEMPLATE)
        before = Path(vol.key).read_bytes()
        content = self.content(tmp_path)
        for pipe, length, kind in (
            (Upload([b"no archive at all"]), 0, errors.OperationFailed),
            (Upload([content]), len(content) - 1, errors.InvalidArgument),
            (Upload([content], gives_up=True), 0, StreamAborted),
        ):
            client.pipe = pipe
            with pytest.raises(kind):
                client.call("storage_vol_upload", vol, 0, length, 0)
            assert Path(vol.key).read_bytes() == before
        assert [path.name for path in Path(vol.key).parent.iterdir()] == [f"{TEMPLATE}.tar"]

    def test_parts_and_holes_are_refused(self, client: Client, templates: Any) -> None:
        vol = named(client, templates, TEMPLATE)
        with pytest.raises(errors.NoSupport, match="as a whole"):
            client.call("storage_vol_upload", vol, 1, 0, 0)
        for procedure in ("storage_vol_upload", "storage_vol_download"):
            with pytest.raises(Refusal):
                client.call(procedure, vol, 0, 0, 1)

    @pytest.mark.parametrize("offset", [1 << 20, (1 << 64) - 1])
    def test_there_is_nothing_behind_the_end(
        self, client: Client, templates: Any, offset: int
    ) -> None:
        with pytest.raises(errors.InvalidArgument, match="behind the end"):
            client.call("storage_vol_download", named(client, templates, TEMPLATE), offset, 0, 0)

    def test_nothing_was_uploaded_yet(self, client: Client, templates: Any) -> None:
        vol = client.call("storage_vol_create_xml", templates, REQUEST, 0).vol
        with pytest.raises(errors.NoTemplate):
            client.call("storage_vol_download", vol, 0, 0, 0)


def test_private_areas_are_looked_at_only(client: Client, private: Any) -> None:
    vol = named(client, private, "101")
    for procedure in ("storage_vol_upload", "storage_vol_download"):
        with pytest.raises(errors.NoSupport, match="cannot be copied as a whole"):
            client.call(procedure, vol, 0, 0, 0)
    with pytest.raises(errors.NoSupport, match="belongs to a container"):
        client.call("storage_vol_create_xml", private, REQUEST, 0)
    with pytest.raises(errors.OperationInvalid, match="is the root of 'web'"):
        client.call("storage_vol_delete", vol, 0)
