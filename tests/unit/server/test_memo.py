"""Things that can be made again."""

from __future__ import annotations

from vzvirt.server.memo import Memo


def _made(memo: Memo[bytes], key: str, owner: object, value: bytes) -> bool:
    """Whether it had to be made."""
    made: list[bytes] = []

    def make() -> bytes:
        made.append(value)
        return value

    assert memo.get(key, owner, make) == value
    return bool(made)


def test_it_is_made_once_for_each_owner() -> None:
    memo: Memo[bytes] = Memo(100, len)
    one, other = object(), object()
    assert _made(memo, "xml", one, b"1")
    assert not _made(memo, "xml", one, b"1")
    assert _made(memo, "xml", other, b"2")
    assert _made(memo, "xml", one, b"1"), "there is one of each key"
    assert _made(memo, "inactive", one, b"3")


def test_what_was_not_used_for_the_longest_time_gives_way() -> None:
    memo: Memo[bytes] = Memo(10, len)
    owner = object()
    _made(memo, "a", owner, b"12345")
    _made(memo, "b", owner, b"12345")
    assert not _made(memo, "a", owner, b"12345")
    _made(memo, "c", owner, b"123")
    assert _made(memo, "b", owner, b"12345")
    assert _made(memo, "a", owner, b"12345"), "two of five and one of three do not fit"


def test_what_is_larger_than_all_room_is_not_kept() -> None:
    memo: Memo[bytes] = Memo(3, len)
    owner = object()
    assert _made(memo, "a", owner, b"12345")
    assert _made(memo, "a", owner, b"12345")
    assert _made(memo, "b", owner, b"123")
    assert not _made(memo, "b", owner, b"123")


def test_all_can_be_forgotten() -> None:
    memo: Memo[bytes] = Memo(10, len)
    owner = object()
    _made(memo, "a", owner, b"1")
    memo.clear()
    assert _made(memo, "a", owner, b"1")


def test_what_was_begun_before_is_not_kept() -> None:
    memo: Memo[bytes] = Memo(10, len)
    owner = object()

    def make() -> bytes:
        memo.clear()
        return b"old"

    assert memo.get("a", owner, make) == b"old"
    assert _made(memo, "a", owner, b"new")
