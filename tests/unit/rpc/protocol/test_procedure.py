from __future__ import annotations

from vzvirt.rpc.protocol import procedure, remote


def test_a_row_of_the_table() -> None:
    line = "353 domain_interface_addresses virX 20 args+ret - low read!source&1"
    (found,) = procedure.read_table(f"\n{line}\n").values()
    assert (found.number, found.function, found.domain, found.stream) == (353, "virX", 20, "")
    assert (found.denied_field, found.denied_mask) == ("source", 1)
    assert found.read_only_ok
    assert not found.high_priority
    assert found.args is remote.DomainInterfaceAddressesArgs


def test_a_row_with_nothing_to_say() -> None:
    (found,) = procedure.read_table("70 auth_polkit - 46 ret - high read").values()
    assert (found.function, found.args, found.denied_mask) == ("", None, 0)
    assert found.high_priority
