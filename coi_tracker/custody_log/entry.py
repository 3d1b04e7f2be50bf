"""One entry of the custody log: its exact bytes, its digest, and what a well-formed one looks like.

An entry's bytes are its RFC 8785 canonical JSON text. This file makes them, reads them back strictly, and
says in sentences what is wrong with an entry that is not well formed. It does not know what comes before an
entry (`chain`), where it stands in the log (`merkle`), or whether the step it tells of was allowed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from coi_tracker.custody_log.chain import GENESIS_SEQ, LOG_CHAIN, chain_problem, parse_chain
from coi_tracker.custody_log.jcs import EntryError, canonical, parse_canonical

__all__ = [
    "ENTRY_FIELDS",
    "KINDS",
    "EntryError",
    "canonical",
    "digest",
    "entry_problems",
    "format_time",
    "log_entry",
    "parse_canonical",
    "parse_line",
    "parse_time",
    "signed_digest",
]

VERSION: Final = 1
MAX_ENTRY_BYTES: Final = 256 * 1024
"""Longest canonical text of one entry, in bytes: far above a real step, far below what hurts a reader."""

KINDS: Final = frozenset(
    {
        "performed",
        "refused",
        "checkpoint_heads",
        "key_rotated",
        "key_published",
        "setup_changed",
        "label_printed",
    }
)
"""Every kind of entry there is. A new kind is a new version of the tracker, never a free text."""

ENTRY_FIELDS: Final = (
    "v",
    "id",
    "chain",
    "seq",
    "prev",
    "course",
    "kind",
    "step",
    "process",
    "protocol",
    "happened_at",
    "recorded_at",
    "zone",
    "actor",
    "containers",
    "evidence",
    "signatures",
    "reasons",
    "refers_to",
    "software",
)
"""The fields of an entry, all of them always present."""

ACTOR_FIELDS: Final = frozenset({"account", "name", "role", "place", "station"})
CONTAINER_FIELDS: Final = frozenset({"id", "label", "part", "by", "state"})
SIGNATURE_FIELDS: Final = frozenset({"account", "at", "meaning", "name", "signed"})
REASON_FIELDS: Final = frozenset({"code", "expected", "observed"})
DEFINITION_FIELDS: Final = frozenset({"key", "version", "digest"})
READ_BY: Final = frozenset({"scanned", "typed"})

UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
HEX_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
ZONE: Final = re.compile(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*")

Entry = Mapping[str, Any]


def parse_line(line: bytes) -> dict[str, Any]:
    """The entry whose exact bytes are `line` (no newline). EntryError unless `line` is canonical to the byte.

    Reading and writing back must give the same bytes; that refuses doubled keys, other key orders, spaces,
    needless escapes, `-0`, byte-order marks and every other second way of writing the same thing.
    """
    if len(line) > MAX_ENTRY_BYTES:
        raise EntryError(f"{len(line)} bytes long; an entry has at most {MAX_ENTRY_BYTES}")
    value = parse_canonical(line)
    if not isinstance(value, dict):
        raise EntryError("not a JSON object")
    return value


def digest(entry_bytes: bytes) -> bytes:
    """The 32-byte digest of an entry: its RFC 6962 leaf hash, SHA-256(0x00 || bytes).

    Chain and tree share it.
    """
    return hashlib.sha256(b"\x00" + entry_bytes).digest()


def format_time(moment: datetime) -> str:
    """`moment`, an aware time, as `YYYY-MM-DDTHH:MM:SS.ffffffZ` in UTC. Raises EntryError for a naive one."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise EntryError("a time without a zone cannot be recorded")
    in_utc = moment.astimezone(UTC).replace(tzinfo=None)
    return in_utc.isoformat(timespec="microseconds") + "Z"


def parse_time(text: object) -> datetime:
    """The aware UTC time that `format_time` wrote. Raises EntryError for any other form."""
    if not isinstance(text, str) or not TIME.fullmatch(text):
        raise EntryError(f"the time {str(text)[:40]!r} is not written YYYY-MM-DDTHH:MM:SS.ffffffZ")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise EntryError(f"the time {text} does not exist: {error}") from error


def signed_digest(entry: Entry, signature: Mapping[str, Any]) -> str:
    """The hex SHA-256 that `signature` (account, at, meaning) must carry in `signed` to belong to `entry`.

    It covers what the signer saw: the step, the course, the containers and their parts, the evidence, the
    definitions, and what is being corrected (21 CFR 11.70). Copied to another entry, it no longer fits.
    """
    what: dict[str, object] = {
        name: entry[name] for name in ("course", "evidence", "process", "protocol", "refers_to", "step")
    }
    what["containers"] = [{"id": c["id"], "part": c["part"]} for c in entry["containers"]]
    seen = {name: signature[name] for name in ("account", "at", "meaning")}
    return hashlib.sha256(canonical({**seen, "what": what})).hexdigest()


def log_entry(
    kind: str,
    evidence: Mapping[str, Any],
    *,
    entry_id: str,
    seq: int,
    prev: str | None,
    at: datetime,
    software: str,
    zone: str = "Etc/UTC",
    actor: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """An entry of the chain `log`: about the log itself (heads, keys), no course, no step, no containers."""
    when = format_time(at)
    absent = dict.fromkeys(("course", "step", "process", "protocol", "refers_to"))
    lists: dict[str, Any] = {"containers": [], "signatures": [], "reasons": []}
    return {
        **absent,
        **lists,
        "v": VERSION,
        "id": entry_id,
        "chain": LOG_CHAIN,
        "seq": seq,
        "prev": prev,
        "kind": kind,
        "happened_at": when,
        "recorded_at": when,
        "zone": zone,
        "actor": dict(actor) if actor else dict.fromkeys(ACTOR_FIELDS),
        "evidence": dict(evidence),
        "software": software,
    }


def entry_problems(entry: Entry) -> list[str]:
    """Everything that is wrong with `entry` as one sentence each; empty when it is well formed.

    Looks at this entry alone: fields, types, forms, closed lists, and that each signature belongs to it.
    """
    if set(entry) != set(ENTRY_FIELDS):
        return [_field_difference(entry)]
    problems = [
        *_position_problems(entry),
        *_subject_problems(entry),
        *_time_problems(entry),
        *_record_problems("actor", [entry["actor"]], ACTOR_FIELDS),
        *_container_problems(entry["containers"]),
        *_reason_problems(entry),
    ]
    return problems or _writable_problems(entry) or _signature_problems(entry)


def _field_difference(entry: Entry) -> str:
    missing = sorted(set(ENTRY_FIELDS) - set(entry))
    unknown = sorted(set(entry) - set(ENTRY_FIELDS))
    return f"the fields are not those of version 1 (missing: {missing}, unknown: {unknown})"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _position_problems(entry: Entry) -> list[str]:
    seq, prev = entry["seq"], entry["prev"]
    found = []
    if not _is_count(entry["v"]) or entry["v"] != VERSION:
        found.append(f"v is {entry['v']!r}, expected 1")
    if not _matches(UUID7, entry["id"]):
        found.append(f"id {entry['id']!r} is not a UUID of version 7 in lower case")
    problem = chain_problem(entry["chain"])
    if problem:
        found.append(problem)
    if not _is_count(seq) or seq < GENESIS_SEQ:
        return [*found, f"seq is {seq!r}, expected a whole number from 1"]
    if (prev is None) != (seq == GENESIS_SEQ) or not (prev is None or _matches(HEX_DIGEST, prev)):
        found.append(f"prev is {prev!r}: expected null at seq 1 and 64 hex digits after it")
    return found


def _subject_problems(entry: Entry) -> list[str]:
    found = _name_problems(entry)
    if not _is_text(entry["software"]):
        found.append("software does not name the version that wrote the entry")
    for name in ("process", "protocol"):
        if entry[name] is not None:
            found += _record_problems(name, [entry[name]], DEFINITION_FIELDS)
    if not isinstance(entry["evidence"], dict):
        found.append("evidence is not an object")
    return found or _course_problems(entry)


def _name_problems(entry: Entry) -> list[str]:
    found = [
        f"{name} is neither null nor a text"
        for name in ("course", "step")
        if entry[name] is not None and not _is_text(entry[name])
    ]
    if entry["kind"] not in KINDS:
        found.append(f"kind {entry['kind']!r} is not one of {', '.join(sorted(KINDS))}")
    if entry["refers_to"] is not None and not _matches(UUID7, entry["refers_to"]):
        found.append("refers_to is neither null nor the id of an entry")
    return found


def _course_problems(entry: Entry) -> list[str]:
    if chain_problem(entry["chain"]):
        return []
    kind, identifier = parse_chain(entry["chain"])
    if kind == "course" and entry["course"] != identifier:
        return [f"course is {entry['course']!r} in the chain {entry['chain']}"]
    return []


def _time_problems(entry: Entry) -> list[str]:
    found = []
    for name in ("happened_at", "recorded_at"):
        try:
            parse_time(entry[name])
        except EntryError as error:
            found.append(f"{name}: {error}")
    if not _matches(ZONE, entry["zone"]):
        found.append(f"zone {entry['zone']!r} is not the name of an IANA time zone")
    return found


def _record_problems(name: str, records: object, fields: frozenset[str]) -> list[str]:
    """Problems of a list of records that have exactly `fields`, each a text or null."""
    if not isinstance(records, list):
        return [f"{name} is not a list"]
    for record in records:
        if not isinstance(record, dict) or set(record) != fields:
            return [f"{name} does not have exactly the fields {', '.join(sorted(fields))}"]
        wrong = [key for key, value in record.items() if not (value is None or isinstance(value, str))]
        if wrong:
            return [f"{name}: {wrong[0]} is neither null nor a text"]
    return []


def _container_problems(containers: object) -> list[str]:
    found = _record_problems("containers", containers, CONTAINER_FIELDS)
    if found or not isinstance(containers, list):
        return found
    return [
        f"containers: {container['by']!r} is neither scanned nor typed nor null"
        for container in containers
        if container["by"] is not None and container["by"] not in READ_BY
    ]


def _reason_problems(entry: Entry) -> list[str]:
    found = _record_problems("reasons", entry["reasons"], REASON_FIELDS)
    if not found and entry["kind"] == "performed" and entry["reasons"]:
        found.append("a performed step has reasons for a refusal")
    if not found and entry["kind"] == "refused" and not entry["reasons"]:
        found.append("a refusal has no reason")
    return found


def _writable_problems(entry: Entry) -> list[str]:
    try:
        size = len(canonical(entry))
    except EntryError as error:
        return [str(error)]
    if size > MAX_ENTRY_BYTES:
        return [f"{size} bytes long; an entry has at most {MAX_ENTRY_BYTES}"]
    return []


def _signature_problems(entry: Entry) -> list[str]:
    signatures = entry["signatures"]
    found = _record_problems("signatures", signatures, SIGNATURE_FIELDS)
    if found:
        return found
    return [
        f"the signature of {signature['account']} does not belong to this entry"
        for signature in signatures
        if signature["signed"] != signed_digest(entry, signature)
    ]
