"""Opening and closing a connection, and what it says of itself."""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import urlsplit

from vzvirt import errors
from vzvirt.rpc.protocol import constants, remote
from vzvirt.server.call import Call
from vzvirt.server.dispatch import handles
from vzvirt.version import VERSION

SCHEME: Final = "openvz"
DEFAULT_NAME: Final = "openvz:///system"
PATHS: Final = ("/system", "/session", "/", "")
"""They all mean the daemon that was asked: which one that is, its socket said."""

LIBVIRT_VERSION: Final = 9_000_000
"""The libvirt whose protocol this is, as 1,000,000 * major + 1,000 * minor + release."""

AUTH_NONE: Final = 0

FEATURES: Final = frozenset(
    {
        constants.VIR_DRV_FEATURE_TYPED_PARAM_STRING,
        constants.VIR_DRV_FEATURE_PROGRAM_KEEPALIVE,
        constants.VIR_DRV_FEATURE_REMOTE_EVENT_CALLBACK,
        constants.VIR_DRV_FEATURE_REMOTE_CLOSE_CALLBACK,
        constants.VIR_DRV_FEATURE_NETWORK_UPDATE_HAS_CORRECT_ORDER,
    }
)
"""What we can; not among it: passing file descriptors, and migration."""


class NoConnect(errors.CallerError):
    """Nothing here answers to that URI (VIR_ERR_NO_CONNECT)."""

    code = constants.VIR_ERR_NO_CONNECT


@handles("auth_list", unopened=True)
def auth_list(call: Call, args: None) -> remote.AuthListRet:
    """Whoever could connect needs no more."""
    return remote.AuthListRet([AUTH_NONE])


@handles(
    "connect_open",
    flags=constants.VIR_CONNECT_RO | constants.VIR_CONNECT_NO_ALIASES,
    unopened=True,
)
def connect_open(call: Call, args: remote.ConnectOpenArgs) -> None:
    """Take the URI; a client may give up its right to change things here."""
    name = args.name or DEFAULT_NAME
    try:
        parts = urlsplit(name)
    except ValueError as error:
        raise errors.InvalidArgument(f"'{name[:140]}' is no URI: {error}") from error
    if parts.scheme != SCHEME:
        raise NoConnect(name[:140])
    if parts.path not in PATHS:
        raise errors.InvalidArgument(
            f"unexpected path '{parts.path}' in '{name}'", hint=f"try {DEFAULT_NAME}"
        )
    if args.flags & constants.VIR_CONNECT_RO:
        call.session.read_only = True
    call.session.opened = DEFAULT_NAME if parts.path in ("", "/") else name


@handles("connect_close", unopened=True)
def connect_close(call: Call, args: None) -> None:
    """Give back what was kept for the client; it may open again."""
    call.session.let_go()
    call.session.opened = None


@handles("connect_supports_feature", unopened=True)
def supports_feature(
    call: Call, args: remote.ConnectSupportsFeatureArgs
) -> remote.ConnectSupportsFeatureRet:
    """Say what we can. Who asks for keepalive can answer pings itself."""
    if args.feature == constants.VIR_DRV_FEATURE_PROGRAM_KEEPALIVE:
        call.session.enable_keepalive()
    return remote.ConnectSupportsFeatureRet(int(args.feature in FEATURES))


@handles("connect_get_type")
def get_type(call: Call, args: None) -> remote.ConnectGetTypeRet:
    """What libvirt's own driver for such containers is called."""
    return remote.ConnectGetTypeRet("OpenVZ")


@handles("connect_get_version")
def get_version(call: Call, args: None) -> remote.ConnectGetVersionRet:
    """Our own version, as that of what runs containers."""
    major, minor, release = (int(part) for part in VERSION.split("."))
    return remote.ConnectGetVersionRet(major * 1_000_000 + minor * 1000 + release)


@handles("connect_get_lib_version")
def get_lib_version(call: Call, args: None) -> remote.ConnectGetLibVersionRet:
    """The libvirt that we speak like."""
    return remote.ConnectGetLibVersionRet(LIBVIRT_VERSION)


@handles("connect_get_uri")
def get_uri(call: Call, args: None) -> remote.ConnectGetUriRet:
    """What the client opened."""
    return remote.ConnectGetUriRet(call.session.opened or DEFAULT_NAME)


@handles("connect_get_hostname")
def get_hostname(call: Call, args: None) -> remote.ConnectGetHostnameRet:
    """The host's name."""
    return remote.ConnectGetHostnameRet(os.uname().nodename)


@handles("connect_is_secure")
def is_secure(call: Call, args: None) -> remote.ConnectIsSecureRet:
    """Whether nobody else can read along."""
    return remote.ConnectIsSecureRet(int(call.session.secure))


@handles("connect_register_close_callback")
def register_close_callback(call: Call, args: None) -> None:
    """The client wants to know when what is behind the daemon goes; that is the daemon itself."""
    if call.session.wants_close_events:
        raise errors.OperationInvalid("A close callback is already registered")
    call.session.wants_close_events = True


@handles("connect_unregister_close_callback")
def unregister_close_callback(call: Call, args: None) -> None:
    """It does no longer."""
    if not call.session.wants_close_events:
        raise errors.OperationInvalid("No close callback is registered")
    call.session.wants_close_events = False
