"""Needs about signatures: one person, two people, which roles, the same two as before.

Whether a password was right is decided before, by the services; here it is a fact (``Signer.authentic``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from coi_tracker.course import Reason, Signer
from coi_tracker.process.look import Look, hours, reason
from coi_tracker.process.spec import ProtocolPath
from coi_tracker.vocabulary import Meaning, Role
from coi_tracker.vocabulary import ReasonCode as Code


@dataclass(frozen=True, slots=True)
class Signs:
    """The person who acts signs."""

    meaning: Meaning = Meaning.PERFORMED

    def unmet(self, look: Look) -> Iterator[Reason]:
        """No signature of the actor with this meaning."""
        if _signature(look, self.meaning, mine=True) is None:
            yield reason(Code.SIGNATURE_MISSING, f"{look.attempt.actor.name} signs: {self.meaning}", "no signature")

    def say(self) -> str:
        """The need in words."""
        return f"the actor signs ({self.meaning})"


@dataclass(frozen=True, slots=True)
class SecondSigns:
    """A second person, another account that authenticates in full, signs too."""

    meaning: Meaning
    by: frozenset[Role]

    def unmet(self, look: Look) -> Iterator[Reason]:
        """No second person, the same person again, or one without the role or training."""
        found = _signature(look, self.meaning, mine=False)
        roles = " or ".join(sorted(self.by))
        if found is None:
            own = _signature(look, self.meaning, mine=True)
            twice = own is not None and sum(s.account == own.account for s in look.attempt.signers) > 1
            code = Code.SAME_SIGNER if twice else Code.SIGNATURE_MISSING
            observed = f"{look.attempt.actor.name} signed twice" if twice else "nobody else signed"
            yield reason(code, f"a second person ({roles}) signs: {self.meaning}", observed)
        elif not found.roles & self.by:
            had = ", ".join(sorted(found.roles)) or "no role here"
            yield reason(Code.ROLE_MISSING, f"second person: {roles}", f"{found.name}: {had}")

    def say(self) -> str:
        """The need in words."""
        return f"a second person signs ({self.meaning}; {' or '.join(sorted(self.by))})"


def _signature(look: Look, meaning: Meaning, *, mine: bool) -> Signer | None:
    me = look.attempt.actor.account
    found = (s for s in look.attempt.signers if s.meaning is meaning and (s.account == me) is mine)
    return next(found, None)


@dataclass(frozen=True, slots=True)
class AnotherPerson:
    """The actor is not the one who did an earlier thing (reviewed is not recorded, lifted is not placed)."""

    fact: str  # may contain {name} of a piece of evidence
    words: str

    def unmet(self, look: Look) -> Iterator[Reason]:
        """The same person."""
        before = look.course.facts.get(fact_name(look, self.fact))
        if before is not None and before == look.attempt.actor.account:
            yield reason(Code.SAME_SIGNER, self.words, look.attempt.actor.name)

    def say(self) -> str:
        """The need in words."""
        return self.words


def fact_name(look: Look, template: str) -> str:
    """A fact's name with the evidence it depends on filled in."""
    found = template
    for key, value in look.evidence.items():
        found = found.replace("{" + key + "}", str(value))
    return found


@dataclass(frozen=True, slots=True)
class SameTwoAtBedside:
    """The bag was verified against the wristband by the same two people, minutes before the infusion started."""

    valid: ProtocolPath
    at: str  # the evidence that says when the infusion started
    part: str = "bag"

    def unmet(self, look: Look) -> Iterator[Reason]:
        """Not verified, verified by others, afterwards, or too long before."""
        now = {s.account for s in look.attempt.signers} | {look.attempt.actor.account}
        started = look.evidence.get(self.at, look.now)
        for bag in look.containers(self.part):
            if bag.verified_at is None:
                yield reason(Code.GATE_NOT_MET, "bedside: wristband and bag verified by two people", "not verified")
                continue
            if len(now) > 1 and not set(bag.verified_by) <= now:  # one alone is a missing signature, and said so
                yield reason(Code.GATE_NOT_MET, "bedside: the two who verified the bag infuse it", "somebody else")
            gone = started - bag.verified_at
            if gone.total_seconds() < 0:
                yield reason(Code.TOO_EARLY, "started after the check at the bedside", f"{hours(-gone)} before it")
            if gone > look.limit(self.valid):
                yield reason(Code.TOO_LATE, f"verified within {hours(look.limit(self.valid))}", f"{hours(gone)} before")

    def say(self) -> str:
        """The need in words."""
        return f"verified at the bedside by the same two, at most *{self.valid}* before {self.at}"


def signature_faults(look: Look, asked: frozenset[Meaning]) -> Iterator[Reason]:
    """What is wrong with the signatures themselves, whatever the step."""
    seen: set[str] = set()
    for one in look.attempt.signers:
        if one.account in seen:
            yield reason(Code.SAME_SIGNER, "one signature a person", f"{one.name} signed twice")
        seen.add(one.account)
        if not one.authentic:
            yield reason(Code.SIGNATURE_FAILED, "a password that is right", f"{one.account}: not authenticated")
        if not one.trained:
            yield reason(Code.TRAINING_EXPIRED, f"valid training of {one.name}", "expired or never given")
        if one.meaning not in asked:
            words = ", ".join(sorted(asked)) or "no signature"
            yield reason(Code.SIGNATURE_UNEXPECTED, f"signatures: {words}", one.meaning)
