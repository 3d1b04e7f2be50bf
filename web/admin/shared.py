"""What the pages of administration share: who changes, reading a form, and showing it again when it was wrong.

A change that cannot be understood gives its page again, with the sentence and what was typed. Knows no target.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from coi_tracker.course import Actor
from coi_tracker.errors import NotUnderstood
from coi_tracker.services.administration import Changes, Target, changes_of
from coi_tracker.services.changes import administrator
from coi_tracker.vocabulary import Role
from web.access import for_roles
from web.session import record, working

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
for_admins = for_roles(Role.ADMIN)

Shown = str | tuple[str, int] | AnyResponse


@dataclass(frozen=True, slots=True)
class Section:
    """A group of pages in the line of ways."""

    name: str
    endpoint: str


SECTIONS = (
    Section("Accounts", "admin.accounts"),
    Section("Failed tries", "admin.failed_tries"),
    Section("Places and days", "admin.places"),
    Section("Stations", "admin.stations"),
    Section("Printers", "admin.printers"),
    Section("Studies", "admin.studies"),
    Section("Lots", "stock.lots"),
    Section("Equipment", "stock.equipment"),
    Section("Shippers", "stock.shippers"),
    Section("Other systems", "admin.integrations"),
)


@blueprint.context_processor
def _ways() -> dict[str, object]:
    return {"sections": SECTIONS, "typed": typed}


@blueprint.get("")
@for_admins
def first() -> AnyResponse:
    """To the accounts."""
    return redirect(url_for("admin.accounts"))


def by() -> Actor:
    """Who changes: the administrator who is signed in."""
    who = working()
    return administrator(who.account, who.name)


def text(name: str, most: int = 1000) -> str:
    """A field of the form, without blanks around it."""
    return request.form.get(name, "").strip()[:most]


def reason() -> str:
    """Why it is changed. Whether it says anything is for the service to find out."""
    return text("reason", 2000)


def day(name: str) -> date | None:
    """A day of the form; None where nothing was chosen. Raises NotUnderstood."""
    value = text(name, 20)
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise NotUnderstood(expected="a day, YYYY-MM-DD", came=ascii(value), do="choose it again") from None


def whole_number(name: str) -> int:
    """A whole number of the form, 0 where nothing was typed. Raises NotUnderstood."""
    value = text(name, 20) or "0"
    if not (value.isascii() and value.isdigit()):
        raise NotUnderstood(expected="a whole number", came=ascii(value), do="correct it")
    return int(value)


def typed(form: str, name: str, known: object = "") -> object:
    """What was typed into this form before it was found wrong; what is known, otherwise."""
    return request.form.get(name, "") if request.form.get("form") == form else known


def tried(change: Callable[[], object], page: Callable[[str | None], str], *, then: str) -> Shown:
    """Make a change and go on to `then`; or show the page again, with what was wrong."""
    try:
        change()
    except NotUnderstood as error:
        return page(str(error)), 400
    return redirect(f"{then}{'&' if '?' in then else '?'}done=1", code=303)


def done() -> bool:
    """Whether a change was made a moment ago."""
    return request.args.get("done") == "1" and request.method == "GET"


def history(target: Target, key: str) -> Changes:
    """What was changed of a target; older changes where the address asks for them."""
    first = request.args.get("from", "")
    number = int(first) if first.isascii() and first.isdigit() and len(first) < 10 else None
    return changes_of(record(), target, key, first=number, most=20)
