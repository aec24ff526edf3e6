from __future__ import annotations

from pathlib import Path

import pytest

from vzvirt import errors
from vzvirt.backends.guestfiles.hostresolver import host_resolver


def sources(folder: Path, *texts: str) -> list[Path]:
    paths = [folder / f"{number}.conf" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return [folder / "missing.conf", *paths]


def test_servers_and_domains_in_their_order(tmp_path: Path) -> None:
    text = "domain old\nnameserver 192.0.2.2\nsearch a.example b.example\nnameserver 2001:db8::1\n"
    found = host_resolver(sources(tmp_path, f"# nameserver 1.1.1.1\n{text}nameserver 192.0.2.2\n"))
    assert found.servers == ("192.0.2.2", "2001:db8::1")
    assert found.domains == ("a.example", "b.example")


def test_those_behind_a_local_one_are_found(tmp_path: Path) -> None:
    stub = "nameserver 127.0.0.53\noptions edns0\nsearch a.example\n"
    found = host_resolver(sources(tmp_path, stub, "nameserver 192.0.2.3\nsearch .\n"))
    assert (found.servers, found.domains) == (("192.0.2.3",), ("a.example",))


@pytest.mark.parametrize("server", ["127.0.0.1", "::1", "fe80::1%eth0", "::", "dns.example", ""])
def test_what_no_container_reaches_is_left_out(tmp_path: Path, server: str) -> None:
    with pytest.raises(errors.OperationFailed, match="none that a container can reach"):
        host_resolver(sources(tmp_path, f"nameserver {server}\n"))
