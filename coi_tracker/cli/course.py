"""Commands that show courses: a list, and one with everything that belongs to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from coi_tracker.cli.accounts import opened
from coi_tracker.cli.terminal import complain, example, json_option, print_json, refuse, table
from coi_tracker.vocabulary import Standing, Track

if TYPE_CHECKING:
    from coi_tracker.services.queries import CourseView, TimelineEntry
    from coi_tracker.services.record import Record


@click.group("course")
@example("coi course list", "coi course show C7K2-9QXM-4TZB1")
def course() -> None:
    """Courses of therapy: one COI identifier each, for ever."""


@course.command("list")
@click.option("--search", help="The start of a COI or of a subject number.")
@click.option("--site", help="The id of a site.")
@click.option("--standing", type=click.Choice([str(one) for one in Standing]), help="Only these.")
@click.option("--page", type=click.IntRange(min=1), default=1, show_default=True)
@json_option
@example("coi course list --site site-lyon --json")
def list_courses(search: str | None, site: str | None, standing: str | None, page: int, as_json: bool) -> None:
    """A page of courses, the newest first."""
    from dataclasses import asdict

    from coi_tracker.services.queries import CourseFilter, courses

    found = courses(opened(), CourseFilter(search, site, standing), page=page)
    if as_json:
        print_json(asdict(found))
        return
    columns = ("COI", "subject", "site", "cohort", "material", "disposition", "treatment", "standing", "entries")
    rows = [
        (c.coi, c.subject, c.site, c.cohort or "", c.material, c.disposition, c.treatment, c.standing, str(c.entries))
        for c in found.courses
    ]
    table(f"{found.total} courses, page {found.number} of {found.pages}", columns, rows)


@course.command("show")
@click.argument("coi")
@click.option("--entries", default=20, show_default=True, type=click.IntRange(0, 1000), help="How many, from the last.")
@json_option
@example("coi course show C7K2-9QXM-4TZB1", "coi course show C7K29QXM4TZB1 --json --entries 1000")
def show_course(coi: str, entries: int, as_json: bool) -> None:
    """One course: its state, containers and labels, holds and deviations, and its latest entries."""
    from coi_tracker.services.queries import coi_of, course_view

    record, wanted = opened(), coi_of(coi)
    view = course_view(record, wanted)
    if view is None:
        complain(f"Expected the COI of a course in the record; got {wanted}; look it up with `coi course list`.")
        refuse()
    _as_json(record, view, entries) if as_json else _print(record, view, entries)


def _timeline(record: Record, view: CourseView, most: int) -> list[TimelineEntry]:
    from coi_tracker.services.queries import timeline

    return list(reversed(timeline(record, view.course.chain, most=most).entries)) if most else []


def _as_json(record: Record, view: CourseView, most: int) -> None:
    from coi_tracker.services.changes import plain

    print_json(
        {
            "course": plain({name: getattr(view.course, name) for name in view.course.__slots__}),
            "entries": [json.loads(one.text) for one in _timeline(record, view, most)],
            "hand_offs": plain(view.hand_offs),
            "labels": plain(view.labels),
            "opened_at": plain(view.opened_at),
        }
    )


def _print(record: Record, view: CourseView, most: int) -> None:
    course = view.course
    click.secho(f"COI {course.coi}", bold=True)
    for name, value in _facts(view):
        click.echo(f"  {name:<12} {value}")
    containers = sorted(course.containers.values(), key=lambda c: (c.kind, c.part))
    columns = ("container", "state", "label", "holder", "made of")
    rows = [(c.id, c.state, f"{c.serial} {c.label}", c.holder, ", ".join(c.parents)) for c in containers]
    table("Containers", columns, rows)
    columns = ("no.", "when", "what", "who", "why not")
    table("Latest entries", columns, [_entry_row(one) for one in _timeline(record, view, most)])


def _facts(view: CourseView) -> Iterator[tuple[str, Any]]:
    course = view.course
    for track in Track:
        yield track.value, course.state_of(track)
    yield "subject", course.subject.number if course.subject else ""
    yield "site", course.site
    yield "facility", course.facility
    yield "cohort", course.cohort
    yield "protocol", f"{course.protocol.key} {course.protocol.version}"
    yield (
        "holds",
        "; ".join(f"{hold.target}: {', '.join(hold.blocks)} ({hold.reason})" for hold in course.holds) or "none",
    )
    yield "deviations", "; ".join(f"{one.about} ({one.severity})" for one in course.deviations) or "none open"


def _entry_row(one: TimelineEntry) -> tuple[str, str, str, str, str]:
    event = one.event
    when = f"{event.happened_at:%Y-%m-%d %H:%M}Z"
    why = ", ".join(dict.fromkeys(str(reason.code) for reason in event.reasons))
    what = event.step or event.kind
    return str(one.seq), when, what if event.kind != "refused" else f"REFUSED {what}", event.actor.name, why


COMMANDS = (course,)
