"""More stories of a simulated trial: holds, early ends, doses that are held, labels that are reprinted, paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from coi_tracker.simulation.stories import made, plain
from coi_tracker.simulation.story import Story
from coi_tracker.simulation.walking import Waiting
from coi_tracker.vocabulary import ContainerKind, Treatment


def to_the_site(s: Story) -> Waiting:
    """Released product at the site."""
    yield from made(s)
    yield from s.release()
    yield from s.ship()


def treated(s: Story) -> Waiting:
    """The rest, once the product is at the site."""
    yield from s.treat_when_ready()
    yield from s.finish()
    yield from s.close()


def hold_on_course(s: Story) -> Waiting:
    """A question of quality stops the course for some days."""
    yield from made(s)
    yield from s.test()
    yield from s.do("place_hold", blocks=["everything"], reason="quality_question", place=s.mine.facility)
    yield from s.refused("release_product")
    yield s.next_morning(4)
    yield from s.do("lift_hold", reason="answered", place=s.mine.facility)
    yield from s.do("release_product")
    yield from s.give()
    yield from s.close()


def hold_on_bag(s: Story) -> Waiting:
    """One bag is held back at the site until somebody has looked at it."""
    yield from to_the_site(s)
    yield from s.do("place_hold", container=s.bag(), blocks=["infusion"], reason="identity_doubt", place=s.site)
    yield from s.plan(in_days=1)
    yield from s.refused("start_lymphodepletion")
    yield from s.do("lift_hold", reason="label and cassette agree")
    yield from s.do("change_plan", reason="product_delayed")
    yield from s.do("confirm_plan")
    yield from s.do("recheck_eligibility")
    yield from s.deplete()
    yield from s.finish()
    yield from s.close()


def withdrawn_early(s: Story) -> Waiting:
    """Consent withdrawn before anything was taken."""
    yield from s.arrive()
    yield from s.do("withdraw_subject", reason="consent_withdrawn")
    yield from s.refused("procure_tissue")
    yield from s.close()


def withdrawn_late(s: Story) -> Waiting:
    """Consent withdrawn when the product was made."""
    yield from made(s)
    yield from s.do("withdraw_subject", reason="patient_request")
    yield from s.close()


def resting_withdrawn(s: Story) -> Waiting:
    """Withdrawn; nobody has cleared up yet."""
    yield from made(s)
    yield from s.do("withdraw_subject", reason="lost_to_follow_up")


def terminated(s: Story) -> Waiting:
    """The disease went on; there is nobody to treat."""
    yield from to_the_site(s)
    yield from s.end_course(why="disease_progression")


def resting_terminated(s: Story) -> Waiting:
    """Terminated; nobody has cleared up yet."""
    yield from made(s)
    yield from s.do("terminate_course", reason="sponsor_decision")


def resting_on_hold(s: Story) -> Waiting:
    """Held, and waiting for an answer."""
    yield from made(s)
    yield from s.do("place_hold", blocks=["everything"], reason="regulator", place=s.mine.facility)


def il2_stopped(s: Story) -> Waiting:
    """One dose of IL-2 and no more."""
    yield from made(s)
    yield from s.release()
    yield from s.give(doses=1)
    yield from s.close()


def il2_held(s: Story) -> Waiting:
    """A dose of IL-2 is held and given later than its window."""
    yield from to_the_site(s)
    yield from s.treat_when_ready()
    yield from s.infuse()
    yield from s.do("give_il2")
    yield from s.do("hold_il2", reason="hypotension")
    yield s.now + timedelta(hours=17)
    yield from s.do("give_il2")
    yield from s.do("stop_il2")
    yield from s.close()


def dose_held(s: Story) -> Waiting:
    """The first dose of fludarabine is held for a day."""
    yield from to_the_site(s)
    yield from s.plan(in_days=2)
    yield from s.do("start_lymphodepletion")
    for _ in range(2):
        yield from s.dose()
    yield from s.do("hold_dose", reason="infection")
    yield s.next_morning(2)
    while s.mine.treatment is Treatment.LD_RUNNING:
        yield from s.dose()
    yield from s.finish()
    yield from s.close()


def drug_stopped(s: Story) -> Waiting:
    """Fludarabine is stopped after three doses."""
    yield from to_the_site(s)
    yield from s.plan(in_days=2)
    yield from s.do("start_lymphodepletion")
    while (s.mine.facts.get("dose.fludarabine") or 0) < 3:
        yield from s.dose()
    yield from s.do("stop_drug", drug="fludarabine", reason="toxicity")
    yield from s.finish()
    yield from s.close()


def infusion_stopped(s: Story) -> Waiting:
    """The second bag is stopped half-way."""
    yield from to_the_site(s)
    yield from s.treat_when_ready()
    yield from one_bag(s, "infuse_bag")
    yield from one_bag(s, "stop_infusion")
    yield from s.il2(doses=3)
    yield from s.close()


def one_bag(s: Story, last: str) -> Waiting:
    """Thaw, match, and the last step."""
    yield from s.do("thaw_bag")
    yield from s.do("verify_at_bedside")
    yield from s.do(last, lasting=timedelta(minutes=2))


def late_entries(s: Story) -> Waiting:
    """The system was down: two steps were done on paper and entered afterwards."""
    yield from s.arrive()
    yield from s.day_before_slot()
    yield from s.labels(ContainerKind.TISSUE_JAR)
    yield from s.late("procure_tissue", hours=2.5)
    yield from s.send_tissue()
    yield from s.make()
    yield from s.release()
    for step in ("pack_product", "release_product_to_courier", "accept_product_by_courier"):
        yield from s.do(step)
    yield s.now + timedelta(hours=22)
    yield from s.late("receive_product", hours=6, reason="network_down")
    yield from treated(s)


def reprinted(s: Story) -> Waiting:
    """The label of a bag is damaged at the site; the old serial is dead at once."""
    yield from to_the_site(s)
    bag = s.bag()
    yield from s.do("reprint_label", container=bag, reason="label_damaged", place=s.site)
    yield from s.do("verify_label", containers=(bag,), place=s.site, role="coordinator")
    yield from treated(s)


def lost_and_found(s: Story) -> Waiting:
    """One bag is missing for a day, and held back until quality has looked at it."""
    yield from to_the_site(s)
    bag = s.bag()
    yield from s.do("report_lost", container=bag, reason="not in its position", place=s.site)
    yield s.next_morning()
    yield from s.do("report_found", containers=(bag,), reason="in the next tank", place=s.site)
    yield from s.do("lift_hold", reason="log of the tank is complete")
    yield from treated(s)


def corrected(s: Story) -> Waiting:
    """A wrong number is corrected by a new entry; the old one stays."""
    yield from made(s)
    told = {"field": "cells", "old": "2.1e10", "new": "2.2e10", "reason": "typing_error", "place": s.mine.facility}
    yield from s.do("correct", **told)
    yield from s.release()
    yield from s.give()
    yield from s.close()


def amended(s: Story) -> Waiting:
    """The course moves to the amendment, if there is one by then."""
    yield from made(s)
    for _ in range(10):
        if s.premises.latest().version != s.mine.protocol.version:
            yield from s.do("adopt_amendment", differences="regimen and windows, as shown", place=s.mine.facility)
            break
        yield s.next_morning(5)
    yield from s.release()
    yield from s.give()
    yield from s.close()


def clock_change(s: Story) -> Waiting:
    """The clocks at the site change between the infusion and the last IL-2, where they ever do."""
    yield from to_the_site(s)
    days = days_to_change(s.now, s.zone)
    regimen = s.protocol.regimens[s.protocol.treatment.default_regimen]
    if days is None or days + regimen.first_day < 2:
        yield from treated(s)
        return
    yield s.next_morning(days + regimen.first_day - 2)
    yield from s.plan(in_days=1)
    yield from s.deplete()
    yield from s.infuse()
    yield from s.il2()
    yield from s.close()


def days_to_change(now: datetime, zone: str) -> int | None:
    """How many days until the clocks change there; None when they do not within 200 days."""
    there = now.astimezone(ZoneInfo(zone))
    offsets = ((n, (there + timedelta(days=n)).utcoffset()) for n in range(1, 200))
    return next((n for n, offset in offsets if offset != there.utcoffset()), None)


def not_eligible(s: Story) -> Waiting:
    """A criterion is not met."""
    yield from s.do("register_subject", place=s.site)
    yield from s.do("record_eligibility", answers={"brain_metastases": "not_met"})
    yield from s.refused("assign_cohort")


def waived(s: Story) -> Waiting:
    """Older than 70, with the approval of the medical monitor."""
    yield from s.arrive(answers={"age_up_to_70": "waived"})
    yield from s.procure()
    yield from s.make()
    yield from s.release()
    yield from s.give()
    yield from s.close()


TOLD: Mapping[str, Callable[[Story], Waiting]] = MappingProxyType(
    {
        told.__name__: told
        for told in (
            plain,
            hold_on_course,
            hold_on_bag,
            withdrawn_early,
            withdrawn_late,
            resting_withdrawn,
            terminated,
            resting_terminated,
            resting_on_hold,
            il2_stopped,
            il2_held,
            dose_held,
            drug_stopped,
            infusion_stopped,
            late_entries,
            reprinted,
            lost_and_found,
            corrected,
            amended,
            clock_change,
            not_eligible,
            waived,
        )
    }
)
