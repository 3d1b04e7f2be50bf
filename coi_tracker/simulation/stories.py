"""The stories that a simulated trial tells, each in the order it happens. Their chapters are in `story`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType

from coi_tracker.simulation.story import Story
from coi_tracker.simulation.values import failing, quantity
from coi_tracker.simulation.walking import TO_THE_COURIER, Waiting
from coi_tracker.vocabulary import ContainerKind, ContainerState

INSPECTION = "accept_tissue"


def plain(s: Story) -> Waiting:
    """Nothing unusual."""
    yield from made(s)
    yield from s.release()
    yield from s.give()
    yield from s.close()


def made(s: Story, answers: Mapping[str, str] | None = None) -> Waiting:
    """From registration to frozen bags."""
    yield from s.arrive(answers=answers)
    yield from s.procure()
    yield from s.make()


def conditional(s: Story) -> Waiting:
    """Released while the final sterility is pending, and at the site."""
    yield from made(s)
    yield from s.test(final=False, days=8)
    yield from s.do("release_conditionally")
    yield from s.ship()


def conditional_negative(s: Story) -> Waiting:
    """The final sterility comes back negative in time."""
    yield from conditional(s)
    yield s.next_morning(5)
    yield from s.results()
    yield from s.do("release_product")
    yield from s.treat_when_ready()
    yield from s.finish()
    yield from s.close()


def conditional_positive_before(s: Story) -> Waiting:
    """It comes back positive when the patient is about to be prepared: everything stops."""
    yield from conditional(s)
    yield from s.plan(in_days=2)
    yield from positive(s)
    yield from s.refused("start_lymphodepletion")
    yield from s.do("reject_product", reason="growth in the final sterility test")
    yield from s.end_course(why="product_failed")


def positive(s: Story) -> Waiting:
    """Growth after release."""
    yield from s.do(
        "result_after_release", test="sterility", value="growth", notified="cell lab and physician, by phone"
    )


def conditional_positive_after(s: Story) -> Waiting:
    """It comes back positive after the infusion: people are told, and nothing is taken back."""
    yield from conditional(s)
    yield from s.treat_when_ready()
    yield from s.infuse()
    yield from positive(s)
    yield from s.il2(doses=2)
    yield from s.close()


def insufficient(s: Story) -> Waiting:
    """Too little tissue; a second procurement under another COI."""
    yield from s.arrive()
    yield from received(s)
    yield from s.do("reject_tissue", reason="too_little")
    yield from s.end_course(why="insufficient_tissue")
    yield from s.second_course()


def received(s: Story) -> Waiting:
    """The tissue is at the facility and not inspected yet."""
    yield from s.day_before_slot()
    yield from s.perform("procure_tissue")
    for step in TO_THE_COURIER[: TO_THE_COURIER.index(INSPECTION)]:
        yield from s.perform(step)
        if step == "accept_by_courier":
            yield s.now + timedelta(hours=18)


def on_the_way(s: Story, *, hours: float) -> Waiting:
    """The tissue is with the courier, for so long."""
    yield from s.day_before_slot()
    yield from s.perform("procure_tissue")
    for step in ("pack", "release_to_courier", "accept_by_courier"):
        yield from s.perform(step)
    yield s.now + timedelta(hours=hours)


def contaminated(s: Story) -> Waiting:
    """The culture is contaminated after some days."""
    yield from s.arrive()
    yield from s.procure()
    yield from s.perform("start_first_expansion")
    yield s.next_morning(5)
    yield from s.do("reject_tissue", reason="contaminated")
    yield from s.end_course(why="product_failed")


def out_of_specification(s: Story) -> Waiting:
    """Viability below its limit."""
    yield from made(s)
    yield from s.test(values={"viability": failing(s.protocol.release_tests["viability"].limit)})
    yield from s.refused("release_product")
    yield from s.do("declare_out_of_specification", reason="viability below its limit")


def oos_exceptional(s: Story) -> Waiting:
    """Released exceptionally, by physician and quality."""
    yield from out_of_specification(s)
    yield from s.do("request_exceptional_release", reason="no_alternative", approvals="sponsor and ethics committee")
    yield from s.do("exceptional_release", reason="unmet_need")
    yield from s.give()
    yield from s.close()


def oos_rejected(s: Story) -> Waiting:
    """Rejected and destroyed."""
    yield from out_of_specification(s)
    yield from s.do("reject_product", reason="out of specification, nobody asked for it")
    yield from s.end_course(why="product_failed")


def banked(s: Story) -> Waiting:
    """Made in advance, and kept until progression is documented."""
    yield from made(s, {"documented_progression": "outstanding"})
    yield from s.release()
    yield s.next_morning(s.stage.chance.randint(50, 110))
    yield from s.ship()
    yield from s.plan(in_days=1)
    yield from s.refused("start_lymphodepletion")
    yield from s.do("confirm_progression", evidence="imaging of this week")
    yield from s.do("change_plan", reason="patient_condition")
    yield from s.do("confirm_plan")
    yield from s.do("recheck_eligibility")
    yield from s.deplete()
    yield from s.finish()
    yield from s.close()


def retreatment(s: Story) -> Waiting:
    """Treated, and treated again months later from other tissue, under another COI."""
    yield from plain(s)
    yield s.next_morning(s.stage.chance.randint(120, 160))
    s.course = None
    yield from s.arrive(again=True, cohort="retreatment")
    yield from s.procure()
    yield from s.make()
    yield from s.release()
    yield from s.give()


def lost_tissue(s: Story) -> Waiting:
    """The courier loses the shipper; a second procurement."""
    yield from s.arrive()
    yield from on_the_way(s, hours=60)
    for jar in s.mine.of_kind(ContainerKind.TISSUE_JAR):
        if jar.state is ContainerState.IN_TRANSIT:
            yield from s.do("report_lost", container=jar.id, reason="shipper not found", place=jar.holder)
    yield from s.end_course(why="insufficient_tissue")
    yield from s.second_course()


def lost_product(s: Story) -> Waiting:
    """Every bag is lost on the way to the site; the course rests so."""
    yield from made(s)
    yield from s.release()
    for step in ("pack_product", "release_product_to_courier", "accept_product_by_courier"):
        yield from s.do(step)
    yield s.next_morning(4)
    for bag in s.mine.of_kind(ContainerKind.BAG):
        if bag.state is ContainerState.IN_TRANSIT:
            yield from s.do("report_lost", container=bag.id, reason="shipper not found", place=bag.holder)


def late_tissue(s: Story) -> Waiting:
    """More than 48 hours on the way: a deviation decides, twice."""
    yield from s.arrive()
    yield from on_the_way(s, hours=49)
    yield from s.excused("receive_tissue")
    yield from s.do("accept_tissue")
    yield from s.deviation("start_first_expansion")
    yield from s.perform("start_first_expansion", deviation=s.latest_deviation)
    yield from s.close_deviations()
    yield from s.make(after="start_first_expansion")
    yield from s.release()
    yield from s.give()
    yield from s.close()


def odd_receipt(s: Story, **wrong: object) -> Waiting:
    """Something is wrong with the tissue's shipment; a deviation decides."""
    yield from s.arrive()
    yield from on_the_way(s, hours=18)
    yield from s.excused("receive_tissue", **wrong)
    yield from s.do("accept_tissue")
    yield from s.close_deviations()
    yield from s.make()
    yield from s.release()
    yield from s.give()
    yield from s.close()


def warm_tissue(s: Story) -> Waiting:
    """Too warm on the way."""
    yield from odd_receipt(s, temperature_high=quantity(11, "Cel"))


def broken_seal(s: Story) -> Waiting:
    """The seal is broken."""
    yield from odd_receipt(s, seal_intact=False)


def warm_product(s: Story) -> Waiting:
    """The product was warmer than -150 C on the way."""
    yield from made(s)
    yield from s.release()
    for step in ("pack_product", "release_product_to_courier", "accept_product_by_courier"):
        yield from s.do(step)
    yield s.now + timedelta(hours=25)
    yield from s.excused("receive_product", temperature_high=quantity(-139, "Cel"))
    yield from s.close_deviations()
    yield from s.treat_when_ready()
    yield from s.finish()
    yield from s.close()


def late_harvest(s: Story) -> Waiting:
    """The culture was slow: harvested two days late, with a deviation."""
    yield from s.arrive()
    yield from s.procure()
    for step in ("start_first_expansion", "start_rapid_expansion", "scale_up"):
        yield from s.perform(step)
    yield from s.wait_for("harvest")
    yield s.next_morning(2)
    yield from s.labels(ContainerKind.POOL)
    yield from s.do("clear_line")
    yield from s.refused("harvest")
    yield from s.do("release_line", reason="culture slow, another day")
    yield from s.deviation("harvest")
    yield from s.perform("harvest", deviation=s.latest_deviation)
    yield from s.close_deviations()
    yield from s.make(after="harvest")
    yield from s.release()
    yield from s.give()
    yield from s.close()


TOLD: Mapping[str, Callable[[Story], Waiting]] = MappingProxyType(
    {
        told.__name__: told
        for told in (
            plain,
            conditional_negative,
            conditional_positive_before,
            conditional_positive_after,
            insufficient,
            contaminated,
            oos_exceptional,
            oos_rejected,
            banked,
            retreatment,
            lost_tissue,
            lost_product,
            late_tissue,
            warm_tissue,
            broken_seal,
            warm_product,
            late_harvest,
        )
    }
)
