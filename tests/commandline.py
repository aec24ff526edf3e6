"""The ``vzvirt`` program as its users call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = (sys.executable, "-m", "vzvirt")

BUSYBOX = """
<domain type='openvz'{identity}>
  <name>{name}</name>
  <devices>
    <filesystem type='template'>
      <source name='busybox'/>
      {quota}
    </filesystem>
  </devices>
</domain>
"""


QUOTA = "<space_hard_limit unit='KiB'>20480</space_hard_limit><quota type='inodes' max='2000'/>"


def domain_xml(name: str, ctid: int | None = None, quota: str = QUOTA) -> str:
    """A container made from the busybox template."""
    return BUSYBOX.format(name=name, identity=f" id='{ctid}'" if ctid else "", quota=quota)


@dataclass
class Vzvirt:
    """Calls it with one root and one engine."""

    root: Path
    engine: str
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What it is called with, and nothing that somebody else set."""
        kept = {name: value for name, value in os.environ.items() if "VZVIRT" not in name}
        return {
            **kept,
            "VZVIRT_ROOT": str(self.root),
            "VZVIRT_ENGINE": self.engine,
            **self.extra,
        }

    def call(
        self,
        *words: str | Path,
        stdin: str | bytes = b"",
        environment: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run it, whatever comes of it."""
        done = subprocess.run(
            [*PROGRAM, *map(str, words)],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            env={**self.environment, **(environment or {})},
            timeout=timeout,
            check=False,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def __call__(self, *words: str | Path, stdin: str | bytes = b"", **more: Any) -> str:
        """Run it; it must succeed without a word on standard error."""
        done = self.call(*words, stdin=stdin, **more)
        assert (done.returncode, done.stderr) == (0, ""), (words, done)
        return done.stdout

    def json(self, *words: str | Path, **more: Any) -> Any:
        """Run it with ``--json``."""
        return json.loads(self(*words, "--json", **more))

    def refused(self, *words: str | Path, status: int, stdin: str | bytes = b"") -> str:
        """Run it; it must fail so, and say so in a line of its own."""
        done = self.call(*words, stdin=stdin)
        assert done.returncode == status, (words, done)
        assert "vzvirt: error: " in done.stderr, (words, done)
        assert "Traceback" not in done.stderr
        assert "defect" not in done.stderr
        return done.stderr
