"""Commands that print labels, show what became of it, count, and reconcile. The drawing is done by the rooms beside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coi_tracker.cli.accounts import opened
from coi_tracker.cli.server import room
from coi_tracker.cli.terminal import complain, example, json_option, password_from, print_json, refuse, table
from coi_tracker.errors import Misconfigured

if TYPE_CHECKING:
    from coi_tracker.services.printing import JobView
    from coi_tracker.services.reconciliation import Balance, Reconciliation
    from coi_tracker.services.record import Record


def by_person(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of who does it; the password is asked for."""
    for option in (
        click.option("--password-stdin", is_flag=True, help="Read your password from standard input."),
        click.option("--by", required=True, metavar="ACCOUNT", help="Who does it, at the place of the printer."),
    ):
        command = option(command)
    return command


def person(record: Record, account: str, *, password_stdin: bool) -> str:
    """The account, once its password was given. Raises Misconfigured."""
    from coi_tracker.services.people import authenticate
    from coi_tracker.vocabulary import AskedFor

    password = password_from(password_stdin, whose=account)
    found = authenticate(record, account, password, asked_for=AskedFor.COMMAND)
    if found is None:
        raise Misconfigured(
            expected="the password of an active account", came=f"another one for {account!r}", do="try again"
        )
    return found.account


@click.command("print")
@click.argument("what", nargs=-1, required=True, metavar="COURSE | SERIAL...")
@click.option("--printer", required=True, help="The id of a printer, see `coi printers list`.")
@click.option("--job", "job_id", metavar="ID", help="A UUID of version 7; the same one again is the same job.")
@json_option
@by_person
@example(
    "coi print C7K2-9QXM-4TZB1 --printer lab-1 --by nina",
    "coi print LB4T-0XW6-91RD L6248-AHF8-46M --printer lab-1 --by nina",
)
def print_labels(
    what: tuple[str, ...], printer: str, job_id: str | None, as_json: bool, by: str, password_stdin: bool
) -> None:
    """Queue labels for a printer: serials, or all of a course that wait to be printed and fit it.

    They are drawn once before anything is queued. A worker sends them: `coi serve` has one, or `coi print-worker`.
    """
    from coi_tracker.identity import CoiId, read_scan
    from coi_tracker.services.changes import new_event_id
    from coi_tracker.services.printing import ask_to_print

    record = opened()
    who = person(record, by, password_stdin=password_stdin)
    is_course = len(what) == 1 and isinstance(read_scan(what[0]), CoiId)
    view = ask_to_print(
        record,
        job_id or new_event_id(record),
        printer=printer,
        by=who,
        course=what[0] if is_course else None,
        serials=() if is_course else what,
        check=room("web.printing").render,
    )
    _show(view, as_json)


def _show(view: JobView, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(view))
        return
    click.secho(f"Job {view.job.id}: {view.job.state}", bold=True)
    click.echo(f"  {len(view.labels)} labels of {view.job.coi} for {view.printer.id} ({view.printer.name})")
    if view.job.words:
        click.echo(f"  {view.job.words}")
    table(
        "",
        ("serial", "container", "in this job", "label"),
        [*((o.serial, o.container, o.state, o.label) for o in view.labels)],
    )


def _as_json(view: JobView) -> Any:
    from coi_tracker.services.changes import plain

    return plain({"job": view.job, "labels": view.labels, "printer": view.printer})


@click.command("print-jobs")
@click.argument("job", required=False)
@click.option("--course", help="Only of this course.")
@click.option("--printer", help="Only for this printer.")
@click.option("--open", "only_open", is_flag=True, help="Only those that wait, are being sent, or have to be counted.")
@json_option
@example("coi print-jobs --open", "coi print-jobs 0197a1b2-0000-7000-8000-000000000000")
def print_jobs(job: str | None, course: str | None, printer: str | None, only_open: bool, as_json: bool) -> None:
    """Print jobs, the newest first; or one job with its labels."""
    from coi_tracker.services import printing

    if job is not None:
        _show(printing.find_job(opened(), job), as_json)
        return
    found = printing.jobs(opened(), course=course, printer=printer, only_open=only_open)
    if as_json:
        print_json([_as_json(view) for view in found])
        return
    columns = ("job", "asked", "course", "printer", "labels", "state", "what is known")
    table("", columns, [_job_row(view) for view in found])


def _job_row(view: JobView) -> tuple[str, ...]:
    job = view.job
    asked = f"{job.asked_at:%Y-%m-%d %H:%M}Z {job.asked_by}"
    return job.id, asked, job.coi, job.printer, str(len(view.labels)), str(job.state), job.words or ""


@click.command("print-cancel")
@click.argument("job")
@json_option
@by_person
@example("coi print-cancel 0197a1b2-0000-7000-8000-000000000000 --by nina")
def print_cancel(job: str, as_json: bool, by: str, password_stdin: bool) -> None:
    """Cancel a job that waits. One that may have been sent is counted instead."""
    from coi_tracker.services.printing import cancel_job

    record = opened()
    _show(cancel_job(record, job, by=person(record, by, password_stdin=password_stdin)), as_json)


@click.command("print-fetch")
@click.argument("job")
@click.option("--out", required=True, type=click.Path(path_type=Path, exists=False), help="The file to write.")
@by_person
@example("coi print-fetch 0197a1b2-0000-7000-8000-000000000000 --out labels.pdf --by nina")
def print_fetch(job: str, out: Path, by: str, password_stdin: bool) -> None:
    """Write the file of a job for a download. It is given out once: count afterwards what you printed of it."""
    from coi_tracker.services.print_work import hand_out

    if out.exists():
        raise click.UsageError(f"{out} is there already; choose another name")
    record = opened()
    who = person(record, by, password_stdin=password_stdin)
    out.touch()  # before the job is given out: a folder that cannot be written to must not cost it
    out.write_bytes(hand_out(record, job, by=who, render=room("web.printing").render))
    click.echo(f"{out} is written; print it once, then count with `coi print-settle {job}`")


@click.command("print-settle")
@click.argument("job")
@click.argument("serials", nargs=-1)
@click.option("--none", "nothing", is_flag=True, help="Not one label came out.")
@click.option("--all", "everything", is_flag=True, help="Every label came out.")
@json_option
@by_person
@example(
    "coi print-settle 0197a1b2-0000-7000-8000-000000000000 LB4T-0XW6-91RD --by nina",
    "coi print-settle 0197a1b2-0000-7000-8000-000000000000 --none --by nina",
)
def print_settle(
    job: str, serials: tuple[str, ...], nothing: bool, everything: bool, as_json: bool, by: str, password_stdin: bool
) -> None:
    """Say which labels came out of a job that may have printed. Count them at the printer first.

    What did not come out can be printed again.
    """
    from coi_tracker.services.print_counting import settle_job
    from coi_tracker.services.printing import find_job

    if [bool(serials), nothing, everything].count(True) != 1:
        raise click.UsageError("Give the serials that came out, or --all, or --none")
    record = opened()
    who = person(record, by, password_stdin=password_stdin)
    out = [one.serial for one in find_job(record, job).labels] if everything else list(serials)
    _show(settle_job(record, job, printed=out, by=who), as_json)


@click.command("print-worker")
@click.option("--once", is_flag=True, help="Until no job is due, and then stop.")
@example("coi print-worker")
def print_worker(once: bool) -> None:
    """Send print jobs until stopped. `coi serve` does this too; any number of workers may run."""
    composed = room("web.printing")
    record = opened()
    if once:
        click.echo(f"{composed.print_all(record)} jobs were worked on")
        return
    click.echo("Sending print jobs until stopped (Ctrl-C)")
    composed.print_until_stopped(record)


@click.command("reconcile")
@click.argument("course")
@json_option
@example("coi reconcile C7K2-9QXM-4TZB1")
def reconcile(course: str, as_json: bool) -> None:
    """Are all labels of a course accounted for? Ends with 1 when one is not.

    issued = applied + destroyed + returned + void + superseded; what is left is open, and named.
    """
    from coi_tracker.services.changes import plain
    from coi_tracker.services.reconciliation import reconcile as reconciled

    found = reconciled(opened(), course)
    if found is None:
        complain(f"Expected the COI of a course in the record; got {course!a}; look it up with `coi course list`.")
        refuse()
    print_json(plain(found)) if as_json else _print(found)
    if found.all.difference:
        refuse()


def _print(found: Reconciliation) -> None:
    columns = ("labels of", "issued", "accounted for", "open", "serials that are open")
    table("", columns, [_balance_row(one) for one in (found.all, *found.by_issue, *found.by_job)])
    for step, serials in found.blocks.items():
        click.echo(f"{step} is blocked by {', '.join(serials)}")
    for suite, serials in found.suites.items():
        click.echo(f"clear_line of another course in {suite} is blocked by {', '.join(serials)}")


def _balance_row(one: Balance) -> tuple[str, ...]:
    ended = ", ".join(f"{count} {state}" for state, count in sorted(one.ended.items())) or "0"
    left = ", ".join(f"{label.serial} ({label.state})" for label in one.open)
    return one.what, str(one.issued), ended, str(one.difference), left


COMMANDS = (print_labels, print_jobs, print_cancel, print_fetch, print_settle, print_worker, reconcile)
