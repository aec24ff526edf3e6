"""Documents to and from OpenVZ's own config files, without touching any container."""

from __future__ import annotations

import logging
from typing import Final

from vzvirt import errors
from vzvirt.codec import vzconf
from vzvirt.codec.xml import read_domain, write_domain
from vzvirt.model.domain import NOT_IN_XML
from vzvirt.rpc.protocol import remote
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles

LOG: Final = logging.getLogger(__name__)

FORMAT: Final = "openvz-conf"
"""What clients call OpenVZ's config files; the only foreign format there is."""


def _check(name: str) -> None:
    if name != FORMAT:
        raise errors.InvalidArgument(
            f"unsupported config type '{name[:40]}'", hint=f"there is '{FORMAT}'"
        )


@handles("connect_domain_xml_from_native", flags=0, where=Where.WORKER)
def from_native(
    call: Call, args: remote.ConnectDomainXmlFromNativeArgs
) -> remote.ConnectDomainXmlFromNativeRet:
    """The document of a config; lines that no element holds come along."""
    _check(args.nativeFormat)
    document = vzconf.Document.parse(args.nativeConfig.encode())
    read = vzconf.read(document, None, keep_foreign=True, unsayable=NOT_IN_XML)
    for warning in read.warnings:
        LOG.info("%s: %s", call.function, warning)
    return remote.ConnectDomainXmlFromNativeRet(write_domain(read.domain))


@handles("connect_domain_xml_to_native", flags=0, where=Where.WORKER)
def to_native(
    call: Call, args: remote.ConnectDomainXmlToNativeArgs
) -> remote.ConnectDomainXmlToNativeRet:
    """The config of a document, as far as its keys can say it."""
    _check(args.nativeFormat)
    read = read_domain(args.domainXml)
    for warning in (*read.warnings, *vzconf.roundings(read.domain)):
        LOG.info("%s: %s", call.function, warning)
    config = vzconf.apply(vzconf.EMPTY, read.domain).serialise()
    return remote.ConnectDomainXmlToNativeRet(config.decode(errors="replace"))
