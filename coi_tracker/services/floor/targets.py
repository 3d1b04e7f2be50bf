"""What a step is about, before anything of it was scanned: a course, a subject, a place, a study."""

from __future__ import annotations

from coi_tracker.custody_log.chain import ChainError, subject_chain
from coi_tracker.process.enrolment import OwnSubject
from coi_tracker.process.spec import FieldKind, On
from coi_tracker.services.floor.asking import in_progress
from coi_tracker.services.floor.draft import Draft
from coi_tracker.services.floor.screen import Choice, Progress, Prompt, PromptKind
from coi_tracker.services.floor.standing import Standing
from coi_tracker.services.record import Record
from coi_tracker.storage import registry
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import PlaceKind

ASKS = {
    On.COURSE: "a container of the course, or its COI",
    On.SUBJECT: "the subject number of the trial",
    On.PLACE: "the place",
    On.STUDY: "the study",
}


def target_prompts(record: Record, tx: Transaction, draft: Draft) -> tuple[Prompt, ...]:
    """The one prompt that comes before all others; and the study, where several are open."""
    step = record.process.steps[draft.step]
    prompts = [_prompt(tx, step.on)]
    if draft.study is None and (step.on is On.PLACE or step.needs_of(OwnSubject)):
        prompts.insert(0, _prompt(tx, On.STUDY))
    return in_progress(prompts, ())


def _prompt(tx: Transaction, on: On) -> Prompt:
    choices: tuple[Choice, ...] = ()
    if on is On.PLACE:
        kinds = {PlaceKind.SITE, PlaceKind.FACILITY}
        choices = tuple(Choice(p.id, p.name) for p in registry.places(tx) if p.kind in kinds)
    if on is On.STUDY:
        choices = tuple(Choice(s.key, s.title) for s in registry.studies(tx))
    return Prompt(
        f"target.{on}",
        PromptKind.TARGET,
        ASKS[on],
        Progress.OPEN,
        shape=FieldKind.CHOICE if choices else FieldKind.TEXT,
        choices=choices,
        closed=bool(choices),
    )


def only_study(tx: Transaction) -> str | None:
    """The study of the record, when there is just one."""
    keys = [s.key for s in registry.studies(tx)]
    return keys[0] if len(keys) == 1 else None


def nameable(text: str) -> str:
    """Text that something could be called by, fit to be looked up (PostgreSQL takes no zero byte); empty otherwise."""
    found = text.strip()
    return found if len(found) <= 60 and found.isprintable() else ""


def find_target(tx: Transaction, at: Standing, on: On, text: str, *, new: bool) -> str | None:
    """The chain that the text names, if this place may name it; None otherwise, without saying which of the two.

    `new`: a subject that is not registered yet. Whoever may do a step on a subject elsewhere (a planner) names it.
    """
    wanted = nameable(text)
    if on is On.SUBJECT:
        return f"subject/{wanted}" if _a_chain(wanted) and _subject(tx, at, wanted, new=new) else None
    table, key = ("places", "id") if on is On.PLACE else ("studies", "key")
    row = tx.one(f"SELECT {key} FROM {table} WHERE {key} = :wanted", wanted=wanted)  # noqa: S608
    return None if row is None else f"{on}/{row[0]}"


def _a_chain(number: str) -> bool:
    try:
        subject_chain(number)
    except ChainError:
        return False
    return True


def _subject(tx: Transaction, at: Standing, number: str, *, new: bool) -> bool:
    sites = [str(row[0]) for row in tx.query("SELECT site FROM subjects WHERE number = :number", number=number)]
    if new or at.place.kind is not PlaceKind.SITE:
        return bool(number) and (bool(sites) or new)
    return at.place.id in sites
