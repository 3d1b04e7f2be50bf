"""Commands about the custody log: verify it, rebuild the state from it, sign it, export it, hand over its key."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from coi_tracker.cli.accounts import opened
from coi_tracker.cli.terminal import complain, example, json_option, print_json, progress, refuse, settings

if TYPE_CHECKING:
    from coi_tracker.services.export import Chosen
    from coi_tracker.services.findings import Report


@click.command("checkpoint")
@json_option
@example("coi checkpoint", "coi checkpoint --json")
def checkpoint(as_json: bool) -> None:
    """Sign how long and what the log is, now.

    The note is copied to the folder of checkpoints. A copy has to leave the building: only then can a cut tail be
    told from an honest log.
    """
    from coi_tracker.services import checkpoints, keys

    chosen, record = settings(), opened()
    made = checkpoints.checkpoint(record, keys.load(record, chosen.key_dir), folder=chosen.checkpoint_dir)
    if as_json:
        print_json({"made_at": made.made_at, "new": made.new, "note": made.note, "size": made.size})
        return
    click.echo(made.note, nl=False)
    if not made.new:
        click.echo("Nothing was recorded since this checkpoint: it is still the last one.", err=True)


@click.command("export")
@click.option("--course", metavar="COI", help="One course, with proof that nothing of it is missing.")
@click.option("--site", metavar="PLACE", help="Everything of one site.")
@click.option("--from", "since", metavar="TIME", help="A period of recording: from this time, included.")
@click.option("--to", "until", metavar="TIME", help="A period of recording: to this time, excluded.")
@click.option("--all", "everything", is_flag=True, help="The whole log.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The zip (or folder) to write.")
@click.option("--folder", is_flag=True, help="Write a folder instead of a zip.")
@click.option("--by", "exported_by", help="Printed name of who exports; it stands in the manifest.", default="coi")
@json_option
@example(
    "coi export --course C7K2-9QXM-4TZB1 --out course.zip",
    "coi export --from 2026-01-01 --to 2026-02-01T00:00:00Z --out january.zip",
)
def export(
    course: str | None,
    site: str | None,
    since: str | None,
    until: str | None,
    everything: bool,
    out: Path,
    folder: bool,
    exported_by: str,
    as_json: bool,
) -> None:
    """Write a bundle that a stranger can verify.

    How: python verify.py BUNDLE, with the verify.py that is in it.
    """
    from coi_tracker.services import keys
    from coi_tracker.services.export import BundleError
    from coi_tracker.services.export import export as write

    wanted = _chosen(course, site, since, until, everything)
    record = opened()
    key = keys.load(record, settings().key_dir)
    try:
        with progress("Writing entries") as told:
            made = write(record, key, chosen=wanted, out=out, exported_by=exported_by, as_folder=folder, progress=told)
    except BundleError as error:
        complain(str(error))
        refuse()
    if as_json:
        found = {name: getattr(made, name) for name in ("path", "entries", "tree_size", "manifest_sha256")}
        print_json(found)
        return
    click.echo(f"{made.entries} entries of {made.tree_size} are written to {made.path}")
    click.echo(f"Manifest (SHA-256): {made.manifest_sha256}")


def _chosen(course: str | None, site: str | None, since: str | None, until: str | None, everything: bool) -> Chosen:
    from coi_tracker.services.export import Chosen
    from coi_tracker.services.queries import coi_of

    ways = [course is not None, site is not None, since is not None or until is not None, everything]
    if sum(ways) != 1:
        raise click.UsageError("Give exactly one of --course, --site, --from/--to and --all")
    first, last = _instant(since, "--from"), _instant(until, "--to")
    if first is not None and last is not None and first >= last:
        raise click.UsageError("--from is before --to: a period that ends before it begins holds nothing")
    return Chosen(course=None if course is None else coi_of(course), site=site, since=first, until=last)


def _instant(text: str | None, option: str) -> datetime | None:
    """A time with its zone, or a day, which begins at midnight UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{option} is a time like 2026-01-31T08:00:00Z, or a day; {text!r} is neither") from None
    if found.tzinfo is None and len(text) > len("2026-01-31"):
        raise click.UsageError(f"{option} needs its time zone, such as the Z at the end of 2026-01-31T08:00:00Z")
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


@click.group("key")
@example("coi key show", "coi key rotate")
def key() -> None:
    """The key that signs checkpoints."""


@key.command("show")
@json_option
@example("coi key show > vkeys.txt")
def show_keys(as_json: bool) -> None:
    """Every verifier key the log ever had, the oldest first: publish all of them."""
    from coi_tracker.services.keys import verifier_keys

    found = verifier_keys(opened())
    if as_json:
        print_json(found)
        return
    for one in found:
        click.echo(one)


@key.command("rotate")
@click.option("--yes", is_flag=True, help="Do not ask whether this is meant.")
@json_option
@example("coi key rotate")
def rotate(yes: bool, as_json: bool) -> None:
    """Hand over to a new key: an entry says so, signed with the old one. Publish the new verifier key."""
    from coi_tracker.services import keys

    record = opened()
    if not yes:
        click.confirm("Make a new key for the log, and keep the old file beside it?", abort=True, err=True)
    keys.rotate(record, settings().key_dir)
    found = keys.verifier_keys(record)
    print_json(found) if as_json else click.echo(found[-1])


@click.command("verify")
@click.option("--checkpoint", "earlier", multiple=True, type=click.Path(path_type=Path), help="One you kept elsewhere.")
@click.option("--vkey", "vkeys", multiple=True, metavar="KEY", help="A verifier key as it was published.")
@json_option
@example("coi verify", "coi verify --json --checkpoint kept_in_the_safe.txt")
def verify(earlier: tuple[Path, ...], vkeys: tuple[str, ...], as_json: bool) -> None:
    """Check the whole log in the database.

    Every entry, chain, signature, checkpoint and key. Compares with the checkpoints in the folder of checkpoints,
    and with those given. Names the first bad entry.
    """
    from coi_tracker.services import checkpoints, verification

    record = opened()
    kept = checkpoints.kept_notes(settings().checkpoint_dir)
    kept += [path.read_text(encoding="utf-8") for path in earlier]
    with progress("Verifying entries") as told:
        report = verification.verify(record, kept=kept, vkeys=vkeys, progress=told)
    print_json(report.as_json()) if as_json else _print(report, good="VERIFIED")
    if not report.verified:
        refuse()


def _print(report: Report, *, good: str) -> None:
    """The verdict in one line, what was looked at, and what was found, the first bad entry first."""
    if report.verified:
        click.secho(good, fg="green", bold=True)
    else:
        click.secho(f"NOT {good}", fg="red", bold=True)
    for name, count in report.counts.items():
        click.echo(f"  {name.replace('_', ' '):<24} {count:,}")
    for finding in report.findings:
        click.echo(f"  {finding.sentence()}")
    if report.findings_total > len(report.findings):
        click.echo(f"  and {report.findings_total - len(report.findings)} more")
    for note in report.notes:
        click.echo(f"Note: {note}")


@click.command("rebuild")
@click.option("--check", is_flag=True, help="Compare only; change nothing.")
@json_option
@example("coi rebuild --check", "coi rebuild")
def rebuild(check: bool, as_json: bool) -> None:
    """Compare the state with what the log says.

    Without --check, the state is written anew from the log.
    """
    from coi_tracker.services import rebuild as rebuilding

    record = opened()
    with progress("Folding entries") as told:
        report = (rebuilding.check if check else rebuilding.rebuild)(record, progress=told)
    print_json(report.as_json()) if as_json else _print(report, good="AS THE LOG SAYS")
    if not report.verified:
        refuse()


COMMANDS = (checkpoint, export, verify, rebuild, key)
