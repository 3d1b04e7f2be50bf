"""Commands about other systems: which may call, and where events are sent to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coi_tracker.cli.accounts import admin, by_admin, opened
from coi_tracker.cli.terminal import example, json_option, print_json, settings, table, until_the_end
from coi_tracker.vocabulary import Scope

if TYPE_CHECKING:
    from coi_tracker.services.record import Record


@click.group("tokens")
@example("coi tokens list", "coi tokens add bench-3 --station S49SFZ8X --by anna --reason 'new scanner'")
def tokens() -> None:
    """Which systems may call the API."""


@tokens.command("list")
@json_option
@example("coi tokens list --json")
def list_tokens(as_json: bool) -> None:
    """Every token there ever was, without the token itself. Ids are never given twice."""
    from dataclasses import asdict

    from coi_tracker.services import tokens as service

    found = service.tokens(opened())
    if as_json:
        print_json([asdict(one) for one in found])
        return
    rows = [
        (
            one.id,
            one.name,
            one.station or ", ".join(one.places),
            ", ".join(one.scopes),
            f"revoked {one.revoked_at:%Y-%m-%d}" if one.revoked_at else f"until {one.expires_at:%Y-%m-%d}",
            f"{one.used_at:%Y-%m-%d}" if one.used_at else "never",
        )
        for one in found
    ]
    table("", ("token", "name", "station or places", "scopes", "valid", "last used"), rows)


@tokens.command("add")
@click.argument("token")
@click.option("--station", metavar="CODE", help="For the device of this station.")
@click.option("--name", help="For a program: which one it is.")
@click.option("--place", "places", multiple=True, metavar="ID", help="For a program: a place it works for; repeatable.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([str(one) for one in Scope]),
    help="For a program: what it may do; repeatable.",
)
@click.option("--days", default=365, show_default=True, help="How long it is valid, 730 at most.")
@by_admin
@example(
    "coi tokens add bench-3 --station S49SFZ8X --by anna --reason 'new scanner'",
    "coi tokens add lims --name LIMS --place lisboa --scope export --by anna --reason 'new'",
)
def add_token(
    token: str,
    station: str | None,
    name: str | None,
    places: tuple[str, ...],
    scopes: tuple[str, ...],
    days: int,
    by: str,
    reason: str,
    password_stdin: bool,
) -> None:
    """Let a system call. Its token is printed this once: put it where only that system reads it."""
    from coi_tracker.services import tokens as service

    if (station is None) == (name is None):
        raise click.UsageError("Give either --station, or --name with --place and --scope")
    record = opened()
    actor = admin(record, by, password_stdin=password_stdin)
    if station is not None:
        text = service.issue_station(record, token, station=station, by=actor, reason=reason, days=days)
    else:
        wanted = [Scope(one) for one in scopes]
        text = service.issue_integration(
            record, token, name=name or "", places=places, scopes=wanted, by=actor, reason=reason, days=days
        )
    click.echo(text)


@tokens.command("revoke")
@click.argument("token")
@by_admin
@example("coi tokens revoke bench-3 --by anna --reason 'device lost'")
def revoke_token(token: str, by: str, reason: str, password_stdin: bool) -> None:
    """Take a token away, at once and for ever. What was recorded with it stays."""
    from coi_tracker.services import tokens as service

    record = opened()
    service.revoke(record, token, by=admin(record, by, password_stdin=password_stdin), reason=reason)
    click.echo(f"The token {token} opens nothing any more")


@click.group("webhooks")
@example("coi webhooks list", "coi webhooks deliver")
def webhooks() -> None:
    """Where events are sent to."""


def _with_keys() -> Record:
    from coi_tracker.services.opening import open_record

    return until_the_end(open_record(settings()))


@webhooks.command("list")
@json_option
@example("coi webhooks list --json")
def list_webhooks(as_json: bool) -> None:
    """Every webhook, and how far it has got."""
    from dataclasses import asdict

    from coi_tracker.services import webhooks as service

    found = service.webhooks(opened())
    if as_json:
        print_json([asdict(one) for one in found])
        return
    rows = [
        (one.id, one.url, ", ".join(one.kinds), "yes" if one.active else "no", str(one.behind), one.trouble or "")
        for one in found
    ]
    table("", ("webhook", "address", "kinds", "active", "behind", "trouble"), rows)


@webhooks.command("add")
@click.argument("webhook")
@click.option("--token", required=True, help="The token of that system: what it may see is sent.")
@click.option("--url", required=True, help="https://..., or a host that COI_WEBHOOK_HOSTS names.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    default=("performed", "refused"),
    show_default=True,
    type=click.Choice(["performed", "refused", "label_printed"]),
)
@by_admin
@example("coi webhooks add lims --token lims --url https://lims.example/ --by anna --reason 'new'")
def add_webhook(
    webhook: str, token: str, url: str, kinds: tuple[str, ...], by: str, reason: str, password_stdin: bool
) -> None:
    """Send events there from now on. The secret that signs them is printed this once."""
    from coi_tracker.services import webhooks as service

    record = _with_keys()
    actor = admin(record, by, password_stdin=password_stdin)
    click.echo(service.add(record, webhook, token=token, url=url, kinds=kinds, by=actor, reason=reason))


@webhooks.command("pause")
@click.argument("webhook")
@by_admin
@example("coi webhooks pause lims --by anna --reason 'their maintenance'")
def pause_webhook(webhook: str, by: str, reason: str, password_stdin: bool) -> None:
    """Send nothing there until it is resumed."""
    from coi_tracker.services import webhooks as service

    record = opened()
    service.pause(record, webhook, by=admin(record, by, password_stdin=password_stdin), reason=reason)
    click.echo(f"The webhook {webhook} waits")


@webhooks.command("resume")
@click.argument("webhook")
@by_admin
@example("coi webhooks resume lims --by anna --reason 'they are back'")
def resume_webhook(webhook: str, by: str, reason: str, password_stdin: bool) -> None:
    """Go on where it stopped: nothing in between is left out."""
    from coi_tracker.services import webhooks as service

    record = opened()
    service.resume(record, webhook, by=admin(record, by, password_stdin=password_stdin), reason=reason)
    click.echo(f"The webhook {webhook} goes on")


@webhooks.command("deliver")
@example("coi webhooks deliver")
def deliver() -> None:
    """Send what there is, once. `coi serve` does the same all the time."""
    from coi_tracker.cli.server import room

    taken = room("web.deliveries").send_all(_with_keys(), settings())
    click.echo(f"{taken} delivered")


COMMANDS = (tokens, webhooks)
