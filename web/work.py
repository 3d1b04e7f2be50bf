"""My work: what is late, what can be done now, what is coming and what is blocked, for whoever is signed in.

One page for every role; which lines stand on it says the service. GET only.
"""

from __future__ import annotations

from flask import Blueprint, render_template, request

from coi_tracker.services import log_questions, queries
from coi_tracker.services.log_questions import Question
from coi_tracker.services.turns import Way
from coi_tracker.services.viewers import Viewer
from coi_tracker.services.worklist import CourseSeen, WorkLine, Worklist, worklist
from coi_tracker.vocabulary import PlaceKind, Role
from web.access import for_readers
from web.session import record, working

WATCHING = frozenset({Role.MEDICAL_MONITOR, Role.AUDITOR, Role.QA})
"""Roles that look at whole courses, beside or instead of steps of their own."""
REVIEWING = frozenset({Role.AUDITOR, Role.QA})
"""Roles that review the log."""
DAYS = 7

blueprint = Blueprint("work", __name__)


@blueprint.get("/work")
@for_readers
def mine() -> str:
    """The work of this person, in all of her roles or in one."""
    who = working()
    role = _role(who)
    number = request.args.get("page", "1")
    page = int(number) if number.isdecimal() and len(number) < 7 else 1
    found = worklist(record(), who, role=role, site=request.args.get("site") or None, page=page)
    shown = {role} if role is not None else {one.role for one in who.roles}
    return render_template(
        "work.html",
        work=found,
        role=role,
        roles=_roles(who),
        groups=_groups(found),
        sites=[p for p in found.places.values() if p.kind is PlaceKind.SITE and (who.everywhere or p.id in who.places)],
        site=request.args.get("site", ""),
        watched=_watched(found) if shown & WATCHING else None,
        review=_review(who) if shown & REVIEWING else None,
        now=found.now,
    )


def _role(who: Viewer) -> Role | None:
    """The role that was asked for, if it is one of hers."""
    wanted = request.args.get("role")
    return next((one.role for one in who.roles if one.role == wanted), None)


def _roles(who: Viewer) -> list[Role]:
    return sorted({one.role for one in who.roles if one.role is not Role.ADMIN}, key=list(Role).index)


def _groups(found: Worklist) -> list[tuple[str, str, tuple[WorkLine, ...]]]:
    """The parts of the page in their order: anchor, heading, lines."""
    return [
        ("late", "Late", found.late),
        ("now", "Now", found.of(Way.NOW)),
        ("later", "Coming", found.of(Way.LATER)),
        ("blocked", "Blocked", found.of(Way.BLOCKED)),
    ]


def _watched(found: Worklist) -> list[CourseSeen]:
    """The courses, those with a hold or a deviation first."""
    return sorted(found.courses, key=lambda one: (not (one.holds or one.deviations), one.coi))


def _review(who: Viewer) -> dict[str, object]:
    """How the log stands, and how much there is to review of the last days."""
    period = log_questions.last_days(record(), DAYS)
    counts = {str(q): log_questions.count(record(), q, period, who=who) for q in Question}
    return {"days": DAYS, "log": queries.log_status(record()), "counts": counts}
