from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vzvirt import errors
from vzvirt.rpc import typedparams
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.typedparams import Kind
from vzvirt.rpc.xdr import ProtocolError

VALUES = {
    Kind.INT: st.integers(-(2**31), 2**31 - 1),
    Kind.UINT: st.integers(0, 2**32 - 1),
    Kind.LLONG: st.integers(-(2**63), 2**63 - 1),
    Kind.ULLONG: st.integers(0, 2**64 - 1),
    Kind.DOUBLE: st.floats(allow_nan=False),
    Kind.BOOLEAN: st.booleans(),
    Kind.STRING: st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
}


@pytest.mark.parametrize("kind", list(Kind))
def test_the_fast_way_is_the_same(kind: Kind) -> None:
    @given(VALUES[kind])
    def check(value: int | float | str) -> None:
        fast = typedparams.encode("cpu.time", value, kind)
        slow = typedparams.typed("cpu.time", value, kind)
        assert fast == slow.encode()
        assert remote.TypedParam.decode(fast) == slow

    check()


@pytest.mark.parametrize(
    ("value", "kind"), [(-1, Kind.ULLONG), (2**31, Kind.INT), ("x", Kind.LLONG)]
)
def test_values_that_do_not_fit(value: int | str, kind: Kind) -> None:
    with pytest.raises(ProtocolError, match="does not fit"):
        typedparams.encode("cpu.time", value, kind)


def test_names_clients_would_not_take() -> None:
    typedparams.encode("x" * 79, 1, Kind.INT)
    with pytest.raises(ProtocolError, match="longer than 79"):
        typedparams.encode("x" * 80, 1, Kind.INT)


def test_what_a_client_sets() -> None:
    known = {"cpu_shares": Kind.ULLONG, "vcpu_quota": Kind.LLONG}
    sent = [
        typedparams.typed("cpu_shares", 1024, Kind.ULLONG),
        typedparams.typed("vcpu_quota", -1, Kind.LLONG),
    ]
    assert typedparams.values(sent, known) == {"cpu_shares": 1024, "vcpu_quota": -1}


@pytest.mark.parametrize(
    ("sent", "why", "code"),
    [
        ([("weight", Kind.UINT)], "'weight' not supported", 74),
        ([("cpu_shares", Kind.UINT)], "'cpu_shares' must be of type ullong", 8),
        ([("cpu_shares", Kind.ULLONG)] * 2, "'cpu_shares' is given twice", 8),
    ],
)
def test_what_a_client_may_not_set(sent: list[tuple[str, Kind]], why: str, code: int) -> None:
    params = [typedparams.typed(name, 1, kind) for name, kind in sent]
    with pytest.raises(errors.CallerError, match=why) as caught:
        typedparams.values(params, {"cpu_shares": Kind.ULLONG})
    assert caught.value.code == code
