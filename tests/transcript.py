"""Sessions of commands, written down as they are to go, and run.

A session is Markdown: prose, and blocks marked ``console`` with commands after ``# `` and what
each prints. ``...`` stands for any text within a line, and on a line of its own for any lines;
the width of columns and empty lines do not matter. A command fails if, and only if, it is said to
print a line that begins with ``error:``; one with ``||`` or ``&&`` in it looks at the exit status
by itself. In a document for readers, which shows no dots within a line, numbers, the units of
amounts and UUIDs may differ as well (``loose``).

Commands are run by bash. A ``Shell`` runs each on its own; with a ``Virsh`` those of virsh are
typed into one that goes on. ``rewrite`` writes what was printed into the session where it differs.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BLOCK: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT: Final = "# "
DOTS: Final = "..."
VIRSH: Final = "virsh "
FAILED: Final = re.compile(r"^error: ", re.MULTILINE)
UUID: Final = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
RULE: Final = re.compile(r"---+")
NUMBER: Final = re.compile(r"\d+(\.\d+)?")
AMOUNT: Final = re.compile(r"\bN [KMGT]iB\b")

_SHELL_ONLY: Final = re.compile(r"[|<>&;$]")
"""What only bash understands of a command."""

_TYPED: Final = b"virsh # "


@dataclass(frozen=True)
class Step:
    """A command and what it is said to print.

    Attributes:
        line: Where it stands.
        command: The command; one that ends in a backslash goes on in the next line.
        said: All of its output.
    """

    line: int
    command: str
    said: str

    @property
    def fails(self) -> bool:
        """Whether it is said to fail."""
        return bool(FAILED.search(self.said))

    @property
    def judges(self) -> bool:
        """Whether it looks at the exit status by itself."""
        return "||" in self.command or "&&" in self.command

    def matches(self, printed: str, *, loose: bool = False) -> bool:
        """Whether what was printed is what was said."""
        return bool(_pattern(_plain(self.said, loose)).fullmatch(_plain(printed, loose)))


@dataclass(frozen=True)
class Printed:
    """What came of a command; ``failed`` is unknown of what is typed into a virsh."""

    text: str
    failed: bool | None


def steps(text: str) -> Iterator[Step]:
    """The commands of a session."""
    for block in BLOCK.finditer(text):
        yield from _steps(text, block)


def _steps(text: str, block: re.Match[str]) -> Iterator[Step]:
    begin = text.count("\n", 0, block.start(1)) + 1
    for match in re.finditer(
        rf"^{PROMPT}((?:.*\\\n)*.*\n)((?:(?!{PROMPT}).*\n)*)", block[1], re.MULTILINE
    ):
        yield Step(begin + block[1].count("\n", 0, match.start()), match[1], match[2])


def _plain(text: str, loose: bool) -> str:
    """Text without what differs from run to run, or can't be seen."""
    if loose:
        text = AMOUNT.sub("N B", NUMBER.sub("N", UUID.sub("UUID", text)))
        text = RULE.sub("---", text)
    lines = (re.sub(r"[ \t]+", " ", line).strip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines if line)


def _pattern(said: str) -> re.Pattern[str]:
    return re.compile("".join(_line_pattern(line) for line in said.splitlines()))


def _line_pattern(said: str) -> str:
    if said == DOTS:
        return r"(?:.*\n)*"
    return re.escape(said).replace(re.escape(DOTS), ".*") + r"\n"


class Shell:
    """Runs each command on its own.

    Args:
        folder: Where.
        environment: What with.
        root: What paths of the installation begin with; it is not shown.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], root: str = "") -> None:
        self._folder = folder
        self._environment = environment
        self._root = root

    def __call__(self, command: str) -> Printed:
        done = subprocess.run(
            ["bash", "-uc", command],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return Printed(done.stdout.replace(self._root, ""), done.returncode != 0)


class Virsh:
    """Types virsh's commands into one that goes on; the others are the shell's."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._shell = Shell(folder, environment)
        self._process = subprocess.Popen(
            ["virsh"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._read()

    def __call__(self, command: str) -> Printed:
        if not command.startswith(VIRSH) or _SHELL_ONLY.search(command):
            return self._shell(command)
        typed = command.removeprefix(VIRSH).replace("\\\n", " ")
        assert self._process.stdin is not None
        self._process.stdin.write(typed.encode())
        self._process.stdin.flush()
        return Printed(self._read().partition("\n")[2], None)

    def _read(self) -> str:
        """What it shows until it asks for the next command."""
        assert self._process.stdout is not None
        shown, until = b"", time.monotonic() + 60
        while not shown.endswith(_TYPED):
            ready, _, _ = select.select([self._process.stdout], [], [], until - time.monotonic())
            assert ready, shown
            data = os.read(self._process.stdout.fileno(), 65536)
            assert data, shown
            shown += data
        return shown.removesuffix(_TYPED).decode()

    def close(self) -> int:
        """Let it go; its exit status."""
        self._process.communicate(b"quit\n", timeout=20)
        return self._process.returncode

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def follow(
    session: Path, run: Shell | Virsh, *, loose: bool = False, rewrite: bool = False
) -> int:
    """Run a session; the number of its commands.

    Args:
        session: The file.
        run: What runs the commands.
        loose: Whether numbers and UUIDs may differ.
        rewrite: Write what is printed into the session instead of complaining.
    """
    text, count = session.read_text(), 0

    def block(match: re.Match[str]) -> str:
        nonlocal count
        shown = []
        for step in _steps(text, match):
            count += 1
            printed = run(step.command)
            where = f"{session.name}:{step.line}: {step.command}"
            right = step.matches(printed.text, loose=loose)
            assert right or rewrite, f"{where}is to print\n{step.said}but prints\n{printed.text}"
            said = step.said if right else f"{printed.text.strip(chr(10))}\n".lstrip("\n")
            if not (rewrite or printed.failed is None or step.judges):
                assert printed.failed == step.fails, f"{where}ends with the wrong status"
            shown.append(PROMPT + step.command + said)
        return "```console\n" + "".join(shown) + "```"

    new = BLOCK.sub(block, text)
    if rewrite:
        session.write_text(new)
    return count
