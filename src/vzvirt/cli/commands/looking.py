"""List containers, and show all there is to know of one."""

from __future__ import annotations

from vzvirt.cli.output import document, documents
from vzvirt.cli.reports import ENFORCEMENT_FIELDS, INFO_FIELDS, SUMMARY_FIELDS
from vzvirt.cli.session import Session


def list_containers(session: Session, *, everything: bool, json: bool) -> None:
    """List the active containers, or all."""
    output = session.output
    summaries = session.manager.definitions.summaries(all=everything)
    if json:
        output.json(documents(SUMMARY_FIELDS, summaries))
    elif output.quiet:
        for item in summaries:
            output.line(str(item.ctid))
    else:
        output.table(SUMMARY_FIELDS, summaries)


def info(session: Session, *, ref: str, json: bool) -> None:
    """Show everything about one container."""
    output = session.output
    facts = session.manager.definitions.info(str(session.find(ref).ctid))
    enforcement = documents(ENFORCEMENT_FIELDS, facts.enforcement)
    if json:
        output.json(
            {
                **document(INFO_FIELDS, facts),
                "limits": enforcement,
                "notes": list(facts.notes),
            }
        )
        return
    output.facts(INFO_FIELDS, facts)
    if enforcement:
        output.heading("Limits")
        output.table(ENFORCEMENT_FIELDS, facts.enforcement)
    for note in facts.notes:
        output.warn(note)


def dumpxml(session: Session, *, ref: str, inactive: bool) -> None:
    """Print a container's domain XML: what it runs with, or what is stored of it."""
    from vzvirt.codec.xml import write_domain

    stored = session.find(ref)
    if inactive:
        session.output.text(write_domain(stored))
    else:
        session.output.text(
            write_domain(session.manager.definitions.live(str(stored.ctid)).domain)
        )
