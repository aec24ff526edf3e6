"""The daemon's settings, once: file, check and reference all come from this table.

The file is ``etc/vzvirt/vzvirtd.conf`` below the root, in the style of ``libvirtd.conf`` and with
its names where they mean the same: ``name = value``, where a value is a number, a text in
quotes, or a list of texts in brackets; ``#`` begins a comment. ``conffile`` reads it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

from vzvirt import errors
from vzvirt.server import conffile
from vzvirt.server.conffile import Problem, Value

T = TypeVar("T")

FILE: Final = "etc/vzvirt/vzvirtd.conf"
"""Below the root."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is to be known of a setting beyond its name and default.

    Attributes:
        help: A phrase for the reference.
        read: Makes the value from what the file says; raises ``ValueError`` with what is expected.
        shown: How the reference spells the default where it is no plain value.
        at_once: Whether a reload is enough; otherwise it counts from the next start.
    """

    help: str
    read: Callable[[Value], object]
    shown: str = ""
    at_once: bool = True


def _text(value: Value) -> str:
    if not isinstance(value, str):
        raise ValueError("a text in quotes")
    return value


def _path(value: Value) -> Path:
    text = _text(value)
    if not text.startswith("/"):
        raise ValueError("an absolute path in quotes")
    return Path(text)


def _texts(value: Value) -> tuple[str, ...]:
    if not isinstance(value, tuple):
        raise ValueError('a list of texts, such as ["CN=admin", "CN=web*"]')
    return value


def _number(low: int, high: int) -> Callable[[Value], int]:
    def read(value: Value) -> int:
        if not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"a number from {low} to {high}")
        return value

    return read


def _port(value: Value) -> int:
    """libvirtd.conf has it in quotes."""
    return _number(1, 65535)(int(value) if isinstance(value, str) and value.isdecimal() else value)


def _switch(value: Value) -> bool:
    if value not in (0, 1):
        raise ValueError("1 for yes or 0 for no")
    return bool(value)


def _mode(value: Value) -> int:
    text = value if isinstance(value, str) else ""
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise ValueError('an octal mode in quotes, such as "0770"')
    return mode


def _setting(default: T, setting: Setting) -> T:
    return dataclasses.field(default=default, metadata={"setting": setting})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Every setting of the daemon; ``None``: not said."""

    boot_parallel: int = _setting(
        4,
        Setting(
            "how many containers may be starting at one time when the host boots, or stopping "
            "when it goes down; 0: the daemon starts none",
            _number(0, 1000),
            at_once=False,
        ),
    )

    spare_processor: bool = _setting(
        True,
        Setting(
            "whether containers leave a processor free while they start, so that others are "
            "answered soon meanwhile; 0: they may use them all",
            _switch,
        ),
    )

    unix_sock_dir: Path | None = _setting(
        None,
        Setting(
            "folder of the sockets", _path, shown="`/run/vzvirt` below the root", at_once=False
        ),
    )
    unix_sock_group: str = _setting(
        "", Setting("group that owns the sockets; empty: the daemon's own", _text, at_once=False)
    )
    unix_sock_rw_perms: int = _setting(
        0o700,
        Setting(
            "mode of the socket that may change things", _mode, shown='`"0700"`', at_once=False
        ),
    )
    unix_sock_ro_perms: int = _setting(
        0o777, Setting("mode of the read-only socket", _mode, shown='`"0777"`', at_once=False)
    )
    listen_tls: bool = _setting(
        False, Setting("whether to listen for TLS over TCP", _switch, at_once=False)
    )
    listen_addr: str = _setting(
        "", Setting("address or host name to listen on; empty: all", _text, at_once=False)
    )
    tls_port: int = _setting(16514, Setting("TCP port of TLS", _port, at_once=False))
    key_file: Path | None = _setting(
        None,
        Setting(
            "the server's private key", _path, shown="`/etc/pki/libvirt/private/serverkey.pem`"
        ),
    )
    cert_file: Path | None = _setting(
        None, Setting("the server's certificate", _path, shown="`/etc/pki/libvirt/servercert.pem`")
    )
    ca_file: Path | None = _setting(
        None,
        Setting(
            "certificates of the authorities that sign clients",
            _path,
            shown="`/etc/pki/CA/cacert.pem`",
        ),
    )
    crl_file: Path | None = _setting(
        None,
        Setting("revoked certificates", _path, shown="`/etc/pki/CA/cacrl.pem`, if it is there"),
    )
    tls_allowed_dn_list: tuple[str, ...] | None = _setting(
        None,
        Setting(
            "distinguished names that clients' certificates may have, in which `*` and `?` stand "
            "for any others; an empty list admits nobody",
            _texts,
            shown="whoever has a certificate of the authority",
        ),
    )
    max_clients: int = _setting(
        5000, Setting("clients at one time; further ones wait", _number(1, 1_000_000))
    )
    max_anonymous_clients: int = _setting(
        20,
        Setting(
            "TLS clients at one time whose certificate is not checked yet; further ones wait",
            _number(1, 1_000_000),
        ),
    )
    max_queued_clients: int = _setting(
        1000,
        Setting("clients that may wait to be let in", _number(1, 65535), at_once=False),
    )
    max_workers: int = _setting(
        20, Setting("calls that are worked on at one time", _number(1, 1000), at_once=False)
    )
    prio_workers: int = _setting(
        5,
        Setting(
            "calls that are worked on besides, of those that finish quickly",
            _number(0, 1000),
            at_once=False,
        ),
    )
    max_client_requests: int = _setting(
        5, Setting("calls of one client at one time; further ones wait", _number(1, 1000))
    )
    keepalive_interval: int = _setting(
        5,
        Setting(
            "seconds of silence after which a client is asked for a sign; 0 or -1: never",
            _number(-1, 86400),
        ),
    )
    keepalive_count: int = _setting(
        5, Setting("how many signs may fail to come before a client is dropped", _number(0, 1000))
    )
    stop_timeout: int = _setting(
        60,
        Setting(
            "seconds that running calls have to finish when the daemon stops", _number(0, 86400)
        ),
    )
    log_level: int = _setting(
        2, Setting("what is logged: 1 everything, 2 news, 3 warnings, 4 errors", _number(1, 4))
    )


@cache
def settings_table() -> Mapping[str, Setting]:
    """All settings by name, in the order of their declaration."""
    return {item.name: item.metadata["setting"] for item in dataclasses.fields(ServerSettings)}


ELSEWHERE: Final[Mapping[str, str]] = {
    "listen_tcp": "TCP is spoken with TLS only: listen_tls",
    "auth_unix_ro": "who may connect is decided by unix_sock_ro_perms",
    "auth_unix_rw": "who may connect is decided by unix_sock_group and unix_sock_rw_perms",
    "auth_tls": "who may connect is decided by certificates and tls_allowed_dn_list",
    "tls_no_verify_certificate": "clients' certificates are always verified",
    "min_workers": "threads begin when they are needed, max_workers at most",
    "host_uuid": "the host's UUID is its machine id",
    "log_outputs": "the log goes to standard error, and so into the journal",
    "log_filters": "there is one log_level for everything",
}
"""Settings of libvirtd that people look for here, and what there is instead."""


def load(path: Path) -> ServerSettings:
    """The settings of a file that need not exist.

    Raises:
        ConfigSyntax: Something in it is wrong; the message names the first bad line.
    """
    settings, problems = check(path)
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise errors.ConfigSyntax(
            f"{path}:{problems[0].line}: {problems[0].message}{more}",
            hint="'vzvirtd --check-config' shows every bad line",
        )
    return settings


def check(path: Path) -> tuple[ServerSettings, list[Problem]]:
    """The settings of a file, and all that is wrong in it.

    Raises:
        SystemFailure: It cannot be read.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return ServerSettings(), []
    except OSError as exc:
        raise errors.SystemFailure(f"cannot read '{path}': {exc.strerror}") from exc
    return parse(data.decode(errors="replace"))


def parse(text: str) -> tuple[ServerSettings, list[Problem]]:
    """The settings that a file's text makes, and all that is wrong in it."""
    entries, problems = conffile.parse(text)
    table = settings_table()
    values: dict[str, object] = {}
    lines: dict[str, int] = {}
    for entry in entries:
        setting = table.get(entry.name)
        if setting is None:
            problems.append(Problem(entry.line, _unknown(entry.name)))
        elif entry.name in lines:
            problems.append(
                Problem(entry.line, f"'{entry.name}' was set in line {lines[entry.name]} already")
            )
        else:
            lines[entry.name] = entry.line
            try:
                values[entry.name] = setting.read(entry.value)
            except ValueError as exc:
                problems.append(Problem(entry.line, f"'{entry.name}' must be {exc}"))
    # mypy cannot know that the table's readers give each field its type; a test does.
    settings = ServerSettings(**values)  # type: ignore[arg-type]  # see above
    return settings, sorted(problems, key=lambda problem: problem.line)


def _unknown(name: str) -> str:
    import difflib

    if name in ELSEWHERE:
        return f"there is no setting '{name}': {ELSEWHERE[name]}"
    close = difflib.get_close_matches(name, settings_table(), n=1)
    return f"there is no setting '{name}'" + (f"; did you mean '{close[0]}'?" if close else "")


def not_at_once(old: ServerSettings, new: ServerSettings) -> list[str]:
    """The settings that differ and count from the next start only."""
    return [
        name
        for name, setting in settings_table().items()
        if not setting.at_once and getattr(old, name) != getattr(new, name)
    ]
