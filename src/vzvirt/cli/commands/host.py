"""What this host can do, and what its shell is to know."""

from __future__ import annotations

from vzvirt import errors
from vzvirt.cli.output import documents
from vzvirt.cli.reports import CHECK_FIELDS
from vzvirt.cli.session import Session
from vzvirt.model.host import Verdict


def doctor(session: Session, *, json: bool) -> int:
    """Say what this host can and cannot do; the status tells whether something is missing."""
    output = session.output
    checks = session.manager.host_checks()
    if json:
        output.json(documents(CHECK_FIELDS, checks))
    else:
        output.table(CHECK_FIELDS, checks)
        remedies = [item for item in checks if item.remedy and item.verdict is not Verdict.OK]
        if remedies:
            output.heading("What to do")
            for item in remedies:
                output.line(f"{item.topic}: {item.remedy}")
    missing = any(item.verdict is Verdict.MISSING for item in checks)
    return errors.NoSupport.exit_status if missing else 0


def completion(session: Session, *, shell: str) -> None:
    """Print a shell's completion script."""
    from vzvirt.cli.completion import bash_script

    if shell == "bash":
        session.output.text(bash_script())
