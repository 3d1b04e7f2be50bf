"""Commands about people: who may sign in, with which roles at which places; and erasing a participant's person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click

from coi_tracker.cli.terminal import example, json_option, password_from, print_json, settings, table, until_the_end
from coi_tracker.errors import Misconfigured
from coi_tracker.vocabulary import Role

if TYPE_CHECKING:
    from coi_tracker.course import Actor
    from coi_tracker.services.people import Person
    from coi_tracker.services.record import Record


def by_admin(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of a change: which administrator makes it, and why. Her password is asked for."""
    for option in (
        click.option("--password-stdin", is_flag=True, help="Read passwords from standard input, yours first."),
        click.option("--reason", required=True, help="Why; it stands in the log."),
        click.option("--by", required=True, metavar="ACCOUNT", help="The administrator who makes the change."),
    ):
        command = option(command)
    return command


def admin(record: Record, account: str, *, password_stdin: bool) -> Actor:
    """The administrator, once she gave her password. Raises Misconfigured when it is wrong, or she is none."""
    from coi_tracker.services.people import authenticate_admin

    found = authenticate_admin(record, account, password_from(password_stdin, whose=account))
    if found is None:
        raise Misconfigured(
            expected="the password of an active administrator",
            came=f"another one for {account!r}",
            do="try again, or ask an administrator; nothing was changed",
        )
    return found


def opened() -> Record:
    """The record of the settings, without the key that opens persons."""
    from coi_tracker.services.opening import open_record

    return until_the_end(open_record(settings(), with_persons=False))


@click.group("accounts")
@example("coi accounts list", "coi accounts add nina --name 'Nina Berg' --by anna --reason 'new nurse'")
def accounts() -> None:
    """Who may sign in, and with which roles at which places."""


@accounts.command("list")
@json_option
@example("coi accounts list --json")
def list_accounts(as_json: bool) -> None:
    """Every account there ever was. Ids are never given to somebody else."""
    from coi_tracker.services.people import people

    found = people(opened())
    if as_json:
        print_json([_as_json(person) for person in found])
        return
    table("", ("account", "name", "active", "roles"), [_as_row(person) for person in found])


def _as_json(person: Person) -> dict[str, Any]:
    roles = [{"role": r.role, "place": r.place, "trained_until": r.trained_until} for r in person.roles]
    return {
        "account": person.id,
        "active": person.active,
        "badge": person.badge,
        "has_password": person.has_password,
        "name": person.name,
        "roles": roles,
    }


def _as_row(person: Person) -> tuple[str, str, str, str]:
    roles = ", ".join(f"{r.role}@{r.place} (trained until {r.trained_until or 'never'})" for r in person.roles)
    return person.id, person.name, "yes" if person.active else "no", roles


@accounts.command("add")
@click.argument("account")
@click.option("--name", required=True, help="The printed name of the person.")
@click.option("--badge", help="The code of the person's badge; 'new' draws one.")
@by_admin
@example("coi accounts add nina --name 'Nina Berg' --badge new --by anna --reason 'new nurse'")
def add(account: str, name: str, badge: str | None, by: str, reason: str, password_stdin: bool) -> None:
    """Add a person, without any role yet. Both passwords are asked for, the administrator's first."""
    from coi_tracker.identity import BadgeCode
    from coi_tracker.services import people

    record = opened()
    actor = admin(record, by, password_stdin=password_stdin)
    password = password_from(password_stdin, whose=account, confirm=True)
    code = None if badge is None else BadgeCode.issue() if badge == "new" else BadgeCode.parse(badge)
    people.add_account(record, account, name=name, password=password, badge=code, by=actor, reason=reason)
    click.echo(f"{account} is added" + (f", with the badge {code}" if code else ""))


@accounts.command("role")
@click.argument("account")
@click.argument("role", type=click.Choice([str(role) for role in Role]))
@click.argument("place")
@click.option("--trained-until", type=click.DateTime(["%Y-%m-%d"]), help="The last day of the training for it.")
@click.option("--remove", is_flag=True, help="Take the role away.")
@by_admin
@example("coi accounts role nina nurse lisboa --trained-until 2027-06-30 --by anna --reason 'GCP course'")
def change_role(
    account: str,
    role: str,
    place: str,
    trained_until: datetime | None,
    remove: bool,
    by: str,
    reason: str,
    password_stdin: bool,
) -> None:
    """Give ACCOUNT a ROLE at a PLACE, with a new end of training, or take it away."""
    from coi_tracker.services import people

    record = opened()
    actor = admin(record, by, password_stdin=password_stdin)
    if remove:
        people.take_role(record, account, role=Role(role), place=place, by=actor, reason=reason)
        click.echo(f"{account} is no longer {role} at {place}")
        return
    until: date | None = trained_until.date() if trained_until else None
    people.give_role(record, account, role=Role(role), place=place, trained_until=until, by=actor, reason=reason)
    click.echo(f"{account} is {role} at {place}" + (f", trained until {until}" if until else ", not trained"))


@accounts.command("password")
@click.argument("account")
@by_admin
@example("coi accounts password nina --by anna --reason 'forgotten'")
def password(account: str, by: str, reason: str, password_stdin: bool) -> None:
    """Set another password. It is asked for after the administrator's own."""
    from coi_tracker.services import people

    record = opened()
    actor = admin(record, by, password_stdin=password_stdin)
    new = password_from(password_stdin, whose=account, confirm=True)
    people.set_password(record, account, password=new, by=actor, reason=reason)
    click.echo(f"{account} has a new password")


@accounts.command("deactivate")
@click.argument("account")
@click.option("--reactivate", is_flag=True, help="Let the person in again.")
@by_admin
@example("coi accounts deactivate nina --by anna --reason 'left the hospital'")
def deactivate(account: str, reactivate: bool, by: str, reason: str, password_stdin: bool) -> None:
    """End an account. What the person signed stays signed, and the id is never given again."""
    from coi_tracker.services import people

    record = opened()
    actor = admin(record, by, password_stdin=password_stdin)
    people.change_account(record, account, active=reactivate, by=actor, reason=reason)
    click.echo(f"{account} is {'active' if reactivate else 'deactivated'}")


@accounts.command("own-password")
@click.argument("account")
@click.option("--password-stdin", is_flag=True, help="Read passwords from standard input, the old one first.")
@example("coi accounts own-password nina")
def own_password(account: str, password_stdin: bool) -> None:
    """Choose another password yourself. The old one is asked for first. One that somebody else set signs nothing."""
    from coi_tracker.services import people

    record = opened()
    old = password_from(password_stdin, whose=account)
    new = password_from(password_stdin, whose=account, confirm=True)
    if not people.change_own_password(record, account, old=old, new=new):
        raise Misconfigured(
            expected="the password of an active account",
            came=f"another one for {account!r}",
            do="try again, or ask an administrator; nothing was changed",
        )
    click.echo(f"{account} has a new password")


@accounts.command("unlock")
@click.argument("account")
@by_admin
@example("coi accounts unlock nina --by anna --reason 'came in person'")
def unlock(account: str, by: str, reason: str, password_stdin: bool) -> None:
    """Let ACCOUNT try again at once after too many wrong passwords."""
    from coi_tracker.services import lockout

    record = opened()
    lockout.unlock(record, account, by=admin(record, by, password_stdin=password_stdin), reason=reason)
    click.echo(f"{account} can sign in again")


@accounts.command("totp-remove")
@click.argument("account")
@by_admin
@example("coi accounts totp-remove nina --by anna --reason 'telephone lost'")
def totp_remove(account: str, by: str, reason: str, password_stdin: bool) -> None:
    """Take the second factor of ACCOUNT away, when the device is lost."""
    from coi_tracker.services import second_factor

    record = opened()
    second_factor.remove(record, account, by=admin(record, by, password_stdin=password_stdin), reason=reason)
    click.echo(f"{account} has no second factor")


@accounts.command("link")
@click.argument("account")
@click.argument("subject")
@click.option("--issuer", help="The provider's issuer; the one of the settings when left out.")
@click.option("--remove", is_flag=True, help="End the link.")
@by_admin
@example("coi accounts link nina 248289761001 --by anna --reason 'hospital sign-in'")
def link(
    account: str, subject: str, issuer: str | None, remove: bool, by: str, reason: str, password_stdin: bool
) -> None:
    """Say that SUBJECT of an outside sign-in is ACCOUNT. It signs in so; a signature still needs the password."""
    from coi_tracker.services import outside_identity

    record = opened()
    whose = issuer or settings().oidc_issuer
    if not whose:
        raise click.UsageError("Which provider? Give --issuer, or set COI_OIDC_ISSUER")
    actor = admin(record, by, password_stdin=password_stdin)
    change = outside_identity.unlink if remove else outside_identity.link
    change(record, account, issuer=whose.rstrip("/"), subject=subject, by=actor, reason=reason)
    click.echo(f"{account} is {'no longer' if remove else 'now'} {subject} of {whose}")


@click.group("person")
@example("coi person erase 0042 --study iov_lun_202 --by anna --reason 'request of 3 May'")
def person() -> None:
    """The personal data of participants, kept apart from the record."""


@person.command("erase")
@click.argument("subject")
@click.option("--study", required=True, help="The key of the study.")
@click.option("--yes", is_flag=True, help="Do not ask whether this is meant.")
@by_admin
@example("coi person erase 0042 --study iov_lun_202 --by anna --reason 'request of 3 May'")
def erase(subject: str, study: str, yes: bool, by: str, reason: str, password_stdin: bool) -> None:
    """Make a participant's name, record number and birth date unreadable, for ever.

    The record of the treatment stays, under the subject number, and stays verifiable. Write no name into the reason.
    """
    from coi_tracker.services import persons

    record = opened()
    actor = admin(record, by, password_stdin=password_stdin)
    if not yes:
        click.confirm(f"Erase the person behind subject {subject}? Nobody can undo this", abort=True, err=True)
    persons.erase_person(record, subject, study=study, by=actor, reason=reason)
    click.echo(f"The person behind subject {subject} is erased")


COMMANDS = (accounts, person)
