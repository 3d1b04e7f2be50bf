"""Commands that make an installation: its folders, keys, tables and first administrator, and what its settings are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coi_tracker.cli.terminal import example, json_option, password_from, print_json, settings, table, until_the_end

if TYPE_CHECKING:
    from coi_tracker.services.record import Record


@click.command("init")
@click.option("--admin", metavar="ACCOUNT", help="Id of the first administrator; asked for on a terminal.")
@click.option("--admin-name", metavar="NAME", help="Printed name of the administrator; the id when left out.")
@click.option("--office", default="office", show_default=True, help="Id of the place the administrator works at.")
@click.option("--country", default="ZZ", show_default=True, help="Country of the office (ISO 3166; ZZ: not said).")
@click.option("--zone", default="Etc/UTC", show_default=True, help="Time zone of the office.")
@click.option("--password-stdin", is_flag=True, help="Read the administrator's password from standard input.")
@json_option
@example("coi init --admin anna --admin-name 'Anna Lind' --country SE --zone Europe/Stockholm")
def init(
    admin: str | None, admin_name: str | None, office: str, country: str, zone: str, password_stdin: bool, as_json: bool
) -> None:
    """Make database, keys and first administrator.

    Brings an older database to this version, too. Run again, it makes only what is missing, and overwrites nothing.
    """
    from coi_tracker.services import opening, people

    chosen = settings()
    record = until_the_end(opening.make_record(chosen))
    vkey = opening.make_log_key(record, chosen)
    if not people.people(record):
        account = admin or str(click.prompt("Id of the first administrator", err=True))
        password = password_from(password_stdin, whose=account, confirm=True)
        _first_admin(record, account, admin_name or account, office=(office, country, zone), password=password)
    answer = {"database": _without_password(chosen.database_url), "origin": chosen.origin, "vkey": vkey}
    if as_json:
        print_json(answer)
        return
    click.echo(f"The record is ready: {answer['database']}")
    click.echo("Publish this verifier key where auditors find it without asking you:")
    click.echo(vkey)


def _first_admin(record: Record, account: str, name: str, *, office: tuple[str, str, str], password: str) -> None:
    from coi_tracker.services import people, setup
    from coi_tracker.services.changes import INSTALLER
    from coi_tracker.vocabulary import PlaceKind, Role

    key, country, zone = office
    why = "first administrator of a new record"
    people.add_account(record, account, name=name, password=password, by=INSTALLER, reason=why)
    setup.put_place(
        record,
        key,
        kind=PlaceKind.SPONSOR,
        name="Office",
        country=country,
        zone=zone,
        by=INSTALLER,
        reason=why,
    )
    people.give_role(record, account, role=Role.ADMIN, place=key, by=INSTALLER, reason=why)


def _without_password(url: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return url if parts.password is None else url.replace(f":{parts.password}@", ":***@")


@click.command("settings")
@json_option
@example("coi settings", "COI_PORT=9000 coi settings --json")
def show_settings(as_json: bool) -> None:
    """Show every setting and what is expected of it."""
    from coi_tracker.config import PREFIX, Settings

    chosen = settings().model_dump(mode="json")
    chosen["database_url"] = _without_password(chosen["database_url"])
    if as_json:
        print_json(chosen)
        return
    rows = [
        (PREFIX + name.upper(), str(chosen[name]), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    table("", ("setting", "value", "expected"), rows)


COMMANDS = (init, show_settings)
