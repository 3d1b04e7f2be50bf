"""One participant's whole way, from the order to the end of IL-2 and the closed course, in a real browser.

Everything is scanned: no mouse. A step that comes more than once (the second dose, further labels and results) is done
on the screen the first time, and by the same write path without a screen after that. The steps that no ordinary course
comes by are done after it; both together are all there are.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coi_tracker.services import available
from coi_tracker.simulation.satisfy import satisfy
from coi_tracker.simulation.walking import run
from coi_tracker.vocabulary import Material, PlaceKind, Standing, Treatment
from tests.browser.scans import ScreenWalk, Wedges, furnish_alone, wedges_in
from tests.functional import floor_stories as stories

HAND_OFFS = (
    ("release_to_courier", "accept_by_courier", "receive_tissue"),
    ("release_product_to_courier", "accept_product_by_courier", "receive_product"),
)
HOLDS = ("hold_place", "lift_hold_on_place", "hold_study", "lift_hold_on_study")
OFF_THE_WAY = frozenset(
    {
        "adopt_amendment", "reject_tissue", "withdraw_subject", "declare_out_of_specification",
        "request_exceptional_release", "exceptional_release", "result_after_release", "reject_product",
        "terminate_course", *HOLDS,
    }
)  # fmt: skip
"""What does not happen to somebody for whom all goes well."""

pytestmark = [pytest.mark.slow, pytest.mark.requirement("COI-SCREEN-01")]


@pytest.fixture
def wedges(prepared_database, browser) -> Iterator[Wedges]:
    with wedges_in(prepared_database(furnish_alone), browser) as found:
        yield found


def walk_of(wedges: Wedges, number: str, **plan) -> ScreenWalk:
    chain = wedges.premises.new_chain(f"subject/{number}")
    return ScreenWalk(wedges.record, wedges.premises, chain, wedges.premises.new_site(), wedges=wedges, **plan)


def test_a_whole_course_is_scanned_from_the_order_to_il2_with_hand_offs_between_three_accounts(wedges: Wedges) -> None:
    record = wedges.record
    walk = walk_of(wedges, "S-001", bags=3)
    run(record, stories.whole(walk))
    assert walk.steps == frozenset(record.process.steps) - OFF_THE_WAY
    assert len(walk.entries) == len(walk.steps)

    course = available.state_of(record, walk.mine.chain)
    assert course is not None
    assert (course.material, course.standing) == (Material.INFUSED, Standing.CLOSED)
    assert course.treatment is Treatment.COMPLETE

    by = {entry["step"]: entry["actor"] for entry in walk.entries}
    for steps in HAND_OFFS:
        assert len({by[step]["account"] for step in steps}) == 3, "three people"
        assert len({by[step]["station"] for step in steps}) == 3, "at three devices, each in a browser of its own"
    read = [one["by"] for entry in walk.entries for one in entry["containers"] if one.get("by")]
    assert set(read) == {"scanned"}, "nothing was typed that could be scanned"
    assert len(read) > 40


def test_the_steps_that_no_ordinary_course_comes_by_are_scanned_too(wedges: Wedges) -> None:
    record = wedges.record
    ordinary = frozenset(record.process.steps) - OFF_THE_WAY
    done = set(ordinary)
    run(record, stories.out_of_specification(walk_of(wedges, "S-002", steps=done)))
    run(record, stories.rejected(walk_of(wedges, "S-003", steps=done)))
    for name in HOLDS:
        hold(wedges, name)
        done.add(name)
    assert done == frozenset(record.process.steps)
    assert len(done) == 80


def hold(wedges: Wedges, name: str) -> None:
    """Holds on a place and on the study; each is lifted by somebody else."""
    record, premises = wedges.record, wedges.premises
    site, sponsor = premises.new_site(), premises.of_kind(PlaceKind.SPONSOR)[0]
    chain = f"place/{site}" if name.endswith("place") else f"study/{premises.study}"
    course = available.state_of(record, chain) or premises.new_chain(chain)
    step, protocol = record.process.steps[name], premises.protocol_of(course)
    intent = satisfy(step, protocol, course, premises, now=record.clock(), place=sponsor)
    seen = wedges.do(intent, course)
    assert seen.kind == "performed", (name, seen.headline, seen.refusal)
