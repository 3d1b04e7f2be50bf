"""Wrong attempts of every sort among right ones: none is accepted, every refusal is in the log; and the oracle sees."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from coi_tracker.course import ContainerId, Course, Hold, PlaceId
from coi_tracker.services import available, rebuild, sequencer, verification
from coi_tracker.services.record import Record
from coi_tracker.simulation.adversary import attack
from coi_tracker.simulation.clock import Clock
from coi_tracker.simulation.furnishing import furnish
from coi_tracker.simulation.oracle import Seen, wrong
from coi_tracker.simulation.premises import Premises
from coi_tracker.simulation.trial import START
from coi_tracker.simulation.walking import Walk, run
from coi_tracker.vocabulary import ContainerKind, Disposition, HoldBlocks, HoldScope, LabelState, Standing
from tests.functional import trials

ATTEMPTS = 3000
ORACLE = pytest.mark.requirement("COI-MUST-15")


@pytest.fixture
def record(prepared_database) -> Iterator[Record]:
    """A record with a trial of twelve participants."""
    opened = trials.opened(prepared_database(trials.small_trial))
    yield opened
    opened.database.close()


@pytest.mark.slow
@pytest.mark.requirement("COI-MUST-15", "COI-DB-17", "COI-MUST-03", "COI-MUST-08")
def test_no_wrong_attempt_is_accepted_and_no_right_one_refused(record: Record) -> None:
    report = attack(record, seed=11, attempts=ATTEMPTS)
    print(report.figures())
    assert report.wrongly_accepted == []
    assert report.wrongly_refused == []
    assert report.without_entry == []
    assert report.right > 150
    assert report.concurrent > 20
    sequencer.sequence(record)
    assert verification.verify(record).findings == ()
    assert rebuild.check(record).findings == ()


# --- the oracle sees what it has to see


@pytest.fixture(scope="module")
def infused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Premises, dict[str, Seen]]]:
    """One course walked to its infusion, and what the oracle is shown of some of its steps."""
    url = trials.migrated(f"sqlite:///{tmp_path_factory.mktemp('oracle') / 'coi.sqlite3'}")
    record = replace(trials.opened(url), clock=Clock(START))
    premises = furnish(record, sites=2)
    shown: dict[str, Seen] = {}

    class Watched(Walk):
        def hand_in(self, intent: Any) -> Any:
            before = available.state_of(record, self.chain_of(intent.step).chain)
            answer = super().hand_in(intent)
            entry = json.loads(answer.entry)
            after = available.state_of(record, entry["chain"])
            assert after is not None
            shown[intent.step] = Seen(entry, before if intent.step != "open_course" else None, after)
            return answer

    walk = Watched(record, premises, premises.new_chain("subject/101-001"), premises.new_site(), until="give_il2")

    def life() -> Iterator[Any]:
        yield from walk.enrol()
        yield from walk.whole_course()

    run(record, life())  # type: ignore[arg-type]
    yield premises, shown
    record.database.close()


def test_the_oracle_finds_nothing_wrong_with_a_right_course(infused) -> None:
    premises, shown = infused
    assert len(shown) > 35
    assert {step: faults for step, seen in shown.items() if (faults := wrong(seen, premises))} == {}


def edited(seen: Seen, **changes: Any) -> Seen:
    return replace(seen, entry={**seen.entry, **changes})


def before(seen: Seen, **changes: Any) -> Seen:
    assert seen.before is not None
    return replace(seen, before=replace(seen.before, **changes))


def bag_of(course: Course) -> Any:
    return course.of_kind(ContainerKind.BAG)[0]


def with_bag(seen: Seen, **changes: Any) -> Seen:
    assert seen.before is not None
    read = [one for one in seen.touched() if one.kind is ContainerKind.BAG]
    one = read[0] if read else bag_of(seen.before)
    return replace(seen, before=seen.before.with_container(replace(one, **changes)))


def moved_away(seen: Seen) -> Seen:
    return replace(seen, after=seen.after.with_container(replace(bag_of(seen.after), holder=PlaceId("swift"))))


def foreign_parent(seen: Seen) -> Seen:
    stranger = replace(bag_of(seen.after), parents=(ContainerId("C0000000000000/flask/1"),))
    return replace(seen, after=seen.after.with_container(stranger))


def touching_another(seen: Seen) -> Seen:
    touch = {**seen.entry["containers"][0], "id": "C0000000000000/bag/1"}
    return edited(seen, containers=[touch, *seen.entry["containers"][1:]])


def held(seen: Seen) -> Seen:
    assert seen.before is not None
    blocks = (HoldBlocks.INFUSION, HoldBlocks.LYMPHODEPLETION)
    hold = Hold("h", HoldScope.COURSE, seen.before.coi or "", blocks, seen.entry["actor"]["account"])
    return before(seen, holds=(hold,))


def forgetting(seen: Seen, **facts: Any) -> Seen:
    assert seen.before is not None
    named = {name.replace("__", "."): value for name, value in facts.items()}
    return replace(seen, before=seen.before.with_facts(named))


def acting(seen: Seen, **changes: Any) -> Seen:
    return edited(seen, actor={**seen.entry["actor"], **changes})


FORGERIES: dict[str, tuple[str, Callable[[Seen], Seen]]] = {
    "another course's bag": ("infuse_bag", touching_another),
    "in another chain": ("infuse_bag", lambda s: edited(s, chain="course/C0000000000000")),
    "a dead label": ("infuse_bag", lambda s: with_bag(s, label=LabelState.SUPERSEDED)),
    "another label": ("infuse_bag", lambda s: with_bag(s, serial="L00000000000")),
    "not released": ("infuse_bag", lambda s: before(s, disposition=Disposition.REJECTED)),
    "not verified": ("infuse_bag", lambda s: with_bag(s, verified_by=())),
    "verified by others": ("infuse_bag", lambda s: with_bag(s, verified_by=("x", "y"))),
    "thawed too long": ("infuse_bag", lambda s: with_bag(s, thawed_at=s.at - timedelta(hours=4))),
    "one signer": ("infuse_bag", lambda s: edited(s, signatures=s.entry["signatures"][:1])),
    "one signer twice": ("infuse_bag", lambda s: edited(s, signatures=[s.entry["signatures"][0]] * 2)),
    "held elsewhere": ("infuse_bag", lambda s: with_bag(s, holder=PlaceId("swift"))),
    "under a hold": ("infuse_bag", held),
    "withdrawn": ("infuse_bag", lambda s: before(s, standing=Standing.WITHDRAWN)),
    "too soon after the last dose": ("thaw_bag", lambda s: forgetting(s, ld__last_at=s.entry["happened_at"])),
    "custody moved by no acceptance": ("infuse_bag", moved_away),
    "lineage from elsewhere": ("infuse_bag", foreign_parent),
    "the role of another": ("infuse_bag", lambda s: acting(s, role="physician")),
    "another site": ("infuse_bag", lambda s: acting(s, place="de-linden")),
    "an unknown station": ("infuse_bag", lambda s: acting(s, station=None)),
    "backdated": ("infuse_bag", lambda s: edited(s, recorded_at="2031-01-01T00:00:00.000000Z")),
    "gate: no plan": ("start_lymphodepletion", lambda s: forgetting(s, plan__confirmed=None)),
    "gate: a bag away": ("start_lymphodepletion", lambda s: with_bag(s, holder=PlaceId("swift"))),
    "gate: progression open": ("start_lymphodepletion", lambda s: forgetting(s, criteria__outstanding=["x"])),
    "gate: no recheck": ("start_lymphodepletion", lambda s: before(s, done={})),
    "gate: no shipper log": ("start_lymphodepletion", lambda s: forgetting(s, shipper_log_reviewed=None)),
    "release: a result missing": ("release_product", lambda s: forgetting(s, result__potency=None)),
    "release: not reviewed": ("release_product", lambda s: forgetting(s, result__sterility__reviewed=None)),
    "bedside: nobody identified": (
        "verify_at_bedside",
        lambda s: edited(s, evidence={**s.entry["evidence"], "identified": []}),
    ),
}


@ORACLE
@pytest.mark.parametrize("name", FORGERIES)
def test_the_oracle_sees_every_forgery(infused, name: str) -> None:
    premises, shown = infused
    step, forge = FORGERIES[name]
    assert wrong(forge(shown[step]), premises) != []
