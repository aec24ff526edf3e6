from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.codec.xml import validate


def domain(inside: str) -> str:
    return f"<domain type='openvz'>\n<name>x</name>\n{inside}\n</domain>"


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("<flavour/>", "<flavour> (line 3) is not known in <domain>"),
        ("<devices><disk/></devices>", "<disk> (line 3) is not known in <devices>"),
        ("<memory unit='ells'>1</memory>", "unit='ells' is not possible"),
        ("<memory>much</memory>", "the text 'much' is not possible here"),
        ("<vcpu hot='yes'>1</vcpu>", "there is no attribute 'hot'"),
        ("<clock offset='mars'/>", "offset='mars' is not possible"),
        ("<cputune><quota>x</quota></cputune>", "<quota> (line 3): the text 'x'"),
        (
            "<devices><interface type='bridge'>//for NAT</interface></devices>",
            "the text '//for NAT' is not possible here",
        ),
        (
            "<title>a</title>\n<title>b</title>",
            "<title> (line 3) and <title> (line 4): there can be only one",
        ),
        ("<devices><interface/></devices>", "<interface> (line 3) has no type="),
        ("<name>y</name>", "<name> (line 2) and <name> (line 3)"),
        ("<blkiotune><device/></blkiotune>", "<device> (line 3) has no <path>"),
        (
            "<devices><filesystem type='template'><quota max='5'/></filesystem></devices>",
            "<quota max='5'> (line 3) has no type=",
        ),
    ],
)
def test_reasons_name_the_element(inside: str, reason: str) -> None:
    with pytest.raises(errors.SchemaError) as caught:
        validate(domain(inside))
    assert reason in caught.value.message


def test_all_reasons_are_told() -> None:
    with pytest.raises(errors.SchemaError) as caught:
        validate(domain("<flavour/><colour/>"))
    assert "<flavour>" in caught.value.message
    assert "<colour>" in caught.value.message


def test_another_root_is_not_valid() -> None:
    with pytest.raises(errors.SchemaError, match=r"<network> .* cannot be the document's root"):
        validate("<network/>")


def test_children_stand_in_any_order_and_metadata_holds_anything() -> None:
    validate(
        domain(
            "<devices/><metadata><a xmlns='urn:a' b='1'>text<c/></a></metadata>"
            "<memory>1</memory><uuid>8dea22b31d52d8f32516782e98ab8fa0</uuid>"
        )
    )


def test_what_virt_install_adds_is_valid() -> None:
    validate(
        domain(
            "<pm><suspend-to-mem enabled='no'/></pm><features><acpi/><pae/></features><devices>"
            "<emulator>/x</emulator><memballoon model='none'/><controller type='usb'/></devices>"
        )
    )


@pytest.mark.parametrize("text", ["<domain", "<!DOCTYPE domain><domain/>", "<a xmlns:xmlns='b'/>"])
def test_malformed_documents_are_an_xml_error(text: str) -> None:
    with pytest.raises(errors.XmlError):
        validate(text)
