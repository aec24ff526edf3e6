"""Kinds of objects that there are none of here: secrets, host interfaces, network filters.

Drivers that know these kinds answer lists without anything in them, and tools rely on that.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from vzvirt.rpc import faults
from vzvirt.rpc.protocol import constants, remote
from vzvirt.server.call import Call
from vzvirt.server.dispatch import handles
from vzvirt.server.replies import Refusal

_SECRETS: Final = (
    constants.VIR_CONNECT_LIST_SECRETS_EPHEMERAL
    | constants.VIR_CONNECT_LIST_SECRETS_NO_EPHEMERAL
    | constants.VIR_CONNECT_LIST_SECRETS_PRIVATE
    | constants.VIR_CONNECT_LIST_SECRETS_NO_PRIVATE
)
_INTERFACES: Final = (
    constants.VIR_CONNECT_LIST_INTERFACES_INACTIVE | constants.VIR_CONNECT_LIST_INTERFACES_ACTIVE
)

_NO_SECRET: Final = (constants.VIR_ERR_NO_SECRET, constants.VIR_FROM_SECRET)
_NO_INTERFACE: Final = (constants.VIR_ERR_NO_INTERFACE, constants.VIR_FROM_INTERFACE)
_NO_FILTER: Final = (constants.VIR_ERR_NO_NWFILTER, constants.VIR_FROM_NWFILTER)
_NO_BINDING: Final = (constants.VIR_ERR_NO_NWFILTER_BINDING, constants.VIR_FROM_NWFILTER)


def _none(kind: tuple[int, int], message: str) -> Refusal:
    code, domain = kind
    return Refusal(faults.error_payload(code, domain, message))


# ---- secrets


@handles("connect_list_all_secrets", flags=_SECRETS)
def list_all_secrets(
    call: Call, args: remote.ConnectListAllSecretsArgs
) -> remote.ConnectListAllSecretsRet:
    """None."""
    return remote.ConnectListAllSecretsRet([], 0)


@handles("connect_num_of_secrets")
def num_of_secrets(call: Call, args: None) -> remote.ConnectNumOfSecretsRet:
    """None."""
    return remote.ConnectNumOfSecretsRet(0)


@handles("connect_list_secrets")
def list_secrets(call: Call, args: remote.ConnectListSecretsArgs) -> remote.ConnectListSecretsRet:
    """None."""
    return remote.ConnectListSecretsRet([])


@handles("secret_lookup_by_uuid")
def secret_by_uuid(call: Call, args: remote.SecretLookupByUuidArgs) -> None:
    """None."""
    uuid = UUID(bytes=args.uuid)
    raise _none(_NO_SECRET, f"Secret not found: no secret with matching uuid '{uuid}'")


@handles("secret_lookup_by_usage")
def secret_by_usage(call: Call, args: remote.SecretLookupByUsageArgs) -> None:
    """None."""
    usage = args.usageID
    raise _none(_NO_SECRET, f"Secret not found: no secret with matching usage '{usage}'")


# ---- the host's interfaces


@handles("connect_list_all_interfaces", flags=_INTERFACES)
def list_all_interfaces(
    call: Call, args: remote.ConnectListAllInterfacesArgs
) -> remote.ConnectListAllInterfacesRet:
    """None that could be managed here."""
    return remote.ConnectListAllInterfacesRet([], 0)


@handles("connect_num_of_interfaces")
def num_of_interfaces(call: Call, args: None) -> remote.ConnectNumOfInterfacesRet:
    """None."""
    return remote.ConnectNumOfInterfacesRet(0)


@handles("connect_list_interfaces")
def list_interfaces(
    call: Call, args: remote.ConnectListInterfacesArgs
) -> remote.ConnectListInterfacesRet:
    """None."""
    return remote.ConnectListInterfacesRet([])


@handles("connect_num_of_defined_interfaces")
def num_of_defined_interfaces(call: Call, args: None) -> remote.ConnectNumOfDefinedInterfacesRet:
    """None."""
    return remote.ConnectNumOfDefinedInterfacesRet(0)


@handles("connect_list_defined_interfaces")
def list_defined_interfaces(
    call: Call, args: remote.ConnectListDefinedInterfacesArgs
) -> remote.ConnectListDefinedInterfacesRet:
    """None."""
    return remote.ConnectListDefinedInterfacesRet([])


@handles("interface_lookup_by_name")
def interface_by_name(call: Call, args: remote.InterfaceLookupByNameArgs) -> None:
    """None."""
    raise _none(_NO_INTERFACE, f"Interface not found: couldn't find interface '{args.name}'")


@handles("interface_lookup_by_mac_string")
def interface_by_mac(call: Call, args: remote.InterfaceLookupByMacStringArgs) -> None:
    """None."""
    raise _none(
        _NO_INTERFACE, f"Interface not found: couldn't find interface with MAC '{args.mac}'"
    )


# ---- network filters


@handles("connect_list_all_nwfilters", flags=0)
def list_all_nwfilters(
    call: Call, args: remote.ConnectListAllNwfiltersArgs
) -> remote.ConnectListAllNwfiltersRet:
    """None."""
    return remote.ConnectListAllNwfiltersRet([], 0)


@handles("connect_num_of_nwfilters")
def num_of_nwfilters(call: Call, args: None) -> remote.ConnectNumOfNwfiltersRet:
    """None."""
    return remote.ConnectNumOfNwfiltersRet(0)


@handles("connect_list_nwfilters")
def list_nwfilters(
    call: Call, args: remote.ConnectListNwfiltersArgs
) -> remote.ConnectListNwfiltersRet:
    """None."""
    return remote.ConnectListNwfiltersRet([])


@handles("nwfilter_lookup_by_name")
def nwfilter_by_name(call: Call, args: remote.NwfilterLookupByNameArgs) -> None:
    """None."""
    raise _none(
        _NO_FILTER, f"Network filter not found: no nwfilter with matching name '{args.name}'"
    )


@handles("nwfilter_lookup_by_uuid")
def nwfilter_by_uuid(call: Call, args: remote.NwfilterLookupByUuidArgs) -> None:
    """None."""
    uuid = UUID(bytes=args.uuid)
    raise _none(_NO_FILTER, f"Network filter not found: no nwfilter with matching uuid '{uuid}'")


@handles("connect_list_all_nwfilter_bindings", flags=0)
def list_all_nwfilter_bindings(
    call: Call, args: remote.ConnectListAllNwfilterBindingsArgs
) -> remote.ConnectListAllNwfilterBindingsRet:
    """None."""
    return remote.ConnectListAllNwfilterBindingsRet([], 0)


@handles("nwfilter_binding_lookup_by_port_dev")
def nwfilter_binding_by_port(call: Call, args: remote.NwfilterBindingLookupByPortDevArgs) -> None:
    """None."""
    raise _none(
        _NO_BINDING,
        f"Network filter binding not found: no nwfilter binding for port dev '{args.name}'",
    )
