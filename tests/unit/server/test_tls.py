from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.server import tls
from vzvirt.server.settings import ServerSettings
from vzvirt.system.root import Root

SUBJECT = (
    (("countryName", "AT"),),
    (("organizationName", "Example, Ltd."),),
    (("organizationalUnitName", "#1"), ("serialNumber", "7")),
    (("commonName", "admin"),),
)


def test_names_are_spelt_in_both_orders() -> None:
    assert tls.names(SUBJECT) == (
        r"C=AT,O=Example\, Ltd.,OU=\#1+serialNumber=7,CN=admin",
        r"CN=admin,OU=\#1+serialNumber=7,O=Example\, Ltd.,C=AT",
    )
    assert tls.names(()) == ("", "")


@pytest.mark.parametrize(
    ("patterns", "allowed"),
    [
        (None, True),
        ((), False),
        (("*,CN=admin",), True),
        (("CN=admin,*",), True),
        (("CN=admin",), False),
        (("C=DE,*", "C=AT,*"), True),
        (("*cn=ADMIN*",), False),
        (("*CN=adm?n*",), True),
        (("*",), True),
        (("*CN=[a-b]dmin*",), False),
    ],
)
def test_patterns(patterns: tuple[str, ...] | None, allowed: bool) -> None:
    assert tls.is_allowed(SUBJECT, patterns) is allowed


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigUnsupported) as caught:
        tls.context(ServerSettings(), Root(tmp_path))
    assert f"{tmp_path}/etc/pki/libvirt/private/serverkey.pem" in caught.value.message


def test_files_that_are_something_else_are_named(tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("no certificate")
    settings = ServerSettings(key_file=nonsense, cert_file=nonsense, ca_file=nonsense)
    with pytest.raises(errors.ConfigUnsupported, match="TLS cannot use certificate"):
        tls.context(settings, Root(tmp_path))
