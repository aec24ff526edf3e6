"""What a host with systemd needs."""

from __future__ import annotations

import sys
from pathlib import Path

from vzvirt import bootstrap
from vzvirt.cli.session import Session


def install(session: Session, *, program: str | None) -> None:
    """Write units, and the files that make the group and the folders they need."""
    from vzvirt.server import units
    from vzvirt.system import files

    root = bootstrap.root(session.settings)
    daemon = program or program_of("vzvirtd", "vzvirt.cli.vzvirtd")
    for name, text in units.files(daemon, program_of("vzvirt", "vzvirt")).items():
        path = root.path(name)
        files.make_folder(path.parent)
        files.write_atomic(path, text.encode())
        session.output.note(f"{path} written")
    if root.prefix == Path("/"):
        session.output.heading("What to do next")
        for command in units.NEXT:
            session.output.line(command)


def program_of(name: str, module: str) -> str:
    """A command of this very vzvirt: its script, or else its module."""
    script = Path(sys.executable).with_name(name)
    return str(script) if script.exists() else f"{sys.executable} -P -m {module}"
