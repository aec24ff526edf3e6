from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.storage import resizing
from vzvirt.model.storage import AreaSpec, LayoutAbilities, Usage
from vzvirt.model.values import Ctid, SoftHard

MIB = 1 << 20
NOW = Usage(used_bytes=4 * MIB, size_bytes=10 * MIB, used_inodes=100, inodes=1000)


def spec(size: int | None = None, inodes: int | None = None) -> AreaSpec:
    return AreaSpec(
        ctid=Ctid(101),
        private_area=Path("/p"),
        root_mount=Path("/r"),
        space=SoftHard(size, size) if size is not None else None,
        inodes=SoftHard(inodes, inodes) if inodes is not None else None,
    )


@pytest.mark.parametrize(
    ("size", "inodes"),
    [
        (None, None),
        (10 * MIB, None),
        (4 * MIB, None),
        (10 * MIB, 1000),
        (10 * MIB, 990),
        (20 * MIB, 2000),
        (20 * MIB, 1000),  # what was there grows with the size
        (20 * MIB, 500),
        (5 * MIB, 1000),  # and shrinks with it
        (5 * MIB, 400),
    ],
)
def test_what_may_be_asked(size: int | None, inodes: int | None) -> None:
    assert resizing.check_request(spec(size, inodes), NOW) == (size or 10 * MIB)


@pytest.mark.parametrize(
    ("size", "inodes", "message"),
    [
        (4 * MIB - 1, None, "below the 4096 KiB"),
        (0, None, "below"),
        (10 * MIB, 99, "99 is below the 100 files"),
        (10 * MIB, 1100, "1100 is more than the 1000"),
        (20 * MIB, 2100, "2100 is more than the 2000"),
        (10 * MIB, 900, "900 is less than the 1000"),
    ],
)
def test_what_may_not(size: int, inodes: int | None, message: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=message):
        resizing.check_request(spec(size, inodes), NOW)


def test_the_size_that_would_do_is_named() -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        resizing.check_request(spec(20 * MIB, 3000), NOW)
    assert caught.value.hint == "inodes grow with the size: 30721 KiB would do"
    resizing.check_request(spec(30721 << 10, 3000), NOW)


@pytest.mark.parametrize(
    ("size", "step"), [(10 * MIB, 0), (10 * MIB + 1000, 0), (11 * MIB, 1), (9 * MIB, -1)]
)
def test_directions(size: int, step: int) -> None:
    assert resizing.direction(size, NOW) == step


@pytest.mark.parametrize(
    ("step", "grows", "message"),
    [(-1, True, "cannot shrink"), (-1, False, "cannot shrink"), (1, False, "CAP_SYS_RESOURCE")],
)
def test_what_waits_until_the_container_is_stopped(step: int, grows: bool, message: str) -> None:
    able = LayoutAbilities(name="image", size_quota=True, inode_quota=True, grows_live=grows)
    with pytest.raises(errors.OperationInvalid, match=message) as caught:
        resizing.check_live(step, able)
    assert caught.value.hint == "stop the container first"


def test_growing_live_is_fine_where_it_works() -> None:
    able = LayoutAbilities(name="image", size_quota=True, inode_quota=True, grows_live=True)
    resizing.check_live(1, able)
