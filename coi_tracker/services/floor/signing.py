"""Signatures under a begun step: who, for what digest, for how long; the second person at the same or another station.

A password is tried and forgotten; a draft keeps that an account was authenticated, when, and for which digest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import BadgeCode
from coi_tracker.process.look import reason
from coi_tracker.services import password_rules, people, plain
from coi_tracker.services.floor.draft import SIGNATURE_LASTS, Draft, Signed, seat_of
from coi_tracker.services.floor.drafts import NOTHING_BEGUN
from coi_tracker.services.floor.drawing import state_of
from coi_tracker.services.floor.finishing import finish
from coi_tracker.services.floor.judging import words_of
from coi_tracker.services.floor.screen import Outcome, OutcomeKind, Pending, SignatureSlot, State, Words
from coi_tracker.services.floor.sight import Sight, look, summary_of
from coi_tracker.services.floor.standing import Standing, standing
from coi_tracker.services.floor.targets import nameable
from coi_tracker.services.floor.work import Done, Hand, Verdict, handled, refused, refused_scan, shown, told
from coi_tracker.services.people import Authenticated
from coi_tracker.services.record import Record
from coi_tracker.storage import registry
from coi_tracker.storage.drafts import StoredDraft, find_draft, read_draft, waiting_drafts
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import Meaning, PlaceKind, Role
from coi_tracker.vocabulary import ReasonCode as Code

NOT_HERS = "Somebody else signs here"


def sign(
    record: Record,
    at: Standing,
    password: str,
    *,
    account: str | None = None,
    meaning: Meaning | None = None,
    token: str | None = None,
    signed_in_as: str | None = None,
    once: str | None = None,
) -> Outcome:
    """Sign what is begun here, or (``token`` of a `Pending`) elsewhere. The last signature hands it in.

    `account`: an account id or a badge code; None: whose badge was scanned, else ``signed_in_as``, who authenticated in
    full in this session and gives the password only. `meaning` None: the first signature open to this person.
    """
    owner = at if token is None else _owner(record, token)
    if owner is None:
        words = Words("a step that waits for a signature", "none of that name", "look at what waits now")
        return replace(shown(record, at), kind=OutcomeKind.REFUSED, headline="Nothing to sign", words=(words,))
    signer = _signer(record, owner, account, signed_in_as)
    right = None if signer is None else _authenticated(record, signer, password, at)
    outcome = handled(
        record, owner, lambda hand: _signed(hand, right, signer, meaning, token), once=once, finish=finish
    )
    return outcome if owner is at else replace(outcome, screen=shown(record, at).screen)


def _owner(record: Record, token: str) -> Standing | None:
    with record.database.read() as tx:
        found = find_draft(tx, nameable(token))
    try:
        return None if found is None else standing(record, found.account, found.station)
    except NotUnderstood:
        return None


def _signer(record: Record, owner: Standing, account: str | None, signed_in_as: str | None) -> str | None:
    """Whose password it is said to be."""
    if account is not None and not nameable(account):
        return None
    with record.database.read() as tx:
        if account is None:
            stored = read_draft(tx, owner.station, account=owner.account)
            draft = seat_of(record, stored, station=owner.station, account=owner.account).draft
            return (draft.signer if draft is not None else None) or signed_in_as
        try:
            carrier = registry.find_badge(tx, BadgeCode.parse(account.strip().upper().replace("-", "")).text)
        except NotUnderstood:
            return account
    return None if carrier is None else carrier.id


def _authenticated(record: Record, signer: str, password: str, at: Standing) -> Authenticated | None:
    """A password that somebody else chose, or that is too old, signs nothing: only its owner may know it."""
    found = people.authenticate(record, signer, password, station=at.station)
    if found is None or password_rules.must_change(record, found.account) is not None:
        return None
    return found


def _signed(
    hand: Hand, right: Authenticated | None, signer: str | None, meaning: Meaning | None, token: str | None
) -> Done:
    draft = hand.seat.draft
    if draft is None or token not in (None, draft.token):
        return Done(told("Nothing begun", NOTHING_BEGUN), hand.seat)
    sight = hand.look()
    if right is not None and _on_its_way(sight, right.account):
        return Done(Verdict(OutcomeKind.INFORMATION, "", finish=True), hand.seat, sight)
    if state_of(sight) is not State.SIGNING:
        return Done(told("Nothing is to be signed now"), hand.seat, sight)
    if right is None:
        why = reason(
            Code.SIGNATURE_FAILED, "a password that is right", f"{(signer or 'nobody')[:60]}: not authenticated"
        )
        return replace(refused_scan(hand, (), (why,)), sight=None)
    slot = slot_for(sight, hand, (right.account, right.name), meaning)
    if isinstance(slot, Words):
        return Done(refused(slot.title or "Not yours to sign", slot), replace(hand.seat, draft=_no_signer(draft)))
    given = Signed(right.account, right.name, slot.meaning, hand.now, sight.digest)
    kept = tuple(s for s in draft.signatures if s.digest == sight.digest and hand.now < s.until)
    seat = replace(hand.seat, draft=replace(_no_signer(draft), signatures=(*kept, given)))
    after = replace(hand, seat=seat).look()
    if not after.unsigned:
        return Done(Verdict(OutcomeKind.INFORMATION, "", finish=True), seat, after)
    headline = f"Signed by {right.name}; now {_wanted(after.unsigned[0])}"
    return Done(Verdict(OutcomeKind.ACCEPTED, headline), seat, after)


def _on_its_way(sight: Sight, account: str) -> bool:
    """Whether this person's signature was the last one, and the step is just being handed in: sent twice at once."""
    signed = any(s.account == account and s.signed_at is not None for s in sight.slots)
    return state_of(sight) is State.READY and signed and not sight.unsigned


def _no_signer(draft: Draft) -> Draft:
    return replace(draft, signer=None, signer_name=None)


def _wanted(slot: SignatureSlot) -> str:
    who = "the person who acts" if slot.first else f"a second person ({plain.either(slot.roles)})"
    return f"{who} signs: {plain.words(slot.meaning)}"


def slot_for(
    sight: Sight, hand: Hand, person: tuple[str, str], meaning: Meaning | None = None, *, shown: str = ""
) -> SignatureSlot | Words:
    """The signature that this person (account, name) gives; in words why there is none.

    `shown`: what she has shown of herself, before her name.
    """
    account, name = person
    own = account == hand.seat.account
    fit = [s for s in sight.unsigned if s.first is own and meaning in (None, s.meaning)]
    if any(s.account == account and s.signed_at is not None for s in sight.slots):
        return _same(sight, hand.at)
    if not fit:
        return _not_hers(sight, hand.at, shown + name)
    roles = _roles(hand.tx, sight, account, hand.at) if not own else frozenset(fit[0].roles)
    slot = next((s for s in fit if roles & frozenset(s.roles)), None)
    if slot is None:
        has = ", ".join(map(plain.words, sorted(roles))) or "no role here"
        return words_of(reason(Code.ROLE_MISSING, _wanted(fit[0]), f"{name}: {has}"), hand.at)
    return slot


def _same(sight: Sight, at: Standing) -> Words:
    if not sight.unsigned:
        return words_of(reason(Code.SAME_SIGNER, "one signature a person", "signed already"), at)
    return words_of(reason(Code.SAME_SIGNER, _wanted(sight.unsigned[0]), "the same person again"), at)


def _not_hers(sight: Sight, at: Standing, whose: str) -> Words:
    """Somebody else where only the one who acts is asked; or the one who acts where only others are."""
    slot = sight.unsigned[0]
    if not slot.first:
        return Words(_wanted(slot), whose, "the second person scans the badge, or types the account", None, NOT_HERS)
    return Words(
        f"{at.name}, who began this step, signs: {plain.words(slot.meaning)}",
        whose,
        f"{at.name} types the own password. To work here yourself, scan the lock command first: what is begun waits",
        None,
        NOT_HERS,
    )


def _roles(tx: Transaction, sight: Sight, account: str, owner: Standing) -> frozenset[Role]:
    """The roles with which somebody signs as second: at the place, at the course's places, or at the sponsor's."""
    course = None if sight.scene is None else sight.scene.course
    places = {owner.place.id} | (set() if course is None else {p for p in (course.site, course.facility) if p})
    sponsors = {p.id for p in registry.places(tx) if p.kind is PlaceKind.SPONSOR}
    return frozenset(r.role for r in registry.roles_of(tx, account) if r.place in places | sponsors)


# --- what waits


def pending_signatures(record: Record, account: str) -> tuple[Pending, ...]:
    """The begun steps that wait for a signature which this account could give."""
    now = record.clock()
    with record.database.read() as tx:
        waiting = waiting_drafts(tx, since=now - SIGNATURE_LASTS)
    return tuple(p for stored in waiting for p in _pending(record, stored, account, now))


def _pending(record: Record, stored: StoredDraft, account: str, now: datetime) -> Iterator[Pending]:
    try:
        owner = standing(record, stored.account, stored.station)
    except NotUnderstood:
        return
    with record.database.read() as tx:
        seat = seat_of(record, stored, station=stored.station, account=stored.account)
        if seat.draft is None or account == stored.account:
            return
        sight = look(record, tx, owner, seat, now=now)
        roles = _roles(tx, sight, account, owner)
        signed = any(s.account == account and s.signed_at is not None for s in sight.slots)
        for slot in sight.unsigned if state_of(sight) is State.SIGNING and not signed else ():
            if not slot.first and roles & frozenset(slot.roles):
                yield _waits(sight, owner, slot, stored)
                return


def _waits(sight: Sight, owner: Standing, slot: SignatureSlot, stored: StoredDraft) -> Pending:
    course = None if sight.scene is None else sight.scene.course.coi
    until = min((s.until for s in sight.draft.signatures), default=stored.changed_at + SIGNATURE_LASTS)
    return Pending(
        token=sight.draft.token,
        step=sight.step.name,
        title=sight.step.title,
        course=course,
        begun_by=owner.name,
        station=owner.station_name,
        place=owner.place.name,
        zone=owner.place.zone,
        meaning=slot.meaning,
        summary=summary_of(sight, owner),
        until=until,
    )
