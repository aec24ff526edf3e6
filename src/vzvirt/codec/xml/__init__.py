"""Domain XML: libvirt's schema, and the forms in which people first asked for OpenVZ's part."""

from __future__ import annotations

from vzvirt.codec.xml.domain import Read, read_domain, read_partial, write_domain, write_partial


def validate(text: str | bytes) -> None:
    """Check a document against the schema that is shipped.

    Raises:
        XmlError: It is malformed.
        SchemaError: It is not valid; all reasons, with their lines.
    """
    from vzvirt.codec.xml import validation  # loads lxml

    validation.validate(text)


__all__ = ["Read", "read_domain", "read_partial", "validate", "write_domain", "write_partial"]
