"""The addresses of the scan station: the page, one scan, one touch, one signature. Each is one call of the services."""

from __future__ import annotations

from collections.abc import Callable

from flask import jsonify, render_template

from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import BadgeCode, read_scan
from coi_tracker.services.floor import drafts, finishing, lookup, scanning, signing
from coi_tracker.services.floor.screen import Outcome
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.record import Record
from coi_tracker.vocabulary import HowRead, Meaning
from web.access import for_readers
from web.session import record, working
from web.station.answers import Answer, answered, parts, whole_page
from web.station.here import at_station, blueprint, field, once


@blueprint.get("/scan")
@for_readers
def page() -> str:
    """The station as this person left it here."""
    at = at_station()
    if at is None:
        return render_template("station/no_station.html")
    return whole_page(drafts.resume(record(), at), verdict=False)


@blueprint.get("/scan/now")
@for_readers
def now() -> Answer:
    """The same for the script, which looks whether somebody else has signed."""
    return jsonify(parts(drafts.resume(record(), here())))


@blueprint.post("/scan/one")
@for_readers
def one() -> Answer:
    """One scan, or one typed code."""
    by = HowRead.SCANNED if field("by") == HowRead.SCANNED else HowRead.TYPED
    code = field("code") or ""
    at = here()
    return answered(scanning.scan(record(), at, code, scan_id=once(), by=by), badge_of=_carrier(at, code))


def _carrier(at: Standing, code: str) -> str | None:
    """The account whose badge this is."""
    try:
        badge = isinstance(read_scan(code), BadgeCode)
    except NotUnderstood:
        return None
    return lookup.look_up(record(), code, at=at).badge if badge else None


@blueprint.post("/scan/act")
@for_readers
def act() -> Answer:
    """One touch: begin a step, answer what is asked, take something back, hand in."""
    wanted = ACTS.get(field("act") or "")
    if wanted is None:
        raise NotUnderstood(expected=f"one of {', '.join(ACTS)}", came="something else", do="load the page again")
    return answered(wanted(record(), here(), once()))


@blueprint.post("/scan/sign")
@for_readers
def sign() -> Answer:
    """One signature under what is begun here."""
    return answered(signed(here(), token=None))


def signed(at: Standing, *, token: str | None) -> Outcome:
    """The outcome of a signature. Without an account it is of the person who is signed in."""
    meaning = field("meaning")
    return signing.sign(
        record(),
        at,
        field("password") or "",
        account=field("account"),
        meaning=None if meaning is None else _meaning(meaning),
        token=token,
        signed_in_as=working().account,
        once=once(),
    )


def _meaning(text: str) -> Meaning:
    try:
        return Meaning(text)
    except ValueError:
        raise NotUnderstood(
            expected="a meaning of signatures", came=f"'{text[:40]}'", do="load the page again"
        ) from None


def here() -> Standing:
    """Who stands where. Raises NotUnderstood on a device that is no station."""
    found = at_station()
    if found is None:
        raise NotUnderstood(
            expected="a device that is a station", came="none", do="scan the station's code on the page 'Scan'"
        )
    return found


def _given(name: str) -> str:
    found = field(name)
    if found is None:
        raise NotUnderstood(expected=f"'{name}' in the form", came="nothing", do="load the page again")
    return found


ACTS: dict[str, Callable[[Record, Standing, str], Outcome]] = {
    "begin": lambda r, at, mark: drafts.begin(r, at, _given("step"), chain=field("chain"), once=mark),
    "put": lambda r, at, mark: drafts.put(r, at, _given("key"), field("value"), once=mark),
    "take_back": lambda r, at, mark: drafts.take_back(r, at, _given("key"), field("value"), once=mark),
    "back": lambda r, at, mark: drafts.back(r, at, once=mark),
    "acknowledge": lambda r, at, mark: drafts.acknowledge(r, at, once=mark),
    "cancel": lambda r, at, mark: drafts.cancel(r, at, once=mark),
    "hand_in": lambda r, at, mark: finishing.hand_in(r, at, once=mark),
}
"""What can be touched."""
