from __future__ import annotations

from pathlib import Path

import pytest

from unit.backends.templates import archives
from vzvirt import errors
from vzvirt.backends.templates.compression import COMPRESSIONS, decompressed, detect


@pytest.mark.parametrize("name", archives.COMPRESS)
def test_each_kind_is_told_by_its_first_bytes(tmp_path: Path, name: str) -> None:
    path = tmp_path / "anything"
    path.write_bytes(archives.COMPRESS[name](b"content" * 1000))
    kind = detect(path)
    assert kind.name == name
    with path.open("rb") as raw, decompressed(raw, kind) as stream:
        assert stream.read(7000) == b"content" * 1000


def test_vzctls_order_of_suffixes_is_kept() -> None:
    assert [kind.suffix for kind in COMPRESSIONS][:4] == [
        ".tar",
        ".tar.gz",
        ".tar.bz2",
        ".tar.xz",
    ]


def test_without_zstd_the_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(archives.zstd(b"x"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        path.open("rb") as raw,
        pytest.raises(errors.NoSupport) as caught,
        decompressed(raw, detect(path)),
    ):
        pass
    assert caught.value.hint == "apt install zstd"


def test_an_unfinished_read_leaves_no_child_behind(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(archives.zstd(b"x" * (8 << 20)))
    with path.open("rb") as raw, decompressed(raw, detect(path)) as stream:
        assert stream.read(10) == b"x" * 10
