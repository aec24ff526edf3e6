"""The completion script, asked as bash asks it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from vzvirt.cli.completion import bash_script

STAND_IN = """#!/bin/sh
# Says how it was called, and what there is.
echo "$@" >> "$LOG"
echo web; echo webmail; echo 101
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "vzvirt"
    path.write_text(STAND_IN)
    path.chmod(0o755)
    return path


def complete(program: Path, *words: str) -> list[str]:
    """What is offered for the last word."""
    quoted = " ".join(f"'{word}'" for word in (program, *words))
    script = (
        f"{bash_script()}\nCOMP_WORDS=({quoted}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n"
        "compopt() { :; }\n"  # works only while bash itself completes
        "set -u; _vzvirt; printf '%s\\n' \"${COMPREPLY[@]}\"\n"
    )
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=program.parent,
        env={"PATH": "/usr/bin:/bin", "LOG": str(program.parent / "log")},
    )
    assert done.stderr == ""
    return done.stdout.split()


def asked(program: Path) -> str:
    log = program.parent / "log"
    return log.read_text() if log.exists() else ""


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["sta"], {"start", "stats"}),
        (["un"], {"undefine", "unpause"}),
        (["template", "im"], {"import"}),
        (["list", "--a"], {"--all"}),
        (["--engine", "m"], {"memory"}),
        (["start", "--engine", "m"], {"memory"}),
        (["template", "build", "b"], {"busybox"}),
        (["convert", "--to", ""], {"xml", "openvz-conf"}),
        (["internal", ""], set()),
        (["list", ""], set()),
    ],
)
def test_what_is_known_starts_nothing(program: Path, words: list[str], offered: set[str]) -> None:
    assert set(complete(program, *words)) == offered
    assert asked(program) == ""


def test_containers_are_asked_for(program: Path) -> None:
    assert complete(program, "start", "we") == ["web", "webmail"]
    assert asked(program) == "internal complete container\n"
    assert complete(program, "start", "web", "webm") == ["webmail"]
    assert complete(program, "exec", "--user", "joe", "1") == ["101"]


def test_the_same_containers_are_asked_for_as_will_be_used(program: Path) -> None:
    complete(program, "--engine", "memory", "--root", "/x", "--colour", "never", "info", "")
    assert asked(program) == "--engine memory --root /x internal complete container\n"


def test_a_single_place_is_completed_once(program: Path) -> None:
    assert complete(program, "info", "web", "we") == []


def test_templates_and_files(program: Path) -> None:
    (program.parent / "web.xml").touch()
    assert complete(program, "define", "web.") == ["web.xml"]
    complete(program, "template", "remove", "")
    assert asked(program) == "internal complete template\n"
