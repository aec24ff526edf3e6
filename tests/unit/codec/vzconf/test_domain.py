from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import stored_domains
from vzvirt import errors
from vzvirt.codec.vzconf import (
    EMPTY,
    PARAMS,
    Document,
    Read,
    apply,
    merge,
    read,
    read_global,
    read_uuid,
    remainder,
    rounded,
)
from vzvirt.codec.vzconf.sidecar import FIELDS, PARTS
from vzvirt.model.devices import (
    DevicePermission,
    Filesystem,
    FilesystemKind,
    HostDevice,
    HostDeviceKind,
)
from vzvirt.model.domain import Domain, ForeignLine, OpenvzSettings
from vzvirt.model.values import Ctid, IdMap, IdRange

from .configs import GOLDEN, configs, examples

CTID = Ctid(101)
SOME_UUID = UUID("8dea22b3-1d52-d8f3-2516-782e98ab8fa0")
OTHER_UUID = UUID("11111111-2222-3333-4444-555555555555")


def parsed(text: str) -> Document:
    return Document.parse(text.encode())


def report(path: Path) -> str:
    """What a config file says, field by field, with its warnings and its canonical form."""
    found = read(Document.parse(path.read_bytes()), CTID, keep_foreign=True)
    lines = [f"! {warning}" for warning in found.warnings]
    blank = Domain(name="blank")
    for name in FIELDS:
        value, default = found.domain, blank
        for part in name.split("."):
            value, default = getattr(value, part), getattr(default, part)
        if value != default:
            items = value if isinstance(value, tuple) else (value,)
            lines += [f"{name} = {item!r}" for item in items]
    canonical = apply(EMPTY, found.domain).serialise().decode("utf-8", "backslashreplace")
    return "\n".join([*lines, "", canonical])


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.conf")), ids=lambda path: path.stem)
def test_golden(path: Path, regenerate: bool) -> None:
    expected = path.with_suffix(".expected")
    if regenerate:
        expected.write_text(report(path))
    assert report(path) == expected.read_text()


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.conf")), ids=lambda path: path.stem)
def test_golden_files_are_left_as_they_are(path: Path) -> None:
    document = Document.parse(path.read_bytes())
    assert apply(document, read(document, CTID).domain) == document


@examples(80)
@given(configs())
def test_an_unchanged_definition_changes_nothing(document: Document) -> None:
    assert apply(document, read(document, CTID).domain) == document
    assert apply(document, read(document).domain) == document


@examples(40)
@given(configs())
def test_a_config_survives_a_conversion(document: Document) -> None:
    found = read(document, CTID, keep_foreign=True).domain
    again = read(apply(EMPTY, found), CTID, keep_foreign=True).domain
    texts = [[line.text for line in item.openvz.foreign_lines] for item in (found, again)]
    assert texts[0] == texts[1]
    assert merge(again, remainder(found)) == rounded(
        Domain(**{**vars_of(found), "openvz": again.openvz})
    )


def vars_of(domain: Domain) -> dict[str, object]:
    return {name: getattr(domain, name) for name in Domain.__slots__}


@examples(20)
@given(configs(), stored_domains())
def test_any_definition_goes_into_any_file(document: Document, domain: Domain) -> None:
    written = apply(document, domain)
    found = merge(read(Document.parse(written.serialise()), domain.ctid).domain, remainder(domain))
    assert found == rounded(domain)
    assert apply(written, found) == written


VALUE_CHARS = "0123456789unlimitedyesnoallKMGTPB.:;,=-%/$ \u00e9"


@examples(150)
@given(
    st.sampled_from([param.key for param in PARAMS]),
    st.text(VALUE_CHARS, max_size=12) | st.integers(-1, 2**66).map(str),
)
def test_no_value_is_fatal(key: str, value: str) -> None:
    document = EMPTY.with_values({key: value})
    for ctid in (CTID, None):
        assert apply(document, read(document, ctid).domain) == document
    read_global(document)


class TestChanges:
    def test_one_line_changes(self) -> None:
        document = parsed('# top\nCPUS=2 \nHOSTNAME="a"\nFOO=1\n')
        found = read(parsed('HOSTNAME="a"\nCPUS=4\n'), CTID).domain
        assert apply(document, found).serialise() == b'# top\nCPUS="4"\nHOSTNAME="a"\nFOO=1\n'

    def test_another_spelling_is_no_change(self) -> None:
        document = parsed("PHYSPAGES=256M\nSWAPPAGES=0:512m\nDISKSPACE=1G\nNAMESERVER=inherit #\n")
        canonical = parsed(
            'PHYSPAGES="0:65536"\nSWAPPAGES="0:131072"\nDISKSPACE="1048576:1048576"\n'
            'NAMESERVER="inherit"\n'
        )
        assert apply(document, read(canonical, CTID).domain) == document

    def test_what_is_gone_is_removed_or_emptied(self) -> None:
        document = parsed("CPUS=2\nCPUS=3\nNETIF=ifname=eth0\nDCACHE=5\n# end\n")
        written = apply(document, Domain(name="101", ctid=CTID))
        assert written.serialise() == b'NETIF=""\n# end\n'

    def test_a_line_under_an_alias_stays_where_it_does_no_harm(self) -> None:
        written = apply(parsed("DCACHE=5\n"), read(parsed("DCACHESIZE=6\n"), CTID).domain)
        assert written.serialise() == b'DCACHE=5\nDCACHESIZE="6"\n'

    @pytest.mark.parametrize(
        ("before", "wanted", "after"),
        [
            (" HOSTNAME=a\n", "HOSTNAME=b\n", 'HOSTNAME="b"\n'),
            ("HOSTNAME=a\nHOSTNAME=c\n", "HOSTNAME=b\n", 'HOSTNAME="b"\nHOSTNAME=c\n'),
            ("IOPRIO=1\nIOPRIO=2\n", "IOPRIO=3\n", 'IOPRIO="3"\n'),
            ("DCACHESIZE=1\nDCACHE=2\n", "DCACHESIZE=3\n", 'DCACHESIZE="3"\n'),
            ("NETIF=ifname=eth0\nNETIF=ifname=eth1\n", "", 'NETIF=""\n'),
            ("NETDEV=eth1\nNETDEV=eth2\n", "NETDEV=eth2\n", 'NETDEV="eth2"\n'),
        ],
    )
    def test_lines_that_would_undo_a_change_go(self, before: str, wanted: str, after: str) -> None:
        found = read(parsed(wanted), CTID).domain
        assert apply(parsed(before), found).serialise().decode() == after

    def test_appended_lines_come_in_vzctls_order(self) -> None:
        found = read(parsed("BOOTORDER=1\nCPUS=2\nONBOOT=no\nNUMPROC=5\n"), CTID).domain
        lines = apply(EMPTY, found).serialise().decode().splitlines()
        assert lines == ['NUMPROC="5"', 'CPUS="2"', 'ONBOOT="no"', 'BOOTORDER="1"']


class TestIdentity:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("", "101"),
            ('NAME="web"\n', "web"),
            ('NAME=""\n', "101"),
            ('NAME="101"\n', "101"),
            ('NAME="4711"\n', "101"),
            ('NAME="-x"\n', "101"),
        ],
    )
    def test_name(self, text: str, name: str) -> None:
        assert read(parsed(text), CTID).domain.name == name

    def test_a_file_without_ctid_and_name_has_a_placeholder(self) -> None:
        found = read(EMPTY).domain
        assert found.name == "container"
        assert apply(EMPTY, found) == EMPTY

    def test_a_numeric_name_is_not_written(self) -> None:
        assert apply(EMPTY, Domain(name="101", ctid=CTID)) == EMPTY

    def test_the_uuid_is_a_comment(self) -> None:
        written = apply(parsed("CPUS=2"), Domain(name="101", ctid=CTID, uuid=SOME_UUID))
        assert written.serialise() == f"\n#UUID: {SOME_UUID}\n".encode()
        assert read_uuid(written) == SOME_UUID

    def test_it_is_read_with_or_without_dashes_and_the_first_counts(self) -> None:
        document = parsed(f"#UUID: {SOME_UUID.hex}\n#UUID: {OTHER_UUID}\n")
        found = read(document, CTID).domain
        assert found.uuid == SOME_UUID
        assert apply(document, found) == document

    def test_another_one_replaces_it(self) -> None:
        document = parsed(f"#UUID: {SOME_UUID}\r\nFOO=1\r\n")
        written = apply(document, Domain(name="101", ctid=CTID, uuid=OTHER_UUID))
        assert written.serialise() == f"#UUID: {OTHER_UUID}\r\nFOO=1\r\n".encode()

    def test_it_is_never_taken_away(self) -> None:
        document = parsed(f"#UUID: {SOME_UUID}\n")
        assert apply(document, Domain(name="101", ctid=CTID)) == document

    def test_a_broken_one_is_a_warning(self) -> None:
        found = read(parsed("#UUID: 5\n"), CTID)
        assert found.domain.uuid is None
        assert found.warnings == ("line 1: '5' is no UUID, skipped",)


class TestForeignLines:
    TEXT = '# top\nCPUS="2"\n\nFOO=bar\nCPUS=3\nIOPRIO=high\ngarbage\n#UUID: 5\n'

    def test_what_no_field_holds(self) -> None:
        found = read(parsed(self.TEXT), CTID, keep_foreign=True).domain
        assert found.openvz.foreign_lines == (
            ForeignLine(0, "# top"),
            ForeignLine(3, "FOO=bar"),
            ForeignLine(5, "IOPRIO=high"),
            ForeignLine(6, "garbage"),
        )
        assert not read(parsed(self.TEXT), CTID).domain.openvz.foreign_lines

    def test_they_go_back_into_an_empty_file_only(self) -> None:
        found = read(parsed(self.TEXT), CTID, keep_foreign=True).domain
        written = apply(EMPTY, found).serialise().decode()
        assert written == '# top\nCPUS="2"\nFOO=bar\nIOPRIO=high\ngarbage\n'
        assert apply(parsed("CPUS=2\n"), found) == parsed("CPUS=2\n")

    def test_and_what_the_other_format_cannot_say(self) -> None:
        document = parsed('ONBOOT=yes\nCPUS="2"\nONBOOT=no\n')
        found = read(document, CTID, keep_foreign=True, unsayable={"autostart"}).domain
        assert found.openvz.foreign_lines == (
            ForeignLine(0, "ONBOOT=yes"),
            ForeignLine(2, "ONBOOT=no"),
        )

    def test_what_they_say_is_said_once(self) -> None:
        lines = (ForeignLine(1, "ONBOOT=yes"), ForeignLine(2, "CPUS=two"))
        settings = OpenvzSettings(foreign_lines=lines, quota_grace=0)
        domain = Domain(name="101", ctid=CTID, autostart=False, openvz=settings)
        written = apply(EMPTY, domain).serialise()
        assert written == b'QUOTATIME="0"\nONBOOT=yes\nCPUS=two\n'

    @pytest.mark.parametrize("order", [('CPUS="2"', "CPUS=two"), ("CPUS=two", 'CPUS="2"')])
    def test_a_bad_value_is_foreign_before_and_behind_a_good_one(
        self, order: tuple[str, str]
    ) -> None:
        found = read(parsed("\n".join(order)), CTID, keep_foreign=True).domain
        assert [line.text for line in found.openvz.foreign_lines] == ["CPUS=two"]

    def test_bytes_survive(self) -> None:
        data = b"caf\xe9=\x01\r\n"
        found = read(Document.parse(data), CTID, keep_foreign=True).domain
        settings = OpenvzSettings(foreign_lines=found.openvz.foreign_lines)
        again = apply(EMPTY, Domain(name="101", ctid=CTID, openvz=settings))
        assert again.serialise() == b"caf\xe9=\x01\n"

    @pytest.mark.parametrize(
        "line", ["LOCAL_GID=5", 'PRIVVMPAGES="0"', f'DISKINODES="{2**63 - 1}"', 'NAME="101"']
    )
    def test_what_is_no_fact_by_itself_comes_along(self, line: str) -> None:
        found = read(parsed(f"CPUS=2\n{line}\n"), CTID, keep_foreign=True).domain
        assert found.openvz.foreign_lines == (ForeignLine(1, line),)
        assert line in apply(EMPTY, found).lines

    def test_what_its_own_file_silences_does_not(self) -> None:
        text = 'DISKINODES="5:6"\nVE_PRIVATE="/a/../b"\n'
        assert not read(parsed(text), CTID, keep_foreign=True).domain.openvz.foreign_lines

    def test_it_is_left_out_where_it_would_be_one(self) -> None:
        found = read(parsed("# top\nLOCAL_GID=5\n"), CTID, keep_foreign=True).domain
        ids = (IdRange(0, 7, 65536),)
        written = apply(EMPTY, dataclasses.replace(found, idmap=IdMap(ids, ids)))
        assert written == parsed('# top\nLOCAL_UID="7"\nLOCAL_GID="7"\n')

    @pytest.mark.parametrize(
        "text",
        [
            "VE_PRIVATE=/precious",
            "  VE_PRIVATE=/precious",
            "\fVE_PRIVATE=/precious",
            "NUMPROC=",
            "DCACHE=1:2",
            "# top\nVE_PRIVATE=/precious",
            "# one\n# two",
            f"#UUID: {SOME_UUID}",
        ],
    )
    def test_a_document_brings_none_that_would_be_heard(self, text: str) -> None:
        settings = OpenvzSettings(foreign_lines=(ForeignLine(4, text),))
        with pytest.raises(errors.InvalidArgument, match="<openvz:line position='4'>"):
            apply(EMPTY, Domain(name="101", ctid=CTID, openvz=settings))


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\\", '"', "a$HOME`id`;#", "a=b", " a "])
def test_odd_names_of_folders_come_back(name: str) -> None:
    root = Filesystem(kind=FilesystemKind.MOUNT, source=f"/srv/{name}x")
    domain = Domain(name="101", ctid=CTID, filesystems=(root,))
    again = Document.parse(apply(EMPTY, domain).serialise())
    assert merge(read(again, CTID).domain, remainder(domain)).root == root


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "a\uf70aVE_PRIVATE=/vz\uf70a#"},
        {"description": "   "},
        {"openvz": OpenvzSettings(layout="si mfs")},
        {"openvz": OpenvzSettings(device_permissions=(DevicePermission(kind="c", major=99999),))},
        {"host_devices": (HostDevice(kind=HostDeviceKind.MISC, name="/dev/a b"),)},
        {"filesystems": (Filesystem(kind=FilesystemKind.TEMPLATE, source=" "),)},
        {"filesystems": (Filesystem(kind=FilesystemKind.MOUNT, source="/srv/$VEID"),)},
        {"filesystems": (Filesystem(kind=FilesystemKind.TEMPLATE, source="a\uf70ab"),)},
    ],
)
def test_what_a_key_cannot_say_is_kept_beside_it(changes: dict[str, Any]) -> None:
    domain = Domain(name="101", ctid=CTID, **changes)
    written = apply(EMPTY, domain)
    again = Document.parse(written.serialise())
    assert again == written
    found = read(again, CTID)
    assert found == Read(Domain(name="101", ctid=CTID))
    assert merge(found.domain, remainder(domain)) == domain
    assert apply(again, domain) == again


def test_a_thousand_configs_are_read_in_no_time() -> None:
    data = (GOLDEN / "basic.conf").read_bytes() + (GOLDEN / "vswap.conf").read_bytes()
    started = time.process_time()
    for number in range(200):
        read(Document.parse(data), Ctid(101 + number))
    assert time.process_time() - started < 0.25


def test_every_part_of_a_definition_is_looked_at() -> None:
    joined = {"filesystems", "interfaces", "host_devices", "openvz.private_area"}
    identity = {"ctid", "name", "uuid", "openvz.foreign_lines"}
    assert {name for name, _get, _default in PARTS} | joined | identity == set(FIELDS)
