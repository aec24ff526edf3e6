"""What can be set, once: file, environment, flags, help and reference all come from here.

Each field of ``Settings`` is one setting. Its default stands in the field, all else that is to
be known of it in the ``Setting`` it carries. Where a setting is given more than once, the flag
wins over the environment, the environment over the file, the file over the default.

The file is ``etc/vzvirt/vzvirt.conf`` under the root: ``name=value`` lines, ``#`` comments.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

from vzvirt import errors

T = TypeVar("T")

ENVIRONMENT_PREFIX: Final = "VZVIRT_"
FILE: Final = "etc/vzvirt/vzvirt.conf"
"""Below the root."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is to be known of a setting beyond its name and default.

    Attributes:
        help: A phrase for ``--help`` and the reference.
        parse: Makes the value from text; raises ``ValueError`` with what is expected.
        metavar: Stands for the value in help; empty: the setting is a switch.
        values: All possible values, or empty: not a choice.
        in_file: Whether the file may say it.
    """

    help: str
    parse: Callable[[str], object]
    metavar: str = ""
    values: tuple[str, ...] = ()
    in_file: bool = True

    def read(self, text: str, said_by: str) -> object:
        """Make the value from text.

        Args:
            text: What was given.
            said_by: Where it was given, for the message.

        Raises:
            InvalidArgument: It is not a value of this setting.
        """
        if self.values and text not in self.values:
            raise errors.InvalidArgument(
                f"{said_by} is '{text}'", hint=f"it may be {', '.join(self.values)}"
            )
        try:
            return self.parse(text)
        except ValueError as exc:
            raise errors.InvalidArgument(f"{said_by} is '{text}', not {exc}") from None


def _folder(text: str) -> Path:
    # Resolved, so that one folder is one installation however it is spelt.
    return Path(os.path.realpath(Path(text).expanduser()))


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86400:
        raise ValueError("a number of seconds up to a day")
    return seconds


_SWITCH: Final = {"yes": True, "on": True, "1": True, "no": False, "off": False, "0": False}


def _switch(text: str) -> bool:
    try:
        return _SWITCH[text.lower()]
    except KeyError:
        raise ValueError("yes or no") from None


def _setting(default: T, setting: Setting) -> T:
    return dataclasses.field(default=default, metadata={"setting": setting})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting; ``None``: not said."""

    root: Path | None = _setting(
        None,
        Setting(
            "folder put before every path that vzvirt derives",
            _folder,
            "DIR",
            in_file=False,
        ),
    )
    engine: str = _setting(
        "auto",
        Setting(
            "runs containers; auto: lxc, refused if /proc/vz exists, as vzctl is",
            str,
            "NAME",
            values=("auto", "lxc", "vzctl", "memory"),
        ),
    )
    layout: str | None = _setting(
        None,
        Setting(
            "storage layout of new containers that name none",
            str,
            "NAME",
            values=("simfs", "image"),
        ),
    )
    lock_wait: float = _setting(
        30.0,
        Setting(
            "how long to wait for a container that another command holds", _seconds, "SECONDS"
        ),
    )
    skip_address_probe: bool = _setting(
        False,
        Setting(
            "do not ask the network first who has a routed address (SKIP_ARPDETECT)",
            _switch,
        ),
    )
    colour: str = _setting(
        "auto",
        Setting(
            "colours; auto: on a terminal, unless NO_COLOR is set",
            str,
            "WHEN",
            values=("auto", "always", "never"),
        ),
    )
    debug: bool = _setting(False, Setting("show the traceback of an error", _switch))


@cache
def settings_table() -> Mapping[str, Setting]:
    """All settings by name, in the order of their declaration."""
    return {item.name: item.metadata["setting"] for item in dataclasses.fields(Settings)}


def flag(name: str) -> str:
    """A setting's flag: ``lock_wait`` is ``--lock-wait``."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """A setting's environment variable: ``VZVIRT_LOCK_WAIT``."""
    return ENVIRONMENT_PREFIX + name.upper()


def load(flags: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Gather the settings from flags, environment and file.

    Args:
        flags: Text by setting name, for the flags that were given.
        environment: Where ``VZVIRT_*`` are looked up; empty ones count as not given.

    Raises:
        InvalidArgument: A value is wrong, or the file names a setting that there is not.
    """
    given = {name: (text, flag(name)) for name, text in flags.items()}
    for name in settings_table():
        text = environment.get(variable(name), "")
        if text and name not in given:
            given[name] = (text, variable(name))
    root = _read(given).get("root") or Path("/")
    for name, text, place in _file_lines(Path(str(root)) / FILE):
        given.setdefault(name, (text, place))
    # mypy cannot know that the table's parsers give each field its type; a test does.
    return Settings(**_read(given))  # type: ignore[arg-type]  # see above


def _read(given: Mapping[str, tuple[str, str]]) -> dict[str, object]:
    table = settings_table()
    return {name: table[name].read(text, said_by) for name, (text, said_by) in given.items()}


def _file_lines(path: Path) -> Iterator[tuple[str, str, str]]:
    """Name, text and place of each setting in a file that need not exist."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    known = [name for name, setting in settings_table().items() if setting.in_file]
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or name not in known:
            raise errors.InvalidArgument(
                f"line {number} of {path} sets '{name}', which there is not",
                hint=f"settings are {', '.join(known)}",
            )
        yield name, value.strip("\"'"), f"{name} in line {number} of {path}"
