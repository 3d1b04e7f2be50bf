"""An independent judge of what was performed: looks at entries, containers, people and holds, never at a step's needs.

Its tables are written by hand from the description of the process, so that a need that is forgotten in the
definition is not forgotten here as well. Each fault is a sentence; none is the right answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from coi_tracker.course import Container, Course, Hold, PlaceId
from coi_tracker.simulation.premises import Premises
from coi_tracker.vocabulary import (
    FINAL_STATES,
    ContainerKind,
    ContainerState,
    Disposition,
    HoldScope,
    LabelState,
    Standing,
    Treatment,
)

TWO_PEOPLE = frozenset(
    {
        "record_eligibility",
        "procure_tissue",
        "receive_tissue",
        "clear_line",
        "start_first_expansion",
        "start_rapid_expansion",
        "scale_up",
        "harvest",
        "fill",
        "cryopreserve",
        "release_product",
        "release_conditionally",
        "exceptional_release",
        "receive_product",
        "start_lymphodepletion",
        "thaw_bag",
        "verify_at_bedside",
        "infuse_bag",
        "stop_infusion",
        "terminate_course",
        "close_course",
        "discard",
        "reprint_label",
    }
)
ACCEPTANCES = frozenset(
    ["accept_by_courier", "accept_product_by_courier", "receive_tissue", "receive_product", "report_found"]
)
"""The only steps after which somebody else holds a container."""
BLOCKED_BY: Mapping[str, frozenset[str]] = {
    "procurement": frozenset({"book_slot", "procure_tissue", "open_course"}),
    "manufacture": frozenset(
        {
            "accept_tissue",
            "clear_line",
            "start_first_expansion",
            "start_rapid_expansion",
            "scale_up",
            "harvest",
            "fill",
            "cryopreserve",
        }
    ),
    "release": frozenset(["release_product", "release_conditionally", "exceptional_release"]),
    "shipment": frozenset(["pack", "release_to_courier", "pack_product", "release_product_to_courier"]),
    "lymphodepletion": frozenset({"start_lymphodepletion"}),
    "infusion": frozenset(["thaw_bag", "verify_at_bedside", "infuse_bag"]),
}
STOPPED_BY_AN_END = frozenset().union(*BLOCKED_BY.values()) | {"give_il2", "give_dose", "issue_labels"}
"""Steps that carry a course on: none of them once it was withdrawn, terminated or closed."""
ALLOWED = frozenset({Disposition.RELEASED, Disposition.CONDITIONALLY_RELEASED, Disposition.EXCEPTIONALLY_RELEASED})
CLOCK = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Seen:
    """A performed entry, and the course before and after it. ``before`` None: the chain had no state."""

    entry: Mapping[str, Any]
    before: Course | None
    after: Course

    @property
    def step(self) -> str:
        """The step."""
        return str(self.entry["step"])

    @property
    def place(self) -> str:
        """The place of the actor."""
        return str(self.entry["actor"]["place"])

    @property
    def at(self) -> datetime:
        """When it happened."""
        return instant(self.entry["happened_at"])

    def touched(self) -> list[Container]:
        """The containers of the course that were read, as they were before."""
        if self.before is None:
            return []
        return [self.before.containers[t["id"]] for t in self.entry["containers"] if t["id"] in self.before.containers]


def instant(text: str) -> datetime:
    """An instant of an entry or a fact."""
    return datetime.fromisoformat(text).astimezone(UTC)


def wrong(seen: Seen, premises: Premises) -> list[str]:
    """Why the entry must never have been performed; empty when nothing speaks against it."""
    checks = (chain_faults, label_faults, lineage_faults, custody_faults, hold_faults, end_faults, care_faults)
    found = [fault for check in checks for fault in check(seen)]
    return [*found, *place_faults(seen, premises), *people_faults(seen, premises), *clock_faults(seen)]


def chain_faults(seen: Seen) -> Iterator[str]:
    """The entry is in the chain of its course, and what it touched is of that course."""
    entry, coi = seen.entry, seen.entry["course"]
    if coi is not None and entry["chain"] != f"course/{coi}":
        yield f"entry of {coi} in {entry['chain']}"
    for touch in entry["containers"]:
        if not touch["id"].startswith((f"{coi}/", "shipper/")):
            yield f"{touch['id']} touched in {entry['chain']}"
    if seen.step == "register_subject":
        evidence = entry["evidence"]
        if entry["chain"] != f"subject/{evidence['subject']}" or evidence["site"] != seen.place:
            yield f"{evidence['subject']} of {evidence['site']} registered in {entry['chain']} at {seen.place}"


def label_faults(seen: Seen) -> Iterator[str]:
    """Every label that was read spoke for the container it was taken for."""
    if seen.before is None or seen.entry["course"] is None:
        return
    for touch in seen.entry["containers"]:
        container = seen.before.containers.get(touch["id"])
        if container is not None and container.serial != touch["label"]:
            yield f"label {touch['label']} is not the live one of {touch['id']}"
        if container is not None and container.label in {
            LabelState.SUPERSEDED,
            LabelState.VOID,
            LabelState.DESTROYED,
            LabelState.RETURNED,
        }:
            yield f"label of {touch['id']} is {container.label}"
    read = [t["id"] for t in seen.entry["containers"]]
    if len(read) != len(set(read)):
        yield "one container read twice"


def lineage_faults(seen: Seen) -> Iterator[str]:
    """Nothing descends from another course, and every bag from tissue."""
    for one in seen.after.containers.values():
        if one.coi != seen.after.coi:
            yield f"{one.id} is of {one.coi}"
        yield from (f"{one.id} descends from {p}" for p in one.parents if p not in seen.after.containers)
        if one.kind is ContainerKind.BAG and one.filled_at is not None and not _has_tissue(seen.after, one):
            yield f"{one.id} does not descend from tissue"


def _has_tissue(course: Course, one: Container) -> bool:
    if one.kind is ContainerKind.TISSUE_JAR:
        return True
    return any(_has_tissue(course, course.containers[p]) for p in one.parents if p in course.containers)


def custody_faults(seen: Seen) -> Iterator[str]:
    """Custody moved by an acceptance only, to the place that accepted; nobody worked on what another place held."""
    before = {} if seen.before is None else seen.before.containers
    for key, now in seen.after.containers.items():
        was = before.get(key)
        if was is None:
            if now.holder != seen.place:
                yield f"{key} appears at {now.holder}, made at {seen.place}"
        elif was.holder != now.holder:
            offered = was.offered_to == now.holder or seen.step == "report_found"
            if seen.step not in ACCEPTANCES or now.holder != seen.place or not offered:
                yield f"{key} went from {was.holder} to {now.holder} by {seen.step} at {seen.place}"
        if was is not None and was.state in FINAL_STATES and now.state != was.state and seen.step != "report_found":
            yield f"{key} was {was.state} and became {now.state}"
    if seen.step not in ACCEPTANCES:
        yield from (
            f"{c.id} held by {c.holder}, used at {seen.place}" for c in seen.touched() if c.holder != seen.place
        )


def hold_faults(seen: Seen) -> Iterator[str]:
    """Nothing was done that a standing hold of the course forbids."""
    before = seen.before
    if before is None:
        return
    read = {c.id for c in seen.touched()}
    for hold in before.holds:
        concerns = hold.scope is not HoldScope.CONTAINER or hold.target in read
        if concerns and (seen.step in _forbidden(hold, before)):
            yield f"{seen.step} under hold {hold.id}"


def _forbidden(hold: Hold, course: Course) -> frozenset[str]:
    """The steps a hold forbids. A regimen that has begun is not stopped half-way but by a hold on everything."""
    if "everything" in hold.blocks:
        return STOPPED_BY_AN_END - {"give_il2"} | {"give_dose"}
    found = {step for block in hold.blocks for step in BLOCKED_BY.get(block, ())}
    begun = "ld.begun" in course.facts or "lymphodepletion" not in hold.blocks
    return frozenset(found if begun else found | {"give_dose"})


def end_faults(seen: Seen) -> Iterator[str]:
    """A course that has ended is not carried on."""
    before = seen.before
    if before is None or before.coi is None:
        return
    if before.standing not in {Standing.ACTIVE, Standing.ON_HOLD} and seen.step in STOPPED_BY_AN_END:
        yield f"{seen.step} on a course that is {before.standing}"
    if before.standing is Standing.CLOSED and seen.step != "review_audit_trail":
        yield f"{seen.step} on a closed course"


def place_faults(seen: Seen, premises: Premises) -> Iterator[str]:
    """A site acts on its own subjects, a facility on its own courses."""
    for place in (seen.after.site, seen.after.facility):
        if place is not None and seen.place != place and premises.kind(PlaceId(seen.place)) == premises.kind(place):
            yield f"{seen.step} at {seen.place}, while the course is at {place}"


def people_faults(seen: Seen, premises: Premises) -> Iterator[str]:
    """The actor has the role there, is trained, and enough different people signed."""
    actor, signers = seen.entry["actor"], [s["account"] for s in seen.entry["signatures"]]
    day = seen.at.astimezone(ZoneInfo(premises.zone(actor["place"]))).date()
    if not _works(premises, actor["account"], actor["role"], actor["place"], day):
        yield f"{actor['account']} as {actor['role']} at {actor['place']}"
    if premises.stations.get(actor["place"]) != actor["station"]:
        yield f"station {actor['station']} at {actor['place']}"
    if len(set(signers)) != len(signers):
        yield "one person signed twice"
    if seen.step in TWO_PEOPLE and len(set(signers)) < 2:
        yield f"{seen.step} signed by {len(set(signers))}"
    if signers and actor["account"] not in signers:
        yield "signed without the actor"
    known = {w.account for w in premises.workers}
    yield from (f"{account} signed" for account in signers if account not in known)


def _works(premises: Premises, account: str, role: str, place: str, day: date) -> bool:
    return any((w.account, w.role, w.place) == (account, role, place) and w.until >= day for w in premises.workers)


def clock_faults(seen: Seen) -> Iterator[str]:
    """Happened when it was recorded, or late with a reason and another person's signature."""
    gap = instant(seen.entry["recorded_at"]) - seen.at
    late = "late_reason" in seen.entry["evidence"]
    if gap < -CLOCK or (gap > CLOCK and not late):
        yield f"recorded {gap} after it happened"
    others = {s["account"] for s in seen.entry["signatures"] if s["meaning"] == "late_entry"}
    if late and not others - {seen.entry["actor"]["account"]}:
        yield "late without a second person"


# --- points of no return


def care_faults(seen: Seen) -> Iterator[str]:
    """The points of no return: release, lymphodepletion, infusion, IL-2."""
    before = seen.before
    if before is None:
        return
    checks = {
        "start_lymphodepletion": _gate,
        "thaw_bag": _infusable,
        "verify_at_bedside": _bedside,
        "infuse_bag": _infusion,
        "release_product": _release,
        "release_conditionally": _release,
        "give_il2": _il2,
    }
    if seen.step in checks:
        yield from checks[seen.step](seen, before)


def _gate(seen: Seen, before: Course) -> Iterator[str]:
    bags = [b for b in before.of_kind(ContainerKind.BAG) if b.state not in FINAL_STATES]
    held = {h.target for h in before.holds}
    facts, rechecked = before.facts, before.done.get("recheck_eligibility")
    if before.disposition not in ALLOWED or before.treatment is not Treatment.PLANNED:
        yield f"lymphodepletion with product {before.disposition}, treatment {before.treatment}"
    if not bags or any(b.state is not ContainerState.STORED or b.holder != before.site for b in bags):
        yield "lymphodepletion without every bag at the site"
    if any(b.id in held for b in bags):
        yield "lymphodepletion with a bag on hold"
    if facts.get("criteria.outstanding") or not facts.get("plan.confirmed") or facts.get("plan.blocked"):
        yield "lymphodepletion with progression open, or a plan not confirmed or blocked"
    if rechecked is None or not timedelta(0) <= seen.at - rechecked.at <= timedelta(days=7):
        yield "lymphodepletion without a recheck of this week"
    if not facts.get("shipper_log_reviewed"):
        yield "lymphodepletion without the shipper's log"


def _infusable(seen: Seen, before: Course) -> Iterator[str]:
    last = before.facts.get("ld.last_at")
    if before.disposition not in ALLOWED:
        yield f"{seen.step} of product that is {before.disposition}"
    gone = None if last is None else seen.at - instant(last)
    late = gone is None or gone > timedelta(hours=96)
    if (gone is not None and gone < timedelta(hours=24)) or (late and "deviation" not in seen.entry["evidence"]):
        yield f"{seen.step} {gone} after the last dose"
    if len([c for c in seen.touched() if c.kind is ContainerKind.BAG]) != 1:
        yield f"{seen.step} of not exactly one bag"


def _bedside(seen: Seen, before: Course) -> Iterator[str]:
    kinds = {c.kind for c in seen.touched()}
    if not {ContainerKind.BAG, ContainerKind.WRISTBAND} <= kinds:
        yield "bedside check without wristband and bag"
    if len(seen.entry["evidence"].get("identified", ())) < 2:
        yield "bedside check without two identifiers"


def _infusion(seen: Seen, before: Course) -> Iterator[str]:
    yield from _infusable(seen, before)
    signers = {s["account"] for s in seen.entry["signatures"]}
    for bag in (c for c in seen.touched() if c.kind is ContainerKind.BAG):
        if bag.verified_at is None or not set(bag.verified_by) <= signers or len(bag.verified_by) < 2:
            yield f"{bag.id} infused by others than those who verified it"
        if bag.thawed_at is None or seen.at - bag.thawed_at > timedelta(minutes=180):
            yield f"{bag.id} infused too long after its thaw"


def _release(seen: Seen, before: Course) -> Iterator[str]:
    tests = {name for name in before.facts if name.startswith("result.") and name.count(".") == 1}
    wanted = {f"result.{t}" for t in ("viability", "identity", "potency", "endotoxin", "mycoplasma", "gram_stain")}
    if seen.step == "release_product":
        wanted |= {"result.sterility"}
    for name in sorted(wanted - tests):
        yield f"{seen.step} without {name}"
    for name in sorted(wanted & tests):
        by, reviewer = before.facts.get(f"{name}.by"), before.facts.get(f"{name}.reviewed")
        if reviewer is None or by == reviewer:
            yield f"{seen.step} with {name} not reviewed by another person"


def _il2(seen: Seen, before: Course) -> Iterator[str]:
    if not 1 <= seen.entry["evidence"]["number"] <= 6 or before.treatment not in {
        Treatment.INFUSED,
        Treatment.IL2_RUNNING,
    }:
        yield f"IL-2 number {seen.entry['evidence']['number']} in {before.treatment}"
