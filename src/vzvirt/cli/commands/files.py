"""Check and convert files, without touching any container."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from vzvirt.cli.output import Json
from vzvirt.cli.session import Session, identity, read_file
from vzvirt.codec import vzconf, xml
from vzvirt.codec.vzconf.grammar import Document
from vzvirt.codec.xml.document import parse
from vzvirt.model.domain import NOT_IN_XML, Domain
from vzvirt.model.values import Ctid

XML: Final = "xml"
CONFIG: Final = "openvz-conf"
_OTHER: Final = {XML: CONFIG, CONFIG: XML}


def validate(session: Session, *, file: str, json: bool) -> None:
    """Check a document against the schema, and that it makes sense."""
    data = read_file(file)
    known: dict[str, Json]
    if parse(data).tag == "network":
        found = xml.read_network(data, validate=True)
        network, warnings = found.network, found.warnings
        known = {"name": network.name, "uuid": str(network.uuid) if network.uuid else None}
    else:
        read = xml.read_domain(data, validate=True)
        known, warnings = identity(read.domain), read.warnings
    _warn(session, warnings)
    if json:
        session.output.json({**known, "valid": True, "warnings": list(warnings)})
    else:
        session.output.note(f"{file}: valid")


def convert(
    session: Session,
    *,
    file: str,
    source_format: str | None,
    target_format: str | None,
    ctid: Ctid | None,
    base: str | None,
) -> None:
    """Read a definition in one format and print it in the other."""
    data = read_file(file)
    source = source_format or (XML if data.lstrip().startswith(b"<") else CONFIG)
    if source == XML:
        read = xml.read_domain(data)
        domain, warnings = read.domain, read.warnings
        if ctid is not None:
            domain = dataclasses.replace(domain, ctid=ctid)
    else:
        found = vzconf.read(
            Document.parse(data),
            ctid or _ctid_of(file),
            keep_foreign=True,
            unsayable=NOT_IN_XML,
        )
        domain, warnings = found.domain, found.warnings
    _warn(session, warnings)
    if (target_format or _OTHER[source]) == XML:
        session.output.text(xml.write_domain(domain))
    else:
        document = Document.parse(read_file(base) if base else b"")
        if source == XML:
            domain = _with_unsayable(domain, vzconf.read(document, domain.ctid).domain)
        _warn(session, (*vzconf.roundings(domain), *_without_key(domain)))
        session.output.raw(vzconf.apply(document, domain).serialise())


def _ctid_of(file: str) -> Ctid | None:
    match = re.fullmatch(r"([1-9][0-9]*)\.conf", Path(file).name)
    return Ctid(match[1]) if match else None


def _with_unsayable(domain: Domain, base: Domain) -> Domain:
    """A definition from XML, with what no XML says as it was."""
    return dataclasses.replace(domain, **{name: getattr(base, name) for name in NOT_IN_XML})


def _without_key(domain: Domain) -> list[str]:
    """A warning where the definition has more than a config can hold."""
    rest = vzconf.remainder(domain)
    bare = Domain(name=rest.name, ctid=rest.ctid, uuid=rest.uuid)
    names = [
        field.name.replace("_", " ")
        for field in dataclasses.fields(Domain)
        if getattr(rest, field.name) != getattr(bare, field.name)
    ]
    if not names:
        return []
    return [f"the config has no key for all that the XML says of: {', '.join(names)}"]


def _warn(session: Session, warnings: Iterable[str]) -> None:
    for warning in warnings:
        session.output.warn(warning)
