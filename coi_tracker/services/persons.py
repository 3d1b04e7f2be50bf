"""Who a participant is, for those who have to know: kept apart, compared at the bedside, erased on request.

Personal data never gets into an entry, a message or a log line. Encryption is storage's; the key is a file of the
installation. Knows no step: a step says which identifiers it needs.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from coi_tracker.course import Actor
from coi_tracker.custody_log.chain import subject_chain
from coi_tracker.errors import Misconfigured, NotUnderstood
from coi_tracker.services.changes import write_change
from coi_tracker.services.record import Record
from coi_tracker.storage import persons
from coi_tracker.storage.keyfile import MasterKey, load_key_file, new_key_file
from coi_tracker.storage.persons import Person
from coi_tracker.storage.transaction import Transaction

PersonKeys = tuple[MasterKey, ...]
"""The keys of the key file; the first encrypts what is new."""

KEY_FILE = "persons.key"
_KEPT = ("name", "record_number", "birth_date")


def person_keys(key_dir: Path) -> PersonKeys:
    """The keys of this installation. Raises Misconfigured for a missing, damaged or readable-by-all file."""
    return load_key_file(key_dir / KEY_FILE)


def make_person_key(key_dir: Path) -> Path:
    """Make the key file of a new installation. Raises Misconfigured when there is one."""
    path = key_dir / KEY_FILE
    new_key_file(path)
    return path


def _keys(record: Record) -> PersonKeys:
    if not record.person_keys:
        raise Misconfigured(
            expected="a record opened with its key file", came="one without", do="open it with `open_record(settings)`"
        )
    return record.person_keys


def keep_person(record: Record, tx: Transaction, study: str, subject: str, claims: Mapping[str, str]) -> None:
    """Queue what is known of a participant: name, record_number, birth_date; others are ignored.

    Belongs into the transaction that registers the subject. Raises NotUnderstood for a date that is none.
    """
    known = {name: claims[name].strip() for name in _KEPT if claims.get(name, "").strip()}
    if known:
        born = known.get("birth_date")
        person = Person(
            name=known.get("name"),
            record_number=known.get("record_number"),
            birth_date=None if born is None else _day(born),
        )
        persons.save_person(tx, _keys(record), study=study, subject=subject, person=person)


def compare_person(
    record: Record, tx: Transaction, study: str, subject: str, claims: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which of the claimed identifiers are those of the participant, and which are not: names only, never values.

    ``subject_number`` compares with the number itself. What is not kept (or was erased) is in neither: nobody can say.
    """
    asked = {name: value for name, value in claims.items() if value.strip()}
    kept = persons.read_person(tx, _keys(record), study=study, subject=subject) if set(asked) & set(_KEPT) else None
    truth = {"subject_number": subject, **(_texts(kept) if kept else {})}
    comparable = {name: value for name, value in asked.items() if truth.get(name) is not None}
    matched = tuple(sorted(n for n, v in comparable.items() if _same(v, truth[n] or "")))
    return matched, tuple(sorted(set(comparable) - set(matched)))


def _texts(person: Person) -> dict[str, str | None]:
    born = None if person.birth_date is None else person.birth_date.isoformat()
    return {"name": person.name, "record_number": person.record_number, "birth_date": born}


def _same(claimed: str, kept: str) -> bool:
    return _plain(claimed) == _plain(kept)


def _plain(text: str) -> str:
    """Spaces, case and ways of writing an accent do not make another person."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotUnderstood(expected="birth_date written YYYY-MM-DD", came="another text", do="write it so") from None


def erase_person(record: Record, subject: str, *, study: str, by: Actor, reason: str) -> None:
    """Make a participant unreadable for ever, and say in the log that it was done, by whom and why.

    The record of the treatment stays whole and verifiable. Raises NotUnderstood when nothing is kept of the subject.
    """
    with record.database.write() as tx:
        if not persons.erase_person(tx, study=study, subject=subject):
            raise NotUnderstood(
                expected="a participant whose personal data is kept",
                came=f"{subject[:40]!r} of study {study[:40]!r}",
                do="look at study and number; nothing was changed",
            )
        write_change(
            record,
            tx,
            chain=subject_chain(subject),
            what="person",
            key=subject,
            old="kept",
            new="erased",
            by=by,
            reason=reason,
        )
