"""The demonstration: a record of people who do not exist, made, verified and exported as a stranger would have it.

Lives in a folder with a marker, so that nothing else is ever taken for a demonstration and made anew. Knows what to
show, not how a trial goes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coi_tracker.cli import simulating
from coi_tracker.cli.terminal import progress, table
from coi_tracker.config import Settings
from coi_tracker.errors import BrokenPromise, Misconfigured
from coi_tracker.vocabulary import PlaceKind, PrinterKind, Role, Standing, Treatment

if TYPE_CHECKING:
    from coi_tracker.services.people import Person
    from coi_tracker.services.record import Record

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
ROOM = 500_000_000
"""Bytes that have to be free there."""
ENROLLED = 95
"""Participants with whom enrolment is closed: nobody else can be registered then."""
PRINTING = frozenset({PlaceKind.SITE, PlaceKind.FACILITY})
PLACES_TRIED = 4
"""At how many places somebody of a role is looked for who has work to do."""
MARKER = "DEMONSTRATION"
_MARKED = "A demonstration of COI Tracker. `coi demo` deletes all of this folder and makes it anew.\n"


def demonstrate(folder: Path, *, participants: int, seed: int) -> Settings:
    """Make, verify and export the demonstration in a folder; the settings to serve it with. Says what it does."""
    from coi_tracker.services.opening import open_record

    chosen = _prepared(folder)
    with _timed("The trial is simulated"), _quick_disk(chosen) as quick:
        figures, vkey = _simulate(quick, participants=participants, seed=seed)
    record = open_record(chosen)
    try:
        with _timed("The log is signed and verified, the state compared with it"):
            _verify(record, chosen)
        bundle = folder / "everything.zip"
        with _timed("All of it is exported, and verified again by verify.py alone"):
            _export(record, chosen, bundle)
            click.echo(f"    {_verified_by_stranger(bundle, vkey)}")
        _tell(record, figures, bundle)
    finally:
        record.database.close()
    return chosen


def kept(folder: Path) -> Settings:
    """The settings of the demonstration that is there, as it was left. Raises Misconfigured where there is none."""
    from coi_tracker.services.opening import database_file, open_record

    chosen = _settings(folder)
    file = database_file(chosen)
    if not (folder / MARKER).is_file() or file is None or not file.is_file():
        raise Misconfigured(
            expected=f"a demonstration that was made before, at {folder}",
            came="none",
            do="leave --keep out to make one",
        )
    _hold(folder / MARKER)
    record = open_record(chosen)
    try:
        _tell_of_people(record)
    finally:
        record.database.close()
    return chosen


@contextmanager
def _quick_disk(chosen: Settings) -> Iterator[Settings]:
    """Settings with the database in memory-backed storage where there is some; it moves to its place at the end.

    Each step waits until it is on the disk. Nobody misses a half-made demonstration, and there are thousands of steps.
    """
    from coi_tracker.services.opening import database_file

    file = database_file(chosen)
    if file is None or not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < ROOM:
        yield chosen
        return
    with tempfile.TemporaryDirectory(prefix="coi-demo-", dir=MEMORY) as folder:
        quick = Path(folder) / file.name
        yield chosen.model_copy(update={"database_url": f"sqlite:///{quick}"})
        shutil.move(quick, file)


def _simulate(settings: Settings, *, participants: int, seed: int) -> tuple[dict[str, Any], str]:
    """The figures of the trial and the verifier key of its log. The database is closed afterwards, in one file."""
    from coi_tracker.services import opening

    record = opening.make_record(settings)
    try:
        vkey = opening.make_log_key(record, settings)
        with progress("Simulating participants") as told:
            until = _last_hour(datetime.now(UTC))
            figures = simulating.fill(record, seed=seed, participants=participants, until=until, progress=told)
        _put_printers(record)
        return figures, vkey
    finally:
        record.database.close()


def _put_printers(record: Record) -> None:
    """At every place that prints labels the one printer that everybody has: a file for this computer."""
    from coi_tracker.services import administration, printers
    from coi_tracker.services.changes import INSTALLER

    for place in administration.places(record):
        if place.kind in PRINTING:
            printers.put_printer(
                record,
                f"{place.id}-pdf",
                place=place.id,
                name=f"PDF on this computer, {place.name}",
                kind=PrinterKind.DOWNLOAD,
                by=INSTALLER,
                reason="so that a demonstration prints",
            )


def _last_hour(now: datetime) -> datetime:
    """The latest full hour that has passed: who looks at the trial finds work that is due, and hours left to do it."""
    return (now - timedelta(minutes=5)).replace(minute=0, second=0, microsecond=0)


def _prepared(folder: Path) -> Settings:
    """An empty folder that is marked and ours alone. Raises Misconfigured for one that is no demonstration."""
    marker = folder / MARKER
    if folder.is_symlink() or (folder.exists() and not marker.is_file() and any(folder.iterdir())):
        raise Misconfigured(
            expected=f"an empty folder, or one with an earlier demonstration, at {folder}",
            came="one with something else in it",
            do="choose another one with --dir; nothing was changed",
        )
    from coi_tracker.services.opening import make_folder

    make_folder(folder)
    _hold(marker)
    for old in folder.iterdir():
        if old != marker:
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    return _settings(folder)


def _settings(folder: Path) -> Settings:
    whole = folder.resolve()
    return Settings(
        database_url=f"sqlite:///{whole / 'coi.sqlite3'}",
        key_dir=whole / "keys",
        checkpoint_dir=whole / "checkpoints",
        origin="demo.invalid/coi-log",
        password_days=0,  # its people got theirs when the trial began, by its own clock
    )


def _hold(marker: Path) -> None:
    """Hold the marker until the command ends, so that no other demonstration takes the folder meanwhile."""
    file = marker.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise Misconfigured(
            expected=f"nobody else at the demonstration in {marker.parent}",
            came="one that is running",
            do="stop it, or choose another folder with --dir",
        ) from None
    if file.tell() == 0:
        file.write(_MARKED)
        file.flush()
    click.get_current_context().call_on_close(file.close)


@contextmanager
def _timed(what: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    click.echo(f"{what} ({time.monotonic() - started:.0f} s)")


def _verify(record: Record, chosen: Settings) -> None:
    from coi_tracker.services import checkpoints, keys, rebuild, verification

    checkpoints.checkpoint(record, keys.load(record, chosen.key_dir), folder=chosen.checkpoint_dir)
    with progress("Verifying entries") as told:
        report = verification.verify(record, kept=checkpoints.kept_notes(chosen.checkpoint_dir), progress=told)
    with progress("Folding entries") as told:
        state = rebuild.check(record, progress=told)
    bad = report.first_bad or state.first_bad
    if bad is not None:
        raise BrokenPromise(
            expected="a log that verifies, and a state that follows from it",
            came=bad.sentence(),
            do="report this fault of the product",
        )


def _export(record: Record, chosen: Settings, bundle: Path) -> None:
    from coi_tracker.services import keys
    from coi_tracker.services.export import Chosen, export

    key = keys.load(record, chosen.key_dir)
    with progress("Writing entries") as told:
        export(record, key, chosen=Chosen(), out=bundle, exported_by="the demonstration", progress=told)


def _verified_by_stranger(bundle: Path, vkey: str) -> str:
    """The verdict of the bundle's own verifier, run apart from everything that is installed here."""
    with zipfile.ZipFile(bundle) as opened:
        verifier = Path(opened.extract("verify.py", bundle.parent))
    command = [sys.executable, "-I", "-S", str(verifier), str(bundle), "--vkey", vkey]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    verdict = (done.stdout or done.stderr).strip().splitlines()
    if done.returncode != 0 or not verdict:
        raise BrokenPromise(
            expected="a bundle that verify.py accepts",
            came=" ".join(verdict)[:300] or "nothing",
            do="report this fault of the product",
        )
    return verdict[-1]


def _tell(record: Record, figures: dict[str, Any], bundle: Path) -> None:
    """What there is to see, and who may sign in."""
    from coi_tracker.services.queries import log_status, states

    status = log_status(record)
    now = {f"{track} now": simulating.counted(found) for track, found in states(record).items()}
    told = {**simulating.in_short(figures), **now, "entries in the log": f"{status.size:,}", "bundle": str(bundle)}
    told["sheet to print"] = "/scan/cards/demonstration: badges, stations and labels to scan with a telephone"
    for name, value in told.items():
        click.echo(f"  {name:<24} {value}")
    _tell_of_people(record)
    if figures["participants"] >= ENROLLED:
        click.echo(f"All {ENROLLED} of the trial are enrolled: nobody else can be registered.")


def _tell_of_people(record: Record) -> None:
    """Who may sign in and where, and what patients say."""
    from coi_tracker.services.available import set_up
    from coi_tracker.simulation.furnishing import PASSWORD

    at = {str(one.place): one.code for one in set_up(record).stations}
    head = ("role", "account", "password", "place", "its station", "can do now", "name")
    rows = [
        (str(role), one.person.id, PASSWORD, one.place, at.get(one.place, "none"), str(one.can_do), one.person.name)
        for role, one in _cast(record).items()
    ]
    table("People who do not exist, one of each role", head, rows)
    head = (
        "course",
        "patient is",
        "subject number",
        "birth date",
        "place",
        "its station",
        "nurses, physicians, cell lab",
    )
    table("At the bedside: what patients who do not exist say when they are asked", head, patients(record, at))
    click.echo("Sign in, open Scan and type the code of the station; then scan or type anything.")


def patients(record: Record, stations: dict[str, str]) -> list[tuple[str, ...]]:
    """Whose treatment goes on: what they say, and two people each who sign there."""
    from coi_tracker.identity import CoiId
    from coi_tracker.services.available import chains_of, state_of
    from coi_tracker.services.people import people
    from coi_tracker.simulation.fictions import participant

    found = [course for chain in chains_of(record, "course") if (course := state_of(record, chain))]
    team: dict[tuple[str, Role], list[str]] = defaultdict(list)
    for has, person in sorted(((has, p) for p in people(record) for has in p.roles), key=lambda one: one[1].id):
        team[has.place, has.role].append(person.id)
    rows: list[tuple[str, ...]] = []
    treated = [one for one in found if one.standing is Standing.ACTIVE and one.treatment in _BEING_TREATED]
    for one in sorted(treated, key=lambda course: list(_BEING_TREATED).index(course.treatment)):
        if one.subject is not None:
            number, place = str(one.subject.number), str(one.site)
            signs = ", ".join(", ".join(team[place, role][:2]) for role in (Role.NURSE, Role.PHYSICIAN, Role.CELL_LAB))
            said = (number, participant(number)["birth_date"])
            rows.append(
                (CoiId(str(one.coi)).display(), _BEING_TREATED[one.treatment], *said, place, stations[place], signs)
            )
    return rows


_BEING_TREATED = {
    Treatment.LD_COMPLETE: "ready for infusion",
    Treatment.LD_RUNNING: "in lymphodepletion",
    Treatment.PLANNED: "planned",
    Treatment.INFUSED: "infused",
    Treatment.IL2_RUNNING: "on IL-2",
}


@dataclass(frozen=True, slots=True)
class _Shown:
    """Somebody to sign in as. ``can_do``: steps that are hers now."""

    person: Person
    place: str
    can_do: int


def _cast(record: Record) -> dict[Role, _Shown]:
    """Of each role somebody with work to do, at one of the places where most is going on."""
    from coi_tracker.services.available import chains_of, state_of
    from coi_tracker.services.people import people

    found = [course for chain in chains_of(record, "course") if (course := state_of(record, chain))]
    busy = Counter(place for one in found if one.standing is Standing.ACTIVE for place in (one.site, one.facility))
    tried: dict[Role, dict[str, _Shown]] = defaultdict(dict)
    hired = [(has, person) for person in people(record) for has in person.roles]
    for has, person in sorted(hired, key=lambda one: -busy[one[0].place]):
        if has.place not in tried[has.role] and len(tried[has.role]) < PLACES_TRIED:
            tried[has.role][has.place] = _Shown(person, has.place, _can_do(record, person.id, has.role))
    return {role: max(places.values(), key=lambda one: one.can_do) for role, places in sorted(tried.items())}


def _can_do(record: Record, account: str, role: Role) -> int:
    from coi_tracker.services.turns import Way
    from coi_tracker.services.viewers import viewer
    from coi_tracker.services.worklist import worklist

    who = viewer(record, account)
    mine = worklist(record, who, role=role).mine if who is not None else ()
    return sum(line.way is Way.NOW for line in mine)
