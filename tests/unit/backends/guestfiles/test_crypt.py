from __future__ import annotations

import subprocess

import pytest

from vzvirt import errors
from vzvirt.backends.guestfiles import crypt


@pytest.mark.parametrize("password", ["secret", "with blank", "pässwörd", "x" * 200])
def test_the_hash_is_the_one_everybody_computes(password: str) -> None:
    code = crypt.hashed(password)
    _, method, salt, _ = code.split("$")
    assert method == "6"
    expected = subprocess.run(
        ["openssl", "passwd", "-6", "-salt", salt, "-stdin"],
        input=password.encode(),
        capture_output=True,
        check=True,
    )
    assert code == expected.stdout.decode().strip()


def test_each_hash_has_a_salt_of_its_own() -> None:
    assert crypt.hashed("secret") != crypt.hashed("secret")


def test_a_host_without_libcrypt_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crypt, "_NAMES", ("libnothing.so.0",))
    crypt._library.cache_clear()
    with pytest.raises(errors.NoSupport) as caught:
        crypt.hashed("x")
    assert caught.value.hint == "apt install libcrypt1"
