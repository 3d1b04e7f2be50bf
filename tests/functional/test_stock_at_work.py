"""What was recalled, is over or out of use meets the work: refused when scanned, and when the step is recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from coi_tracker.course import Course
from coi_tracker.services import stock_changes
from coi_tracker.services.available import shipper_serials
from coi_tracker.services.changes import INSTALLER
from coi_tracker.services.floor import drafts
from coi_tracker.services.floor.screen import OutcomeKind
from coi_tracker.simulation.walking import Walk, drive
from coi_tracker.vocabulary import Command, ReasonCode, Role
from tests.functional import floor_world
from tests.functional.floor_world import World

pytestmark = pytest.mark.requirement("COI-STOCK-06")
BY: dict[str, Any] = {"by": INSTALLER, "reason": "a test"}


def yesterday(world: World) -> Any:
    return world.record.clock().date() - timedelta(days=1)


def recalled(world: World, lot: str) -> None:
    stock_changes.recall_lot(world.record, lot, **BY)


def expired(world: World, lot: str) -> None:
    stock_changes.change_lot(world.record, lot, expires=yesterday(world), past_meant=True, **BY)


def retired(world: World, code: str) -> None:
    stock_changes.use_equipment(world.record, code, in_use=False, **BY)


def uncalibrated(world: World, code: str) -> None:
    stock_changes.calibrate(world.record, code, fit_until=yesterday(world), past_meant=True, **BY)


CASES: list[tuple[str, Callable[[World, str], None], ReasonCode, str]] = [
    ("lots", recalled, ReasonCode.LOT_EXPIRED, "recalled"),
    ("lots", expired, ReasonCode.LOT_EXPIRED, "expired"),
    ("equipment", retired, ReasonCode.EQUIPMENT_UNFIT, "out of use since"),
    ("equipment", uncalibrated, ReasonCode.EQUIPMENT_UNFIT, "fit until"),
]


@pytest.mark.parametrize(("field", "happens", "code", "observed"), CASES, ids=[one[1].__name__ for one in CASES])
def test_it_is_refused_when_it_is_scanned_and_when_the_step_is_recorded(world, field, happens, code, observed):
    """Between scanning and signing it may happen too: the step looks again, in the transaction that records it."""
    course = world.course(floor_world.INSIDE)
    walk = of(world, course)
    intent = walk.intend("start_first_expansion")
    thing = intent.evidence[field][0]
    happens(world, thing)
    answer = walk.hand_in(intent)
    assert not answer.performed
    assert [observed in one.observed for one in answer.reasons if one.code is code] == [True]
    station = world.station(Role.OPERATOR, str(course.facility))
    station.scan(str(course.coi))
    assert station.command(Command.STEP, "start_first_expansion").kind is OutcomeKind.ACCEPTED
    outcome = drafts.put(world.record, station.at, f"field.{field}", thing)
    assert outcome.kind is OutcomeKind.REFUSED
    assert [words.code for words in outcome.words] == [code]
    assert observed in outcome.words[0].observed


def of(world: World, course: Course) -> Walk:
    assert course.site is not None
    assert course.subject is not None
    chain = world.premises.new_chain(f"subject/{course.subject.number}")
    return Walk(world.record, world.premises, chain, course.site, course=course)


@pytest.mark.parametrize("happens", ["retired", "over"])
def test_nothing_is_packed_in_a_shipper_that_is_out_of_use_or_over(world, happens):
    course = drive(world.record, world.premises, "S-100", until="procure_tissue")
    walk = of(world, course)
    intent = walk.intend("pack")
    serials = set(shipper_serials(world.record).values())
    serial = next(one.serial for one in intent.scans if one.serial in serials)
    if happens == "retired":
        stock_changes.use_shipper(world.record, serial, in_use=False, **BY)
    else:
        stock_changes.qualify(world.record, serial, until=yesterday(world), past_meant=True, **BY)
    answer = walk.hand_in(intent)
    wanted = ReasonCode.WRONG_CONTAINER_STATE if happens == "retired" else ReasonCode.TOO_LATE
    assert {one.code for one in answer.reasons} == {wanted}
    again = walk.intend("pack")
    assert serial not in {one.serial for one in again.scans}
    assert walk.hand_in(again).performed
