from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.rpc.structures import ALL, some
from vzvirt.rpc import layout, xdr
from vzvirt.rpc.protocol import remote
from vzvirt.rpc.xdr import Encoded, ProtocolError, Struct

UUID = bytes(range(16))
DOMAIN = remote.NonnullDomain("web", UUID, -1)
DOMAIN_BYTES = b"\0\0\0\x03web\0" + UUID + b"\xff\xff\xff\xff"


def test_a_structure_on_the_wire() -> None:
    assert DOMAIN.encode() == DOMAIN_BYTES
    assert remote.NonnullDomain.decode(DOMAIN_BYTES) == DOMAIN


def test_short_numbers_fill_words() -> None:
    info = remote.DomainGetInfoRet(1, 2, 3, 4, 5)
    words = [0, 1, 0, 2, 0, 3, 4, 0, 5]
    assert info.encode() == b"\0\0\0\1" + b"".join(w.to_bytes(4, "big") for w in words[2:])
    assert remote.DomainGetInfoRet.decode(info.encode()) == info


def test_characters_are_signed_words() -> None:
    label = remote.DomainGetSecurityLabelRet(b"a\xff", 0)
    assert label.encode() == b"\0\0\0\2\0\0\0a\xff\xff\xff\xff\0\0\0\0"
    assert remote.DomainGetSecurityLabelRet.decode(label.encode()) == label


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (remote.ConnectOpenArgs(None, 1), b"\0\0\0\0\0\0\0\1"),
        (remote.ConnectOpenArgs("ab", 1), b"\0\0\0\1\0\0\0\2ab\0\0\0\0\0\1"),
        (remote.AuthListRet([0, 2]), b"\0\0\0\2\0\0\0\0\0\0\0\2"),
        (remote.ConnectListNetworksRet(["a", "bcde"]), b"\0\0\0\2\0\0\0\1a\0\0\0\0\0\0\4bcde"),
        (
            remote.TypedParam("f", remote.TypedParamValue(4, 2**40)),
            b"\0\0\0\1f\0\0\0\0\0\0\4\0\0\1\0\0\0\0\0",
        ),
        (
            remote.TypedParam("f", remote.TypedParamValue(7, "x")),
            b"\0\0\0\1f\0\0\0\0\0\0\7\0\0\0\1x\0\0\0",
        ),
    ],
)
def test_forms_of_fields(value: Struct, data: bytes) -> None:
    assert value.encode() == data
    assert type(value).decode(data) == value


@pytest.mark.parametrize("cls", [pytest.param(c, id=c.__name__) for c in ALL[::50]])
def test_classes_are_named_for_what_they_are(cls: type[Struct]) -> None:
    assert getattr(remote, cls.__name__) is cls
    assert [field.name for field in cls.FIELDS] == list(cls.__slots__ or ("type", "value"))


def test_every_structure_comes_back() -> None:
    chance = random.Random(4711)  # noqa: S311  # the same values every time
    for cls in ALL:
        for _ in range(2):
            value = some(cls, chance)
            data = value.encode()
            assert len(data) % 4 == 0
            assert cls.decode(data) == value


@settings(max_examples=100)
@given(st.sampled_from(ALL), st.randoms(use_true_random=False))
def test_any_structure_comes_back(cls: type[Struct], chance: random.Random) -> None:
    value = some(cls, chance)
    assert cls.decode(value.encode()) == value


@settings(max_examples=100)
@given(st.sampled_from(ALL), st.randoms(use_true_random=False), st.data())
def test_a_part_is_no_whole(cls: type[Struct], chance: random.Random, draw: st.DataObject) -> None:
    data = some(cls, chance).encode()
    cut = draw.draw(st.integers(0, max(0, len(data) - 1)))
    with pytest.raises(ProtocolError):
        cls.decode(data[:cut])
    with pytest.raises(ProtocolError):
        cls.decode(data + b"\0\0\0\0")


@settings(max_examples=200)
@given(st.sampled_from(ALL), st.binary(max_size=200))
def test_noise_is_a_value_or_a_protocol_error(cls: type[Struct], data: bytes) -> None:
    try:
        value = cls.decode(data)
    except ProtocolError:
        return
    assert cls.decode(value.encode()) == value


def test_encoded_bytes_stand_for_structures() -> None:
    done = Encoded(DOMAIN_BYTES)
    plain = remote.ConnectListAllDomainsRet([DOMAIN, DOMAIN], 2).encode()
    assert remote.ConnectListAllDomainsRet([done, done], 2).encode() == plain
    assert remote.ConnectListAllDomainsRet([DOMAIN, done], 2).encode() == plain
    assert remote.ConnectListAllDomainsRet([done, DOMAIN], 2).encode() == plain
    event = remote.DomainEventLifecycleMsg(dom=DOMAIN, event=1, detail=0)
    assert remote.DomainEventLifecycleMsg(done, 1, 0).encode() == event.encode()


@pytest.mark.parametrize(
    ("cls", "data", "why"),
    [
        (remote.DomainLookupByNameArgs, b"\0\x40\0\1", "length of 4194305"),
        (remote.DomainLookupByNameArgs, b"\xff\xff\xff\xff", "length of 4294967295"),
        (remote.DomainLookupByNameArgs, b"\0\0\0\x04\xff\xff\xff\xff", "not UTF-8"),
        (remote.DomainLookupByNameArgs, b"\0\0\0\x02a\0\0\0", "NUL"),
        (remote.DomainLookupByNameArgs, b"\0\0\0\x02", "has 8 bytes, but 4 came"),
        (remote.DomainLookupByNameArgs, b"", "ends before"),
        (remote.ConnectOpenArgs, b"\0\0\0\2\0\0\0\0\0\0\0\0", "2 times"),
        (remote.ConnectListAllDomainsRet, b"\0\0\x40\1", "length of 16385"),
        (remote.NodeGetFreePagesArgs, b"\0\0\0\x10", "ends before"),
        (remote.TypedParamValue, b"\0\0\0\x08\0\0\0\0", "no arm 8"),
        (remote.TypedParamValue, b"\0\0\0\x07\x7f\0\0\0", "length of"),
    ],
)
def test_what_is_refused(cls: type[Struct], data: bytes, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        cls.decode(data)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (remote.NonnullDomain("web", UUID[:15], 1), "15 bytes"),
        (remote.NonnullDomain("web", UUID, 2**31), "cannot be encoded"),
        (remote.NonnullDomain("x" * (layout.STRING_MAX + 1), UUID, 1), "length of 4194305"),
        (remote.ConnectListAllDomainsRet([DOMAIN] * 16385, 1), "length of 16385"),
        (remote.ConnectListNetworksRet(["x"] * 16385), "length of 16385"),
        (remote.AuthListRet([0] * 21), "length of 21"),
        (remote.NodeGetCpuMapRet(bytes(2049), 0, 0), "length of 2049"),
        (remote.DomainGetSecurityLabelRet(bytes(4098), 0), "length of 4098"),
        (remote.TypedParamValue(2, -1), "cannot be encoded"),
        (remote.TypedParamValue(9, 0), "no arm 9"),
    ],
)
def test_what_cannot_be_said(value: Struct, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        value.encode()


def test_a_count_makes_no_room() -> None:
    """The protocol allows 16384 strings of 4 MiB; four bytes may not make anyone try."""
    hostile = (16384).to_bytes(4, "big") + (layout.STRING_MAX).to_bytes(4, "big")
    with pytest.raises(ProtocolError):
        remote.ConnectListNetworksRet.decode(hostile)
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError):
            remote.ConnectListNetworksRet.decode(hostile)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_text_without_a_form_in_utf8_is_sent_all_the_same() -> None:
    odd = remote.DomainLookupByNameArgs("a\udcff")
    assert odd.encode() == b"\0\0\0\2a?\0\0"


def test_equality_and_looks() -> None:
    assert remote.NonnullDomain("web", UUID, -1) == DOMAIN
    assert remote.NonnullDomain("web", UUID, 1) != DOMAIN
    assert remote.NonnullNetwork("web", UUID) != DOMAIN
    assert repr(remote.ConnectOpenArgs("x", 1)) == "ConnectOpenArgs(name='x', flags=1)"


def test_structures_are_made_when_first_asked_for() -> None:
    made = xdr.make_struct(remote.__name__, "Pair", "first:NonnullDomain second:?NonnullDomain")
    value = made(DOMAIN, None)
    assert made.decode(value.encode()) == value
    assert made.decode(made(DOMAIN, DOMAIN).encode()) == made(DOMAIN, DOMAIN)
