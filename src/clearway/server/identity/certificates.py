"""The names in a client's certificate, which TLS has verified against the configured authorities."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from clearway.access.principals import CertificateNames


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """Whose it is by its names, and when it ends, in seconds since 1970 UTC."""

    names: CertificateNames
    ends_at: float


def certificate_in(pem: bytes) -> ClientCertificate:
    """What a certificate says. Raises ValueError where it cannot be read."""
    certificate = x509.load_pem_x509_certificate(pem)
    alternatives = alternative_names(certificate)
    names = CertificateNames(
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        uris=tuple(alternatives.get_values_for_type(x509.UniformResourceIdentifier)) if alternatives else (),
        dns=tuple(name.lower() for name in alternatives.get_values_for_type(x509.DNSName)) if alternatives else (),
        common_name=common_name(certificate),
    )
    return ClientCertificate(names, certificate.not_valid_after_utc.timestamp())


def alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    """The subject's alternative names, if there are any."""
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def common_name(certificate: x509.Certificate) -> str:
    """The subject's one common name; empty where there is none, or more than one."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if len(found) == 1 else ""
