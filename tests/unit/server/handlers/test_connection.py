from __future__ import annotations

import os

import pytest

from servicelab import Lab
from vzvirt.rpc.packet import Status
from vzvirt.rpc.protocol import remote


def opening(name: str | None, flags: int = 0) -> bytes:
    return remote.ConnectOpenArgs(name, flags).encode()


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        (None, "openvz:///system"),
        ("", "openvz:///system"),
        ("openvz:///system", "openvz:///system"),
        ("openvz:///", "openvz:///system"),
        ("openvz:///session", "openvz:///session"),
        ("openvz:///system?a=b", "openvz:///system?a=b"),
    ],
)
def test_names_that_are_ours(lab: Lab, name: str | None, uri: str) -> None:
    client, _ = lab.connect()
    assert client.call("connect_open", opening(name)).status == Status.OK
    reply = client.call("connect_get_uri")
    assert remote.ConnectGetUriRet.decode(reply.payload).uri == uri


@pytest.mark.parametrize(
    ("name", "code"), [("lxc:///system", 5), ("openvz:///elsewhere", 8), ("openvz://[", 8)]
)
def test_names_that_are_not(lab: Lab, name: str, code: int) -> None:
    client, _ = lab.connect()
    assert client.error("connect_open", opening(name)).code == code
    assert client.call("connect_open", opening(None)).status == Status.OK


@pytest.mark.parametrize(
    ("feature", "supported"),
    [(1, 0), (6, 0), (8, 0), (9, 1), (10, 1), (13, 0), (14, 1), (15, 1), (16, 1), (99, 0)],
)
def test_features(lab: Lab, feature: int, supported: int) -> None:
    client, _ = lab.connect()
    args = remote.ConnectSupportsFeatureArgs(feature).encode()
    reply = client.call("connect_supports_feature", args)
    assert remote.ConnectSupportsFeatureRet.decode(reply.payload).supported == supported


def test_who_and_where_it_is(lab: Lab) -> None:
    client, _ = lab.connect()
    client.open()
    kind = client.call("connect_get_type").payload
    assert remote.ConnectGetTypeRet.decode(kind).type == "OpenVZ"
    host = client.call("connect_get_hostname").payload
    assert remote.ConnectGetHostnameRet.decode(host).hostname == os.uname().nodename
    version = client.call("connect_get_lib_version").payload
    assert remote.ConnectGetLibVersionRet.decode(version).lib_ver == 9_000_000
    own = client.call("connect_get_version").payload
    assert remote.ConnectGetVersionRet.decode(own).hv_ver == 1_000
    secure = client.call("connect_is_secure").payload
    assert remote.ConnectIsSecureRet.decode(secure).secure == 1


def test_one_close_callback_at_a_time(lab: Lab) -> None:
    client, _ = lab.connect()
    client.open()
    assert client.error("connect_unregister_close_callback").code == 55
    assert client.call("connect_register_close_callback").status == Status.OK
    assert client.error("connect_register_close_callback").code == 55
    assert client.call("connect_unregister_close_callback").status == Status.OK
