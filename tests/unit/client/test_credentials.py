"""Credentials follow their files, and a file in the middle of being replaced takes nobody down."""

from __future__ import annotations

from pathlib import Path

import pytest

from clearway.client import TLSConfig
from clearway.client.credentials import TLSFiles, TokenFile
from tests.certificates import make_authority, make_certificate


def test_a_token_is_read_again_when_its_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one\n")
    token = TokenFile(file)
    assert token() == "one"
    file.write_text("another\n")
    assert token() == "another"


def test_a_token_file_that_goes_away_leaves_the_last_token(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("one")
    token = TokenFile(file)
    assert token() == "one"
    file.write_text("")
    assert token() == "one"
    file.unlink()
    assert token() == "one"
    file.write_text("back")
    assert token() == "back"


def test_a_token_file_that_was_never_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no token"):
        TokenFile(tmp_path / "token")()


def test_tls_files_are_loaded_again_when_they_change(tmp_path: Path) -> None:
    authority = make_authority(tmp_path, "ca")
    certificate, key = make_certificate(tmp_path, "client", authority)
    files = TLSFiles(TLSConfig(authority.certificate, certificate, key))
    before = files.loaded
    assert not files.changed()
    fresh = make_certificate(tmp_path, "fresh", authority)
    fresh[0].replace(certificate)
    assert not files.changed(), "the key is not yet that of the certificate"
    assert files.loaded is before
    fresh[1].replace(key)
    assert files.changed()
    assert files.loaded is not before
    assert not files.changed()


def test_tls_files_that_go_away_leave_the_old_credentials(tmp_path: Path) -> None:
    authority = make_authority(tmp_path, "ca")
    files = TLSFiles(TLSConfig(authority.certificate))
    before = files.loaded
    authority.certificate.unlink()
    assert not files.changed()
    assert files.loaded is before


@pytest.mark.parametrize("content", [b"", b"no certificate"])
def test_tls_files_that_cannot_be_used_are_refused_at_once(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="TLS files"):
        TLSFiles(TLSConfig(file))


def test_tls_files_that_are_missing_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"ca\.pem"):
        TLSFiles(TLSConfig(tmp_path / "ca.pem"))
