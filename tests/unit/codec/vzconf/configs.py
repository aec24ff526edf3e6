"""Config files for tests: as OpenVZ writes them, as people do, and as nobody should."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hypothesis import settings
from hypothesis import strategies as st

from vzvirt.codec.vzconf import Document

GOLDEN: Final = Path(__file__).parents[3] / "golden" / "vzconf"


def examples(count: int) -> settings:
    """So many examples, however long a busy machine takes over each."""
    return settings(max_examples=count)


SPELLINGS: Final = {
    "KMEMSIZE": ("14372700:14790164", "64M", "1.5g:2G", "unlimited", "1M2", "-5"),
    "LOCKEDPAGES": ("256", "1M:2M", "10000B", "5P"),
    "PRIVVMPAGES": ("65536:69632", "49152", "unlimited", "1:unlimited", "1.9"),
    "SHMPAGES": ("21504", "0"),
    "NUMPROC": ("240:240", "400", " 7:8", "10M", "unlimited"),
    "PHYSPAGES": ("0:65536", "256M", "0:unlimited", "0:2147483647", "1000:2000"),
    "VMGUARPAGES": ("33792:unlimited", "6144", "6144:8000"),
    "SWAPPAGES": ("0:131072", "512M", "0", "unlimited"),
    "DCACHESIZE": ("3409920:3624960",),
    "DCACHE": ("1048576",),
    "NUMIPTENT": ("128",),
    "IPTENTRIES": ("200:210",),
    "VM_OVERCOMMIT": ("1.5", "0", "inf", "1e3"),
    "IPTABLES": ("ip_tables ipt_REJECT ", "iptable_nat"),
    "NETFILTER": ("full", "stateless", "none"),
    "CAPABILITY": ("NET_ADMIN:on,SYS_TIME:off", "mknod:off", "FLY:on"),
    "IP_ADDRESS": ("10.0.0.5", "10.0.0.5/24 2001:DB8::1", "0.0.0.0 ::", "nowhere 10.0.0.6", ""),
    "NETDEV": ("eth1", "eth1  eth2", "lo"),
    "HOSTNAME": ("web.example.org", "", "two words"),
    "DESCRIPTION": ("a \\\\ b", 'say "hi"', "na\xefve", "50% $x # not a comment"),
    "NAMESERVER": ("inherit # as the host", "192.0.2.1 192.0.2.2", ""),
    "SEARCHDOMAIN": ("example.org",),
    "DEVICES": ("c:10:229:rw b:8:all:r ", "b:7:0:rw", "c:10:229:none"),
    "DEVNODES": ("net/tun:rw sdb1:r ", "net/tun:none", "../x:r", "fuse:rwq"),
    "PCI": ("02:0a.1", "0001:03:00.0", "junk"),
    "VE_ROOT": ("/vz/root/$VEID", "/srv/root/"),
    "VE_PRIVATE": ("/vz/private/$VEID", "/srv/${VEID}/", "relative", "/a/../b"),
    "MOUNT_OPTS": ("noatime",),
    "VE_LAYOUT": ("simfs", "ploop:expanded", "?"),
    "OSTEMPLATE": ("debian-12-x86_64", ".centos-7", "a/b", "..."),
    "CPUUNITS": ("1000", "977", "5", "0", "many"),
    "CPUUWEIGHT": ("500",),
    "CPULIMIT": ("50", "0", "50%", "unlimited"),
    "CPUS": ("2", "0", "9999", "two"),
    "CPUMASK": ("0,2-3", "all", "auto", "3-"),
    "NODEMASK": ("0", "all"),
    "ONBOOT": ("yes", "no", "Yes"),
    "ORIGIN_SAMPLE": ("basic",),
    "DISABLED": ("yes", "no"),
    "LOCAL_UID": ("100000", "0", "4294967295"),
    "LOCAL_GID": ("100000", "0"),
    "DISK_QUOTA": ("yes", "no"),
    "DISKSPACE": ("2097152:2306867", "10G", "2G:2.2G", "20:10", "9223372036854775807"),
    "DISKINODES": ("200000:220000", "200K"),
    "QUOTATIME": ("259200", "unlimited"),
    "QUOTAUGIDLIMIT": ("0", "3000"),
    "MEMINFO": ("none", "pages:100", "lots"),
    "NETIF": (
        "ifname=eth0,mac=00:18:51:10:20:30,host_ifname=veth1.0,host_mac=00:18:51:10:20:31",
        "bridge=br0,ifname=eth1,mac_filter=off;ifname=eth2",
        "ifname=eth0,mac=01:00:00:00:00:00,colour=red",
        "mac=00:18:51:10:20:30",
    ),
    "NAME": ("web", "the shop", "4711", "-x", " "),
    "FEATURES": ("nfs:on sit:off", "warp:on"),
    "IOPRIO": ("6", "0", "9"),
    "IOLIMIT": ("10M", "1048576", "unlimited", "9G"),
    "IOPSLIMIT": ("500", "unlimited"),
    "BOOTORDER": ("10", " 10", "x"),
    "STOP_TIMEOUT": ("90", "0"),
    "VEID": ("101",),
    "VZWDOG": ("no", "maybe"),
    "UNKNOWN_KEY": ("kept $as it is",),
    "export FOO": ("1",),
}
"""Values of each key that vzctl or people write, good and bad."""


@st.composite
def assignments(draw: st.DrawFn) -> bytes:
    key = draw(st.sampled_from(sorted(SPELLINGS)))
    value = draw(st.sampled_from(SPELLINGS[key]))
    shape = draw(
        st.sampled_from(['{}="{}"'] * 6 + ["{}={}", "  {}={}", '{}="{}" # why', '{}="{}'])
    )
    return shape.format(key, value).encode(draw(st.sampled_from(["utf-8", "latin-1"])))


OTHER_LINES: Final = (
    b"",
    b"# a comment",
    b"   ",
    b"no equals sign",
    b"caf\xe9=\xff\x00",
    b"#UUID: not one",
    b"#UUID: 8dea22b3-1d52-d8f3-2516-782e98ab8fa0",
    b"BACK\\\\SLASH\\=1",
)


@st.composite
def configs(draw: st.DrawFn) -> Document:
    """Up to 15 lines of anything, repeated now and then, with either line end or none."""
    lines = draw(
        st.lists(
            assignments() | assignments() | st.sampled_from(OTHER_LINES) | st.binary(max_size=6),
            max_size=15,
        )
    )
    ending = draw(st.sampled_from([b"\n", b"\n", b"\r\n"]))
    last = draw(st.sampled_from([ending, b""]))
    return Document.parse(ending.join(lines) + (last if lines else b""))
