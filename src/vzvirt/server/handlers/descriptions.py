"""What people and programs note of containers: titles, descriptions, elements of metadata."""

from __future__ import annotations

import dataclasses
from typing import Final

from vzvirt import errors
from vzvirt.codec.xml import metadata as elements
from vzvirt.codec.xml import write_domain
from vzvirt.codec.xml.document import parse
from vzvirt.model.domain import Domain
from vzvirt.model.event import MetadataChanged, MetadataKind
from vzvirt.model.values import Ctid
from vzvirt.rpc.protocol import constants, remote
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.targets import AFFECTS, affect, changing, one, reference, telling

_DESCRIPTION: Final = constants.VIR_DOMAIN_METADATA_DESCRIPTION
_TITLE: Final = constants.VIR_DOMAIN_METADATA_TITLE
_ELEMENT: Final = constants.VIR_DOMAIN_METADATA_ELEMENT

_NONE: Final = {
    _DESCRIPTION: "the domain has no description",
    _TITLE: "the domain has no title",
    _ELEMENT: "the domain has no metadata of that namespace",
}
"""What there is none of, by kind."""


@handles("domain_get_metadata", flags=AFFECTS, where=Where.WORKER)
def get(call: Call, args: remote.DomainGetMetadataArgs) -> remote.DomainGetMetadataRet:
    """One of them.

    Raises:
        NoMetadata: There is none.
        InvalidArgument: There is no such kind.
    """
    if args.type not in _NONE:
        raise _unknown(args.type)
    domain = call.daemon.manager.tuning.domain(reference(call, args.dom), one(args.flags))
    texts = {
        _DESCRIPTION: lambda: domain.description,
        _TITLE: lambda: domain.title,
        _ELEMENT: lambda: elements.find(domain.metadata, args.uri or ""),
    }
    text = texts[args.type]()
    if text is None:
        raise errors.NoMetadata(_NONE[args.type])
    return remote.DomainGetMetadataRet(text)


@handles("domain_set_metadata", flags=AFFECTS, where=Where.WORKER)
def set_metadata(call: Call, args: remote.DomainSetMetadataArgs) -> None:
    """Set or, without a text, remove one of them.

    Raises:
        InvalidArgument: There is no such kind, a title has more than one line, or it is more than
            a document may have.
    """
    if args.type not in _NONE:
        raise _unknown(args.type)
    text = args.metadata or None
    if args.type == _TITLE and text is not None and "\n" in text:
        raise errors.InvalidArgument("metadata title can't contain newlines")

    def edit(old: Domain) -> Domain:
        return _checked(noted(old))

    def noted(old: Domain) -> Domain:
        if args.type == _DESCRIPTION:
            return dataclasses.replace(old, description=text)
        if args.type == _TITLE:
            return dataclasses.replace(old, title=text)
        uri = args.uri or ""
        if text is None:
            return dataclasses.replace(old, metadata=elements.without(old.metadata, uri))
        new = elements.replaced(old.metadata, text, args.key or "", uri)
        return dataclasses.replace(old, metadata=new)

    kind = MetadataKind(args.type)
    namespace = (args.uri or "") if kind is MetadataKind.ELEMENT else None
    told = telling(call, lambda subject: MetadataChanged(subject, kind, namespace))
    with changing(call, args.dom) as ref, told as done:
        call.daemon.manager.definitions.edit(ref, affect(args.flags), edit)
        done(Ctid(ref))


def _checked(domain: Domain) -> Domain:
    """The same definition.

    Raises:
        InvalidArgument: Its notes make it too large to be read again.
    """
    try:
        parse(write_domain(domain))
    except errors.XmlError as exc:
        raise errors.InvalidArgument(
            f"'{domain.name}' could not be read any more with that: {exc.message}"
        ) from exc
    return domain


def _unknown(kind: int) -> errors.InvalidArgument:
    return errors.InvalidArgument(f"unknown metadata type '{kind}'")
