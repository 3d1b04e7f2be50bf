"""How needs of quality control, disposition and the record itself are spoiled."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from coi_tracker.course import Deviation, EventId, Hold, PlaceId
from coi_tracker.process.quality import (
    ChainComplete,
    DoseInRange,
    Fact,
    Gate,
    NoDeviationOpen,
    NoHoldOpen,
    ResultFits,
    ResultsReviewed,
    ResultThere,
)
from coi_tracker.process.records import (
    Amendment,
    CourseEnded,
    EveryContainerFinal,
    KnownContainer,
    OpenDeviation,
    OpenHold,
    OwnContainer,
    Reference,
)
from coi_tracker.simulation.spoiling import Found, Scene, spoil_need
from coi_tracker.simulation.values import failing, outside, passing, quantity
from coi_tracker.vocabulary import (
    ContainerKind,
    ContainerState,
    HoldBlocks,
    HoldScope,
    LabelState,
    Role,
    Standing,
    Treatment,
)
from coi_tracker.vocabulary import ReasonCode as Code


def about(scene: Scene) -> str:
    """The test the attempt is about."""
    return str(scene.attempt.evidence["test"])


@spoil_need.register
def _result(need: ResultFits, scene: Scene) -> Found:
    test = scene.protocol.release_tests[about(scene)]
    yield "a test the specification has not", scene.saying(test="taste"), Code.VALUE_OUT_OF_RANGE
    yield "another unit", scene.saying(unit="furlong"), Code.VALUE_OUT_OF_RANGE
    if test.expect is None:
        yield "a value nobody can read", scene.saying(value="plenty"), Code.VALUE_OUT_OF_RANGE


@spoil_need.register
def _result_there(need: ResultThere, scene: Scene) -> Found:
    name = about(scene)
    yield "nothing to review", scene.knowing({f"result.{name}": None}), Code.RESULTS_OPEN
    yield "reviewed already", scene.knowing({f"result.{name}.reviewed": "somebody"}), Code.ALREADY_RECORDED


@spoil_need.register
def _reviewed(need: ResultsReviewed, scene: Scene) -> Found:
    tests = scene.protocol.release_tests
    if not need.passing:
        fine = scene.knowing({f"result.{n}": passing(t.limit) for n, t in tests.items()})
        yield "every result is within specification", fine, Code.RESULTS_OPEN
        failed = {f"result.{n}.reviewed": None for n in tests}
        yield "the failing result is not reviewed", scene.knowing(failed), Code.RESULTS_OPEN
        return
    for name, test in tests.items():
        if need.final or not test.final_after_release:
            yield f"{name} is not reviewed", scene.knowing({f"result.{name}.reviewed": None}), Code.RESULTS_OPEN
        odd = scene.knowing({f"result.{name}": "read by an earlier limit"})
        yield f"{name} cannot be read by its limit", odd, Code.RESULTS_OPEN
        bad = scene.knowing({f"result.{name}": failing(test.limit)})
        yield f"{name} is out of specification", bad, Code.RESULTS_OPEN


@spoil_need.register
def _deviation(need: NoDeviationOpen, scene: Scene) -> Found:
    for severity in sorted(need.severities):
        one = Deviation("deviation-9", "receive_tissue", severity)
        yield f"a {severity} deviation is open", scene.having(deviations=(one,)), Code.DEVIATION_OPEN
        if need.unapproved:
            half = replace(one, approvals=(Role.PHYSICIAN,))
            yield "a deviation that quality has not approved", scene.having(deviations=(half,)), Code.DEVIATION_OPEN


@spoil_need.register
def _no_hold(need: NoHoldOpen, scene: Scene) -> Found:
    bag = scene.course.of_kind(ContainerKind.BAG)[0]
    for scope, target in ((HoldScope.COURSE, str(scene.course.coi)), (HoldScope.CONTAINER, bag.id)):
        hold = Hold("hold-9", scope, target, (HoldBlocks.ENROLMENT,), scene.attempt.actor.account)
        yield f"a hold on the {scope} that blocks other things", scene.having(holds=(hold,)), Code.ON_HOLD


@spoil_need.register
def _chain_complete(need: ChainComplete, scene: Scene) -> Found:
    for bag in [b for b in scene.course.of_kind(ContainerKind.BAG) if b.state is ContainerState.STORED][:1]:
        yield "a bag without tissue", scene.container(bag, parents=()), Code.GATE_NOT_MET
        pool = scene.course.containers[bag.parents[0]]
        yield "a bag of another course's pool", scene.container(pool, coi="COTHER"), Code.GATE_NOT_MET
        offered = scene.container(bag, offered_to=PlaceId("courier-swift"))
        yield "a bag with an open hand-off", offered, Code.GATE_NOT_MET
        unverified = scene.container(bag, label=LabelState.ISSUED)
        yield "a bag with an unverified label", unverified, Code.LABEL_NOT_VERIFIED


@spoil_need.register
def _dose(need: DoseInRange, scene: Scene) -> Found:
    beyond = outside(scene.limit(need.range)) or 0
    yield "more cells than a dose", scene.knowing({"fill.cells": quantity(beyond, "cells")}), Code.VALUE_OUT_OF_RANGE
    yield "cells not recorded", scene.knowing({"fill.cells": None}), Code.VALUE_OUT_OF_RANGE


@spoil_need.register
def _fact(need: Fact, scene: Scene) -> Found:
    name = need.name
    for key, value in scene.attempt.evidence.items():
        name = name.replace("{" + key + "}", str(value))
    yield (
        f"{name} {'missing' if need.present else 'there'}",
        scene.knowing({name: None if need.present else "something"}),
        need.code,
    )


@spoil_need.register
def _gate(need: Gate, scene: Scene) -> Found:
    """Parts are spoiled one by one, as guards of their own."""
    yield from ()


@spoil_need.register
def _reference(need: Reference, scene: Scene) -> Found:
    yield "refers to nothing", scene.attempting(refers_to=None), Code.REFERENCE_UNKNOWN
    unknown = scene.attempting(refers_to=EventId("entry-of-another-chain"))
    yield "refers to an entry of another chain", unknown, Code.REFERENCE_UNKNOWN


@spoil_need.register
def _open_deviation(need: OpenDeviation, scene: Scene) -> Found:
    yield "a deviation that is not open", scene.saying(deviation="another"), Code.REFERENCE_UNKNOWN


@spoil_need.register
def _open_hold(need: OpenHold, scene: Scene) -> Found:
    yield "a hold that does not stand", scene.saying(hold="another"), Code.REFERENCE_UNKNOWN
    mine = tuple(replace(h, placed_by=scene.attempt.actor.account) for h in scene.course.holds)
    yield "the same person placed it", scene.having(holds=mine), Code.SAME_SIGNER


@spoil_need.register
def _known(need: KnownContainer, scene: Scene) -> Found:
    one = scene.course.containers[scene.attempt.evidence["container"]]
    yield "another course's container", scene.saying(container="COTHER/bag/1"), Code.WRONG_COURSE
    consumed = scene.container(one, state=ContainerState.CONSUMED)
    yield "a container with a final fate", consumed, Code.WRONG_CONTAINER_STATE
    if need.here:
        away = scene.container(one, holder=PlaceId("site-tampa"))
        yield "a container in another custody", away, Code.WRONG_CUSTODIAN


@spoil_need.register
def _own(need: OwnContainer, scene: Scene) -> Found:
    yield "another course's container", scene.saying(container="COTHER/bag/1"), Code.WRONG_COURSE


@spoil_need.register
def _final(need: EveryContainerFinal, scene: Scene) -> Found:
    one = next(iter(scene.course.containers.values()))
    left = scene.container(one, state=ContainerState.STORED)
    yield "a container is still somewhere", left, Code.WRONG_CONTAINER_STATE


@spoil_need.register
def _ended(need: CourseEnded, scene: Scene) -> Found:
    running = scene.having(treatment=Treatment.IL2_RUNNING, standing=Standing.ACTIVE)
    yield "the treatment still goes on", running, Code.WRONG_STATE


@spoil_need.register
def _amendment(need: Amendment, scene: Scene) -> Found:
    yield "the version in force", scene.saying(version=scene.course.protocol.version), Code.ALREADY_RECORDED
    yield "a version nobody released", scene.around(protocols=MappingProxyType({})), Code.PROTOCOL_MISMATCH
