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
    for name, text in units.files(program or daemon_program()).items():
        path = root.path(name)
        files.make_folder(path.parent)
        files.write_atomic(path, text.encode())
        session.output.note(f"{path} written")
    if root.prefix == Path("/"):
        session.output.heading("What to do next")
        for command in units.NEXT:
            session.output.line(command)


def daemon_program() -> str:
    """The command that starts the daemon of this very vzvirt."""
    script = Path(sys.executable).with_name("vzvirtd")
    return str(script) if script.exists() else f"{sys.executable} -P -m vzvirt.cli.vzvirtd"
