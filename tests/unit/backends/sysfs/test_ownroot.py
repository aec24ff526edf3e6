from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt.backends.sysfs import ownroot
from vzvirt.system import mounts
from vzvirt.system.mounttable import Mount


def mount(point: str, root: str = "/", device: str = "8:1") -> Mount:
    return Mount(Path(point), "src", "ext4", ("rw",), root, device)


@pytest.mark.parametrize(
    "folder", ["/", "//", "/usr/..", "/proc/self/root", "/proc/self/root/", "/proc/1/root"]
)
def test_the_root_is_recognised_by_every_name(folder: str) -> None:
    assert ownroot.reason(Path(folder))


@pytest.mark.parametrize("folder", ["/usr", "/tmp", "/proc", "/nowhere/at/all"])
def test_an_ordinary_folder_is_none(folder: str) -> None:
    assert ownroot.reason(Path(folder)) is None


def test_a_link_to_the_root_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/")
    (tmp_path / "more").symlink_to("link")
    assert ownroot.reason(tmp_path / "more") == f"'{tmp_path}/more' is the host's own root"


@pytest.mark.root
def test_a_mount_of_the_root_is_recognised(tmp_path: Path) -> None:
    inner = tmp_path / "a/b"
    inner.mkdir(parents=True)
    mounts.bind(Path("/"), inner)
    try:
        assert "is a mount of the host's own root" in (ownroot.reason(inner) or "")
        assert f"mounted in it, on '{inner}'" in (ownroot.reason(tmp_path) or "")
        assert ownroot.reason(inner / "usr") is None
    finally:
        mounts.unmount(inner)
    assert ownroot.reason(tmp_path) is None


@pytest.mark.parametrize(
    ("seen", "path", "shown"),
    [
        # The host's root is the folder /hosts/one of the disk 8:1.
        (mount("/mnt"), "/mnt", True),
        (mount("/mnt"), "/mnt/hosts", True),
        (mount("/mnt"), "/mnt/hosts/one", True),
        (mount("/mnt"), "/mnt/hosts/one/srv", False),
        (mount("/mnt"), "/mnt/hosts/two", False),
        (mount("/mnt", "/hosts"), "/mnt", True),
        (mount("/mnt", "/hosts"), "/mnt/two", False),
        (mount("/mnt", device="8:2"), "/mnt", False),
    ],
)
def test_a_folder_above_the_root_on_its_disk(seen: Mount, path: str, shown: bool) -> None:
    own = mount("/", "/hosts/one")
    assert ownroot.shows(seen, Path(path), own) is shown


def test_the_latest_of_several_mounts_on_a_point_counts() -> None:
    table = [mount("/", "/a"), mount("/mnt", "/b"), mount("/mnt", "/c"), mount("/mntx", "/d")]
    for path, root in (("/mnt/x", "/c"), ("/mnty", "/a"), ("/mntx", "/d")):
        found = ownroot.holder(Path(path), table)
        assert found is not None
        assert found.root == root
    assert ownroot.holder(Path("/x"), []) is None
