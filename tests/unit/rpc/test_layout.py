from __future__ import annotations

import pytest

from vzvirt.rpc import layout
from vzvirt.rpc.layout import Field


def test_every_form_of_a_field() -> None:
    line = "name:string id:int nsuri:?string doms:NonnullDomain<16> model:char[32]"
    assert layout.parse(line) == (
        Field("name", "string"),
        Field("id", "int"),
        Field("nsuri", "string", optional=True),
        Field("doms", "NonnullDomain", bound=16),
        Field("model", "char", size=32),
    )


def test_what_is_one_number() -> None:
    single, many, exact, other = layout.parse("a:uint b:uint<4> c:char[4] d:string")
    assert single.is_number
    assert not (many.is_number or exact.is_number or other.is_number)


@pytest.mark.parametrize("line", ["name", "name:", "a:int<x>", "a:int<3", "a:?"])
def test_what_is_no_field(line: str) -> None:
    with pytest.raises(ValueError, match="is no field"):
        layout.parse(line)
