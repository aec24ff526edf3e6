"""The template cache."""

from __future__ import annotations

import re
from pathlib import Path

from vzvirt import errors
from vzvirt.cli.output import document, documents
from vzvirt.cli.session import Session
from vzvirt.cli.template_reports import DETAILS_FIELDS, TEMPLATE_FIELDS
from vzvirt.model.storage import OsTemplate


def list_templates(session: Session, *, json: bool) -> None:
    """List the cache."""
    output = session.output
    templates = session.manager.templates.list()
    if json:
        output.json(documents(TEMPLATE_FIELDS, templates))
    elif output.quiet:
        for item in templates:
            output.line(item.name)
    else:
        output.table(TEMPLATE_FIELDS, templates)


def info(session: Session, *, name: str, json: bool) -> None:
    """Look into a template."""
    output = session.output
    details = session.manager.templates.details(name)
    if json:
        output.json(document(DETAILS_FIELDS, details))
    else:
        output.facts(DETAILS_FIELDS, details)


def build(
    session: Session, *, recipe: str, suite: str | None, name: str | None, json: bool
) -> None:
    """Make a template by a recipe."""
    if suite is not None and recipe != "debian":
        raise errors.InvalidArgument(f"the recipe '{recipe}' takes no suite ('{suite}')")
    template = session.manager.templates.build(recipe, name=name, suite=suite)
    _say(session, template, "built", json=json)


def import_archive(session: Session, *, file: str, name: str | None, json: bool) -> None:
    """Take a tarball into the cache."""
    archive = Path(file)
    if not archive.is_file():
        raise errors.InvalidArgument(f"there is no file '{file}'")
    bare = re.sub(r"\.(tar(\.\w+)?|tgz|txz|tbz2?|tzst)$", "", archive.name)
    template = session.manager.templates.import_archive(archive, name or bare)
    _say(session, template, "imported", json=json)


def remove(session: Session, *, name: str, json: bool) -> None:
    """Delete a template."""
    session.manager.templates.remove(name)
    if json:
        session.output.json({"name": name, "done": "removed"})
    else:
        session.output.note(f"template {name} removed")


def _say(session: Session, template: OsTemplate, done: str, *, json: bool) -> None:
    output = session.output
    if json:
        output.json({**document(TEMPLATE_FIELDS, template), "done": done})
    else:
        output.note(f"template {template.name} {done}")
