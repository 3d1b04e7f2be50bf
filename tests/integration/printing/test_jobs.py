"""Asking, sending, and what a job comes to: by workers, on both databases, with a printer that is only its paper."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from coi_tracker.errors import NotUnderstood
from coi_tracker.services import print_counting, printers, printing
from coi_tracker.services.print_work import Outcome, give_up_abandoned
from coi_tracker.services.printing import LabelToPrint
from coi_tracker.storage.faults import Conflict
from coi_tracker.storage.printing import Printer
from coi_tracker.vocabulary import ContainerKind, HowDelivered, JobState, LabelState, PrintState, Role
from tests.integration.printing.shop import BY, Shop, listed

ISSUED, PRINTED = LabelState.ISSUED, LabelState.PRINTED


@pytest.mark.requirement("COI-PRINT-01", "COI-PRINT-04")
def test_a_job_is_printed_and_the_log_says_which_serials_on_which_printer_and_who_asked(shop: Shop) -> None:
    serials = shop.issue(3)
    asked = shop.ask(serials)
    assert asked.job.state is JobState.QUEUED
    done = shop.work()
    assert done is not None
    assert done.job.state is JobState.PRINTED
    assert shop.paper.out == serials
    assert shop.states(serials) == [PRINTED] * 3
    (entry,) = shop.entries()
    said = entry["evidence"]
    assert (said["labels"], said["printer"], said["job"]) == (serials, "site-zebra", asked.job.id)
    assert (said["asked_by"], entry["actor"]["account"]) == (shop.asker, shop.asker)
    assert shop.work() is None


@pytest.mark.requirement("COI-PRINT-06")
def test_a_double_click_is_one_job(shop: Shop) -> None:
    serials = shop.issue(2)
    job_id = shop.new_id()
    clicks = [shop.ask(serials, job_id=job_id).job for _ in range(3)]
    assert clicks[0] == clicks[1] == clicks[2]
    shop.work()
    assert shop.ask(serials, job_id=job_id).job.state is JobState.PRINTED
    assert shop.work() is None
    assert shop.paper.out == serials


@pytest.mark.requirement("COI-PRINT-06")
def test_two_clicks_at_the_same_moment_are_one_job(shop: Shop) -> None:
    serials, job_id = shop.issue(2), shop.new_id()
    start = threading.Barrier(4)

    def click(_n: int) -> str:
        start.wait()
        return shop.ask(serials, job_id=job_id).job.id

    with ThreadPoolExecutor(4) as clicks:
        assert set(clicks.map(click, range(4))) == {job_id}
    shop.work()
    shop.work()
    assert shop.paper.out == serials


@pytest.mark.requirement("COI-PRINT-02")
def test_two_people_who_want_the_same_label_get_one_job_and_a_sentence(shop: Shop) -> None:
    serials = shop.issue(2)
    first = shop.ask(serials)
    with pytest.raises(NotUnderstood, match=f"{serials[0]}, queued in job {first.job.id}"):
        shop.ask(serials[:1])


@pytest.mark.requirement("COI-PRINT-02")
def test_the_database_itself_refuses_a_second_job_for_a_serial(shop: Shop) -> None:
    serials = shop.issue(1)
    shop.ask(serials)
    job = shop.job(shop.ask(shop.issue(1)).job.id).job

    def second_job() -> None:
        with shop.record.database.write() as tx:
            tx.write(
                "INSERT INTO print_labels (job, serial, n, state) VALUES (:job, :serial, 9, 'queued')",
                {"job": job.id, "serial": serials[0]},
            )

    with pytest.raises(Conflict, match="uq_print_labels_live"):
        second_job()


@pytest.mark.requirement("COI-PRINT-03")
def test_a_printer_that_is_off_keeps_the_job_and_the_job_says_so(shop: Shop) -> None:
    serials = shop.issue(2)
    job = shop.ask(serials).job.id
    shop.paper.then = [HowDelivered.NOTHING_SENT, HowDelivered.NOTHING_SENT]
    for tries in (1, 2):
        tried = shop.work()
        assert tried is not None
        assert (tried.job.state, tried.job.tries) == (JobState.QUEUED, tries)
        assert str(tried.job.words).startswith("the paper says nothing_sent; try ")
        assert shop.work() is None, "it waits before it tries again"
        shop.pass_time(minutes=1)
    assert shop.states(serials) == [ISSUED] * 2
    assert shop.entries() == []
    shop.work()
    assert shop.job(job).job.state is JobState.PRINTED
    assert shop.paper.out == serials


@pytest.mark.requirement("COI-PRINT-03")
def test_a_printer_that_is_off_does_not_hold_up_another_one(shop: Shop) -> None:
    stuck, fine = shop.issue(1), shop.issue(1)
    shop.ask(stuck)
    shop.pass_time(seconds=1)
    shop.ask(fine)
    shop.paper.then = [HowDelivered.NOTHING_SENT]
    shop.work()
    shop.work()
    assert shop.paper.out == fine


@pytest.mark.requirement("COI-PRINT-04", "COI-PRINT-05")
def test_half_a_job_may_have_printed_until_a_person_counts_and_only_the_rest_is_sent_again(shop: Shop) -> None:
    serials = shop.issue(4)
    job = shop.ask(serials).job.id
    shop.paper.then, shop.paper.halves = [HowDelivered.IN_DOUBT], 2
    half = shop.work()
    assert half is not None
    assert half.job.state is JobState.MAY_HAVE_PRINTED
    assert shop.states(serials) == [ISSUED] * 4
    shop.pass_time(hours=3)
    assert shop.work() is None, "nothing is sent again by itself"
    with pytest.raises(NotUnderstood, match="may_have_printed in job"):
        shop.ask(serials[2:])

    counted = print_counting.settle_job(shop.record, job, printed=serials[:2], by=shop.asker)
    assert counted.job.state is JobState.COUNTED
    assert shop.states(serials) == [PRINTED, PRINTED, ISSUED, ISSUED]
    again = print_counting.settle_job(shop.record, job, printed=serials[:2], by=shop.asker)
    assert again == counted
    with pytest.raises(NotUnderstood, match="may have printed"):
        print_counting.settle_job(shop.record, job, printed=serials, by=shop.asker)

    shop.ask(serials[2:])
    shop.work()
    assert shop.paper.out == serials
    assert shop.said_to_be_printed() == serials
    said = [entry["evidence"] for entry in shop.entries()]
    assert [one["may_have_printed"] for one in said] == [serials, [], []]
    assert said[1]["not_printed"] == serials[2:]


@pytest.mark.requirement("COI-PRINT-05")
def test_a_label_that_was_scanned_back_cannot_be_counted_as_not_printed(shop: Shop) -> None:
    serials = shop.issue(2)
    job = shop.ask(serials).job.id
    shop.paper.then, shop.paper.halves = [HowDelivered.IN_DOUBT], 1
    shop.work()
    scanned = shop.course.labels[serials[0]].container
    shop.stage.do("verify_label", shop.chain, containers=(scanned,), place=shop.course.site)
    with pytest.raises(NotUnderstood, match=f"got {serials[0]} left out"):
        print_counting.settle_job(shop.record, job, printed=[], by=shop.asker)
    print_counting.settle_job(shop.record, job, printed=serials[:1], by=shop.asker)
    assert shop.states(serials) == [LabelState.VERIFIED, ISSUED]


@pytest.mark.requirement("COI-PRINT-04")
def test_what_a_sender_raises_leaves_a_job_that_may_have_printed(shop: Shop) -> None:
    serials = shop.issue(1)
    shop.ask(serials)

    def breaks(_printer: Printer, _content: bytes, _job: str) -> Outcome:
        raise RuntimeError("a wire came loose")

    broken = shop.work(deliver=breaks)
    assert broken is not None
    assert broken.job.state is JobState.MAY_HAVE_PRINTED
    assert broken.job.words == "sending to site-zebra broke off: RuntimeError"


@pytest.mark.requirement("COI-PRINT-04")
def test_a_sender_that_never_comes_back_is_given_up_and_its_late_answer_changes_nothing(shop: Shop) -> None:
    serials = shop.issue(2)
    job = shop.ask(serials).job.id

    def sleeps(printer: Printer, content: bytes, name: str) -> Outcome:
        shop.pass_time(minutes=10)
        assert [view.job.id for view in give_up_abandoned(shop.record)] == [job]
        return shop.paper.take(printer, content, name)

    late = shop.work(deliver=sleeps)
    assert late is not None
    assert late.job.state is JobState.MAY_HAVE_PRINTED
    assert shop.said_to_be_printed() == []
    print_counting.settle_job(shop.record, job, printed=serials, by=shop.asker)
    assert shop.said_to_be_printed() == serials == shop.paper.out


@pytest.mark.requirement("COI-PRINT-04")
def test_a_worker_that_was_held_up_before_it_sent_sends_nothing_any_more(shop: Shop) -> None:
    serials = shop.issue(1)
    shop.ask(serials)
    clock = shop.stage.clock
    held = shop.work(lease=clock.now - clock.now)
    assert held is not None
    assert (held.job.state, shop.paper.out) == (JobState.QUEUED, [])


@pytest.mark.requirement("COI-PRINT-04")
def test_many_workers_at_once_send_every_label_once(shop: Shop) -> None:
    jobs = {shop.ask(shop.issue(1)).job.id for _ in range(6)}

    def work(_n: int) -> None:
        while shop.work() is not None:
            pass

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
    while shop.work() is not None:
        pass
    assert {shop.job(job).job.state for job in jobs} == {JobState.PRINTED}
    assert sorted(shop.paper.out) == sorted(set(shop.paper.out)) == sorted(shop.said_to_be_printed())
    assert len(shop.paper.out) == 6


@pytest.mark.requirement("COI-PRINT-07")
def test_a_job_with_a_label_that_died_meanwhile_fails_whole_and_the_others_can_be_asked_for_again(shop: Shop) -> None:
    serials = shop.issue(3)
    shop.ask(serials)
    void = shop.course.labels[serials[1]].container
    shop.stage.do("void_label", shop.chain, container=void, place=shop.course.site)
    failed = shop.work()
    assert failed is not None
    assert (failed.job.state, shop.paper.out) == (JobState.FAILED, [])
    assert failed.job.words is not None
    assert f"{serials[1]}, which is void" in failed.job.words
    rest = [serials[0], serials[2]]
    shop.ask(rest)
    shop.work()
    assert shop.paper.out == rest


@pytest.mark.requirement("COI-PRINT-07")
def test_a_job_that_cannot_be_drawn_fails_before_anything_is_sent(shop: Shop) -> None:
    serials = shop.issue(1)

    def no_font(_labels: Sequence[LabelToPrint], _printer: Printer) -> bytes:
        raise NotUnderstood(expected="characters the type has", came="U+1F600", do="change the name of the site")

    with pytest.raises(NotUnderstood, match=r"U\+1F600"):
        shop.ask(serials, check=no_font)
    assert printing.jobs(shop.record) == []
    shop.ask(serials)
    failed = shop.work(render=no_font)
    assert failed is not None
    assert (failed.job.state, shop.paper.out) == (JobState.FAILED, [])
    assert [one.state for one in failed.labels] == [PrintState.NOT_PRINTED]


@pytest.mark.requirement("COI-PRINT-07")
def test_a_job_that_breaks_the_drawing_does_not_stop_the_one_behind_it(shop: Shop) -> None:
    bad, good = shop.issue(1), shop.issue(1)
    shop.ask(bad)
    shop.pass_time(seconds=1)
    shop.ask(good)

    def draws(labels: Sequence[LabelToPrint], printer: Printer) -> bytes:
        if labels[0].serial in bad:
            raise ZeroDivisionError
        return listed(labels, printer)

    failed = shop.work(render=draws)
    assert failed is not None
    assert (failed.job.state, failed.job.words) == (
        JobState.FAILED,
        "it cannot be drawn (ZeroDivisionError); nothing was sent",
    )
    shop.work(render=draws)
    assert shop.paper.out == good


@pytest.mark.requirement("COI-PRINT-07")
def test_a_job_that_waits_can_be_cancelled_and_one_that_was_sent_cannot(shop: Shop) -> None:
    serials = shop.issue(1)
    job = shop.ask(serials).job.id
    assert printing.cancel_job(shop.record, job, by=shop.asker).job.state is JobState.CANCELLED
    assert shop.work() is None
    sent = shop.ask(serials).job.id
    shop.work()
    with pytest.raises(NotUnderstood, match="one that is printed"):
        printing.cancel_job(shop.record, sent, by=shop.asker)


@pytest.mark.requirement("COI-PRINT-08")
@pytest.mark.parametrize("count", [0, 201, 10_000_000])
def test_no_labels_or_far_too_many_are_refused_in_a_sentence_and_nothing_is_queued(shop: Shop, count: int) -> None:
    serials = ["L"] * count
    with pytest.raises(NotUnderstood, match=rf"1 to 200 labels.*got {count}"):
        shop.ask(serials)
    assert printing.jobs(shop.record) == []


@pytest.mark.requirement("COI-PRINT-08")
@pytest.mark.parametrize("count", [0, -1, 51, 10_000_000])
def test_issuing_no_labels_or_far_too_many_is_refused_and_nothing_is_half_issued(shop: Shop, count: int) -> None:
    request = shop.stage.request("issue_labels", shop.chain, kind="tissue_jar", count=1, place=shop.course.site)
    answer = shop.stage.attempt(replace(request, evidence={**request.evidence, "count": count}))
    assert [reason.code for reason in answer.reasons] == ["value_out_of_range"]
    with shop.record.database.read() as tx:
        assert tx.query("SELECT count(*) FROM label_issues WHERE coi = :coi", coi=shop.coi) == [(0,)]
    assert shop.course.containers == {}


@pytest.mark.requirement("COI-PRINT-08")
def test_what_cannot_be_printed_is_refused_in_a_sentence_and_nothing_is_queued(shop: Shop) -> None:
    serials = shop.issue(2)
    other = shop.stage.drive("P-2", "open_course")
    shop.stage.do("issue_labels", other.chain, kind="tissue_jar", count=1, place=other.site)
    foreign = next(iter(shop.stage.now(other.chain).labels))
    stranger = next(w.account for w in shop.stage.premises.workers if w.place != shop.course.site)
    nurse = next(w.account for w in shop.stage.premises.workers if w.place == shop.course.site and w.role is Role.NURSE)
    for asked, words in (
        ({"serials": [*serials, foreign]}, "labels of one course"),
        ({"serials": [serials[0], serials[0]]}, "twice"),
        ({"serials": ["LZZZZZZZZZZZZ"]}, "label"),
        ({"serials": serials, "printer": "no such"}, "a printer of the record"),
        ({"serials": serials, "by": stranger}, "none of these"),
        ({"serials": serials, "by": nurse}, "none of these"),
        ({"serials": serials, "by": "nobody"}, "none of these"),
        ({"serials": serials, "job_id": "1"}, "UUID of version 7"),
        ({"course": "C1"}, "COI"),
    ):
        with pytest.raises(NotUnderstood, match=words):
            shop.ask(**asked)
    assert printing.jobs(shop.record) == []


@pytest.mark.requirement("COI-PRINT-01")
def test_all_labels_of_a_course_that_wait_and_fit_the_printer_are_printed_by_its_coi(shop: Shop) -> None:
    jars, flasks = shop.issue(2), shop.issue(1, "flask")
    fields: dict[str, Any] = {
        "place": shop.printer.place,
        "name": "jars only",
        "kind": shop.printer.kind,
        "address": "p:9100",
    }
    printers.put_printer(shop.record, "jars", **fields, kinds=(ContainerKind.TISSUE_JAR,), **BY)
    asked = shop.ask(course=shop.coi, printer="jars")
    assert [one.serial for one in asked.labels] == jars
    with pytest.raises(NotUnderstood, match="a label that fits what is in jars"):
        shop.ask(flasks, printer="jars")
    printers.change_printer(shop.record, "jars", active=False, **BY)
    with pytest.raises(NotUnderstood, match="out of use"):
        shop.ask(flasks, printer="jars")


@pytest.mark.requirement("COI-PRINT-01")
def test_what_a_label_says_comes_from_the_record_and_its_protocol(shop: Shop) -> None:
    serials = shop.issue(2, "bag")
    seen: list[LabelToPrint] = []

    def look(labels: Sequence[LabelToPrint], printer: Printer) -> bytes:
        seen.extend(labels)
        return listed(labels, printer)

    shop.ask(serials, check=look)
    assert [(one.part, one.of) for one in seen] == [(1, 2), (2, 2)]
    assert "FOR AUTOLOGOUS USE ONLY" in seen[0].texts
    place = shop.stage.premises.places[shop.printer.place]
    assert (seen[0].site, seen[0].zone, seen[0].coi) == (place.name, place.zone, shop.coi)
