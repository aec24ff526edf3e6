"""Registering for events over the wire; what is told of them is the broker's."""

from __future__ import annotations

from uuid import UUID

import pytest

from servicelab import Client, Lab
from vzvirt.model.event import Lifecycle, LifecycleEvent, PoolRefreshed, Rebooted, Subject
from vzvirt.model.values import Ctid
from vzvirt.rpc.packet import PacketType, Status
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.protocol.procedures import BY_NAME
from vzvirt.server.broker import Broker

WEB = Subject(Ctid(101), "web", UUID(int=1), True)
DOM = remote.NonnullDomain("web", WEB.uuid.bytes, 101)
OTHER = remote.NonnullDomain("other", UUID(int=2).bytes, 102)
REBOOT = 1


@pytest.fixture
def broker(lab: Lab) -> Broker:
    lab.service.broker = Broker()
    return lab.service.broker


@pytest.fixture
def client(lab: Lab, broker: Broker) -> Client:
    made, _ = lab.connect(read_only=True)
    made.open()
    return made


def heard(client: Client) -> tuple[str, bytes]:
    packet = client.receive()
    assert (packet.type, packet.status) == (PacketType.MESSAGE, Status.OK)
    names = {procedure.number: name for name, procedure in BY_NAME.items()}
    return names[packet.procedure], packet.payload


def test_of_one_container(lab: Lab, broker: Broker, client: Client) -> None:
    register = "connect_domain_event_callback_register_any"
    numbers = []
    for dom in (OTHER, DOM):
        args = remote.ConnectDomainEventCallbackRegisterAnyArgs(REBOOT, dom)
        reply = client.call(register, args.encode())
        ret = remote.ConnectDomainEventCallbackRegisterAnyRet.decode(reply.payload)
        numbers.append(ret.callbackID)
    lab.on_loop(lambda: broker.publish([Rebooted(WEB)]))
    name, payload = heard(client)
    assert name == "domain_event_callback_reboot"
    assert remote.DomainEventCallbackRebootMsg.decode(payload).callbackID == numbers[1]
    for number in numbers:
        given_back = remote.ConnectDomainEventCallbackDeregisterAnyArgs(number).encode()
        reply = client.call("connect_domain_event_callback_deregister_any", given_back)
        assert reply.status == Status.OK
        assert client.error("connect_domain_event_callback_deregister_any", given_back).code == 8


def test_of_all_in_the_oldest_style(lab: Lab, broker: Broker, client: Client) -> None:
    reply = client.call("connect_domain_event_register")
    assert remote.ConnectDomainEventRegisterRet.decode(reply.payload).cb_registered == 1
    event = LifecycleEvent(WEB, Lifecycle.STOPPED_BY_KILL)
    lab.on_loop(lambda: broker.publish([event]))
    assert heard(client)[0] == "domain_event_lifecycle"
    reply = client.call("connect_domain_event_deregister")
    assert remote.ConnectDomainEventDeregisterRet.decode(reply.payload).cb_registered == 0
    assert client.error("connect_domain_event_deregister").code == 8


def test_in_the_old_style(lab: Lab, broker: Broker, client: Client) -> None:
    args = remote.ConnectDomainEventRegisterAnyArgs(REBOOT).encode()
    assert client.call("connect_domain_event_register_any", args).status == Status.OK
    assert client.error("connect_domain_event_register_any", args).code == 8
    lab.on_loop(lambda: broker.publish([Rebooted(WEB)]))
    assert heard(client)[0] == "domain_event_reboot"
    assert client.call("connect_domain_event_deregister_any", args).status == Status.OK


def test_of_devices_once_it_is_known_how_things_are(
    lab: Lab, broker: Broker, client: Client
) -> None:
    prepared: list[object] = []
    broker.prepare = prepared.append
    args = remote.ConnectNodeDeviceEventRegisterAnyArgs(0, None).encode()
    assert client.call("connect_node_device_event_register_any", args).status == Status.OK
    assert len(prepared) == 1


@pytest.mark.parametrize("topic", ["network", "storage_pool", "secret"])
def test_of_other_objects(client: Client, topic: str) -> None:
    words = topic.title().replace("_", "")
    args = getattr(remote, f"Connect{words}EventRegisterAnyArgs")(0, None).encode()
    assert client.call(f"connect_{topic}_event_register_any", args).status == Status.OK
    args = getattr(remote, f"Connect{words}EventDeregisterAnyArgs")(0).encode()
    assert client.call(f"connect_{topic}_event_deregister_any", args).status == Status.OK
    assert client.error(f"connect_{topic}_event_deregister_any", args).code == 8


def test_of_one_pool(lab: Lab, broker: Broker, client: Client) -> None:
    pool = remote.NonnullStoragePool("templates", UUID(int=3).bytes)
    args = remote.ConnectStoragePoolEventRegisterAnyArgs(1, pool).encode()
    assert client.call("connect_storage_pool_event_register_any", args).status == Status.OK
    events = [PoolRefreshed("private", UUID(int=4)), PoolRefreshed("templates", UUID(int=3))]
    lab.on_loop(lambda: broker.publish(events))
    name, payload = heard(client)
    assert name == "storage_pool_event_refresh"
    assert remote.StoragePoolEventRefreshMsg.decode(payload).pool == pool
