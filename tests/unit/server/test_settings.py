from __future__ import annotations

import dataclasses
import typing
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.server import settings
from vzvirt.server.settings import ServerSettings, check, load, not_at_once, parse, settings_table


def test_a_whole_file() -> None:
    made, problems = parse(
        """
        # the group that may change things
        unix_sock_group = "vzvirt"
        unix_sock_rw_perms = "0770"
        listen_tls = 1
        tls_port = 16600
        key_file = "/srv/key.pem"
        tls_allowed_dn_list = ["CN=admin,*", "*,CN=web?"]
        keepalive_interval = 0
        """
    )
    assert not problems
    assert made == ServerSettings(
        unix_sock_group="vzvirt",
        unix_sock_rw_perms=0o770,
        listen_tls=True,
        tls_port=16600,
        key_file=Path("/srv/key.pem"),
        tls_allowed_dn_list=("CN=admin,*", "*,CN=web?"),
        keepalive_interval=0,
    )


def test_as_libvirtd_conf_has_them() -> None:
    made, problems = parse('tls_port = "16600"\nkeepalive_interval = -1')
    assert not problems
    assert (made.tls_port, made.keepalive_interval) == (16600, -1)


@pytest.mark.parametrize(
    ("line", "about"),
    [
        ('max_clients = "many"', "a number from 1 to"),
        ("max_clients = 0", "a number from 1 to"),
        ('tls_port = "many"', "a number from 1 to"),
        ("tls_port = 0", "a number from 1 to"),
        ("keepalive_interval = -2", "a number from -1 to"),
        ("min_workers = 5", "max_workers"),
        ('host_uuid = "x"', "machine id"),
        ("listen_tls = 2", "1 for yes"),
        ("unix_sock_rw_perms = 770", "octal"),
        ('unix_sock_rw_perms = "0978"', "octal"),
        ("unix_sock_group = 7", "text in quotes"),
        ('key_file = "key.pem"', "absolute path"),
        ('tls_allowed_dn_list = "CN=a"', "a list of texts"),
        ("listen_tcp = 1", "listen_tls"),
        ("max_client = 1", "did you mean 'max_clients'"),
        ("log_level = 3\nlog_level = 3", "line 1 already"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_expected(line: str, about: str) -> None:
    _, problems = parse(line)
    assert len(problems) == 1
    assert about in problems[0].message


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert load(tmp_path / "vzvirtd.conf") == ServerSettings()
    assert check(tmp_path / "vzvirtd.conf") == (ServerSettings(), [])


def test_the_error_names_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "vzvirtd.conf"
    path.write_text("tls_port = 1\n\nnonsense\nlog_level = 9\n")
    with pytest.raises(errors.ConfigSyntax) as caught:
        load(path)
    assert f"{path}:3: " in caught.value.message
    assert "1 more" in caught.value.message


def test_every_setting_reads_values_of_its_type() -> None:
    samples: dict[object, object] = {int: 4, bool: 1, str: "x", Path: "/x", tuple: ("x",)}
    hints = typing.get_type_hints(ServerSettings)
    for item in dataclasses.fields(ServerSettings):
        kind = next(k for k in typing.get_args(hints[item.name]) or (hints[item.name],))
        kind = typing.get_origin(kind) or kind
        sample = "0700" if item.name.endswith("_perms") else samples[kind]
        read = settings_table()[item.name].read(sample)  # type: ignore[arg-type]
        assert type(read) is kind or isinstance(read, kind), item.name
        assert settings_table()[item.name].help


def test_settings_that_wait_for_the_next_start() -> None:
    old = ServerSettings()
    new = dataclasses.replace(old, tls_port=1, max_clients=7)
    assert not_at_once(old, new) == ["tls_port"]


def test_nothing_is_said_to_be_elsewhere_that_is_here() -> None:
    assert not set(settings.ELSEWHERE) & set(settings_table())
