"""Commands about the stock of a place: lots, equipment, shippers; which there are, adding one, changing, recalling.

Changes are made by quality assurance of the place, or by an administrator, who enters and stops only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from coi_tracker.cli.accounts import opened
from coi_tracker.cli.terminal import example, json_option, password_from, print_json, table
from coi_tracker.errors import Misconfigured, NotUnderstood

if TYPE_CHECKING:
    from coi_tracker.course import Actor
    from coi_tracker.services.record import Record
    from coi_tracker.services.stock import Line

STATES = ("good", "ends_soon", "over", "recalled", "loaded", "out_of_use")
DAY = click.DateTime(["%Y-%m-%d"])
TITLES = {
    "lot": ("lot", "kind", "place", "last day", "state"),
    "equipment": ("equipment", "kind", "place", "calibrated until", "state"),
    "shipper": ("shipper", "kind", "place", "qualified until", "state"),
}


def by_keeper(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of a change: who makes it, and why. Her password is asked for."""
    for option in (
        json_option,
        click.option("--password-stdin", is_flag=True, help="Read the password from standard input."),
        click.option("--reason", required=True, help="Why; it stands in the log."),
        click.option(
            "--by", required=True, metavar="ACCOUNT", help="Quality assurance of the place, or an administrator."
        ),
    ):
        command = option(command)
    return command


def narrowing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of a list."""
    for option in (
        json_option,
        click.option("--search", default="", help="A part of the code or kind."),
        click.option("--state", multiple=True, type=click.Choice(STATES), help="How it stands; several are good."),
        click.option("--place", default="", help="The id of a place."),
    ):
        command = option(command)
    return command


past = click.option("--past", is_flag=True, help="A day in the past is meant: for late entries only.")


def keeper(record: Record, account: str, place: str, *, password_stdin: bool) -> Actor:
    """As whom somebody changes the stock of a place, once she gave her password."""
    from coi_tracker.services.people import authenticate
    from coi_tracker.services.stock_changes import today_at
    from coi_tracker.services.stock_rules import keeper as kept_by
    from coi_tracker.services.viewers import viewer
    from coi_tracker.vocabulary import AskedFor

    today = today_at(record, place)
    right = authenticate(record, account, password_from(password_stdin, whose=account), asked_for=AskedFor.COMMAND)
    who = None if right is None else viewer(record, right.account)
    if who is None:
        raise Misconfigured(
            expected="the password of an active account", came=f"another one for {account!r}", do="try again"
        )
    return kept_by(who, place, today=today)


def _all(record: Record, sort: str) -> list[Line]:
    from coi_tracker.services.available import set_up
    from coi_tracker.services.stock import Sort, lines

    return lines(record, Sort(sort), {one.id: one for one in set_up(record).places})


def _one(record: Record, sort: str, code: str) -> Line:
    found = next((one for one in _all(record, sort) if one.code == code), None)
    if found is None:
        raise NotUnderstood(
            expected=f"a {sort} of the record" if sort != "equipment" else "equipment of the record",
            came=ascii(code[:60]),
            do="see the list, or add it first",
        )
    return found


def _list(sort: str, *, place: str, state: tuple[str, ...], search: str, as_json: bool) -> None:
    from coi_tracker.services.changes import plain
    from coi_tracker.services.stock import narrowed

    found = narrowed(_all(opened(), sort), search=search, place=place, stands=state)
    if as_json:
        print_json(plain(found))
        return
    table("", TITLES[sort], [_row(one) for one in found])


def _row(one: Line) -> tuple[str, ...]:
    since = f" since {one.since}" if one.since else ""
    return one.code, one.kind, one.place, str(one.until or "no end"), f"{one.stands}{since}".replace("_", " ")


def _changed(sort: str, code: str, *, as_json: bool, record: Record) -> None:
    """Say how a thing stands after a change."""
    from coi_tracker.services.changes import plain

    one = _one(record, sort, code)
    if as_json:
        print_json(plain(one))
        return
    _, kind, place, until, state = _row(one)
    click.echo(f"{code}: {kind} of {place}, until {until}, {state}")


def _do(sort: str, code: str, change: Callable[..., object], given: dict[str, Any], **more: Any) -> None:
    """Make a change of a thing that is there."""
    record = opened()
    one = _one(record, sort, code)
    actor = keeper(record, given["by"], one.place, password_stdin=given["password_stdin"])
    change(record, code, by=actor, reason=given["reason"], **more)
    _changed(sort, code, as_json=given["as_json"], record=record)


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()


# --- lots -----------------------------------------------------------------------------------------


@click.group("lots")
@example("coi lots list --state ends_soon")
def lots() -> None:
    """Ancillary lots, each entered by a place."""


@lots.command("list")
@narrowing
@example("coi lots list --place lisboa --state ends_soon --state over --json")
def list_lots(**given: Any) -> None:
    """What there is, and how it stands today; what ends first in front."""
    _list("lot", **given)


@lots.command("add")
@click.argument("lot")
@click.option("--place", required=True, help="The id of the place that received it.")
@click.option("--kind", required=True, help="A kind that a released protocol asks for.")
@click.option("--expires", type=DAY, help="The last day it may be used, unless the symbol of LOT says it.")
@past
@by_keeper
@example(
    "coi lots add M-77A --place lisboa --kind media --expires 2027-05-31 \\",
    "    --by quinn --reason 'delivery 12'",
)
def add_lot(lot: str, place: str, kind: str, expires: datetime | None, past: bool, **given: Any) -> None:
    """Enter a lot that a place received. LOT is its code, or the text of the supplier's GS1 symbol."""
    from coi_tracker.services import stock_changes

    record = opened()
    by = keeper(record, given["by"], place, password_stdin=given["password_stdin"])
    made = stock_changes.add_lot(
        record, lot, kind=kind, expires=_day(expires), place=place, by=by, reason=given["reason"], past_meant=past
    )
    _changed("lot", made.code, as_json=given["as_json"], record=record)


@lots.command("change")
@click.argument("lot")
@click.option("--expires", type=DAY, help="Another last day.")
@click.option("--kind", help="Another kind, as long as it went into nothing.")
@past
@by_keeper
@example("coi lots change M-77A --expires 2027-04-30 --by quinn --reason 'letter of the supplier'")
def change_lot(lot: str, expires: datetime | None, kind: str | None, past: bool, **given: Any) -> None:
    """Another last day or kind. A later day is quality assurance's word."""
    from coi_tracker.services import stock_changes

    _do("lot", lot, stock_changes.change_lot, given, expires=_day(expires), kind=kind, past_meant=past)


@lots.command("recall")
@click.argument("lot")
@click.option("--take-back", is_flag=True, help="Take a recall back; quality assurance's word.")
@by_keeper
@example("coi lots recall M-77A --by quinn --reason 'recalled by the supplier'")
def recall_lot(lot: str, take_back: bool, **given: Any) -> None:
    """No step takes it any more. The courses it went into are on its page, for quality assurance."""
    from coi_tracker.services import stock_changes

    _do("lot", lot, stock_changes.recall_lot, given, recalled=not take_back)


# --- equipment ------------------------------------------------------------------------------------


@click.group("equipment")
@example("coi equipment list --state over")
def equipment() -> None:
    """Equipment, each piece at a place."""


@equipment.command("list")
@narrowing
@example("coi equipment list --search incubator --json")
def list_equipment(**given: Any) -> None:
    """What there is, and how it stands today; what ends first in front."""
    _list("equipment", **given)


@equipment.command("add")
@click.option("--place", required=True, help="The id of the place where it stands.")
@click.option("--kind", required=True, help="A kind that a released protocol asks for.")
@click.option("--calibrated-until", required=True, type=DAY, help="The last day of its calibration.")
@past
@by_keeper
@example(
    "coi equipment add --place lisboa --kind incubator --calibrated-until 2027-05-31 \\",
    "    --by quinn --reason 'installed and qualified'",
)
def add_equipment(place: str, kind: str, calibrated_until: datetime, past: bool, **given: Any) -> None:
    """Add a piece of equipment; its code is drawn. Its label is printed from its page."""
    from coi_tracker.services import stock_changes

    record = opened()
    by = keeper(record, given["by"], place, password_stdin=given["password_stdin"])
    until, reason = _day(calibrated_until), given["reason"]
    code = stock_changes.add_equipment(record, place, kind=kind, fit_until=until, by=by, reason=reason, past_meant=past)
    _changed("equipment", code.text, as_json=given["as_json"], record=record)


@equipment.command("change")
@click.argument("code")
@click.option("--calibrated-until", required=True, type=DAY, help="Another last day of its calibration.")
@past
@by_keeper
@example("coi equipment change E5EQYPKH --calibrated-until 2028-05-31 --by quinn --reason 'calibrated'")
def change_equipment(code: str, calibrated_until: datetime, past: bool, **given: Any) -> None:
    """Another end of its calibration. A later day is quality assurance's word."""
    from coi_tracker.services import stock_changes

    _do("equipment", code, stock_changes.calibrate, given, fit_until=_day(calibrated_until), past_meant=past)


@equipment.command("out-of-use")
@click.argument("code")
@click.option("--back", is_flag=True, help="Into use again; quality assurance's word.")
@by_keeper
@example("coi equipment out-of-use E5EQYPKH --by quinn --reason 'in repair'")
def use_equipment(code: str, back: bool, **given: Any) -> None:
    """From today on no step takes it."""
    from coi_tracker.services import stock_changes

    _do("equipment", code, stock_changes.use_equipment, given, in_use=back)


# --- shippers -------------------------------------------------------------------------------------


@click.group("shippers")
@example("coi shippers list --state good")
def shippers() -> None:
    """Shippers, each at home at a place."""


@shippers.command("list")
@narrowing
@example("coi shippers list --state loaded --json")
def list_shippers(**given: Any) -> None:
    """What there is, and how it stands today; what ends first in front."""
    _list("shipper", **given)


@shippers.command("add")
@click.option("--place", required=True, help="The id of the place that owns it.")
@click.option("--qualified-until", required=True, type=DAY, help="The last day of its qualification.")
@past
@by_keeper
@example("coi shippers add --place lisboa --qualified-until 2027-05-31 --by quinn --reason 'new shipper'")
def add_shipper(place: str, qualified_until: datetime, past: bool, **given: Any) -> None:
    """Add a shipper; the serial of its label is drawn. The label is printed from its page."""
    from coi_tracker.services import stock_changes

    record = opened()
    by = keeper(record, given["by"], place, password_stdin=given["password_stdin"])
    until, reason = _day(qualified_until), given["reason"]
    serial = stock_changes.add_shipper(record, place, until=until, by=by, reason=reason, past_meant=past)
    _changed("shipper", serial.text, as_json=given["as_json"], record=record)


@shippers.command("change")
@click.argument("serial")
@click.option("--qualified-until", required=True, type=DAY, help="Another last day of its qualification.")
@past
@by_keeper
@example("coi shippers change L3X0AY3829BJ --qualified-until 2028-05-31 --by quinn --reason 'tested'")
def change_shipper(serial: str, qualified_until: datetime, past: bool, **given: Any) -> None:
    """Another end of its qualification. A later day is quality assurance's word."""
    from coi_tracker.services import stock_changes

    _do("shipper", serial, stock_changes.qualify, given, until=_day(qualified_until), past_meant=past)


@shippers.command("out-of-use")
@click.argument("serial")
@click.option("--back", is_flag=True, help="Into use again; quality assurance's word.")
@by_keeper
@example("coi shippers out-of-use L3X0AY3829BJ --by quinn --reason 'lid is cracked'")
def use_shipper(serial: str, back: bool, **given: Any) -> None:
    """Nothing is packed in it any more. What is in it goes on."""
    from coi_tracker.services import stock_changes

    _do("shipper", serial, stock_changes.use_shipper, given, in_use=back)


COMMANDS = (lots, equipment, shippers)
