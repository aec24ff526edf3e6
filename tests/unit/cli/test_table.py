"""Every row of the table stands for something."""

from __future__ import annotations

import importlib
import inspect

import pytest

from vzvirt.cli.command import Command
from vzvirt.cli.main import COMMANDS_PACKAGE
from vzvirt.cli.parser import global_options
from vzvirt.cli.table import COMMANDS


def identifier(command: Command) -> str:
    return command.name


def test_names_are_unique() -> None:
    names = [command.name for command in COMMANDS]
    assert len(set(names)) == len(names)


def test_every_command_that_was_promised_is_there() -> None:
    promised = (
        "define provision start shutdown kill reboot pause unpause undefine list info dumpxml "
        "edit exec enter console logs push pull passwd autostart quota template validate convert "
        "doctor"
    )
    assert set(promised.split()) <= {command.name.split()[0] for command in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS, ids=identifier)
def test_a_command_takes_what_its_row_says(command: Command) -> None:
    module, _, name = command.runs.partition(":")
    function = getattr(importlib.import_module(f"{COMMANDS_PACKAGE}.{module}"), name)
    parameters = set(inspect.signature(function).parameters) - {"session"}
    row = {item.parameter for item in command.arguments} | ({"tail"} if command.tail else set())
    assert parameters == row
    assert function.__doc__


@pytest.mark.parametrize("command", COMMANDS, ids=identifier)
def test_options_do_not_hide_those_of_every_command(command: Command) -> None:
    common = {form for item in global_options() for form in (item.name, item.short)} - {""}
    own = [form for item in command.arguments for form in (item.name, item.short) if form]
    assert not common & set(own)
    assert len(set(own)) == len(own)
    parameters = [item.parameter for item in command.arguments]
    assert not {item.parameter for item in global_options()} & set(parameters)
