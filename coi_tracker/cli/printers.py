"""Commands about printers: which there are, adding one, taking one out of use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from coi_tracker.cli.accounts import admin, by_admin, opened
from coi_tracker.cli.terminal import example, json_option, print_json, table
from coi_tracker.vocabulary import ContainerKind, PrinterKind, PrinterLanguage

if TYPE_CHECKING:
    from coi_tracker.services.printers import Printer


@click.group("printers")
@example("coi printers list")
def printers() -> None:
    """Printers of labels, each at a place."""


@printers.command("list")
@json_option
@example("coi printers list --json")
def list_printers(as_json: bool) -> None:
    """Every printer there ever was."""
    from coi_tracker.services.changes import plain
    from coi_tracker.services.printers import printers as all_of_them

    found = all_of_them(opened())
    if as_json:
        print_json(plain(found))
        return
    table("", ("printer", "name", "place", "reached by", "language", "dpi", "labels", "in use"), [*map(_row, found)])


def _row(one: Printer) -> tuple[str, ...]:
    how = f"{one.kind} {one.address}".strip() + (", says how it is" if one.answers else "")
    kinds = ", ".join(one.kinds) or "all"
    return one.id, one.name, one.place, how, str(one.language), str(one.dpi), kinds, "yes" if one.active else "no"


@printers.command("add")
@click.argument("printer")
@click.option("--place", required=True, help="The id of the place where it stands.")
@click.option("--name", required=True, help="What people call it.")
@click.option("--kind", required=True, type=click.Choice([str(one) for one in PrinterKind]), help="How it is reached.")
@click.option("--address", default="", help="HOST:PORT, the queue of the print system, or a folder.")
@click.option("--language", type=click.Choice([str(one) for one in PrinterLanguage]), help="zpl at a port, else pdf.")
@click.option("--dpi", default="203", show_default=True, type=click.Choice(["203", "300", "600"]))
@click.option(
    "--only", "only", multiple=True, type=click.Choice([str(one) for one in ContainerKind]), help="Labels that fit it."
)
@click.option("--answers", is_flag=True, help="It answers ~HS: then paper out is seen before and after.")
@by_admin
@example(
    "coi printers add lab-1 --place lisboa --name 'Zebra in the lab' --kind tcp \\",
    "    --address 192.0.2.7:9100 --answers --only tissue_jar --by anna --reason 'new printer'",
)
def add(printer: str, by: str, reason: str, password_stdin: bool, **given: Any) -> None:
    """Add a printer, or say all that is known of one from now on."""
    from coi_tracker.services.printers import put_printer

    record = opened()
    actor = admin(record, by, password_stdin=password_stdin)
    language = given.pop("language")
    put_printer(
        record,
        printer,
        place=given["place"],
        name=given["name"],
        kind=PrinterKind(given["kind"]),
        address=given["address"],
        language=None if language is None else PrinterLanguage(language),
        dpi=int(given["dpi"]),
        kinds=tuple(ContainerKind(one) for one in given["only"]),
        answers=given["answers"],
        by=actor,
        reason=reason,
    )
    click.echo(f"{printer} prints labels at {given['place']}")


@printers.command("deactivate")
@click.argument("printer")
@click.option("--reactivate", is_flag=True, help="Use it again.")
@by_admin
@example("coi printers deactivate lab-1 --by anna --reason 'in repair'")
def deactivate(printer: str, reactivate: bool, by: str, reason: str, password_stdin: bool) -> None:
    """Take a printer out of use. What waits for it is still sent."""
    from coi_tracker.services.printers import change_printer

    record = opened()
    actor = admin(record, by, password_stdin=password_stdin)
    change_printer(record, printer, active=reactivate, by=actor, reason=reason)
    click.echo(f"{printer} is {'in use' if reactivate else 'out of use'}")


COMMANDS = (printers,)
