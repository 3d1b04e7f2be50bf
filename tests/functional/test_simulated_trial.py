"""The simulated trial: through the one write path, the same for the same seed, and nothing left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from coi_tracker.course import Course
from coi_tracker.services import available, people, rebuild, sequencer, verification
from coi_tracker.services.record import Record
from coi_tracker.services.turns import Way
from coi_tracker.services.viewers import viewer
from coi_tracker.services.worklist import worklist
from coi_tracker.simulation.report import Report, exact_interval
from coi_tracker.simulation.trial import simulate
from coi_tracker.vocabulary import Disposition, Material, Standing, Treatment
from tests.functional import trials


@pytest.fixture
def record(prepared_database) -> Iterator[Record]:
    """A record with a trial of twelve participants."""
    opened = trials.opened(prepared_database(trials.small_trial))
    yield opened
    opened.database.close()


@pytest.fixture(scope="module")
def whole_trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Record, Report]]:
    """The default trial, on SQLite."""
    url = trials.migrated(f"sqlite:///{tmp_path_factory.mktemp('trial') / 'coi.sqlite3'}")
    opened = trials.opened(url)
    yield opened, simulate(opened, seed=2026)
    opened.database.close()


def simulated(url: str, *, seed: int) -> list[str]:
    record = trials.opened(trials.migrated(url))
    simulate(record, seed=seed, participants=3)
    found = trials.entries(record)
    record.database.close()
    return found


def courses_of(record: Record) -> list[Course]:
    found = [available.state_of(record, chain) for chain in available.chains_of(record, "course")]
    return [course for course in found if course is not None]


@pytest.mark.slow
@pytest.mark.requirement("COI-SIM-01", "COI-SIM-09", "COI-MUST-12")
def test_nothing_right_is_refused_and_no_mishap_is_performed(record: Record) -> None:
    report = trials.reports[record.database.kind]  # something right that is refused would have raised
    assert report.unexpected == []
    assert sum(report.mishaps.values()) > 15
    assert report.repeated > 5


@pytest.mark.slow
@pytest.mark.requirement("COI-CLI-10", "COI-CLI-11")
def test_the_log_verifies_and_the_state_is_what_it_says(record: Record) -> None:
    sequencer.sequence(record)
    assert verification.verify(record).findings == ()
    assert rebuild.check(record).findings == ()


@pytest.mark.slow
@pytest.mark.requirement("COI-PII-02")
def test_nobody_is_named_in_the_log(record: Record) -> None:
    from coi_tracker.simulation.fictions import participant

    text = "\n".join(trials.entries(record))
    for chain in available.chains_of(record, "subject"):
        person = participant(chain.removeprefix("subject/"))
        assert person["name"] not in text
        assert person["record_number"] not in text


@pytest.mark.slow
@pytest.mark.requirement("COI-SIM-02")
def test_the_same_seed_gives_the_same_entries_byte_for_byte(tmp_path) -> None:
    first, second, other = (
        simulated(f"sqlite:///{tmp_path / name}", seed=seed) for name, seed in (("a", 5), ("b", 5), ("c", 6))
    )
    assert first == second
    assert first != other
    assert len(first) > 600


@pytest.mark.slow
@pytest.mark.requirement("COI-SIM-10")
def test_every_state_of_every_track_is_there_at_the_end(whole_trial) -> None:
    _, report = whole_trial
    assert report.states["material"].keys() == set(Material)
    assert report.states["disposition"].keys() == set(Disposition)
    assert report.states["standing"].keys() == set(Standing)
    # A chain has a state from registration on, and registration is what leaves `none`.
    assert report.states["treatment"].keys() == set(Treatment) - {Treatment.NONE}


@pytest.mark.slow
@pytest.mark.requirement("COI-SIM-03")
def test_the_trial_has_the_size_of_the_real_one(whole_trial) -> None:
    record, report = whole_trial
    courses = courses_of(record)
    places = {place.id: place for place in available.set_up(record).places}
    assert report.performed["register_subject"] == 95
    assert len({c.site for c in courses}) == 12
    assert len({places[c.site].country for c in courses if c.site}) == 4
    assert len({c.facility for c in courses}) == 2
    assert {c.cohort for c in courses} == {"cohort_1", "cohort_2", "cohort_3", "retreatment"}
    assert {c.manufacture for c in courses} == {"gen2_22_day", "gen3_16_day"}


TOLD = {
    "COI-SIM-04": ["confirm_progression"],
    "COI-SIM-05": ["reject_tissue", "exceptional_release", "reject_product"],
    "COI-SIM-06": ["release_conditionally", "result_after_release"],
    "COI-SIM-07": ["report_lost", "open_deviation", "assess_deviation", "close_deviation"],
    "COI-SIM-08": [
        "place_hold",
        "lift_hold",
        "hold_place",
        "hold_study",
        "reprint_label",
        "correct",
        "withdraw_subject",
        "terminate_course",
        "stop_il2",
        "hold_il2",
        "hold_dose",
        "stop_drug",
        "stop_infusion",
        "adopt_amendment",
        "review_audit_trail",
    ],
}


@pytest.mark.slow
@pytest.mark.requirement("COI-SIM-04", "COI-SIM-05", "COI-SIM-06", "COI-SIM-07", "COI-SIM-08")
def test_everything_unusual_happens(whole_trial) -> None:
    _, report = whole_trial
    missing = [step for steps in TOLD.values() for step in steps if not report.performed[step]]
    assert missing == []
    assert report.late >= 2
    assert report.unexpected == []


@pytest.mark.slow
@pytest.mark.requirement("COI-SIM-04", "COI-SIM-05")
def test_some_participants_have_two_courses_with_nothing_in_common(whole_trial) -> None:
    record, _ = whole_trial
    by_subject: dict[str, list[Course]] = {}
    for course in courses_of(record):
        by_subject.setdefault(course.subject.number if course.subject else "", []).append(course)
    twice = [several for several in by_subject.values() if len(several) > 1]
    assert len(twice) >= 5
    assert any({c.cohort for c in several} > {"retreatment"} for several in twice)
    for several in twice:
        assert len({one for c in several for one in c.containers}) == sum(len(c.containers) for c in several)


@pytest.mark.slow
@pytest.mark.requirement("COI-SIM-08")
def test_clocks_change_during_treatments(whole_trial) -> None:
    record, _ = whole_trial
    places = {place.id: ZoneInfo(place.zone) for place in available.set_up(record).places}
    across = [
        c.coi
        for c in courses_of(record)
        if {"start_lymphodepletion", "give_il2"} <= c.done.keys()
        and c.site is not None
        and offset(c.done["start_lymphodepletion"].at, places[c.site]) != offset(c.done["give_il2"].at, places[c.site])
    ]
    assert across


def offset(moment: datetime, zone: ZoneInfo) -> object:
    return moment.astimezone(zone).utcoffset()


@pytest.mark.slow
@pytest.mark.requirement("COI-SIM-07", "COI-SIM-09")
def test_mistakes_are_in_the_log_with_their_reasons(whole_trial) -> None:
    record, report = whole_trial
    told = [entry for entry in map(json.loads, trials.entries(record)) if entry["kind"] == "refused"]
    assert len(told) == sum(report.refused.values())
    codes = {reason["code"] for entry in told for reason in entry["reasons"]}
    assert {"wrong_course", "same_subject_other_course", "label_superseded", "malformed_label"} <= codes
    assert {"too_late", "temperature_out_of_range", "seal_mismatch", "on_hold", "gate_not_met"} <= codes


@pytest.mark.slow
def test_core_biopsies_are_counted(whole_trial) -> None:
    _, report = whole_trial
    found = report.feasibility
    assert found is not None
    assert found.taken > 20
    assert 0 < found.low < found.met / found.taken < found.high < 1


@pytest.mark.parametrize(
    ("successes", "trials_", "low", "high"),
    [(0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0), (5, 10, 0.1871, 0.8129), (15, 20, 0.5090, 0.9134)],
)
def test_the_interval_is_the_exact_one(successes: int, trials_: int, low: float, high: float) -> None:
    # Source: tables of Clopper and Pearson, Biometrika 26 (1934) 404.
    assert exact_interval(successes, trials_) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.slow
@pytest.mark.requirement("COI-SIM-11")
def test_a_trial_is_under_way_at_a_moment_and_nothing_of_it_is_later(tmp_path: Path) -> None:
    record = trials.opened(trials.migrated(f"sqlite:///{tmp_path / 'coi.sqlite3'}"))
    until = datetime(2027, 3, 30, 8, 0, tzinfo=UTC)
    report = simulate(record, seed=2026, participants=20, until=until)
    last = available.last_moment(record)
    assert last is not None
    assert until - timedelta(days=2) < last <= until, "it goes on until then, and no further"
    under_way = [course for course in courses_of(record) if course.standing is Standing.ACTIVE]
    assert len({course.material for course in under_way}) >= 3
    assert report.first_day == "2025-09-30"
    now = replace(record, clock=lambda: until)
    work = [worklist(now, who) for person in people.people(now) if (who := viewer(now, person.id)) is not None]
    doable = {line.what.step for one in work for line in one.of(Way.NOW)}
    assert len(doable) >= 5, "who looks at it finds something to do"
    assert "verify_at_bedside" in doable, "and the bag that was thawed last can still be given"
    record.database.close()
