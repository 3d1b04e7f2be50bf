"""A right attempt for every step of the process, on a course that got there through the engine.

Plays whole courses on a bench and keeps each attempt with the course it was made on; what no course does by itself
(holds, losses, corrections, second thoughts) is played on copies of the bench at the moment it makes sense.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from coi_tracker.course import Attempt, Decision, Definition, Performed
from coi_tracker.process.scans import assign
from coi_tracker.protocols.model import Protocol
from coi_tracker.simulation import paths
from coi_tracker.simulation.bench import Bench
from coi_tracker.simulation.spoiling import Scene
from coi_tracker.simulation.values import failing
from coi_tracker.vocabulary import ContainerKind


@dataclass
class Stage(Bench):
    """A bench that keeps the right attempts it sees: of each step the first, and the first of each other sort.

    Sorts differ in who does it, where, and which parts the scans play.
    """

    seen: dict[str, dict[object, Scene]] = field(default_factory=dict)

    def record(self, attempt: Attempt, chain: str) -> Decision:
        """Decide as the bench does, and remember what was performed."""
        before = self.courses[chain]
        decision = super().record(attempt, chain)
        if isinstance(decision, Performed):
            scene = Scene(self.process.steps[attempt.step], self.protocol, before, attempt)
            self.seen.setdefault(attempt.step, {}).setdefault(_sort(scene), scene)
        return decision

    def aside(self) -> Stage:
        """A copy that goes its own way; what it sees counts."""
        return replace(self, courses=dict(self.courses), events=list(self.events))


def _sort(scene: Scene) -> object:
    actor, parts = scene.attempt.actor, assign(scene.step, scene.attempt.scans)[0]
    return actor.role, actor.place_kind, frozenset(parts)


def scenes(protocol: Protocol, *, cohort: str | None = None) -> dict[str, tuple[Scene, ...]]:
    """Scenes for every step of the process, by its name."""
    later = Definition(protocol.key, "amended", "f" * 64)
    stage = Stage(protocol, later={"amended": later})
    chain = paths.enrol(stage, "S-001", cohort=cohort, answers=_outstanding(protocol))
    _before_tissue(stage.aside(), chain)
    paths.procure(stage, chain)
    _manufacture(stage, chain)
    _dispositions(stage, chain)
    paths.results(stage, chain)
    _deviations(stage.aside(), chain)
    stage.do("release_product", chain)
    _adverse(stage.aside(), chain)
    paths.ship(stage, chain)
    _losses(stage.aside(), chain)
    stage.do("confirm_progression", chain)
    _treat(stage, chain)
    paths.close(stage, chain)
    return {step: tuple(found.values()) for step, found in stage.seen.items()}


def _outstanding(protocol: Protocol) -> dict[str, str]:
    """What may be outstanding is, so that there is something to confirm."""
    return {c.key: "outstanding" for c in protocol.criteria if c.may_be_outstanding}


def _each(stage: Stage, chain: str, *steps: str) -> None:
    for step in steps:
        stage.do(step, chain)


def _before_tissue(stage: Stage, chain: str) -> None:
    """Labels that end, a reprint, holds of every scope, and packing undone."""
    paths.labels(stage, chain, ContainerKind.TISSUE_JAR, 4)
    _each(stage, chain, "void_label", "destroy_label", "return_label", "reprint_label")
    stage = stage.aside()
    stage.do("record_temperature", chain)
    stage.do("review_audit_trail", chain)
    stage.do("correct", chain)
    stage.do("place_hold", chain)
    stage.do("lift_hold", chain)
    for scope, key in (("place", stage.site), ("study", stage.protocol.key)):
        beside = stage.aside()
        other = beside.chain(_on(beside, f"hold_{scope}"), key)
        _each(beside, other, f"hold_{scope}", f"lift_hold_on_{scope}")
    for step in ("withdraw_subject", "terminate_course", "adopt_amendment"):
        stage.aside().do(step, chain)


def _on(stage: Stage, step: str) -> Any:
    return stage.process.steps[step].on


def _manufacture(stage: Stage, chain: str) -> None:
    """Two bags; beside it what may be done between the days."""
    reject = stage.aside()
    reject.do("reject_tissue", chain)
    paths.manufacture(stage, chain, until="start_first_expansion")
    aside = stage.aside()
    for step in ("clear_line", "release_line", "record_environment", "exchange_medium", "move"):
        aside.do(step, chain)
    paths.perform(aside, chain, "take_sample")
    _rest(stage, chain)


def _rest(stage: Stage, chain: str) -> None:
    for step in paths.MANUFACTURE[1:]:
        if step in ("fill", "cryopreserve"):
            kind = ContainerKind.BAG if step == "fill" else ContainerKind.CASSETTE
            paths.labels(stage, chain, kind, 2)
        paths.perform(stage, chain, step)
        if step == "harvest":
            paths.perform(stage.aside(), chain, "take_sample")


def _dispositions(stage: Stage, chain: str) -> None:
    aside = stage.aside()
    paths.failing_results(aside, chain)
    _each(aside, chain, "declare_out_of_specification", "request_exceptional_release", "exceptional_release")
    aside.do("reject_product", chain)
    conditional = stage.aside()
    paths.results(conditional, chain, final=False)
    conditional.do("release_conditionally", chain)


def _deviations(stage: Stage, chain: str) -> None:
    _each(stage, chain, "open_deviation", "assess_deviation", "close_deviation")


def _adverse(stage: Stage, chain: str) -> None:
    """A bad result after release, and a shipper that is unpacked again."""
    unpack = stage.aside()
    _each(unpack, chain, "pack_product", "unpack")
    name, test = next(iter(stage.protocol.release_tests.items()))
    stage.do("result_after_release", chain, test=name, value=failing(test.limit))


def _losses(stage: Stage, chain: str) -> None:
    bag = stage.courses[chain].of_kind(ContainerKind.BAG)[0]
    stage.do("report_lost", chain, container=bag.id)
    stage.do("report_found", chain, containers=(bag.id,))


def _treat(stage: Stage, chain: str) -> None:
    stage.do("plan_treatment", chain)
    stage.do("change_plan", chain)
    stage.do("confirm_plan", chain)
    stage.do("recheck_eligibility", chain)
    stage.do("start_lymphodepletion", chain)
    for step in ("hold_dose", "stop_drug"):
        stage.aside().do(step, chain)
    paths.doses(stage, chain)
    _each(stage, chain, "thaw_bag", "verify_at_bedside")
    stage.aside().do("stop_infusion", chain)
    stage.do("infuse_bag", chain)
    paths.infuse(stage, chain)
    aside = stage.aside()
    _each(aside, chain, "hold_il2", "stop_il2")
    paths.il2(stage, chain)
