"""Other spellings: each is read as the canonical one, and the warning shows that."""

from __future__ import annotations

import pytest

from vzvirt import errors
from vzvirt.codec.xml import read_domain, write_domain


def document(inside: str) -> str:
    return f"<domain type='openvz'><name>x</name>{inside}</domain>"


ROOT = "<devices><filesystem type='template'><source name='t'/>{}</filesystem></devices>"

BIND = "<devices><filesystem type='{}'><source dir='/a'/><target dir='/b'/></filesystem></devices>"

PAIRS = (
    ("<os template='t'/>", ROOT.format("")),
    ("<os ostemplate='t'/>", ROOT.format("<target dir='/'/>")),
    ("<os><ostemplate>t</ostemplate></os>", ROOT.format("")),
    (
        ROOT.format("<quota type='size' max='10000'/>"),
        ROOT.format("<space_hard_limit unit='KiB'>10000</space_hard_limit>"),
    ),
    (
        ROOT.format("<quota type='size' soft='9' max='10' unit='MiB'/>"),
        ROOT.format(
            "<space_soft_limit unit='MiB'>9</space_soft_limit>"
            "<space_hard_limit unit='MiB'>10</space_hard_limit>"
        ),
    ),
    (
        "<template>vps.basic</template>",
        "<o:container xmlns:o='http://libvirt.org/schemas/domain/openvz/1.0' config='vps.basic'/>",
    ),
    (
        "<os config='vps.basic'/>",
        "<o:container xmlns:o='http://libvirt.org/schemas/domain/openvz/1.0' config='vps.basic'/>",
    ),
    ("<onboot>true</onboot>", ""),
    (
        "<uuid>8DEA22B31D52D8F32516782E98AB8FA0</uuid>",
        "<uuid>8dea22b3-1d52-d8f3-2516-782e98ab8fa0</uuid>",
    ),
    ("<currentMemory>2048</currentMemory>", "<memory>2048</memory>"),
    (
        "<memtune><hard_limit unit='MiB'>2</hard_limit></memtune>",
        "<memory unit='KiB'>2048</memory>",
    ),
    (
        BIND.format("bind"),
        BIND.format("mount"),
    ),
    (
        "<network><hostname>h</hostname><ip address='10.0.0.2' netmask='255.0.0.0'"
        " defgw='10.0.0.1'/><nameserver>10.0.0.3</nameserver></network>",
        "<devices><interface type='ethernet'><ip address='10.0.0.2' family='ipv4' prefix='8'/>"
        "<route family='ipv4' address='0.0.0.0' prefix='0' gateway='10.0.0.1'/>"
        "<hostname>h</hostname><nameserver>10.0.0.3</nameserver></interface></devices>",
    ),
    (
        "<devices><interface type='route'><mac address='00:16:3e:34:21:9e'/>"
        "<ip address='192.168.122.1'/></interface></devices>",
        "<devices><interface type='ethernet'><ip address='192.168.122.1' prefix='32'/>"
        "</interface></devices>",
    ),
    (
        "<devices><interface type='bridge'><ip address='10.0.0.2'/></interface></devices>",
        "<devices><interface type='ethernet'><ip address='10.0.0.2' prefix='32'/></interface>"
        "</devices>",
    ),
    (
        "<devices><interface type='bridge'><source bridge='eth15'/>"
        "<ip address='192.168.1.2' gateway='192.168.1.1'/></interface></devices>",
        "<devices><interface type='bridge'><source bridge='eth15'/>"
        "<ip address='192.168.1.2' prefix='24'/>"
        "<route address='0.0.0.0' prefix='0' gateway='192.168.1.1'/></interface></devices>",
    ),
    (
        "<devices><interface type='bridge'><source bridge='b'/></interface></devices>"
        "<hostname>h</hostname>",
        "<devices><interface type='bridge'><source bridge='b'/><hostname>h</hostname></interface>"
        "</devices>",
    ),
)
"""Another spelling, and the canonical one."""


@pytest.mark.parametrize(("other", "canonical"), PAIRS, ids=[pair[0][:50] for pair in PAIRS])
def test_another_spelling_is_read_as_the_canonical_one(other: str, canonical: str) -> None:
    read, expected = read_domain(document(other)), read_domain(document(canonical))

    assert read.domain == expected.domain
    assert expected.warnings == ()
    assert len(read.warnings) >= 1
    read_domain(document(other), validate=True)


@pytest.mark.parametrize(
    ("other", "canonical"), PAIRS[:11], ids=[pair[0][:50] for pair in PAIRS[:11]]
)
def test_the_warning_shows_the_old_element_and_the_new(other: str, canonical: str) -> None:
    (warning, *_) = read_domain(document(other)).warnings
    old, _, new = warning.partition("the canonical form is ")

    assert old.startswith("<")
    assert "onboot" in old or new.startswith("<")


def test_the_same_names_in_two_places_are_one_list() -> None:
    interface = "<interface type='network'><source network='default'/>{}</interface>"
    names = "<nameserver>10.0.0.1</nameserver><nameserver>10.0.0.2</nameserver>"
    read = read_domain(
        document(
            f"<devices>{interface.format(names)}{interface.format(names)}"
            f"{interface.format('<nameserver>10.0.0.9</nameserver>')}</devices>"
        )
    )
    assert read.domain.guest_naming.nameservers == ("10.0.0.1", "10.0.0.2", "10.0.0.9")
    assert write_domain(read.domain).count("<nameserver>") == 3


def test_the_same_template_twice_is_no_contradiction() -> None:
    read = read_domain(document(f"<os template='t'/>{ROOT.format('')}"))
    assert [item.source for item in read.domain.filesystems] == ["t"]


def test_the_summary_as_it_was_first_written_is_refused_with_the_right_form() -> None:
    """Verbatim but for its comments; the thread corrects the second interface."""
    with pytest.raises(errors.XmlError, match="target type='network'") as caught:
        read_domain(
            """<domain type='openvz'>
<name>209</name>
<uuid>8dea22b31d52d8f32516782e98ab8fa0</uuid>
<devices>
<filesystem type="template">
<source name="fedora-core-5-i386" />
<quota type="size" max="10000"/>
<quota type="inodes" max="200000"/>
</filesystem>
<interface type='bridge'>
<source bridge='eth10'/>
<mac address='00:16:3e:5d:c7:9e'/>
</interface>
<interface type='bridge'>
<source bridge='eth11'/>
<target type='network'> <source network='default'/> </target>
</interface>
<interface type='network'>
<host class='network' dev='eth1'/>
</interface>
<interface type='route'>
<mac address='00:16:3e:34:21:9e'/>
<ip address="192.168.122.1" />
<ip address="192.168.122.15" />
</interface>
</devices>
</domain>"""
        )
    assert (
        caught.value.hint
        == "write <interface type='network'><source network='default'/></interface>"
    )
