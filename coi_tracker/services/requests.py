"""What somebody asks to record: an attempt as it comes from a screen, a file or another program.

Reads JSON strictly: unknown and missing fields, wrong types and oversized values are NotUnderstood, because nobody
can say what was meant. What can be understood but must not be is not judged here: the engine refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coi_tracker.custody_log.entry import EntryError, canonical
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import safe_excerpt
from coi_tracker.process.look import Unreadable, read_instant
from coi_tracker.vocabulary import HowRead, Meaning, Role

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
SCANS_LIMIT = 200
CODE_LIMIT = 4096
"""A longer scan is cut before it is looked at: it cannot be one of ours, and what is kept of it is an excerpt."""


EVIDENCE_LIMIT = 160 * 1024
"""Bytes. With all that is added it still fits into an entry."""
WRITABLE = "evidence with names in ASCII, whole numbers below 2^53, decimals as text, and not nested endlessly"


@dataclass(frozen=True, slots=True)
class ScanClaim:
    """One code as it came from the reader or the keyboard."""

    code: str
    by: HowRead = HowRead.SCANNED
    part: str | None = None


@dataclass(frozen=True, slots=True)
class SignatureClaim:
    """Somebody says to be this account. ``authentic`` is set by the services after the password was checked."""

    account: str
    meaning: Meaning
    password: str | None = field(default=None, repr=False)
    authentic: bool = False


@dataclass(frozen=True, slots=True)
class AttemptRequest:
    """An attempt before anything is known about it.

    ``account`` is who acts; the caller has authenticated the session. ``course`` None: the course of the first
    container that was read. ``target``: the place or study of a hold. ``identifiers``: what the person in front of the
    nurse says or shows (birth_date, subject_number, ...), compared and never recorded. ``person``: personal data of a
    new subject, kept apart and encrypted.
    """

    id: str
    step: str
    account: str
    role: Role | None
    station: str | None
    happened_at: datetime | None = None
    course: str | None = None
    subject: str | None = None
    study: str | None = None
    target: str | None = None
    scans: tuple[ScanClaim, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    signatures: tuple[SignatureClaim, ...] = ()
    identifiers: Mapping[str, str] = field(default_factory=dict, repr=False)
    person: Mapping[str, str] = field(default_factory=dict, repr=False)
    late_reason: str | None = None
    comment: str | None = None
    refers_to: str | None = None


REQUIRED = ("id", "step", "account", "role", "station")
TEXTS = ("course", "subject", "study", "target", "late_reason", "comment", "refers_to")
FIELDS = (*REQUIRED, *TEXTS, "happened_at", "scans", "evidence", "signatures", "identifiers", "person")
IDENTIFIERS = ("name", "birth_date", "record_number", "subject_number")
PERSON = ("name", "birth_date", "record_number")
HELP = "see `coi attempt --help` for the fields"


def parse_request(value: object) -> AttemptRequest:
    """An attempt from a JSON object. Raises NotUnderstood, which names the field."""
    if not isinstance(value, Mapping):
        raise NotUnderstood(expected="a JSON object with an attempt", came=type(value).__name__, do=HELP)
    _only(value, FIELDS, "an attempt")
    for name in REQUIRED:
        if name not in value:
            raise NotUnderstood(expected=f"the field {name}", came="an attempt without it", do=HELP)
    texts = {name: _text(value, name, 2000) for name in TEXTS}
    if texts["refers_to"] is not None:
        _uuid(texts["refers_to"])
    return AttemptRequest(
        id=_uuid(value["id"]),
        step=_needed(value, "step", 100),
        account=_needed(value, "account", 100),
        role=_word(Role, value["role"], "role"),
        station=_text(value, "station", 200),
        happened_at=_instant(value.get("happened_at")),
        scans=_scans(value.get("scans", [])),
        evidence=_evidence(value.get("evidence", {})),
        signatures=_signatures(value.get("signatures", [])),
        identifiers=_short_texts(value.get("identifiers", {}), "identifiers", IDENTIFIERS),
        person=_short_texts(value.get("person", {}), "person", PERSON),
        **texts,
    )


def _only(value: Mapping[Any, Any], allowed: tuple[str, ...], what: str) -> None:
    unknown = sorted(safe_excerpt(str(k), limit=40) for k in value if k not in allowed)
    if unknown:
        raise NotUnderstood(
            expected=f"{what} with only the fields {', '.join(allowed)}", came=", ".join(unknown[:10]), do=HELP
        )


def _clean(text: str) -> bool:
    return all(c.isprintable() or c in "\n\t" for c in text)


def _text(value: Mapping[str, Any], name: str, limit: int) -> str | None:
    found = value.get(name)
    if found is None:
        return None
    if not isinstance(found, str) or not found.strip() or len(found) > limit or not _clean(found):
        came = safe_excerpt(found, limit=60) if isinstance(found, str) else type(found).__name__
        raise NotUnderstood(expected=f"{name} as text of 1 to {limit} printable characters", came=came, do=HELP)
    return found


def _needed(value: Mapping[str, Any], name: str, limit: int) -> str:
    found = _text(value, name, limit)
    if found is None:
        raise NotUnderstood(expected=f"{name} as text", came="null", do=HELP)
    return found


def _uuid(value: object) -> str:
    if not isinstance(value, str) or not UUID7.fullmatch(value):
        raise NotUnderstood(
            expected="id as a UUID of version 7 in lower case, a new one for each attempt",
            came=safe_excerpt(str(value), limit=60),
            do="repeat an attempt with the id it had, give a new one a new id",
        )
    return value


def _word(kind: Any, value: object, name: str) -> Any:
    try:
        return None if value is None else kind(value)
    except ValueError:
        words = ", ".join(str(k) for k in kind)
        raise NotUnderstood(
            expected=f"{name}: one of {words}", came=safe_excerpt(str(value), limit=60), do=HELP
        ) from None


def _instant(value: object) -> datetime | None:
    try:
        return None if value is None else read_instant(value)
    except Unreadable as unreadable:
        raise NotUnderstood(
            expected=f"happened_at: {unreadable}", came=safe_excerpt(str(value), limit=60), do=HELP
        ) from None


def _list(value: object, name: str, limit: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > limit or not all(isinstance(v, Mapping) for v in value):
        came = f"{len(value)} items" if isinstance(value, list) else type(value).__name__
        raise NotUnderstood(expected=f"{name}: a list of at most {limit} objects", came=came, do=HELP)
    return value


def _scans(value: object) -> tuple[ScanClaim, ...]:
    return tuple(_scan(v) for v in _list(value, "scans", SCANS_LIMIT))


def _scan(value: Mapping[str, Any]) -> ScanClaim:
    _only(value, ("code", "by", "part"), "a scan")
    code = value.get("code")
    if not isinstance(code, str):
        raise NotUnderstood(expected="scans: a code as text", came=type(code).__name__, do=HELP)
    by = _word(HowRead, value.get("by", "scanned"), "by")
    return ScanClaim(code[:CODE_LIMIT], by, _text(value, "part", 60))


def _evidence(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or len(value) > 60 or not all(isinstance(k, str) for k in value):
        raise NotUnderstood(expected="evidence: an object of at most 60 values", came=type(value).__name__, do=HELP)
    try:
        size = len(canonical({"what": {"evidence": dict(value)}}))  # as deep as in what is signed
    except EntryError:
        raise NotUnderstood(expected=WRITABLE, came="something else", do=HELP) from None
    if size > EVIDENCE_LIMIT:
        raise NotUnderstood(
            expected=f"evidence of at most {EVIDENCE_LIMIT} bytes", came=f"{size} bytes", do="keep files elsewhere"
        )
    return value


def _signatures(value: object) -> tuple[SignatureClaim, ...]:
    return tuple(_signature(v) for v in _list(value, "signatures", 6))


def _signature(value: Mapping[str, Any]) -> SignatureClaim:
    _only(value, ("account", "meaning", "password"), "a signature")
    password = value.get("password")
    if password is not None and (not isinstance(password, str) or len(password) > 1000):
        raise NotUnderstood(expected="signatures: a password of at most 1000 characters", came="another value", do=HELP)
    return SignatureClaim(_needed(value, "account", 100), _word(Meaning, value.get("meaning"), "meaning"), password)


def _short_texts(value: object, name: str, allowed: tuple[str, ...]) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise NotUnderstood(expected=f"{name}: an object", came=type(value).__name__, do=HELP)
    _only(value, allowed, name)
    if any(not isinstance(v, str) or not v.strip() or len(v) > 200 or not _clean(v) for v in value.values()):
        # The value itself is personal: it is never repeated in a message.
        raise NotUnderstood(expected=f"{name}: texts of 1 to 200 printable characters", came="another value", do=HELP)
    return dict(value)
