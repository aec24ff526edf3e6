"""Checking a document against the RELAX NG schemas that are shipped."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

from lxml import etree

from vzvirt import errors
from vzvirt.codec.xml.document import as_bytes, parse
from vzvirt.codec.xml.explain import Explainer

SCHEMAS: Final = Path(__file__).parent / "schemas"


@functools.cache
def _schema(path: Path) -> tuple[etree.RelaxNG, Explainer]:
    grammar = etree.parse(path)
    return etree.RelaxNG(grammar), Explainer(grammar.getroot())


def validate(text: str | bytes, kind: str = "domain") -> None:
    """Check a document; everything that is wrong with it is in one error.

    Args:
        text: The document.
        kind: What it has to be: ``domain`` or ``network``.

    Raises:
        XmlError: It is malformed.
        SchemaError: It is not valid; all reasons, with their lines.
    """
    root = parse(text)  # bounds, and no document type: what follows meets no surprise
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        document = etree.fromstring(as_bytes(text), parser)
    except etree.XMLSyntaxError as failure:
        raise errors.XmlError(f"line {failure.lineno}: {failure.msg}") from None
    path = SCHEMAS / f"{kind}.rng"
    schema, explainer = _schema(path)
    if not schema.validate(document):
        reasons = explainer.reasons(root) or [
            f"line {entry.line}: {entry.message}" for entry in schema.error_log if entry.line
        ]
        raise errors.SchemaError(
            f"the document is not valid: {'; '.join(dict.fromkeys(reasons))}",
            hint=f"the schema is {path}",
        )
