"""OpenVZ's configs as documents, and back."""

from __future__ import annotations

import pytest

from unit.server.handlers.clients import Client
from vzvirt import errors
from vzvirt.server.replies import Refusal

CONFIG = """\
# of an old host
ONBOOT="no"
PHYSPAGES="0:16384"
SWAPPAGES="0:8192"
OSTEMPLATE="debian-12"
NAME="web"
UNKNOWN="kept"
"""


def test_both_ways(client: Client) -> None:
    text = client.call("connect_domain_xml_from_native", "openvz-conf", CONFIG, 0).domainXml
    assert "<name>web</name>" in text
    assert "<memory unit='KiB'>65536</memory>" in text
    back = client.call("connect_domain_xml_to_native", "openvz-conf", text, 0).nativeConfig
    for line in CONFIG.splitlines():
        assert line in back, line
    assert client.call("connect_list_all_domains", 1, 0).ret == 0, "nothing was defined"


def test_what_is_wrong(client: Client) -> None:
    for procedure in ("from", "to"):
        name = f"connect_domain_xml_{procedure}_native"
        with pytest.raises(errors.InvalidArgument, match="lxc-tools"):
            client.call(name, "lxc-tools", "x", 0)
        with pytest.raises(Refusal):
            client.call(name, "openvz-conf", "x", 1)
    with pytest.raises(errors.XmlError):
        client.call("connect_domain_xml_to_native", "openvz-conf", "<domain", 0)
