from __future__ import annotations

import pytest

from vzvirt.cli.commands.inside import added

BOOT = b"booted as web\r\n"
LINES = b"".join(b"line %d\r\n" % number for number in range(20_000))


@pytest.mark.parametrize(
    ("shown", "log", "new"),
    [
        (b"", b"", b""),
        (b"", BOOT, BOOT),
        (BOOT, BOOT, b""),
        (BOOT, BOOT + b"more", b"more"),
        (BOOT + b"more", BOOT, BOOT),
        (BOOT, b"", b""),
        (LINES, LINES[150_000:] + b"more", b"more"),
        (LINES, LINES[150_000:], b""),
        (b"x" * 5000, b"x" * 3000, b""),
        (b"x" * 5000 + b"y", b"x" * 3000 + b"yz", b"z"),
        (LINES, BOOT, BOOT),
        (LINES, BOOT + LINES, BOOT + LINES),
    ],
)
def test_what_was_not_shown_of_a_log(shown: bytes, log: bytes, new: bytes) -> None:
    assert added(shown, log) == new
