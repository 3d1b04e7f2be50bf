"""Printed, scanned back in time or expired, replaced; a whole roll scanned back; and what stays open, by serial."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import CoiId, LabelSerial, ScanPayload
from coi_tracker.services import print_counting, rebuild
from coi_tracker.services.attempts import Answer, record_attempt
from coi_tracker.services.print_counting import RollScan, ScanBack, scan_back
from coi_tracker.services.queries import course_view
from coi_tracker.services.reconciliation import Reconciliation, reconcile
from coi_tracker.services.requests import AttemptRequest, ScanClaim, SignatureClaim
from coi_tracker.vocabulary import ContainerKind, HowDelivered, LabelState, Meaning, ReasonCode, Role
from tests.integration.printing.shop import Shop

WITHIN = timedelta(minutes=30)
"""labels.verify_within of the shipped protocol."""


def code(shop: Shop, serial: str) -> str:
    return ScanPayload(CoiId(shop.coi), LabelSerial(serial)).format()


def verification(shop: Shop, *serials: str) -> AttemptRequest:
    return AttemptRequest(
        id=shop.new_id(),
        step="verify_label",
        account=shop.asker,
        role=Role.COORDINATOR,
        station=shop.stage.premises.stations[shop.printer.place],
        course=shop.coi,
        scans=tuple(ScanClaim(code(shop, serial)) for serial in serials),
    )


def verify(shop: Shop, *serials: str) -> Answer:
    return record_attempt(shop.record, verification(shop, *serials))


def balance(shop: Shop) -> Reconciliation:
    found = reconcile(shop.record, shop.coi)
    assert found is not None
    return found


def printed(shop: Shop, count: int = 3) -> tuple[str, list[str]]:
    serials = shop.issue(count)
    job = shop.ask(serials).job.id
    shop.work()
    return job, serials


# --- in time, or expired ----------------------------------------------------------------------------


@pytest.mark.requirement("COI-PRINT-11")
def test_a_printed_label_is_scanned_back_in_time_and_one_minute_later_it_is_expired(shop: Shop) -> None:
    _, (first, second, _) = printed(shop)
    shop.stage.clock.forward(WITHIN)
    assert verify(shop, first).performed
    shop.pass_time(minutes=1)
    late = verify(shop, second)
    assert [reason.code for reason in late.reasons] == [ReasonCode.LABEL_VOID]
    assert late.reasons[0].observed == f"label {second} of tissue_jar, expired"
    assert shop.states([first, second]) == [LabelState.VERIFIED, LabelState.PRINTED]
    open_ones = {one.serial: one.state for one in balance(shop).all.open}
    assert open_ones[second] is LabelState.EXPIRED
    assert open_ones[first] is LabelState.VERIFIED
    view = course_view(shop.record, shop.coi)
    assert view is not None
    assert {one.serial: one.state for one in view.labels}[second] == "expired"


@pytest.mark.requirement("COI-PRINT-11")
def test_the_time_counts_from_the_print_the_record_knows_of_and_else_from_the_issue(shop: Shop) -> None:
    outside, inside = shop.issue(1), shop.issue(1)
    shop.ask(inside)
    shop.pass_time(minutes=20)
    shop.work()
    shop.pass_time(minutes=20)
    assert verify(shop, *inside).performed
    assert verify(shop, *outside).reasons[0].observed.endswith("expired")
    with pytest.raises(NotUnderstood, match=r"still to be scanned back.*expired"):
        shop.ask(outside)


@pytest.mark.requirement("COI-PRINT-11")
def test_a_label_that_is_known_not_to_have_come_out_does_not_expire_before_it_is_printed(shop: Shop) -> None:
    serials = shop.issue(1)
    job = shop.ask(serials).job.id
    shop.paper.then, shop.paper.halves = [HowDelivered.IN_DOUBT], 0
    shop.work()
    shop.pass_time(hours=5)
    print_counting.settle_job(shop.record, job, printed=[], by=shop.asker)
    shop.ask(serials)
    shop.work()
    assert verify(shop, *serials).performed


@pytest.mark.requirement("COI-PRINT-11")
def test_a_late_entry_is_judged_by_when_the_label_was_scanned(shop: Shop) -> None:
    _, (first, *_) = printed(shop)
    then = shop.stage.clock.now + timedelta(minutes=10)
    shop.pass_time(hours=2)
    second = next(
        w.account for w in shop.stage.premises.workers if w.place == shop.printer.place and w.account != shop.asker
    )
    late = replace(
        verification(shop, first),
        happened_at=then,
        late_reason="the network was down",
        signatures=(SignatureClaim(second, Meaning.LATE_ENTRY, authentic=True),),
    )
    assert record_attempt(shop.record, late).performed


# --- replaced ---------------------------------------------------------------------------------------


@pytest.mark.requirement("COI-PRINT-12")
def test_a_replaced_label_says_which_one_replaced_it_when_and_by_whom(shop: Shop) -> None:
    _, (old, *_) = printed(shop, 1)
    container = shop.course.labels[old].container
    reprint = shop.stage.do("reprint_label", shop.chain, container=container, place=shop.course.site)
    new = reprint.event.evidence["new_serial"]
    answer = verify(shop, old)
    (reason,) = answer.reasons
    assert reason.code is ReasonCode.LABEL_SUPERSEDED
    when = f"{reprint.event.recorded_at:%Y-%m-%d %H:%M} UTC"
    assert f"the label that replaced this one: {new}, {when} by {reprint.event.actor.name} " in reason.expected
    assert "now" not in reason.expected

    again = shop.stage.do("reprint_label", shop.chain, container=container, place=shop.course.site)
    newest = again.event.evidence["new_serial"]
    assert f"{new}, {when} by {reprint.event.actor.name}; now {newest} " in verify(shop, old).reasons[0].expected


@pytest.mark.requirement("COI-PRINT-12", "COI-PRINT-08")
def test_a_printed_label_is_not_printed_again_but_replaced(shop: Shop) -> None:
    _, serials = printed(shop, 1)
    with pytest.raises(NotUnderstood, match=r"got .*, printed; a printed label is replaced by `reprint_label`"):
        shop.ask(serials)


@pytest.mark.requirement("COI-PRINT-04")
def test_a_label_scanned_back_before_the_sender_came_back_stays_verified(shop: Shop) -> None:
    serials = shop.issue(1)
    shop.ask(serials)

    def scans_at_once(printer, content, job):
        assert verify(shop, *serials).performed
        return shop.paper.take(printer, content, job)

    shop.work(deliver=scans_at_once)
    assert shop.states(serials) == [LabelState.VERIFIED]
    assert shop.said_to_be_printed() == serials


# --- a roll -----------------------------------------------------------------------------------------


def roll(shop: Shop, job: str, codes: list[str]) -> ScanBack:
    station = shop.stage.premises.stations[shop.printer.place]
    scans = [RollScan(shop.new_id(), text) for text in codes]
    return scan_back(shop.record, job, scans, account=shop.asker, role=Role.COORDINATOR, station=station)


@pytest.mark.requirement("COI-PRINT-13")
def test_a_whole_roll_is_verified_label_by_label(shop: Shop) -> None:
    job, serials = printed(shop, 4)
    found = roll(shop, job, [code(shop, serial) for serial in serials])
    assert found.complete
    assert found.verified == tuple(serials)
    assert shop.states(serials) == [LabelState.VERIFIED] * 4
    assert balance(shop).by_job[0].difference == 4, "verified is not applied yet"


@pytest.mark.requirement("COI-PRINT-13")
def test_missing_extra_doubled_and_wrong_labels_of_a_roll_are_named(shop: Shop) -> None:
    job, serials = printed(shop, 4)
    extra = shop.issue(1)
    shop.ask(extra)
    shop.work()
    other = shop.stage.drive("P-2", "open_course")
    shop.stage.do("issue_labels", other.chain, kind="tissue_jar", count=1, place=other.site)
    foreign = next(iter(shop.stage.now(other.chain).labels))
    foreign_code = ScanPayload(CoiId(other.coi or ""), LabelSerial(foreign)).format()
    good = [code(shop, serial) for serial in serials]
    found = roll(shop, job, [good[0], good[0], code(shop, extra[0]), "<script>", foreign_code, good[1]])
    assert found.verified == tuple(serials[:2])
    assert found.missing == tuple(serials[2:])
    assert found.extra == (extra[0], foreign)
    assert found.twice == (serials[0],)
    assert [(wrong.reasons[0].code, wrong.code) for wrong in found.wrong] == [
        (ReasonCode.MALFORMED_LABEL, "<script>"),
        (found.wrong[1].reasons[0].code, foreign_code),
    ]
    assert found.wrong[1].reasons[0].code in {ReasonCode.WRONG_COURSE, ReasonCode.WRONG_SUBJECT}
    assert not found.complete
    resumed = roll(shop, job, [good[0], good[2], good[3]])
    assert (resumed.verified, resumed.twice, resumed.missing) == (tuple(serials[2:]), (serials[0],), ())


@pytest.mark.requirement("COI-PRINT-13")
def test_the_same_scans_handed_in_again_get_the_same_answers(shop: Shop) -> None:
    job, serials = printed(shop, 2)
    station = shop.stage.premises.stations[shop.printer.place]
    scans = [RollScan(shop.new_id(), code(shop, serial)) for serial in serials]
    who: dict[str, Any] = {"account": shop.asker, "role": Role.COORDINATOR, "station": station}
    first = scan_back(shop.record, job, scans, **who)
    assert scan_back(shop.record, job, scans, **who) == first


# --- reconciled -------------------------------------------------------------------------------------


@pytest.mark.requirement("COI-PRINT-14")
def test_labels_reconcile_for_the_course_for_each_issue_and_for_each_job(shop: Shop) -> None:
    _, jars = printed(shop, 3)
    bands = shop.issue(2, "wristband")
    place = shop.course.site
    of = {serial: label.container for serial, label in shop.course.labels.items()}
    shop.stage.do("void_label", shop.chain, container=of[jars[0]], place=place)
    shop.stage.do("destroy_label", shop.chain, container=of[bands[0]], place=place)
    shop.stage.do("reprint_label", shop.chain, container=of[jars[1]], place=place)
    found = balance(shop)
    assert found.all.issued == 6
    ended = {LabelState.VOID: 1, LabelState.DESTROYED: 1, LabelState.SUPERSEDED: 1}
    assert found.all.ended == ended
    assert found.all.difference == 3 == len(found.all.open)
    assert [(one.what, one.issued, one.difference) for one in found.by_issue] == [
        ("issue_labels: tissue_jar", 3, 1),
        ("issue_labels: wristband", 2, 1),
        ("reprint_label: tissue_jar", 1, 1),
    ]
    assert [(one.issued, one.difference) for one in found.by_job] == [(3, 1)]
    assert found.by_job[0].open[0].serial == jars[2]
    assert set(found.blocks["close_course"]) == {one.serial for one in found.all.open}
    assert "fill" not in found.blocks


@pytest.mark.requirement("COI-PRINT-14")
def test_a_course_nobody_knows_has_no_reconciliation(shop: Shop) -> None:
    assert reconcile(shop.record, CoiId.issue().text) is None


def open_serials(shop: Shop, kind: ContainerKind) -> list[str]:
    return sorted(one.serial for one in balance(shop).all.open if one.kind is kind)


@pytest.mark.requirement("COI-PRINT-15")
def test_an_open_label_blocks_filling_until_it_is_accounted_for(shop: Shop) -> None:
    course = shop.stage.drive("P-3", "harvest")
    here = replace(shop, chain=course.chain)
    shop.stage.make_ready(here.course, "fill")
    facility = here.course.facility
    left = here.issue(2, "qc_vial", place=facility)
    answer = shop.stage.attempt(shop.stage.request("fill", here.chain))
    assert [(r.code, r.observed) for r in answer.reasons] == [(ReasonCode.RECONCILIATION_OPEN, ", ".join(sorted(left)))]
    assert set(left) <= set(balance(here).blocks["fill"])
    for serial in left:
        container = here.course.labels[serial].container
        shop.stage.do("destroy_label", here.chain, container=container, place=facility)
    assert shop.stage.attempt(shop.stage.request("fill", here.chain)).performed
    assert rebuild.check(shop.record).findings == ()


@pytest.mark.requirement("COI-PRINT-15")
def test_open_labels_block_closing_the_course_and_each_is_named(shop: Shop) -> None:
    serials = shop.issue(3)
    shop.stage.do("terminate_course", shop.chain)
    answer = shop.stage.attempt(shop.stage.request("close_course", shop.chain))
    named = {reason.code: reason.observed for reason in answer.reasons}
    assert named[ReasonCode.RECONCILIATION_OPEN] == ", ".join(sorted(serials))
    for serial in serials:
        container = shop.course.labels[serial].container
        shop.stage.do("void_label", shop.chain, container=container, place=shop.course.site)
    shop.stage.do("close_course", shop.chain)
    assert balance(shop).all.difference == 0


@pytest.mark.requirement("COI-PRINT-15")
def test_open_labels_of_another_course_in_a_suite_block_its_line_and_each_is_named(shop: Shop) -> None:
    course = shop.stage.drive("P-4", "accept_tissue")
    other = shop.stage.drive("P-5", "accept_tissue")
    facility = course.facility
    assert facility is not None
    assert facility == other.facility
    suite = shop.stage.premises.suites(facility)[0]
    here = replace(shop, chain=course.chain)
    left = here.issue(2, "flask", place=facility, suite=suite)
    request = shop.stage.request("clear_line", other.chain, place=facility)
    request = replace(request, evidence={**request.evidence, "suite": suite})
    answer = shop.stage.attempt(request)
    named = [(r.code, r.observed) for r in answer.reasons if "label" in r.expected]
    assert named == [(ReasonCode.LINE_NOT_CLEAR, ", ".join(sorted(left)))]
    assert balance(here).suites == {suite: tuple(left)}
