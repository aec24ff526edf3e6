from __future__ import annotations

from pathlib import Path

from vzvirt.codec.vzconf import Document, builtin_global, read_global
from vzvirt.model.domain import Domain
from vzvirt.model.host import GlobalConfig
from vzvirt.model.resources import Cpu
from vzvirt.model.values import IdMap, IdRange


def config(text: str) -> GlobalConfig:
    return read_global(Document.parse(text.encode()))


def test_the_built_in_one() -> None:
    found = read_global(builtin_global())
    assert found.lock_dir == Path("/vz/lock")
    assert found.dump_dir == Path("/vz/dump")
    assert found.template_dir == Path("/vz/template")
    assert found.private_pattern == "/vz/private/$VEID"
    assert found.root_pattern == "/vz/root/$VEID"
    assert found.default_template is None
    assert found.default_sample == "vswap-256m"
    assert found.default_layout is None
    assert found.warnings == ()
    ids = (IdRange(0, 100000, 65536),)
    assert found.defaults.idmap == IdMap(ids, ids)
    assert found.defaults.guest_naming.nameservers == ("inherit",)
    assert found.defaults.root is None


def test_as_shipped_with_openvz() -> None:
    found = config(
        'VIRTUOZZO=yes\nLOCKDIR=/var/lib/vz/lock\nVZFASTBOOT="no"\nVERBOSE=0\n'
        "VE_ROOT=/var/lib/vz/root/$VEID\nVE_PRIVATE=/var/lib/vz/private/$VEID\n"
        'DEF_OSTEMPLATE="centos-6-x86"\nVE_LAYOUT=ploop\nCPUUNITS=500\n'
        'IPTABLES_MODULES="ipt_REJECT ipt_tos"\n'
    )
    assert found.lock_dir == Path("/var/lib/vz/lock")
    assert found.private_pattern == "/var/lib/vz/private/$VEID"
    assert found.default_template == "centos-6-x86"
    assert found.default_layout == "ploop"
    assert found.default_sample is None
    assert not found.skips_address_probe
    assert found.defaults == Domain(name="container", cpu=Cpu(shares=512))


def test_addresses_in_use_may_be_nobodys_concern() -> None:
    assert config("SKIP_ARPDETECT=yes\n").skips_address_probe
    assert not config("SKIP_ARPDETECT=no\n").skips_address_probe


def test_what_it_leaves_open_the_built_in_one_says() -> None:
    assert config("").template_dir == Path("/vz/template")
    assert config("TEMPLATE=relative\n").template_dir == Path("/vz/template")
    assert config("").defaults == Domain(name="container")


def test_netfilter_is_refused() -> None:
    found = config("NETFILTER=full\n")
    assert found.defaults.openvz.netfilter is None
    assert found.warnings == ("NETFILTER has no place in vz.conf, skipped",)


def test_bad_values_are_warnings() -> None:
    assert config("CPUS=two\nnonsense\n").warnings == (
        "line 2: '=' not found, skipped",
        'line 1: invalid value for CPUS ("two"), skipped',
    )
