"""With a stand-in for mmdebstrap, which takes half a minute and the network."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.templates import debian
from vzvirt.model.progress import no_progress

SPEECH = """\
I: automatically chosen mode: root
I: running apt-get update...
I: downloading packages with apt...
I: creating tarball...
I: success in 1.2345 seconds
"""


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, rest: str) -> None:
    """Put a program in the place of mmdebstrap that notes its arguments."""
    program = folder / "mmdebstrap"
    program.write_text(
        f"#!/bin/sh\nfor word; do echo \"$word\"; last=$word; done > '{folder}/words'\n{rest}"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_a_good_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, f'echo done > "$last"\ncat >&2 <<END\n{SPEECH}END\n')
    steps: list[tuple[int, int | None]] = []
    debian.build(tmp_path / ".x.part", "trixie", lambda _, *step: steps.append(step))
    assert (tmp_path / ".x.part").read_text() == "done\n"
    words = (tmp_path / "words").read_text().splitlines()
    assert words[-2] == "trixie"
    assert words[-1].endswith(".tar.gz")
    assert any("systemd-sysv" in word for word in words)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1][0] == steps[-1][1]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".x.part", "mmdebstrap", "words"]


def test_a_failed_build_quotes_the_last_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(
        tmp_path,
        monkeypatch,
        'echo half > "$last"; echo "E: no such suite" >&2; echo "E: apt failed" >&2; exit 1\n',
    )
    with pytest.raises(errors.OperationFailed, match="E: no such suite; E: apt failed"):
        debian.build(tmp_path / ".x.part", None, no_progress)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mmdebstrap", "words"]


def test_an_interrupted_build_ends_its_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, "echo I: success >&2; exec sleep 60\n")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        debian.build(tmp_path / ".x.part", None, interrupt)


def test_without_mmdebstrap_the_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.NoSupport) as caught:
        debian.build(tmp_path / "x", None, no_progress)
    assert caught.value.hint == "apt install mmdebstrap"


@pytest.mark.parametrize("suite", ["--hook=x", "-x", "", "a b", "../x"])
def test_a_suite_is_a_word(tmp_path: Path, suite: str) -> None:
    with pytest.raises(errors.InvalidArgument, match="not the name of a Debian suite"):
        debian.build(tmp_path / "x", suite, no_progress)


@pytest.mark.parametrize(
    ("suite", "name"), [(None, "debian-12"), ("trixie", "debian-13"), ("sid", "debian-sid")]
)
def test_names_are_like_openvzs(suite: str | None, name: str) -> None:
    assert debian.default_name(suite) == f"{name}-{platform.machine()}"
