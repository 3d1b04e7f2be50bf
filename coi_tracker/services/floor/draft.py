"""What a person has in hand at a station, as a frozen value, and its form in the database.

Knows no rule: what fits is found by the engine. A draft holds what was scanned and answered, who signed which digest
and when, and never a password. What is personal stands apart in it and is sealed by the storage.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from coi_tracker.course import AccountId, nothing
from coi_tracker.services.record import Record
from coi_tracker.services.requests import AttemptRequest, ScanClaim, SignatureClaim
from coi_tracker.storage.drafts import StoredDraft, opened_personal, sealed_personal
from coi_tracker.storage.types import utc_from_text, utc_text
from coi_tracker.vocabulary import HowRead, Meaning, Role

SIGNATURE_LASTS = timedelta(minutes=10)
"""Long enough to fetch the second person, short enough that both have looked at the same thing."""
FORM = 1
"""The version of what is kept; what another version of the software has left is begun again."""
UNEXPECTED_KEPT = 12
"""Refused scans that the list of a hand-off shows."""


@dataclass(frozen=True, slots=True)
class Read:
    """One label that was scanned into the draft."""

    code: str
    how: HowRead
    part: str | None
    serial: str


@dataclass(frozen=True, slots=True)
class Signed:
    """This account was authenticated then, and signed this digest."""

    account: str
    name: str
    meaning: Meaning
    at: datetime
    digest: str

    @property
    def until(self) -> datetime:
        """When it stops counting."""
        return self.at + SIGNATURE_LASTS


@dataclass(frozen=True, slots=True)
class Draft:
    """A begun step. ``chain`` None: what it is about is not known yet. ``attempt``: the id it will be recorded under.

    ``answered``: a refusal is recorded under that id. ``passed``: prompts that were left, with nothing (more) to give.
    ``order``: the keys of what was given, the latest last. ``signer``: whose badge was read to sign next.
    """

    token: str
    attempt: str
    step: str
    role: Role
    chain: str | None
    study: str | None
    begun_at: datetime
    answered: bool = False
    reads: tuple[Read, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=nothing)
    identifiers: Mapping[str, str] = field(default_factory=nothing, repr=False)
    person: Mapping[str, str] = field(default_factory=nothing, repr=False)
    passed: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    unexpected: tuple[tuple[str, str], ...] = ()
    late: bool = False
    happened_at: datetime | None = None
    late_reason: str | None = None
    comment: str | None = None
    comments: bool = False
    refers_to: str | None = None
    signatures: tuple[Signed, ...] = ()
    signer: str | None = None
    signer_name: str | None = None

    def changed(self, **values: Any) -> Draft:
        """The draft with other content: nobody has signed that."""
        return replace(self, **values, signatures=(), signer=None, signer_name=None)


@dataclass(frozen=True, slots=True)
class Seat:
    """The station as this person left it. ``chain`` and ``serial``: what was scanned last, with nothing begun.

    ``thing``: the code that was scanned after it and is of no course: a badge, equipment, a lot, an empty shipper.
    ``last``: the id of the entry that ended what was begun before, for whoever comes back and asks.
    """

    station: str
    account: str
    version: int = 0
    chain: str | None = None
    serial: str | None = None
    draft: Draft | None = None
    last: str | None = None
    thing: str | None = None


def request_of(draft: Draft, seat: Seat, *, digest: str | None = None, now: datetime | None = None) -> AttemptRequest:
    """The attempt that the draft stands for, with those of its signatures that are for this digest and still count."""
    kind, _, key = (draft.chain or "").partition("/")
    valid = (s for s in draft.signatures if digest is None or s.digest == digest)
    return AttemptRequest(
        id=draft.attempt,
        step=draft.step,
        account=seat.account,
        role=draft.role,
        station=seat.station,
        happened_at=draft.happened_at,
        course=key if kind == "course" else None,
        subject=key if kind == "subject" else None,
        study=draft.study,
        target=key if kind in {"place", "study"} else None,
        scans=tuple(ScanClaim(r.code, r.how, r.part) for r in draft.reads),
        evidence=dict(draft.evidence),
        signatures=tuple(
            SignatureClaim(s.account, s.meaning, authentic=True) for s in valid if now is None or now < s.until
        ),
        identifiers=dict(draft.identifiers),
        person=dict(draft.person),
        late_reason=draft.late_reason if draft.late else None,
        comment=draft.comment,
        refers_to=draft.refers_to,
    )


# --- as it is kept


def seat_of(record: Record, stored: StoredDraft | None, *, station: str, account: str) -> Seat:
    """The seat of a row; an empty one when there is none."""
    if stored is None:
        return Seat(station, account)
    doc = json.loads(stored.doc)
    if doc.get("v") != FORM:
        return Seat(station, account, stored.version)
    personal = opened_personal(record.person_keys, stored.sealed, station=station, account=account)
    draft = None if doc["draft"] is None else _draft_from(doc["draft"], personal)
    if draft is not None and draft.step not in record.process.steps:
        draft = None  # begun under another version of the software
    return Seat(station, account, stored.version, doc["chain"], doc["serial"], draft, doc["last"], doc.get("thing"))


def stored_of(record: Record, seat: Seat, *, waits: bool, now: datetime) -> StoredDraft:
    """The row of a seat."""
    personal: dict[str, Mapping[str, str]] = {}
    if seat.draft is not None:
        personal = {"identifiers": dict(seat.draft.identifiers), "person": dict(seat.draft.person)}
    doc = {
        "v": FORM,
        "chain": seat.chain,
        "serial": seat.serial,
        "last": seat.last,
        "thing": seat.thing,
        "draft": None if seat.draft is None else _plain(seat.draft),
    }
    return StoredDraft(
        seat.station,
        seat.account,
        seat.version,
        None if seat.draft is None else seat.draft.token,
        waits,
        json.dumps(doc, ensure_ascii=False, separators=(",", ":")),
        sealed_personal(record.person_keys, personal, station=seat.station, account=seat.account),
        now,
    )


def _plain(draft: Draft) -> dict[str, Any]:
    return {
        "token": draft.token,
        "attempt": draft.attempt,
        "step": draft.step,
        "role": str(draft.role),
        "chain": draft.chain,
        "study": draft.study,
        "begun_at": utc_text(draft.begun_at),
        "answered": draft.answered,
        "reads": [[r.code, str(r.how), r.part, r.serial] for r in draft.reads],
        "evidence": dict(draft.evidence),
        "passed": draft.passed,
        "order": draft.order,
        "unexpected": draft.unexpected,
        "late": draft.late,
        "happened_at": None if draft.happened_at is None else utc_text(draft.happened_at),
        "late_reason": draft.late_reason,
        "comment": draft.comment,
        "comments": draft.comments,
        "refers_to": draft.refers_to,
        "signatures": [[s.account, s.name, str(s.meaning), utc_text(s.at), s.digest] for s in draft.signatures],
        "signer": draft.signer,
        "signer_name": draft.signer_name,
    }


def _draft_from(doc: Mapping[str, Any], personal: Mapping[str, Mapping[str, str]]) -> Draft:
    happened_at = doc["happened_at"]
    return Draft(
        token=doc["token"],
        attempt=doc["attempt"],
        step=doc["step"],
        role=Role(doc["role"]),
        chain=doc["chain"],
        study=doc["study"],
        begun_at=utc_from_text(doc["begun_at"]),
        answered=doc["answered"],
        reads=tuple(Read(code, HowRead(how), part, serial) for code, how, part, serial in doc["reads"]),
        evidence=doc["evidence"],
        identifiers=personal.get("identifiers", {}),
        person=personal.get("person", {}),
        passed=tuple(doc["passed"]),
        order=tuple(doc["order"]),
        unexpected=tuple((text, why) for text, why in doc["unexpected"]),
        late=doc["late"],
        happened_at=None if happened_at is None else utc_from_text(happened_at),
        late_reason=doc["late_reason"],
        comment=doc["comment"],
        comments=doc["comments"],
        refers_to=doc["refers_to"],
        signatures=tuple(
            Signed(AccountId(account), name, Meaning(meaning), utc_from_text(at), digest)
            for account, name, meaning, at, digest in doc["signatures"]
        ),
        signer=doc["signer"],
        signer_name=doc.get("signer_name"),
    )
