from __future__ import annotations

from vzvirt.rpc import compiler, layout


def test_numbers_are_packed_together() -> None:
    code = compiler.encoder(layout.parse("state:uchar maxMem:uhyper nrVirtCpu:ushort uuid:uuid"))
    assert code.source.count(".pack") == 1
    assert "'>xxxBQxxH16s'" in code.source


def test_decoders_name_the_structures_they_need() -> None:
    fields = layout.parse("dom:NonnullDomain pools:NonnullStoragePool<4> name:string n:int")
    assert compiler.decoder(fields).structs == {"NonnullDomain", "NonnullStoragePool"}
    assert compiler.encoder(fields).structs == frozenset()
