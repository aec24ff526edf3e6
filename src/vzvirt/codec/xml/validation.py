"""Checking a document against the RELAX NG schema that is shipped."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

from lxml import etree

from vzvirt import errors
from vzvirt.codec.xml.document import as_bytes, parse

SCHEMA: Final = Path(__file__).parent / "schemas" / "domain.rng"


@functools.cache
def _schema() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(SCHEMA))


def validate(text: str | bytes) -> None:
    """Check a document; everything that is wrong with it is in one error.

    Raises:
        XmlError: It is malformed.
        SchemaError: It is not valid; all reasons, with their lines.
    """
    parse(text)  # bounds, and no document type: what follows meets no surprise
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        document = etree.fromstring(as_bytes(text), parser)
    except etree.XMLSyntaxError as failure:
        raise errors.XmlError(f"line {failure.lineno}: {failure.msg}") from None
    schema = _schema()
    if not schema.validate(document):
        reasons = [f"line {entry.line}: {entry.message}" for entry in schema.error_log]
        raise errors.SchemaError(
            f"the document is not valid: {'; '.join(dict.fromkeys(reasons))}",
            hint=f"the schema is {SCHEMA}",
        )
