"""A small, valid custody log in memory, made without the tracker: chains, refusals, signatures, heads, keys.

Deterministic: the same arguments give the same bytes. It knows the format and nothing of a real process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from coi_tracker.custody_log import heads, keys, merkle
from coi_tracker.custody_log.chain import LOG_CHAIN, Head, next_link
from coi_tracker.custody_log.checkpoint import Checkpoint, sign_checkpoint
from coi_tracker.custody_log.entry import canonical, digest, format_time, log_entry, signed_digest
from coi_tracker.custody_log.note import SigningKey
from coi_tracker.exchange.bundle import WrittenBundle, write_bundle

ORIGIN = "log.example/coi"
START = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
PERSON = {"account": "u-17", "name": "Zoë Müller", "role": "operator", "place": "gmp-1", "station": "st-2"}
CONTAINER = {"part": "parent", "by": "scanned", "state": "stored"}
DEFINITION = {"key": "til_v1", "version": "1", "digest": "ab" * 32}


def seeded_key(name: str, number: int) -> SigningKey:
    """A key that is the same in every run."""
    return SigningKey.from_seed(name, hashlib.sha256(f"{name} {number}".encode()).digest())


def uuid7(number: int) -> str:
    """The number-th identifier, in the form of a UUID of version 7."""
    digits = hashlib.sha256(str(number).encode()).hexdigest()
    moment = f"{0x019D00000000 + number:012x}"
    return f"{moment[:8]}-{moment[8:]}-7{digits[:3]}-8{digits[3:6]}-{digits[6:18]}"


@dataclass
class SyntheticLog:
    """Entries in log order and everything that is signed about them."""

    origin: str = ORIGIN
    key: SigningKey = field(default_factory=lambda: seeded_key(ORIGIN, 0))
    lines: list[bytes] = field(default_factory=list)
    heads: dict[str, Head] = field(default_factory=dict)
    checkpoints: list[str] = field(default_factory=list)
    vkeys: list[str] = field(default_factory=list)
    rotations: int = 0

    def __post_init__(self) -> None:
        self.vkeys.append(self.key.verifier_key().format())
        self.append_log("key_published", keys.published_evidence(self.key.verifier_key()))

    @property
    def now(self) -> datetime:
        """A clock that goes one second an entry."""
        return START + timedelta(seconds=len(self.lines))

    def append(self, chain: str, entry: Mapping[str, Any]) -> int:
        """Give `entry` its place in `chain` and in the log; its log index."""
        data = canonical(entry)
        self.heads[chain] = Head(chain, entry["seq"], digest(data))
        self.lines.append(data)
        return len(self.lines) - 1

    def append_log(self, kind: str, evidence: Mapping[str, Any]) -> int:
        link, number = next_link(self.heads.get(LOG_CHAIN)), len(self.lines)
        place: Any = {"entry_id": uuid7(number), "seq": link.seq, "prev": link.prev}
        return self.append(LOG_CHAIN, log_entry(kind, evidence, at=self.now, software="0.1.0", **place))

    def append_step(self, chain: str, **changes: Any) -> int:
        """A step of somebody in `chain`; every fourth is refused, every third is signed by two people."""
        link, number, at = next_link(self.heads.get(chain)), len(self.lines), format_time(self.now)
        entry = {**step_entry(number, chain, at), "seq": link.seq, "prev": link.prev, **changes}
        if number % 3 == 0:
            entry["signatures"] = [signature(entry, account, at) for account in ("u-17", "u-18")]
        return self.append(chain, entry)

    def checkpoint(self) -> str:
        """Append the heads entry and sign the log as it is then."""
        self.append_log("checkpoint_heads", heads.heads_evidence(self.heads.values()))
        root = merkle.root(map(digest, self.lines))
        self.checkpoints.append(sign_checkpoint(Checkpoint(self.origin, len(self.lines), root), self.key))
        return self.checkpoints[-1]

    def rotate(self) -> SigningKey:
        """Hand on to a new key; the old one."""
        self.rotations += 1
        old, self.key = self.key, seeded_key(self.origin, self.rotations)
        self.append_log("key_rotated", keys.rotation_evidence(old, self.key, at=self.now))
        self.vkeys.append(self.key.verifier_key().format())
        return old


def step_entry(number: int, chain: str, at: str) -> dict[str, Any]:
    course = chain.partition("/")[2] if chain.startswith("course/") else None
    refused = number % 4 == 0
    return {
        "v": 1,
        "id": uuid7(number),
        "chain": chain,
        "course": course,
        "kind": "refused" if refused else "performed",
        "step": "receive_tissue",
        "process": DEFINITION,
        "protocol": {**DEFINITION, "key": "example", "version": "2.0"},
        "happened_at": at,
        "recorded_at": at,
        "zone": "Europe/Madrid",
        "actor": {**PERSON},
        "containers": [{**CONTAINER, "id": f"c-{number}", "label": f"L{number}"}],
        "evidence": {"temperature": "-3.5", "unit": "C", "count": number, "seal_intact": True, "note": None},
        "signatures": [],
        "reasons": [{"code": "wrong_course", "expected": "A", "observed": "=B"}] if refused else [],
        "refers_to": None,
        "software": "0.1.0",
    }  # fmt: skip


def signature(entry: Mapping[str, Any], account: str, at: str) -> dict[str, str]:
    signed = {"account": account, "at": at, "meaning": "received", "name": f"Person {account}"}
    return {**signed, "signed": signed_digest(entry, signed)}


def small_log(steps: int = 24, *, courses: int = 3, checkpoint_every: int = 10) -> SyntheticLog:
    """A log of `steps` steps over `courses` courses, a subject and a station, ending in a checkpoint."""
    log = SyntheticLog()
    chains = [*(f"course/C{n:03d}" for n in range(courses)), "subject/001", "station/st-2"]
    for number in range(steps):
        log.append_step(chains[number * 7 % len(chains)])
        if number % checkpoint_every == checkpoint_every - 1:
            log.checkpoint()
    log.checkpoint()
    return log


@dataclass
class Source:
    """A bundle's source over a synthetic log: the entries that `shown` picks, at the last checkpoint."""

    log: SyntheticLog
    filter: Mapping[str, Any]
    shown: Sequence[int]

    def __post_init__(self) -> None:
        self.origin = self.log.origin
        self.tree_size = len(self.log.lines)
        self.checkpoint_note = self.log.checkpoints[-1]
        self.vkeys = list(self.log.vkeys)
        self.digests = [digest(line) for line in self.log.lines]

    def entries(self) -> Iterator[tuple[int, bytes]]:
        return ((index, self.log.lines[index]) for index in self.shown)

    def fetch(self, level: int, position: int) -> bytes:
        return merkle.root(self.digests[position << level : (position + 1) << level])

    def inclusion_paths(self, indexes: Sequence[int]) -> list[list[bytes]]:
        return [merkle.inclusion_path(index, self.tree_size, self.fetch) for index in indexes]

    def heads_entry(self) -> bytes:
        return self.log.lines[-1]

    def head_proofs(self, chains: Sequence[str]) -> Iterable[heads.HeadProof]:
        tree = heads.HeadsTree(self.log.heads.values())
        return [tree.proof(chain) for chain in chains]


def source_of(log: SyntheticLog, **chosen: Any) -> Source:
    """The whole log, one course (course="C001"), or a period (first=3, last=17, as log indexes)."""
    indexes = range(len(log.lines))
    if "course" in chosen:
        mark = f'"chain":"course/{chosen["course"]}"'.encode()
        return Source(log, chosen, [index for index in indexes if mark in log.lines[index]])
    if chosen:
        span = {name: format_time(START + timedelta(seconds=chosen[name])) for name in ("first", "last")}
        shown = range(chosen["first"], chosen["last"] + 1)
        return Source(log, {"from": span["first"], "to": span["last"]}, shown)
    return Source(log, {"all": True}, indexes)


def bundle_of(log: SyntheticLog, target: Path, *, as_folder: bool = False, **chosen: Any) -> WrittenBundle:
    """Write the bundle of the whole log or of the part chosen."""
    return write_bundle(
        target,
        source_of(log, **chosen),
        signing_key=log.key,
        exported_by="Zoë Müller",
        exported_at=START + timedelta(days=1),
        as_folder=as_folder,
    )
