"""Registering for events, in the new style, in the old one and in the oldest."""

from __future__ import annotations

from typing import Final

from vzvirt.rpc.protocol import constants, remote
from vzvirt.server.call import Call
from vzvirt.server.dispatch import Where, handles
from vzvirt.server.eventmessages import Topic

_LIFECYCLE: Final = constants.VIR_DOMAIN_EVENT_ID_LIFECYCLE

# -- containers --------------------------------------------------------------------------


@handles("connect_domain_event_callback_register_any")
def register_domain(
    call: Call, args: remote.ConnectDomainEventCallbackRegisterAnyArgs
) -> remote.ConnectDomainEventCallbackRegisterAnyRet:
    """Of all containers, or of one."""
    key = args.dom.uuid if args.dom is not None else None
    number = call.daemon.broker.register(call.session, Topic.DOMAIN, args.eventID, key)
    return remote.ConnectDomainEventCallbackRegisterAnyRet(number)


@handles("connect_domain_event_callback_deregister_any")
def deregister_domain(
    call: Call, args: remote.ConnectDomainEventCallbackDeregisterAnyArgs
) -> None:
    """No more."""
    call.daemon.broker.deregister(call.session, Topic.DOMAIN, args.callbackID)


@handles("connect_domain_event_register_any")
def register_domain_old(call: Call, args: remote.ConnectDomainEventRegisterAnyArgs) -> None:
    """Of all containers, without a number."""
    call.daemon.broker.register_old(call.session, args.eventID)


@handles("connect_domain_event_deregister_any")
def deregister_domain_old(call: Call, args: remote.ConnectDomainEventDeregisterAnyArgs) -> None:
    """No more."""
    call.daemon.broker.deregister_old(call.session, args.eventID)


@handles("connect_domain_event_register")
def register_domain_oldest(call: Call, args: None) -> remote.ConnectDomainEventRegisterRet:
    """Of beginnings and ends of all containers."""
    call.daemon.broker.register_old(call.session, _LIFECYCLE)
    return remote.ConnectDomainEventRegisterRet(1)


@handles("connect_domain_event_deregister")
def deregister_domain_oldest(call: Call, args: None) -> remote.ConnectDomainEventDeregisterRet:
    """No more."""
    call.daemon.broker.deregister_old(call.session, _LIFECYCLE)
    return remote.ConnectDomainEventDeregisterRet(0)


# -- networks, pools, devices, secrets ---------------------------------------------------


@handles("connect_network_event_register_any")
def register_network(
    call: Call, args: remote.ConnectNetworkEventRegisterAnyArgs
) -> remote.ConnectNetworkEventRegisterAnyRet:
    """Of all networks, or of one."""
    key = args.net.uuid if args.net is not None else None
    number = call.daemon.broker.register(call.session, Topic.NETWORK, args.eventID, key)
    return remote.ConnectNetworkEventRegisterAnyRet(number)


@handles("connect_network_event_deregister_any")
def deregister_network(call: Call, args: remote.ConnectNetworkEventDeregisterAnyArgs) -> None:
    """No more."""
    call.daemon.broker.deregister(call.session, Topic.NETWORK, args.callbackID)


@handles("connect_storage_pool_event_register_any")
def register_pool(
    call: Call, args: remote.ConnectStoragePoolEventRegisterAnyArgs
) -> remote.ConnectStoragePoolEventRegisterAnyRet:
    """Of all pools, or of one."""
    key = args.pool.uuid if args.pool is not None else None
    number = call.daemon.broker.register(call.session, Topic.POOL, args.eventID, key)
    return remote.ConnectStoragePoolEventRegisterAnyRet(number)


@handles("connect_storage_pool_event_deregister_any")
def deregister_pool(call: Call, args: remote.ConnectStoragePoolEventDeregisterAnyArgs) -> None:
    """No more."""
    call.daemon.broker.deregister(call.session, Topic.POOL, args.callbackID)


@handles("connect_node_device_event_register_any", where=Where.WORKER)
def register_device(
    call: Call, args: remote.ConnectNodeDeviceEventRegisterAnyArgs
) -> remote.ConnectNodeDeviceEventRegisterAnyRet:
    """Of all devices, or of one."""
    broker = call.daemon.broker
    key = args.dev.name if args.dev is not None else None
    number = call.daemon.on_loop(
        lambda: broker.register(call.session, Topic.DEVICE, args.eventID, key)
    )
    broker.prepare(Topic.DEVICE)
    return remote.ConnectNodeDeviceEventRegisterAnyRet(number)


@handles("connect_node_device_event_deregister_any")
def deregister_device(call: Call, args: remote.ConnectNodeDeviceEventDeregisterAnyArgs) -> None:
    """No more."""
    call.daemon.broker.deregister(call.session, Topic.DEVICE, args.callbackID)


@handles("connect_secret_event_register_any")
def register_secret(
    call: Call, args: remote.ConnectSecretEventRegisterAnyArgs
) -> remote.ConnectSecretEventRegisterAnyRet:
    """There are no secrets, so nothing ever happens to one."""
    key = args.secret.uuid if args.secret is not None else None
    number = call.daemon.broker.register(call.session, Topic.SECRET, args.eventID, key)
    return remote.ConnectSecretEventRegisterAnyRet(number)


@handles("connect_secret_event_deregister_any")
def deregister_secret(call: Call, args: remote.ConnectSecretEventDeregisterAnyArgs) -> None:
    """No more."""
    call.daemon.broker.deregister(call.session, Topic.SECRET, args.callbackID)
