"""TLS as libvirt's clients expect it: both sides show certificates, laid out as libvirt's are.

After the handshake the server says one byte, ``ACCEPTED``, inside TLS, before anything else; a
client that does not get it takes itself for refused.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from vzvirt import errors
from vzvirt.server.settings import ServerSettings
from vzvirt.system.root import Root

ACCEPTED: Final = b"\x01"

HANDSHAKE_TIMEOUT: Final = 10.0
"""Seconds a client has for its handshake; until then it is nobody."""

_SHORT: Final[Mapping[str, str]] = {
    "countryName": "C",
    "stateOrProvinceName": "ST",
    "localityName": "L",
    "streetAddress": "STREET",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "commonName": "CN",
    "domainComponent": "DC",
    "userId": "UID",
    "emailAddress": "EMAIL",
}
"""Names of a distinguished name's parts, as OpenSSL and as certificates' users spell them."""

Subject = Sequence[Sequence[tuple[str, str]]]
"""A name as Python's ``getpeercert`` gives it: each part may be several at once."""


def context(settings: ServerSettings, root: Root) -> ssl.SSLContext:
    """What a TLS listener needs, made from the files that the settings name.

    Raises:
        ConfigUnsupported: A file is missing, or is not what it should be.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_mode = ssl.CERT_REQUIRED
    # Clients take the next thing they read for our word, and these come before it.
    made.num_tickets = 0
    key = settings.key_file or root.path("etc/pki/libvirt/private/serverkey.pem")
    certificate = settings.cert_file or root.path("etc/pki/libvirt/servercert.pem")
    authority = settings.ca_file or root.path("etc/pki/CA/cacert.pem")
    revoked = settings.crl_file or root.path("etc/pki/CA/cacrl.pem")
    for path in (key, certificate, authority):
        _must_exist(path)
    try:
        made.load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as exc:
        raise _bad(f"certificate '{certificate}' with key '{key}'", exc) from exc
    _load_authority(made, authority)
    if settings.crl_file is not None:
        _must_exist(revoked)
    if revoked.exists():
        _load_authority(made, revoked)
        made.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    return made


def _must_exist(path: Path) -> None:
    if not path.is_file():
        raise errors.ConfigUnsupported(
            f"TLS needs '{path}', which is not there",
            hint="listen_tls = 0 does without TLS; key_file, cert_file, ca_file name other files",
        )


def _load_authority(made: ssl.SSLContext, path: Path) -> None:
    try:
        made.load_verify_locations(path)
    except (ssl.SSLError, OSError) as exc:
        raise _bad(f"'{path}'", exc) from exc


def _bad(what: str, exc: Exception) -> errors.ConfigUnsupported:
    return errors.ConfigUnsupported(f"TLS cannot use {what}: {exc}")


def names(subject: Subject) -> tuple[str, str]:
    """A distinguished name in the certificate's order, and in the reverse one.

    Tools disagree which comes first, the country or the person; RFC 4514 says how to escape.
    """
    parts = [
        "+".join(f"{_SHORT.get(kind, kind)}={_escape(text)}" for kind, text in part)
        for part in subject
    ]
    return ",".join(parts), ",".join(reversed(parts))


def _escape(text: str) -> str:
    escaped = "".join("\\" + char if char in ',+"\\<>;' else char for char in text)
    return "\\" + escaped if escaped.startswith(("#", " ")) else escaped


def is_allowed(subject: Subject, patterns: Iterable[str] | None) -> bool:
    """Whether a name is one of those that the settings admit; ``None`` admits all.

    As in libvirt, ``*`` and ``?`` stand for others, and nothing else does: not even brackets.
    """
    if patterns is None:
        return True
    spellings = names(subject)
    literal = [pattern.replace("[", "[[]") for pattern in patterns]
    return any(fnmatchcase(name, pattern) for pattern in literal for name in spellings)
