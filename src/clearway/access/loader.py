"""Reads an access file and holds it to the catalogue. Complaints name line and rule, as those about an edition do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath

from clearway.access.grants import Grant
from clearway.access.limits import Limits
from clearway.access.methods import Role
from clearway.access.model import EVERYWHERE, AccessFile, CertificateEntry, GrantEntry, IssuerEntry, PrincipalEntry
from clearway.access.principals import Access, Issuer, KnownToken, Principal
from clearway.catalogue.catalogue import Catalogue
from clearway.catalogue.complaints import Complaint, Path, Rejected
from clearway.catalogue.document import Document, document_at, read_document
from clearway.catalogue.shapes import shaped

RULES = (
    "authority-known",
    "item-known",
    "regime-known",
    "region-known",
    "issuer-known",
    "issuer-once",
    "principal-once",
    "credential-once",
    "credential-needed",
)
"""Ids of the complaints besides those about text and shapes (`clearway.catalogue.loader.FILE_RULES`)."""


class AccessRejected(Rejected):
    """It is an access file that cannot be used."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of checking an access file: complaints in line order, or everybody who may call."""

    file: str
    complaints: tuple[Complaint, ...]
    access: Access | None


def load_access(path: FilePath, catalogue: Catalogue) -> Access:
    """Everybody whom the file lets call. Raises `AccessRejected`."""
    report = check_access(path, catalogue)
    if report.access is None:
        raise AccessRejected(report.complaints)
    return report.access


def check_access(path: FilePath, catalogue: Catalogue) -> Report:
    """Everything that is wrong with an access file. Never raises for a bad one."""
    return held_to_rules(document_at(path), catalogue)


def check_content(file: str, content: bytes, catalogue: Catalogue) -> Report:
    """Everything that is wrong with the bytes of an access file. Paths in it are taken from its own folder."""
    return held_to_rules(read_document(file, content), catalogue)


def held_to_rules(document: Document, catalogue: Catalogue) -> Report:
    """Everything that is wrong with an access file that was taken apart."""
    stated = None if document.complaints else shaped(document, AccessFile)
    access = None
    if stated is not None:
        for rule, path, message in findings(stated, catalogue):
            document.complain(rule, path, message)
        if not document.complaints:
            access = access_of(stated, FilePath(document.file).parent)
    return Report(document.file, document.complaints_by_line(), access)


Finding = tuple[str, Path, str]


def findings(stated: AccessFile, catalogue: Catalogue) -> Iterator[Finding]:
    """Every rule that the file breaks, with the place."""
    yield from twice(stated)
    issuers = {issuer.issuer for issuer in stated.issuers}
    for number, principal in enumerate(stated.principals):
        here: Path = ("principals", number)
        if catalogue.find_authority(principal.authority) is None:
            yield "authority-known", (*here, "authority"), "the catalogue has no such authority"
        if not (principal.certificates or principal.tokens or principal.claims):
            yield "credential-needed", here, "nothing says how this principal is recognised"
        for place, claim in enumerate(principal.claims):
            if claim.issuer not in issuers:
                yield "issuer-known", (*here, "claims", place, "issuer"), "issuers has no such issuer"
        for place, grant in enumerate(principal.grants):
            yield from unknown_codes(grant, (*here, "grants", place), catalogue)


def unknown_codes(grant: GrantEntry, here: Path, catalogue: Catalogue) -> Iterator[Finding]:
    """What the grant names and the catalogue does not have."""
    for place, item in enumerate(grant.items or ()):
        if catalogue.item(item) is None:
            yield "item-known", (*here, "items", place), "the catalogue has no such licence item"
    for place, regime in enumerate(grant.regimes or ()):
        if catalogue.regime(regime) is None:
            yield "regime-known", (*here, "regimes", place), "the catalogue has no such regime"
    for place, region in enumerate(grant.regions or ()):
        if region != EVERYWHERE and catalogue.regions is not None and region not in catalogue.regions:
            yield "region-known", (*here, "regions", place), "the catalogue's table has no such region"


def twice(stated: AccessFile) -> Iterator[Finding]:
    """What may stand in the file once only: a principal's name, an issuer, and whatever proves who calls."""
    once: set[tuple[str, ...]] = set()

    def seen(*what: str) -> bool:
        before = what in once
        once.add(what)
        return before

    for number, issuer in enumerate(stated.issuers):
        if seen("issuer", issuer.issuer):
            yield "issuer-once", ("issuers", number, "issuer"), "an earlier issuer has this name"
    for number, principal in enumerate(stated.principals):
        here: Path = ("principals", number)
        if seen("principal", principal.name):
            yield "principal-once", (*here, "name"), "an earlier principal has this name"
        for place, known in credentials(principal):
            if seen(*known):
                yield "credential-once", (*here, *place), "this already stands for a principal"


def credentials(principal: PrincipalEntry) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """All that proves who calls, with its place in the entry."""
    for place, certificate in enumerate(principal.certificates):
        kind, name = key_of(certificate)
        yield ("certificates", place, kind), ("certificate", kind, name)
    for place, token in enumerate(principal.tokens):
        yield ("tokens", place, "sha256"), ("token", token.sha256)
    for place, claim in enumerate(principal.claims):
        yield ("claims", place, "subject"), ("claim", claim.issuer, claim.subject)


def access_of(stated: AccessFile, folder: FilePath) -> Access:
    """Everybody, from a file that breaks no rule."""
    base = stated.limits.over(Limits())
    entries = [(entry, principal_of(entry, base)) for entry in stated.principals]
    return Access(
        principals=[principal for _, principal in entries],
        certificates={key_of(one): principal for entry, principal in entries for one in entry.certificates},
        tokens=[
            KnownToken(bytes.fromhex(token.sha256), principal, token.expires_on)
            for entry, principal in entries
            for token in entry.tokens
        ],
        claims={(claim.issuer, claim.subject): principal for entry, principal in entries for claim in entry.claims},
        issuers=[issuer_of(issuer, folder) for issuer in stated.issuers],
    )


def key_of(certificate: CertificateEntry) -> tuple[str, str]:
    """The one name of a certificate, with its kind. DNS names are told apart without regard to case."""
    ((kind, name),) = certificate.names()
    return kind, name.lower() if kind == "dns" else name


def principal_of(entry: PrincipalEntry, base: Limits) -> Principal:
    """A principal as it stands in the file."""
    return Principal(entry.name, entry.authority, tuple(map(grant_of, entry.grants)), entry.limits.over(base))


def grant_of(entry: GrantEntry) -> Grant:
    """A grant as it stands in the file."""
    return Grant(
        role=entry.role,
        items=None if entry.items is None else frozenset(entry.items),
        regions=None if entry.regions is None or EVERYWHERE in entry.regions else entry.regions,
        regimes=None if entry.regimes is None else frozenset(entry.regimes),
        # No grant of an auditor is limited: who only reads sees what was set aside, of either kind.
        adverse_records=entry.adverse_records or entry.role is Role.AUDITOR,
        officers=None if entry.officers is None else frozenset(entry.officers),
    )


def issuer_of(entry: IssuerEntry, folder: FilePath) -> Issuer:
    """An issuer as it stands in the file, its paths whole."""
    return Issuer(
        issuer=entry.issuer,
        audience=entry.audience,
        algorithms=tuple(entry.algorithms),
        subject_claim=entry.subject_claim,
        leeway_seconds=entry.leeway_seconds,
        keys_file=str(folder / entry.keys_file) if entry.keys_file else "",
        keys_url=entry.keys_url or "",
        ca_file=str(folder / entry.ca_file) if entry.ca_file else "",
    )
