"""Editing until it is taken, with an editor that adds a line each time."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.cli.commands import editing
from vzvirt.cli.output import Output
from vzvirt.cli.session import Session
from vzvirt.config import Settings


class User:
    """Sits at a terminal and says yes, so often."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, yes: int) -> None:
        script = folder / "editor"
        script.write_text('#!/bin/sh\necho more >> "$1"\n')
        script.chmod(0o755)
        monkeypatch.setenv("VISUAL", str(script))
        monkeypatch.setattr(editing.tempfile, "tempdir", str(folder))
        monkeypatch.setattr(editing.sys, "stdin", self)
        monkeypatch.setattr("builtins.input", self.answer)
        self.asked: list[str] = []
        self._yes = yes

    def isatty(self) -> bool:
        return True

    def answer(self, question: str) -> str:
        self.asked.append(question.split("?")[0])
        return "" if len(self.asked) <= self._yes else "n"


class Taker:
    """Fails with each of some errors before it takes what comes."""

    def __init__(self, *failures: errors.VzvirtError) -> None:
        self.failures = [*failures]
        self.lines: list[int] = []

    def __call__(self, text: bytes) -> None:
        self.lines.append(text.count(b"\n"))
        if self.failures:
            raise self.failures.pop(0)


def edited(take: Taker) -> bool:
    session = Session(Settings(), Output(out=io.StringIO(), err=io.StringIO()))
    return editing.edited(session, "web", "first\n", take)


def test_what_is_wrong_is_edited_and_what_failed_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    user = User(monkeypatch, tmp_path, yes=9)
    take = Taker(errors.Busy("locked"), errors.InvalidArgument("wrong"), errors.NoSpace("full"))
    assert edited(take)
    assert user.asked == ["Try it again", "Edit it again", "Try it again"]
    assert take.lines == [2, 2, 3, 3]
    assert not list(tmp_path.glob("vzvirt-edit-*"))


@pytest.mark.parametrize("kind", [errors.Busy, errors.XmlError])
def test_what_is_given_up_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: type[errors.VzvirtError]
) -> None:
    User(monkeypatch, tmp_path, yes=1)
    with pytest.raises(kind):
        edited(Taker(kind("no"), kind("no"), kind("no")))
    (kept,) = tmp_path.glob("vzvirt-edit-*/web.xml")
    assert kept.read_text().startswith("first\nmore\n")


def test_what_others_changed_cannot_be_edited_any_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    user = User(monkeypatch, tmp_path, yes=9)
    with pytest.raises(errors.Outdated):
        edited(Taker(errors.Outdated("changed")))
    assert user.asked == []
    assert list(tmp_path.glob("vzvirt-edit-*/web.xml"))
