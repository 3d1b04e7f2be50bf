"""Chains: the line of entries of one course, subject, account, station, place, study, or of the log itself.

Names, the link from an entry to the one before it, and a check of continuity. It does not read or write
entries' bytes, and it does not know whether a chain is complete at its end: only the heads tree of a signed
checkpoint says that (`heads`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

LOG_CHAIN: Final = "log"
"""The chain of entries about the log itself: heads and keys."""

CHAIN_KINDS: Final = ("course", "subject", "account", "station", "place", "study")
GENESIS_SEQ: Final = 1

_NAME: Final = re.compile(r"(?P<kind>" + "|".join(CHAIN_KINDS) + r")/(?P<id>[!-.0-~]{1,100})")


class ChainError(ValueError):
    """A chain that cannot be named or continued."""


def chain_problem(name: object) -> str | None:
    """What is wrong with a chain name, or None.

    The part after the slash is 1 to 100 visible ASCII characters without a slash.
    """
    if name == LOG_CHAIN or (isinstance(name, str) and _NAME.fullmatch(name)):
        return None
    return f"chain {name!r} is neither 'log' nor one of {'/…, '.join(CHAIN_KINDS)}/…"


def parse_chain(name: str) -> tuple[str, str | None]:
    """Kind and identifier: ("course", "<COI>"), or ("log", None). Raises ChainError for any other name."""
    problem = chain_problem(name)
    if problem:
        raise ChainError(problem)
    kind, _, identifier = name.partition("/")
    return kind, identifier or None


def _named(kind: str, identifier: str) -> str:
    name = f"{kind}/{identifier}"
    parse_chain(name)
    return name


def course_chain(coi: str) -> str:
    """The chain of one course of therapy, by its chain-of-identity identifier."""
    return _named("course", coi)


def subject_chain(number: str) -> str:
    """The chain of one trial subject, by subject number (never a name or record number)."""
    return _named("subject", number)


def account_chain(account: str) -> str:
    """The chain of one account: sign-in, training, roles."""
    return _named("account", account)


def station_chain(station: str) -> str:
    """The chain of one station: scans of codes that belong to no course."""
    return _named("station", station)


def place_chain(place: str) -> str:
    """The chain of one place: site, facility, courier."""
    return _named("place", place)


def study_chain(study: str) -> str:
    """The chain of one study: protocol adoptions, study-wide holds."""
    return _named("study", study)


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a chain: its position there, from 1, and its digest (32 bytes)."""

    chain: str
    seq: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """What the next entry of a chain carries: `seq`, and in `prev` the hex digest of the entry before it."""

    seq: int
    prev: str | None


def next_link(head: Head | None) -> Link:
    """The link of the entry that follows `head`; of the first entry of a chain when there is none."""
    if head is None:
        return Link(GENESIS_SEQ, None)
    return Link(head.seq + 1, head.digest.hex())


def link_problem(head: Head | None, entry: Mapping[str, Any]) -> str | None:
    """Why `entry` does not directly follow `head` (None: it opens its chain), or None when it does."""
    expected = next_link(head)
    if entry["seq"] != expected.seq:
        return f"seq is {entry['seq']} in {entry['chain']}, expected {expected.seq}"
    if entry["prev"] != expected.prev:
        return f"prev does not name the entry before it in {entry['chain']}"
    return None


class Continuity:
    """Follows many chains at once, entry by entry in log order, and says where one of them breaks.

    Holds one head a chain, so memory grows with the number of chains and not with the number of entries.
    `from_start=False` accepts a chain whose first entry shown is not its first entry (a part of a log).
    """

    def __init__(self, *, from_start: bool = True) -> None:
        self._from_start = from_start
        self._heads: dict[str, Head] = {}

    def add(self, entry: Mapping[str, Any], digest: bytes) -> str | None:
        """Take the next entry; the sentence says why it does not continue its chain, None that it does."""
        chain = entry["chain"]
        head = self._heads.get(chain)
        unknown_past = head is None and not self._from_start
        problem = None if unknown_past else link_problem(head, entry)
        self._heads[chain] = Head(chain, entry["seq"], digest)
        return problem

    def heads(self) -> list[Head]:
        """The last entry seen of every chain, the log's own included, in no order."""
        return list(self._heads.values())
