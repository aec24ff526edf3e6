"""Certificates for tests, laid out as libvirt's clients want them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

CONFIG = """\
[ca]
default_ca = own
[own]
database = {folder}/index
crlnumber = {folder}/crlnumber
default_md = sha256
default_crl_days = 2
"""


class Authority:
    """One that signs, with its files in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir()
        self.folder = folder
        self.certificate = folder / "cacert.pem"
        self._key = folder / "cakey.pem"
        self._config = folder / "ca.conf"
        self._config.write_text(CONFIG.format(folder=folder))
        (folder / "index").touch()
        (folder / "crlnumber").write_text("01\n")
        openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-keyout", self._key, "-out", self.certificate),
        )

    def server(self, *names: str) -> tuple[Path, Path]:
        """A server's certificate and key; names such as ``IP:127.0.0.1``."""
        purpose = f"subjectAltName={','.join(names)}\nextendedKeyUsage=serverAuth"
        return self._sign("server", "/CN=server", purpose)

    def client(self, name: str, subject: str) -> Path:
        """A folder for ``pkipath=`` with a client's certificate and key."""
        certificate, key = self._sign(name, subject, "extendedKeyUsage=clientAuth")
        folder = self.folder / f"{name}.pki"
        folder.mkdir()
        shutil.copy(certificate, folder / "clientcert.pem")
        shutil.copy(key, folder / "clientkey.pem")
        shutil.copy(self.certificate, folder / "cacert.pem")
        return folder

    def revoked(self, *clients: Path) -> Path:
        """A list that revokes clients' certificates."""
        signs = ("-config", self._config, "-cert", self.certificate, "-keyfile", self._key)
        for client in clients:
            openssl("ca", *signs, "-revoke", client / "clientcert.pem")
        crl = self.folder / "cacrl.pem"
        openssl("ca", *signs, "-gencrl", "-out", crl)
        return crl

    def _sign(self, name: str, subject: str, extensions: str) -> tuple[Path, Path]:
        key, request = self.folder / f"{name}.key", self.folder / f"{name}.csr"
        certificate, more = self.folder / f"{name}.pem", self.folder / f"{name}.ext"
        more.write_text(extensions)
        openssl(
            *("req", "-newkey", "rsa:2048", "-nodes"),
            *("-subj", subject, "-keyout", key, "-out", request),
        )
        openssl(
            *("x509", "-req", "-days", "2", "-in", request, "-extfile", more, "-out", certificate),
            *("-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial"),
        )
        return certificate, key


def openssl(*words: str | Path) -> None:
    """Run openssl."""
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
