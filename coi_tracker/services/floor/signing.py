"""Signatures under a begun step: who, for what digest, for how long; the second person at the same or another station.

A password is tried and forgotten; a draft keeps that an account was authenticated, when, and for which digest.
"""

from __future__ import annotations

from coi_tracker.services.floor.screen import Outcome, Pending
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.record import Record
from coi_tracker.vocabulary import Meaning


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

    `account`: an account id or a badge code; None: ``signed_in_as``, who authenticated in full in this session and
    gives the password only. `meaning` None: the first signature open to this person.
    """
    raise NotImplementedError


def pending_signatures(record: Record, account: str) -> tuple[Pending, ...]:
    """The begun steps that wait for a signature which this account could give."""
    raise NotImplementedError
