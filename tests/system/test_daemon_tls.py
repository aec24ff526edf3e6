"""TLS, with Debian's virsh and certificates made for the moment, in a network of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import daemonlab
from certificates import Authority
from daemonlab import PATIENCE, Daemon
from servicelab import NUMBERS
from vzvirt.rpc.packet import REMOTE_PROGRAM, VERSION, Packet
from vzvirt.rpc.protocol import remote

pytestmark = pytest.mark.root

PORT = 16600


@contextlib.contextmanager
def network() -> Iterator[tuple[str, ...]]:
    """A network namespace with nothing but itself; the words that enter it."""
    name = f"vzt-{secrets.token_hex(4)}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        within = ("nsenter", f"--net=/run/netns/{name}", "--")
        subprocess.run([*within, "ip", "link", "set", "lo", "up"], check=True)
        yield within
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


class Secure:
    """A daemon that speaks TLS, and who signs for whom."""

    def __init__(self, folder: Path, daemon: Daemon, authority: Authority) -> None:
        self.folder = folder
        self.daemon = daemon
        self.authority = authority

    def uri(self, pki: Path, host: str = "127.0.0.1") -> str:
        return f"openvz+tls://{host}:{PORT}/system?pkipath={pki}"

    def reload(self, *settings: str) -> None:
        conf = self.daemon.root / "etc/vzvirt/vzvirtd.conf"
        conf.write_text("\n".join([*self.daemon.settings, "log_level = 1", *settings, ""]))
        before = self.daemon.log.read_text().count("read again")
        self.daemon.signal(signal.SIGHUP)
        self.wait_for("read again", times=before + 1)

    def wait_for(self, words: str, *, times: int = 1) -> None:
        """Wait until the log has words."""
        until = time.monotonic() + PATIENCE
        while self.daemon.log.read_text().count(words) < times:
            assert time.monotonic() < until, self.daemon.last_words()
            time.sleep(0.02)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "ca", "the authority")


@pytest.fixture(scope="module")
def admin(authority: Authority) -> Path:
    return authority.client("admin", "/C=AT/O=Example, Ltd./CN=admin")


@pytest.fixture(scope="module")
def secure(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    certificate, key = authority.server("IP:127.0.0.1", "DNS:localhost")
    settings = (
        "listen_tls = 1",
        'listen_addr = "127.0.0.1"',
        f"tls_port = {PORT}",
        f'key_file = "{key}"',
        f'cert_file = "{certificate}"',
        f'ca_file = "{authority.certificate}"',
    )
    folder = tmp_path_factory.mktemp("clients")
    with network() as within, daemonlab.running("memory", settings=settings, within=within) as it:
        yield Secure(folder, it, authority)


def test_who_has_a_certificate_is_let_in(secure: Secure, admin: Path) -> None:
    daemon = secure.daemon
    assert daemon.ok("hostname", uri=secure.uri(admin)) == os.uname().nodename
    daemon.ok("list", uri=secure.uri(admin, "localhost"))
    assert r"(C=AT,O=Example\, Ltd.,CN=admin) came" in daemon.log.read_text()


def test_what_is_larger_than_a_record_comes_whole(secure: Secure, admin: Path) -> None:
    described = "x" * 100_000
    xml = secure.folder / "large.xml"
    xml.write_text(
        f"<domain type='openvz'><name>large</name><description>{described}</description>"
        "<devices><filesystem type='template'><source name='busybox'/></filesystem></devices>"
        "</domain>"
    )
    secure.daemon.ok("define", xml, uri=secure.uri(admin))
    assert described in secure.daemon.ok("dumpxml", "large", uri=secure.uri(admin))
    secure.daemon.ok("undefine", "large", uri=secure.uri(admin))


def test_who_is_signed_by_another_is_not_let_in(secure: Secure, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", "another authority")
    intruder = other.client("intruder", "/CN=admin")
    # The intruder trusts the server, but the server does not trust him.
    (intruder / "cacert.pem").write_bytes(secure.authority.certificate.read_bytes())
    secure.daemon.refused("hostname", uri=f"{secure.uri(intruder)}&no_sanity=1")
    secure.wait_for("is refused: ")


def test_who_has_no_certificate_is_not_let_in(secure: Secure) -> None:
    words = ("openssl", "s_client", "-connect", f"127.0.0.1:{PORT}", "-quiet", "-tls1_2")
    done = subprocess.run(
        [*secure.daemon.within, *words], input=b"", capture_output=True, check=False, timeout=30
    )
    assert done.returncode != 0
    assert b"\x01" not in done.stdout


def test_who_does_not_speak_tls_is_dropped(secure: Secure) -> None:
    code = (
        "import socket, sys\n"
        f"sock = socket.create_connection(('127.0.0.1', {PORT}), 10)\n"
        "sock.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n' + bytes(100))\n"
        "while sock.recv(1000): pass\n"
    )
    subprocess.run(
        [*secure.daemon.within, daemonlab.SYSTEM_PYTHON, "-c", code], check=False, timeout=30
    )
    assert secure.daemon.ok("hostname")


SILENT = """\
import socket, sys, time
held = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) for _ in range(60)]
print("held", flush=True)
time.sleep(60)
"""


def test_who_says_nothing_keeps_nobody_out_for_long(secure: Secure, admin: Path) -> None:
    silent = subprocess.Popen(
        [*secure.daemon.within, daemonlab.SYSTEM_PYTHON, "-c", SILENT, str(PORT)],
        stdout=subprocess.PIPE,
    )
    try:
        assert silent.stdout is not None
        assert silent.stdout.readline() == b"held\n"
        assert secure.daemon.ok("hostname")  # through the Unix socket, at once
        secure.reload("max_anonymous_clients = 100")
        assert secure.daemon.ok("hostname", uri=secure.uri(admin))
    finally:
        silent.kill()
        silent.communicate()
        secure.reload()


def test_names_are_allowed_by_patterns(secure: Secure, admin: Path) -> None:
    guest = secure.authority.client("guest", "/C=AT/O=Other/CN=guest")
    try:
        for pattern in ("C=AT,O=Example*,CN=*", "CN=admin,*"):
            secure.reload(f'tls_allowed_dn_list = ["CN=nobody", "{pattern}"]')
            assert secure.daemon.ok("hostname", uri=secure.uri(admin))
            secure.daemon.refused("hostname", uri=secure.uri(guest))
        secure.wait_for("CN=guest) is refused: not in tls_allowed_dn_list", times=2)
        secure.reload("tls_allowed_dn_list = []")
        secure.daemon.refused("hostname", uri=secure.uri(admin))
    finally:
        secure.reload()
    assert secure.daemon.ok("hostname", uri=secure.uri(guest))


HASTY = """\
import socket, ssl, sys
folder, port, data = sys.argv[1], int(sys.argv[2]), bytes.fromhex(sys.argv[3])
context = ssl.create_default_context(cafile=f"{folder}/cacert.pem")
context.load_cert_chain(f"{folder}/clientcert.pem", f"{folder}/clientkey.pem")
heard = b""
try:
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        with context.wrap_socket(sock, server_hostname="127.0.0.1") as secure:
            secure.sendall(data)
            while more := secure.recv(1000):
                heard += more
except OSError:
    pass
print(heard.hex())
"""


def test_nothing_is_done_for_who_does_not_wait_to_be_let_in(secure: Secure, admin: Path) -> None:
    xml = (
        "<domain type='openvz'><name>hasty</name><devices><filesystem type='template'>"
        "<source name='busybox'/></filesystem></devices></domain>"
    )
    calls = (
        ("connect_open", remote.ConnectOpenArgs(None, 0)),
        ("domain_define_xml", remote.DomainDefineXmlArgs(xml)),
    )
    data = b"".join(
        Packet(REMOTE_PROGRAM, VERSION, NUMBERS[name], 0, serial, 0, args.encode()).encode()
        for serial, (name, args) in enumerate(calls)
    )
    words = (*secure.daemon.within, daemonlab.SYSTEM_PYTHON, "-c", HASTY)
    try:
        secure.reload('tls_allowed_dn_list = ["CN=nobody"]')
        for _ in range(5):
            said = subprocess.run(
                [*words, admin, str(PORT), data.hex()], capture_output=True, text=True, check=True
            )
            assert said.stdout.strip() == ""
    finally:
        secure.reload()
    assert secure.daemon.ok("list", "--all", "--name") == ""


def test_revoked_certificates_are_refused_after_a_reload(secure: Secure) -> None:
    former = secure.authority.client("former", "/CN=former")
    assert secure.daemon.ok("hostname", uri=secure.uri(former))
    crl = secure.authority.revoked(former)
    try:
        secure.reload(f'crl_file = "{crl}"')
        secure.daemon.refused("hostname", uri=secure.uri(former))
        secure.wait_for("revoked")
    finally:
        secure.reload()


def test_missing_files_are_named_at_the_start(secure: Secure) -> None:
    secure.daemon.stop()
    kept = list(secure.daemon.settings)
    secure.daemon.settings.append('crl_file = "/nowhere/crl.pem"')
    try:
        with pytest.raises(AssertionError, match=r"TLS needs '/nowhere/crl.pem'"):
            secure.daemon.start()
        assert not secure.daemon.socket.exists()
    finally:
        secure.daemon.settings[:] = kept
        secure.daemon.kill()
        secure.daemon.start()


def test_nothing_listens_without_tls_being_asked_for() -> None:
    with network() as within, daemonlab.running("memory", within=within):
        done = subprocess.run([*within, "ss", "-Hltn"], capture_output=True, text=True, check=True)
        assert done.stdout == ""


def test_unix_sockets_are_none_of_the_networks(secure: Secure) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(secure.daemon.socket))
