"""A course with labels at a site, a printer there, and workers that use the printer's stand-ins."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from coi_tracker.course import Course
from coi_tracker.services import printers, printing
from coi_tracker.services.changes import INSTALLER, new_event_id
from coi_tracker.services.print_work import Outcome, print_next
from coi_tracker.services.printing import JobView, LabelToPrint
from coi_tracker.services.record import Record
from coi_tracker.storage.printing import Printer
from coi_tracker.vocabulary import HowDelivered, LabelState, PrinterKind, Role
from tests.races.stage import Stage

BY: dict[str, Any] = {"by": INSTALLER, "reason": "set up for a test"}


def listed(labels: Sequence[LabelToPrint], _printer: Printer) -> bytes:
    """A drawing that is only the serials: for tests of what is sent when, not of how it looks."""
    return "\n".join(one.serial for one in labels).encode()


@dataclass
class Paper:
    """A printer that is nothing but what came out of it. ``then`` says what it does next, and how it answers."""

    out: list[str] = field(default_factory=list)
    then: list[HowDelivered] = field(default_factory=list)
    halves: int = 0

    def take(self, _printer: Printer, content: bytes, _job: str) -> Outcome:
        how = self.then.pop(0) if self.then else HowDelivered.TAKEN
        serials = content.decode().splitlines()
        if how is HowDelivered.IN_DOUBT:
            serials = serials[: self.halves]
        if how is not HowDelivered.NOTHING_SENT:
            self.out += serials
        return Outcome(how, f"the paper says {how}")


@dataclass
class Shop:
    """A stage with a course, a printer and its paper."""

    stage: Stage
    chain: str
    printer: Printer
    asker: str
    paper: Paper = field(default_factory=Paper)

    @property
    def record(self) -> Record:
        return self.stage.record

    @property
    def course(self) -> Course:
        return self.stage.now(self.chain)

    @property
    def coi(self) -> str:
        return self.chain.removeprefix("course/")

    def issue(self, count: int = 3, kind: str = "tissue_jar", **also: Any) -> list[str]:
        """Issue labels at the site; their serials."""
        before = {c.serial for c in self.course.containers.values()}
        self.stage.do("issue_labels", self.chain, kind=kind, count=count, **{"place": self.course.site, **also})
        issued = [c for c in self.course.containers.values() if c.serial not in before and c.kind == kind]
        return [c.serial for c in sorted(issued, key=lambda c: c.part)]

    def new_id(self) -> str:
        return new_event_id(self.record)

    def ask(self, serials: Sequence[str] = (), **also: Any) -> JobView:
        """Ask the printer for labels."""
        given: dict[str, Any] = {"printer": self.printer.id, "by": self.asker, "serials": serials, **also}
        return printing.ask_to_print(self.record, given.pop("job_id", None) or self.new_id(), **given)

    def work(self, **also: Any) -> JobView | None:
        """Let a worker do the next job."""
        return print_next(self.record, also.pop("render", listed), also.pop("deliver", self.paper.take), **also)

    def pass_time(self, **amount: float) -> None:
        self.stage.clock.forward(timedelta(**amount))

    def job(self, job_id: str) -> JobView:
        return printing.find_job(self.record, job_id)

    def states(self, serials: Sequence[str]) -> list[LabelState]:
        """What the record says of these labels."""
        with self.record.database.read() as tx:
            rows = tx.query("SELECT serial, state FROM labels WHERE serial IN {serials}", serials=list(serials))
        known = dict(rows)
        return [LabelState(known[serial]) for serial in serials]

    def entries(self, kind: str = "label_printed") -> list[dict[str, Any]]:
        """The entries of the course of one kind."""
        with self.record.database.read() as tx:
            rows = tx.query(
                "SELECT entry FROM events WHERE chain = :chain AND kind = :kind ORDER BY seq",
                chain=self.chain,
                kind=kind,
            )
        return [json.loads(row[0]) for row in rows]

    def said_to_be_printed(self) -> list[str]:
        """Every serial the log says was printed, as often as it says so."""
        return [serial for entry in self.entries() for serial in entry["evidence"]["labels"]]


def shop_on(stage: Stage, **also: Any) -> Shop:
    """A shop with a new course. `also`: of the printer."""
    course = stage.drive("P-1", "open_course")
    assert course.site is not None
    key = also.pop("key", "site-zebra")
    given: dict[str, Any] = {"kind": PrinterKind.TCP, "address": "printer.example:9100", **also}
    printer = printers.put_printer(stage.record, key, place=course.site, name="Zebra in the lab", **given, **BY)
    asker = next(w for w in stage.premises.workers if w.place == course.site and w.role is Role.COORDINATOR)
    return Shop(stage, course.chain, printer, asker.account)
