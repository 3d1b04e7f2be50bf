"""What may be tried in a state: the alphabet of the model check.

An act is a short sequence of steps that people do together (labels issued and verified, the line cleared, then the
step; a result recorded, then reviewed). Acts that carry the work forward cost nothing; a disturbance costs one of the
budget. What follows from a disturbance (find, lift, assess, verify a reprint) costs nothing again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from coi_tracker.course import Course
from coi_tracker.process.spec import On, Process, Step
from coi_tracker.process.supplies import LineClear
from coi_tracker.protocols.model import Protocol
from coi_tracker.simulation.values import failing, passing
from coi_tracker.vocabulary import (
    FINAL_STATES,
    OPEN_LABELS,
    ContainerKind,
    ContainerState,
    HoldBlocks,
    Material,
    Treatment,
)
from tests.model.state import deadlines

K, S = ContainerKind, ContainerState


@dataclass(frozen=True)
class Act:
    """One thing to try: steps in a row with what is wished of each; ``wait`` moves the clock first."""

    name: str
    steps: tuple[tuple[str, dict[str, Any]], ...]
    cost: int = 0
    wait: datetime | None = None


FORWARD = (
    *("procure_tissue", "pack", "release_to_courier", "accept_by_courier", "receive_tissue", "accept_tissue"),
    *("reject_tissue", "start_first_expansion", "start_rapid_expansion", "scale_up", "harvest", "fill"),
    *("cryopreserve", "release_product", "release_conditionally", "declare_out_of_specification", "reject_product"),
    *("request_exceptional_release", "exceptional_release", "pack_product", "release_product_to_courier"),
    *("accept_product_by_courier", "receive_product", "start_lymphodepletion", "give_dose", "thaw_bag"),
    *("verify_at_bedside", "infuse_bag", "give_il2", "stop_il2", "close_course", "release_line"),
)
PLANNING = ("plan_treatment", "confirm_plan", "recheck_eligibility", "confirm_progression")
DISTURBANCES = ("withdraw_subject", "terminate_course", "result_after_release", "unpack", "stop_infusion")
DOSES = ("hold_dose", "stop_drug", "hold_il2")
ENABLED_LATER = frozenset({Material.AT_SITE, Material.LOST, Material.DESTROYED, Material.INFUSED})


def possible(step: Step, course: Course) -> bool:
    """Whether tracks and standing allow the step; that they are asked is the matrix's to show."""
    return course.standing in step.standing and all(course.state_of(m.track) in m.sources for m in step.moves)


def acts(process: Process, protocol: Protocol, course: Course, now: datetime, *, full: bool) -> Iterator[Act]:
    """Everything to try in a state. Without ``full``, treatment is planned once the product is at the site."""
    forward = [*FORWARD, *DOSES, *DISTURBANCES]
    forward += PLANNING if full or course.material in ENABLED_LATER else ()
    for name in forward:
        step = process.steps[name]
        if step.on is On.COURSE and possible(step, course):
            yield Act(name, ((name, _wishes(name, protocol)),), cost=int(name in DISTURBANCES or name in DOSES))
    yield from _changed_plan(process, course)
    yield from _results(process, protocol, course)
    yield from _containers(course)
    yield from _holds(course)
    yield from _deviations(course)
    yield from _labels(process, course)
    yield from _time(protocol, course, now)


def _wishes(name: str, protocol: Protocol) -> dict[str, Any]:
    if name == "result_after_release":
        return {"test": "sterility", "value": failing(protocol.release_tests["sterility"].limit)}
    return {}


def _changed_plan(process: Process, course: Course) -> Iterator[Act]:
    if course.treatment is Treatment.PLANNED:
        yield Act("change_plan", (("change_plan", {}),), cost=int("plan.blocked" not in course.facts))


def _results(process: Process, protocol: Protocol, course: Course) -> Iterator[Act]:
    if not possible(process.steps["record_result"], course):
        return
    for name, test in protocol.release_tests.items():
        if f"result.{name}.reviewed" not in course.facts:
            for word, value in (("passes", passing(test.limit)), ("fails", failing(test.limit))):
                given = {"test": name, "value": value}
                yield Act(f"{name} {word}", (("record_result", given), ("review_result", {"test": name})))


def _containers(course: Course) -> Iterator[Act]:
    """Each sort of container lost, discarded, moved; found again when it is lost."""
    seen = set()
    ended = course.treatment is Treatment.COMPLETE
    for one in course.containers.values():
        sort = (one.kind, one.state, one.label, one.holder, one.thawed_at is None)
        if sort in seen:
            continue
        seen.add(sort)
        if one.state is S.LOST:
            place = course.site if one.kind in (K.WRISTBAND, K.BAG, K.CASSETTE) else course.facility
            yield Act(f"find {one.kind}", (("report_found", {"containers": (one.id,), "place": place}),))
        elif one.state is S.LABELLED:
            yield Act(f"destroy label {one.kind}", (("destroy_label", {"container": one.id}),))
        elif one.state not in FINAL_STATES:
            yield Act(f"lose {one.kind}", (("report_lost", {"container": one.id}),), cost=1)
            yield Act(f"discard {one.kind}", (("discard", {"containers": (one.id,)}),), cost=int(not ended))
            yield Act(f"reprint {one.kind}", (("reprint_label", {"container": one.id}),), cost=1)


def _holds(course: Course) -> Iterator[Act]:
    carriers = [c for c in course.containers.values() if c.kind in (K.TISSUE_JAR, K.FLASK, K.POOL, K.BAG)]
    live = [c.id for c in carriers if c.state not in FINAL_STATES and c.state is not S.LABELLED]
    everything = {"blocks": [str(HoldBlocks.EVERYTHING)]}
    yield Act("hold course", (("place_hold", everything),), cost=1)
    for one in live[:1]:
        yield Act("hold container", (("place_hold", {**everything, "container": one}),), cost=1)
    if course.holds:
        yield Act("lift hold", (("lift_hold", {"hold": course.holds[0].id}),))


def _deviations(course: Course) -> Iterator[Act]:
    if not course.deviations:
        about = {"about": "receive_tissue", "severity": "critical"}
        yield Act("open deviation", (("open_deviation", about),), cost=1)
    for one in course.deviations[:1]:
        for role in ("qa", "physician"):
            given = {"deviation": one.id, "role": role, "accepted": True, "severity": one.severity}
            yield Act(f"assess by {role}", (("assess_deviation", given),))
        yield Act("close deviation", (("close_deviation", {"deviation": one.id}),))


def _labels(process: Process, course: Course) -> Iterator[Act]:
    for one in course.containers.values():
        if one.label in OPEN_LABELS and one.state not in FINAL_STATES:
            yield Act(f"verify {one.kind}", (("verify_label", {"containers": (one.id,), "place": one.holder}),))
            break
    else:
        for kind in (K.BAG, K.WRISTBAND):
            yield Act(f"stray {kind}", (("issue_labels", {"kind": str(kind), "count": 1}),), cost=1)
    if "line.suite" not in course.facts and possible(process.steps["clear_line"], course):
        yield Act("clear line", (("clear_line", {}),), cost=1)


def _time(protocol: Protocol, course: Course, now: datetime) -> Iterator[Act]:
    ahead = sorted(at for at in deadlines(protocol, course).values() if at >= now)
    for first in ahead[:1]:
        yield Act("too late", (), cost=1, wait=first + timedelta(minutes=2))


def needs_line(step: Step) -> bool:
    """Whether the line is cleared just before."""
    return bool(step.needs_of(LineClear))
