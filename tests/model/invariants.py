"""What must hold of every event and of every course it leads to, worked out again without calling any guard.

Reads courses and entries only. Each watcher raises AssertionError with a sentence; which steps may do what is written
down here a second time, on purpose: a change of the definition that means harm has to be made twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from coi_tracker.course import Container, Course, Event
from coi_tracker.process.look import read_instant
from coi_tracker.protocols.model import Protocol
from coi_tracker.vocabulary import (
    FINAL_STATES,
    LIVE_LABELS,
    OPEN_LABELS,
    ContainerKind,
    ContainerState,
    Disposition,
    HoldBlocks,
    HoldScope,
    LabelState,
    Role,
    Standing,
    Treatment,
)

S, B, D = ContainerState, HoldBlocks, Disposition

ACCEPTING = {"accept_by_courier", "receive_tissue", "accept_product_by_courier", "receive_product", "report_found"}
"""The only steps after which somebody else holds a container."""
UNSEEN = {"report_lost", "reprint_label", "void_label", "destroy_label", "return_label", "place_hold", "issue_labels"}
"""Steps about containers that are named, not handled."""
WINDING_UP = {
    *("accept_by_courier", "receive_tissue", "accept_product_by_courier", "receive_product", "unpack"),
    *("reject_tissue", "release_line", "move", "discard", "verify_label", "close_course", "reprint_label"),
    *("void_label", "destroy_label", "return_label", "place_hold", "lift_hold", "open_deviation", "assess_deviation"),
    *("close_deviation", "correct", "report_lost", "report_found", "record_temperature", "review_audit_trail"),
}
"""What may still be done for somebody who has withdrawn: what is left is accounted for, and nothing else."""
RELEASES = {"release_product", "release_conditionally", "exceptional_release"}
HANDING_OVER = {"pack", "release_to_courier", "pack_product", "release_product_to_courier"}
MAKING = {
    *("clear_line", "start_first_expansion", "start_rapid_expansion", "scale_up", "harvest", "fill", "cryopreserve"),
    *("take_sample", "exchange_medium", "accept_tissue", "book_slot"),
}
FORBIDS: dict[HoldBlocks, set[str]] = {
    B.ENROLMENT: set(),
    B.PROCUREMENT: {"procure_tissue", "book_slot"},
    B.MANUFACTURE: MAKING,
    B.RELEASE: RELEASES | {"request_exceptional_release"},
    B.SHIPMENT: HANDING_OVER,
    B.LYMPHODEPLETION: {"start_lymphodepletion", "give_dose"},
    B.INFUSION: {"thaw_bag", "verify_at_bedside", "infuse_bag"},
}
"""What each hold forbids, of the steps of a course."""
FORBIDS[B.EVERYTHING] = set().union(*FORBIDS.values()) | {"issue_labels", "apply_wristband"}
TO_THE_GATE = {D.RELEASED, D.CONDITIONALLY_RELEASED, D.EXCEPTIONALLY_RELEASED}


@dataclass(frozen=True)
class Invariants:
    """The watchers, for one protocol."""

    protocol: Protocol

    def __call__(self, before: Course, event: Event, after: Course) -> None:
        """Everything about one performed event."""
        step = event.step
        self.standing(before, step)
        self.holds(before, event)
        self.custody(before, event, after)
        self.containers(before, event, after)
        self.labels(after)
        self.lineage(after)
        self.treatment(before, event, after)
        self.release(before, event, after)
        if step == "start_lymphodepletion":
            self.gate(before, event)
        if after.standing is Standing.CLOSED:
            self.closed(after)

    # --- nothing that is forbidden

    def standing(self, before: Course, step: str) -> None:
        """After withdrawal or termination only winding up, after closing only the review."""
        if before.standing is Standing.CLOSED:
            assert step == "review_audit_trail", f"{step} on a closed course"
        if before.standing in {Standing.WITHDRAWN, Standing.TERMINATED}:
            assert step in WINDING_UP, f"{step} after {before.standing}"

    def holds(self, before: Course, event: Event) -> None:
        """Nothing under a hold that forbids it: on the course, or on a container that is handled."""
        handled = {t.id for t in event.containers}
        if event.step in HANDING_OVER | {"unpack"}:
            handled |= {c.id for c in before.containers.values() if c.shipper is not None}
        for hold in before.holds:
            concerns = hold.scope is not HoldScope.CONTAINER or hold.target in handled
            for block in hold.blocks:
                forbidden = concerns and event.step in FORBIDS[block]
                if block is B.LYMPHODEPLETION and "ld.begun" in before.facts:
                    continue  # half a regimen helps nobody: what stops it then is a hold on everything
                assert not forbidden, f"{event.step} under a hold on {hold.target} that blocks {block}"
        if event.step in RELEASES:
            assert not before.holds, f"{event.step} with an open hold"

    # --- containers

    def custody(self, before: Course, event: Event, after: Course) -> None:
        """One holder each, another one only by acceptance, and only what is held here is handled here."""
        for one in after.containers.values():
            assert one.holder, f"{one.id} is held by nobody"
            assert one.state not in FINAL_STATES or (one.offered_to is None and one.shipper is None), one
            was = before.containers.get(one.id)
            if was is None or was.holder == one.holder:
                continue
            assert event.step in ACCEPTING, f"{event.step} moved the custody of {one.id}"
            assert one.holder == event.actor.place, f"{one.id} went to {one.holder}, not to who accepted it"
            if event.step != "report_found":
                assert was.offered_to == event.actor.place, f"{one.id} was not offered to {event.actor.place}"
        if event.step not in ACCEPTING | UNSEEN:
            for touch in event.containers:
                here = touch.id not in before.containers or before.containers[touch.id].holder == event.actor.place
                assert here, f"{event.step} handled {touch.id}, which is held elsewhere"

    def containers(self, before: Course, event: Event, after: Course) -> None:
        """Everything read is of this course; a final fate stays, but what was lost may be found."""
        for touch in event.containers:
            known = touch.id in before.containers or touch.part == "shipper"
            assert known, f"{event.step} touched {touch.id} of another course"
        for one in before.containers.values():
            now = after.containers[one.id]
            if one.state in FINAL_STATES and now.state is not one.state:
                assert (one.state, event.step) == (S.LOST, "report_found"), f"{event.step}: {one.state} -> {now.state}"

    def lineage(self, after: Course) -> None:
        """Parents are of the course itself, and every container belongs to it."""
        for one in after.containers.values():
            assert one.coi == after.coi, f"{one.id} belongs to {one.coi}"
            assert set(one.parents) <= set(after.containers), f"{one.id} descends from another course"
            made = one.kind in {ContainerKind.FLASK, ContainerKind.POOL, ContainerKind.BAG} and one.filled_at
            assert one.parents or not made, f"{one.id} comes from nothing"

    def labels(self, after: Course) -> None:
        """Every label has one state, a container has one live label at most, and both say the same."""
        live: dict[str, int] = {}
        for label in after.labels.values():
            live[label.container] = live.get(label.container, 0) + (label.state in LIVE_LABELS)
            assert (label.replaced_by is not None) == (label.state is LabelState.SUPERSEDED), label
        for one in after.containers.values():
            assert live.get(one.id, 0) <= 1, f"{one.id} has {live[one.id]} live labels"
            assert after.labels[one.serial].state is one.label, f"{one.id}: the label is not what it says"

    def closed(self, after: Course) -> None:
        """A closed course has nothing left: no container, no label, no suite."""
        left = [c.id for c in after.containers.values() if c.state not in FINAL_STATES]
        assert not left, f"closed with {left}"
        assert not [s for s in after.labels.values() if s.state in OPEN_LABELS], "closed with open labels"
        assert "line.suite" not in after.facts, "closed with a suite"

    # --- treatment

    def gate(self, before: Course, event: Event) -> None:
        """Every part of the gate before lymphodepletion, worked out again."""
        facts, now = before.facts, event.happened_at
        assert before.disposition in TO_THE_GATE, "lymphodepletion without a release"
        bags = [b for b in before.of_kind(ContainerKind.BAG) if b.state not in FINAL_STATES]
        assert bags, "lymphodepletion without product"
        held = {h.target for h in before.holds}
        for bag in bags:
            assert (bag.state, bag.holder) == (S.STORED, before.site), f"{bag.id} is not at the site"
            assert bag.label is LabelState.APPLIED, f"{bag.id} has no applied label"
            assert bag.id not in held, f"{bag.id} is on hold"
        assert "shipper_log_reviewed" in facts, "nobody reviewed the shipper's log"
        assert "criteria.outstanding" not in facts, "progression is outstanding"
        recheck = before.done.get("recheck_eligibility")
        assert recheck is not None, "no recheck of eligibility"
        assert now - recheck.at <= self.protocol.treatment.recheck_window, "an old recheck"
        assert "plan.confirmed" in facts, "a plan nobody confirmed"
        assert "plan.blocked" not in facts, "a blocked plan"
        planned = self._local(read_instant(facts["plan.infusion_at"]), event)
        first = self.protocol.regimens[facts["plan.regimen"]].first_day
        assert self._local(now, event) == planned + timedelta(days=first), "another day than planned"
        assert event.evidence["il2_on_hand"] is True, "no IL-2 on hand"
        assert event.evidence["bed_confirmed"] is True, "no bed"
        assert len(self._signers(event)) >= 2, "one signature at the gate"
        assert event.actor.role is Role.PHYSICIAN, "not a physician"
        assert any(t.part == "wristband" for t in event.containers), "no wristband at the gate"

    def treatment(self, before: Course, event: Event, after: Course) -> None:
        """Lymphodepletion starts through the gate only; bags are infused as they have to be; doses are counted."""
        ran = {Treatment.LD_RUNNING, Treatment.LD_COMPLETE, Treatment.INFUSED, Treatment.IL2_RUNNING}
        if before.treatment not in ran and after.treatment in ran:
            assert event.step == "start_lymphodepletion", f"{event.step} started lymphodepletion"
        for bag in after.of_kind(ContainerKind.BAG):
            was = before.containers.get(bag.id)
            if bag.state is S.INFUSED and was is not None and was.state is not S.INFUSED:
                self.infusion(before, event, was)
        assert (after.facts.get("il2") or 0) <= self.protocol.il2.max_doses, "too many doses of IL-2"
        for drug in self.protocol.regimens["standard"].drugs:
            assert (after.facts.get(f"dose.{drug.key}") or 0) <= len(drug.days), f"too many doses of {drug.key}"

    def infusion(self, before: Course, event: Event, bag: Container) -> None:
        """A bag goes into the patient: released, verified by the two who sign, in its windows, of this course."""
        assert event.step in {"infuse_bag", "stop_infusion"}, f"{event.step} infused a bag"
        assert before.disposition in TO_THE_GATE, "infused without a release"
        assert before.treatment is Treatment.LD_COMPLETE, "infused before lymphodepletion was complete"
        assert bag.coi == before.coi, "another course's bag"
        assert bag.holder == before.site == event.actor.place, "infused elsewhere"
        assert len(self._signers(event)) >= 2, "infused by one"
        assert bag.verified_at is not None, "never verified at the bedside"
        assert len(set(bag.verified_by)) >= 2, "verified by one"
        assert set(bag.verified_by) <= self._signers(event), "not the two who verified it"
        start, end = (read_instant(event.evidence[name]) for name in ("started_at", "ended_at"))
        assert timedelta(0) <= start - bag.verified_at <= self.protocol.product.bedside_check_valid, "bedside window"
        assert bag.thawed_at is not None, "infused frozen"
        assert end - bag.thawed_at <= self.protocol.product.thaw_limit, "thawed too long"
        assert bag.expires_at is None or end <= bag.expires_at, "expired"
        approved = any({Role.PHYSICIAN, Role.QA} <= set(d.approvals) for d in before.deviations)
        last = before.facts.get("ld.last_at")
        assert last is not None or approved, "infused without a last dose or a deviation"
        if last is not None:
            gone = start - read_instant(last)
            assert gone >= self.protocol.treatment.infusion_not_before, "infused too early"
            assert gone <= self.protocol.treatment.infusion_not_after or approved, "infused too late"

    # --- disposition

    def release(self, before: Course, event: Event, after: Course) -> None:
        """Product is released on reviewed results, by two, without an open critical deviation."""
        if after.disposition is before.disposition or after.disposition not in TO_THE_GATE:
            return
        assert event.step in RELEASES, f"{event.step} released product"
        assert len(self._signers(event)) >= 2, "released by one"
        assert not [d for d in before.deviations if d.severity == "critical"], "an open critical deviation"
        if event.step == "exceptional_release":
            assert before.disposition is D.OUT_OF_SPECIFICATION, "nothing exceptional"
            assert "exceptional.physician" in before.facts, "no physician asked for it"
            return
        for name, test in self.protocol.release_tests.items():
            if event.step == "release_product" or not test.final_after_release:
                assert f"result.{name}.reviewed" in before.facts, f"{name} is not reviewed"
            value = before.facts.get(f"result.{name}")
            assert value is None or test.passes(value), f"{name} is out of specification"
        cells = before.facts["fill.cells"]["value"]
        assert self.protocol.dose.viable_cells.contains(Decimal(cells)), "no dose"

    @staticmethod
    def _signers(event: Event) -> set[str]:
        return {s.account for s in event.signers if s.authentic}

    @staticmethod
    def _local(at: datetime, event: Event) -> date:
        return at.astimezone(ZoneInfo(event.zone)).date()
