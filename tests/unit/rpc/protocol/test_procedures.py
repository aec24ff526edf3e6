from __future__ import annotations

from vzvirt.rpc.protocol import constants, remote
from vzvirt.rpc.protocol.procedures import BY_NAME, PROCEDURES

DOMAIN = remote.NonnullDomain("web", bytes(16), -1)


def test_all_procedures_are_there_without_gaps() -> None:
    assert list(PROCEDURES) == list(range(1, 444))
    assert all(procedure.number == number for number, procedure in PROCEDURES.items())


def test_a_procedure() -> None:
    info = BY_NAME["domain_get_info"]
    assert (info.number, info.function) == (16, "virDomainGetInfo")
    assert (info.args, info.ret, info.event) == (
        remote.DomainGetInfoArgs,
        remote.DomainGetInfoRet,
        None,
    )
    assert not (info.is_event or info.stream)


def test_an_event() -> None:
    lifecycle = BY_NAME["domain_event_callback_lifecycle"]
    assert lifecycle.is_event
    assert lifecycle.event is remote.DomainEventCallbackLifecycleMsg
    assert (lifecycle.args, lifecycle.ret) == (None, None)


def test_every_structure_belongs_to_a_procedure_or_is_part_of_one() -> None:
    used = {p for each in PROCEDURES.values() for p in (each.args, each.ret, each.event) if p}
    suffixed = {n for n in remote.STRUCTS if n.endswith(("Args", "Ret", "Msg"))}
    assert {each.__name__ for each in used} == suffixed


def test_streams() -> None:
    streams = {each.name: each.stream for each in PROCEDURES.values() if each.stream}
    assert streams == {
        "domain_migrate_prepare_tunnel": "write",
        "domain_migrate_prepare_tunnel3": "write",
        "domain_open_channel": "read",
        "domain_open_console": "read",
        "domain_screenshot": "read",
        "storage_vol_download": "read",
        "storage_vol_upload": "write",
    }


def test_error_domains() -> None:
    domains = {
        "domain_reboot": constants.VIR_FROM_DOMAIN,
        "connect_list_all_domains": constants.VIR_FROM_DOMAIN,
        "domain_snapshot_num": constants.VIR_FROM_DOMAIN_SNAPSHOT,
        "domain_list_all_checkpoints": constants.VIR_FROM_DOMAIN_CHECKPOINT,
        "network_create": constants.VIR_FROM_NETWORK,
        "storage_vol_upload": constants.VIR_FROM_STORAGE,
        "connect_list_all_secrets": constants.VIR_FROM_SECRET,
        "connect_list_all_nwfilters": constants.VIR_FROM_NWFILTER,
        "connect_list_all_node_devices": constants.VIR_FROM_NODEDEV,
        "interface_create": constants.VIR_FROM_INTERFACE,
        "domain_interface_stats": constants.VIR_FROM_DOMAIN,
        "node_get_info": constants.VIR_FROM_NONE,
    }
    assert {name: BY_NAME[name].domain for name in domains} == domains


def test_what_read_only_connections_may_call() -> None:
    allowed = {each.name for each in PROCEDURES.values() if each.read_only_ok}
    assert {
        "connect_open",
        "connect_close",
        "connect_get_all_domain_stats",
        "connect_domain_event_callback_register_any",
        "domain_get_info",
        "domain_get_metadata",
        "network_get_dhcp_leases",
        "node_device_get_xml_desc",
        "storage_pool_list_all_volumes",
    } <= allowed
    assert not allowed & {
        "connect_domain_xml_from_native",
        "connect_get_domain_capabilities",
        "domain_get_fsinfo",
        "domain_get_guest_info",
        "domain_get_hostname",
        "domain_open_console",
        "domain_open_channel",
        "domain_reboot",
        "domain_screenshot",
        "domain_set_metadata",
        "domain_set_scheduler_parameters",
        "secret_get_value",
        "storage_pool_refresh",
        "storage_vol_download",
    }
    assert not any(each.read_only_ok for each in PROCEDURES.values() if each.is_event)


def test_what_they_may_call_with_some_arguments_only() -> None:
    xml = BY_NAME["domain_get_xml_desc"]
    for flags, denied in ((0, False), (2, False), (1, True), (3, True), (8, True)):
        assert xml.denies_read_only(remote.DomainGetXmlDescArgs(DOMAIN, flags)) is denied
    addresses = BY_NAME["domain_interface_addresses"]
    for source, denied in ((0, False), (1, True), (2, False)):
        args = remote.DomainInterfaceAddressesArgs(DOMAIN, source, 0)
        assert addresses.denies_read_only(args) is denied
    assert BY_NAME["domain_create"].denies_read_only(remote.DomainCreateArgs(DOMAIN))
    assert not BY_NAME["connect_get_type"].denies_read_only(None)
