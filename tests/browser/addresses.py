"""Every page there is, made from the application itself, with something real in each gap, and somebody who may see it.

A page that somebody adds is looked at from the moment it has an address; what stands in its gap is said in `REAL`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask

from coi_tracker.course import PlaceId
from coi_tracker.services import administration, available, printers, printing, stock, tokens, webhooks
from coi_tracker.services.changes import INSTALLER, new_event_id
from coi_tracker.services.log_questions import Question
from coi_tracker.services.stock import Line, Sort
from coi_tracker.simulation.furnishing import reopened
from coi_tracker.simulation.walking import drive
from coi_tracker.vocabulary import PrinterKind, Role, Scope
from tests.floor import STAGES, Floor, made
from web import access

PRINTER, TOKEN = "zebra", "lims"
LABELLED = "0110"
"""The subject whose label waits to be printed."""
NO_PAGES = frozenset(
    {
        "static", "pages.health", "pages.checkpoint", "pages.vkeys", "pages.courses_as_csv", "labels.preview",
        "admin.protocol", "station.now", "outside.leave", "outside.back", "stock.of_equipment", "stock.of_shipper",
        "admin.station_label", "admin.badge",
    }
)  # fmt: skip
"""Addresses that answer with something else than a page."""
ONLY_ON_THE_WAY = frozenset(
    {"home.first", "proving.code", "proving.password", "proving.second_factor_form", "proving.told"}
)
"""Addresses that lead on, unless one comes to them on the way in: looked at there."""
ROLES = (Role.COORDINATOR, Role.QA, Role.ADMIN)
"""As whom a page is looked at: the first of these who may."""


def with_a_print_job(url: str) -> None:
    """Courses on their way, a printer, and labels that wait to be printed."""
    made(url)
    floor = Floor(url)
    site = floor.site_of(furthest(floor))
    by: dict[str, Any] = {"by": INSTALLER, "reason": "set up for a test"}
    printers.put_printer(floor.record, PRINTER, place=site, name="Zebra in the lab", kind=PrinterKind.DOWNLOAD, **by)
    tokens.issue_integration(floor.record, TOKEN, name="LIMS", places=[site], scopes=[Scope.READ_ENTRIES], **by)
    to: dict[str, Any] = {"url": "https://lims.example/events?site=7", "kinds": webhooks.KINDS}
    webhooks.add(floor.record, TOKEN, token=TOKEN, **to, **by)
    premises = reopened(floor.record)
    premises.site = PlaceId(site)
    course = drive(floor.record, premises, LABELLED, until="issue_labels")
    asker = floor.person(Role.COORDINATOR, site).id
    printing.ask_to_print(
        floor.record,
        new_event_id(floor.record),
        printer=PRINTER,
        by=asker,
        serials=list(course.labels),
        course=course.coi,
    )
    floor.close()


@dataclass(frozen=True)
class Way:
    """An address to look at, and as whom. None: nobody is signed in."""

    name: str
    path: str
    account: str | None


def ways(app: Flask, floor: Floor) -> Iterator[Way]:
    """Every page, once; with more than one where it looks different."""
    real = values(floor)
    with app.app_context():
        for rule in app.url_map.iter_rules():
            if "GET" not in (rule.methods or ()) or rule.endpoint in NO_PAGES | ONLY_ON_THE_WAY:
                continue
            found = access.of(rule.endpoint)
            assert found is not None
            account = None if found.public else whoever(floor, found.roles, rule.endpoint.startswith("stock."))
            for number, gaps in enumerate(real[rule.endpoint] if rule.arguments else ({},)):
                with app.test_request_context():
                    path = app.url_for(rule.endpoint, **gaps)
                yield Way(f"{rule.endpoint}-{number}" if number else rule.endpoint, path, account)
    yield Way("not_found", "/nothing/here", whoever(floor, None))
    yield Way("api.docs", "/api/v1/docs", None)
    yield Way("api.steps", "/api/v1/docs/steps", None)


def whoever(floor: Floor, roles: frozenset[Role] | None, keeps: bool = False) -> str:
    """Somebody who may see it: at the site of the furthest course, if it is a matter of sites; who keeps lots."""
    role = next(one for one in ROLES if roles is None or one in roles)
    if keeps:
        return floor.person(role, kept(floor, Sort.LOT).place).id
    return floor.person(role, floor.site_of(furthest(floor)) if role is Role.COORDINATOR else None).id


def furthest(floor: Floor) -> str:
    """The COI of the course that has come furthest."""
    return floor.courses[len(STAGES) - 1]


def values(floor: Floor) -> dict[str, list[dict[str, Any]]]:
    """What stands in the gaps of addresses: by endpoint, once or several times."""
    coi, labelled = furthest(floor), floor.courses[-1]
    site, lot = floor.site_of(coi), kept(floor, Sort.LOT)
    return {
        "pages.course": [{"text": coi}],
        "labels.of_course": [{"text": coi}],
        "labels.job": [{"job_id": printing.jobs(floor.record, course=labelled)[0].job.id}],
        "audit.entries": [{"question": str(one)} for one in Question],
        "admin.account": [{"key": floor.person(Role.NURSE).id}],
        "admin.place": [{"key": site}],
        "admin.printer": [{"key": PRINTER}],
        "admin.station": [{"code": floor.station(site)}],
        "admin.study": [{"key": administration.studies(floor.record)[0].study.key}],
        "admin.token": [{"key": TOKEN}],
        "admin.webhook": [{"key": TOKEN}],
        "stock.lot": [{"code": lot.code}],
        "stock.piece": [{"code": kept(floor, Sort.EQUIPMENT, lot.place).code}],
        "stock.shipper": [{"code": kept(floor, Sort.SHIPPER, lot.place).code}],
    }


def kept(floor: Floor, sort: Sort, place: str | None = None) -> Line:
    """Something that is kept somewhere, or there."""
    there = {one.id: one for one in available.set_up(floor.record).places if place in (None, one.id)}
    return stock.lines(floor.record, sort, there)[0]
