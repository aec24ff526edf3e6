"""The grammar of liblxc's configuration files, writing side.

No state. One ``key = value`` per line, blanks around the value cut, one pair of equal quotes
around it stripped, no escapes at all: what cannot be said in one line cannot be said. A value
with a control character is therefore refused, whoever it came from, so that no definition can
smuggle in a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from vzvirt import errors

Line = tuple[str, str]
"""One key and its value."""

_KEY: Final = re.compile(r"lxc(\.[a-z0-9_-]+)+", re.ASCII)


def write_lines(lines: Iterable[Line]) -> str:
    """A configuration file's text.

    Raises:
        ConfigUnsupported: A value has characters in it that no line can hold.
    """
    return "".join(f"{_checked_key(key)} = {_written(key, value)}\n" for key, value in lines)


def _checked_key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise errors.InternalError(f"'{key}' is no key of liblxc's")
    return key


def _written(key: str, value: str) -> str:
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise errors.ConfigUnsupported(
            f"{value!r} cannot be given to the container: '{key}' takes one line of plain text",
            hint="take the control characters out",
        )
    quoted = value[:1] in {"'", '"'} and value[-1:] == value[:1]
    if quoted or value != value.strip():
        return f'"{value}"'
    return value


def fstab_field(text: str) -> str:
    """One field of a line in the form of fstab(5), which ``lxc.mount.entry`` takes."""
    return "".join(f"\\{ord(char):03o}" if char in " \t\n\\#" else char for char in text)
