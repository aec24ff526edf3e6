"""Words to commands."""

from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.cli.parser import Request, command_help, overview, parse
from vzvirt.cli.table import COMMANDS
from vzvirt.model.values import Ctid, SoftHard


def name_of(request: Request) -> str:
    assert request.command is not None
    return request.command.name


def test_options_and_places_mix() -> None:
    request = parse(["start", "web", "--paused", "db"])
    assert name_of(request) == "start"
    assert request.arguments == {
        "refs": ("web", "db"),
        "paused": True,
        "console": False,
        "json": False,
    }


@pytest.mark.parametrize(
    "words",
    [
        ["--engine", "memory", "-q", "list"],
        ["list", "--engine", "memory", "-q"],
        ["--engine=memory", "list", "--quiet"],
    ],
)
def test_common_options_stand_on_either_side(words: list[str]) -> None:
    request = parse(words)
    assert name_of(request) == "list"
    assert request.settings == {"engine": "memory"}
    assert request.quiet


def test_a_switch_of_the_settings_is_text_as_any_other() -> None:
    assert parse(["--debug", "list"]).settings == {"debug": "yes"}


def test_two_words_name_one_command() -> None:
    request = parse(["template", "build", "debian", "trixie", "--name", "d13"])
    assert name_of(request) == "template build"
    assert request.arguments["suite"] == "trixie"


@pytest.mark.parametrize(
    "line",
    [
        "exec web --user joe -- ls -l -- x",
        "exec --user joe web -- ls -l -- x",
        "exec --user joe web ls -l -- x",
    ],
)
def test_what_follows_is_taken_word_for_word(line: str) -> None:
    request = parse(line.split())
    assert request.arguments["ref"] == "web"
    assert request.arguments["user"] == "joe"
    assert request.arguments["tail"] == ("ls", "-l", "--", "x")


def test_a_command_to_run_may_ask_for_help() -> None:
    request = parse(["exec", "web", "--", "ls", "--help"])
    assert request.arguments["tail"] == ("ls", "--help")
    assert parse(["exec", "web", "ls", "--help"]).arguments["tail"] == ("ls", "--help")


def test_values_are_read() -> None:
    arguments = parse(["quota", "web", "--size", "1G:2G", "--inodes", "500"]).arguments
    assert arguments["size"] == SoftHard(1 << 30, 2 << 30)
    assert arguments["inodes"] == SoftHard(500, 500)
    assert parse(["internal", "stopped", "101"]).arguments == {"ctid": Ctid(101)}
    environment = parse(["exec", "--env", "A=1", "--env", "B=", "web", "true"]).arguments
    assert environment["environment"] == (("A", "1"), ("B", ""))


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("", "no command given", "--help"),
        ("strat web", "no command 'strat'", "start"),
        ("qqqq", "no command 'qqqq'", "--help"),
        ("template", "'template' needs one more word", "list, info, build"),
        ("template lst", "'template' has no 'lst'", "list, info, build"),
        ("start", "required: REF", "vzvirt start --help"),
        ("start web --pause", "unrecognized arguments: --pause", "vzvirt start --help"),
        ("list web", "unrecognized arguments: web", "vzvirt list --help"),
        ("list --engine xen", "--engine", "vzvirt list --help"),
        ("exec web", "'exec' needs a command to run", "usage: vzvirt exec"),
        ("exec web --", "'exec' needs a command to run", "usage: vzvirt exec"),
        ("exec --env A web true", "--env: 'A' is not NAME=VALUE", "None"),
        ("quota web --size many", "--size: 'many' is not a size", "10G"),
        ("quota web --size 2G:1G", "--size: soft quota", "None"),
        ("quota web --inodes -5", "--inodes", "None"),
        ("shutdown web --timeout soon", "--timeout: 'soon' is not a number", "None"),
        ("convert f --ctid 0101", "--ctid: container id '0101'", "None"),
        ("completion zsh", "zsh", "vzvirt completion --help"),
        ("--frob list", "--frob", "vzvirt list --help"),
    ],
)
def test_bad_lines_are_told_so(line: str, message: str, hint: str) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        parse(line.split())
    assert message in caught.value.message
    if hint != "None":
        assert hint in str(caught.value.hint)


@pytest.mark.parametrize("line", ["--help", "-h", "help", "template --help", "help template"])
def test_help_on_the_whole(line: str) -> None:
    assert parse(line.split()).text == overview()


@pytest.mark.parametrize("line", ["start --help", "--engine lxc start -h", "help start"])
def test_help_on_a_command(line: str) -> None:
    start = next(command for command in COMMANDS if command.name == "start")
    assert parse(line.split()).text == command_help(start)


@pytest.mark.parametrize("line", ["--version", "list --version", "start web --version"])
def test_version(line: str) -> None:
    assert str(parse(line.split()).text).startswith("vzvirt ")


def test_help_shows_every_command_but_the_internal() -> None:
    text = overview()
    for command in COMMANDS:
        assert (f"\n  {command.name} " in text) == bool(command.group)
    assert max(len(line) for line in text.splitlines()) < 120
