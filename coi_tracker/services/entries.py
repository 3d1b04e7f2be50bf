"""Events as entries of the custody log, and back. Knows the form of an entry, not what a step means.

The text made here is what is stored, signed, chained and exported; it is never made a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coi_tracker.course import (
    AccountId,
    Actor,
    ContainerId,
    Definition,
    Event,
    EventId,
    PlaceId,
    Reason,
    Signer,
    Touch,
)
from coi_tracker.custody_log.entry import canonical, digest, entry_problems, format_time, parse_time, signed_digest
from coi_tracker.errors import BrokenPromise
from coi_tracker.storage.chains import NewEntry, SignedBy
from coi_tracker.vocabulary import ContainerState, HowRead, Meaning, ReasonCode, Role

NO_DEFINITION = Definition("", "", "")
"""Stands for the definition that a scan of nothing in particular was not decided under."""


def new_entry(event: Event, *, seq: int, prev: str | None) -> NewEntry:
    """The entry of an event at its place in its chain, ready to append. Raises BrokenPromise for a malformed one."""
    value = entry_of(event, seq=seq, prev=prev)
    problems = entry_problems(value)
    if problems:
        raise BrokenPromise(expected="a well-formed entry", came="; ".join(problems)[:400], do="report this fault")
    text = canonical(value)
    return NewEntry(
        id=event.id,
        chain=event.chain,
        seq=seq,
        prev=prev,
        digest=digest(text).hex(),
        kind=event.kind,
        step=event.step or None,
        coi=event.course,
        recorded_at=event.recorded_at,
        entry=text.decode("utf-8"),
        signatures=tuple(
            SignedBy(s["account"], s["meaning"], parse_time(s["at"]), s["signed"]) for s in value["signatures"]
        ),
    )


def entry_of(event: Event, *, seq: int, prev: str | None) -> dict[str, Any]:
    """The entry as an object, every signature bound to what was signed."""
    entry: dict[str, Any] = {
        "v": 1,
        "id": event.id,
        "chain": event.chain,
        "seq": seq,
        "prev": prev,
        "course": event.course,
        "kind": event.kind,
        "step": event.step or None,
        "process": _definition(event.process),
        "protocol": _definition(event.protocol),
        "happened_at": format_time(event.happened_at),
        "recorded_at": format_time(event.recorded_at),
        "zone": event.zone,
        "actor": _actor(event.actor),
        "containers": [_touch(t) for t in event.containers],
        "evidence": _plain(event.evidence),
        "signatures": [],
        "reasons": [{"code": str(r.code), "expected": r.expected, "observed": r.observed} for r in event.reasons],
        "refers_to": event.refers_to,
        "software": event.software,
    }
    entry["signatures"] = [_signature(entry, s) for s in event.signers]
    return entry


def event_of(entry: Mapping[str, Any]) -> Event:
    """The event of an entry, with all that `evolve` may look at. What the log does not keep is empty."""
    return Event(
        id=EventId(entry["id"]),
        chain=entry["chain"],
        course=entry["course"],
        kind=entry["kind"],
        step=entry["step"] or "",
        process=_definition_from(entry["process"]),
        protocol=_definition_from(entry["protocol"]),
        happened_at=parse_time(entry["happened_at"]),
        recorded_at=parse_time(entry["recorded_at"]),
        zone=entry["zone"],
        actor=_actor_from(entry["actor"]),
        containers=tuple(
            Touch(ContainerId(t["id"]), t["label"], t["part"], HowRead(t["by"]), ContainerState(t["state"]))
            for t in entry["containers"]
        ),
        evidence=entry["evidence"],
        signers=tuple(
            Signer(AccountId(s["account"]), s["name"], Meaning(s["meaning"]), parse_time(s["at"]), authentic=True)
            for s in entry["signatures"]
        ),
        reasons=tuple(Reason(ReasonCode(r["code"]), r["expected"], r["observed"]) for r in entry["reasons"]),
        refers_to=None if entry["refers_to"] is None else EventId(entry["refers_to"]),
        software=entry["software"],
    )


def _definition(one: Definition) -> dict[str, str] | None:
    return None if one == NO_DEFINITION else {"digest": one.digest, "key": one.key, "version": one.version}


def _definition_from(value: Mapping[str, str] | None) -> Definition:
    return NO_DEFINITION if value is None else Definition(value["key"], value["version"], value["digest"])


def _actor(actor: Actor) -> dict[str, str | None]:
    return {
        "account": actor.account,
        "name": actor.name,
        "role": None if actor.role is None else str(actor.role),
        "place": actor.place,
        "station": actor.station,
    }


def _actor_from(value: Mapping[str, str | None]) -> Actor:
    role, place = value["role"], value["place"]
    return Actor(
        account=AccountId(value["account"] or ""),
        name=value["name"] or "",
        role=None if role is None else Role(role),
        place=None if place is None else PlaceId(place),
        place_kind=None,
        station=value["station"],
    )


def _touch(touch: Touch) -> dict[str, str]:
    return {
        "id": touch.id,
        "label": touch.label,
        "part": touch.part,
        "by": str(touch.by),
        "state": str(touch.state),
    }


def _signature(entry: Mapping[str, Any], signer: Signer) -> dict[str, str]:
    found = {
        "account": signer.account,
        "at": format_time(signer.at),
        "meaning": str(signer.meaning),
        "name": signer.name,
    }
    return {**found, "signed": signed_digest(entry, found)}


def _plain(value: Any) -> Any:
    """Mappings and tuples as the JSON they stand for."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return str(value) if isinstance(value, str) else value
