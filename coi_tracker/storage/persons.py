"""Who a participant is: name, record number and birth date, encrypted, apart from the record, and erasable.

Each person has a data key of their own (AES-256-GCM, a fresh nonce every time), wrapped by the key of the key file.
Erasing deletes the data key: the record stays whole, and nobody can read the person again. A ciphertext is bound to
its column and row, so that moved to another it does not open. A record number is found through a keyed hash.

Ciphertext: version byte, 4 bytes of key id, 12 of nonce, then what AES-GCM gives.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import date

from cryptography.exceptions import InvalidTag

from coi_tracker.errors import BrokenPromise, Misconfigured
from coi_tracker.storage import integrations
from coi_tracker.storage.keyfile import MasterKey
from coi_tracker.storage.sealing import seal, unseal
from coi_tracker.storage.second_factors import rewrap_secrets
from coi_tracker.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of a participant beyond the number. Never printed whole."""

    name: str | None = None
    record_number: str | None = None
    birth_date: date | None = None

    def __repr__(self) -> str:
        return "Person(...)"


def save_person(tx: Transaction, keys: tuple[MasterKey, ...], *, study: str, subject: str, person: Person) -> None:
    """Queue a person's data, with the person's own key: a new one unless there is one already."""
    data_key = _data_key(tx, keys, study, subject)
    if data_key is None:
        data_key = secrets.token_bytes(32)
        wrapped = _wrap(keys[0], data_key, study, subject)
    else:
        wrapped = None
    values = {column: _sealed(data_key, text, column, study, subject) for column, text in _texts(person).items()}
    index = None if person.record_number is None else blind_index(keys[0], person.record_number)
    tx.write(_SAVE, {**values, "study": study, "subject": subject, "record_number_index": index})
    if wrapped is not None:
        tx.write(_SAVE_KEY, {"study": study, "subject": subject, "wrapped_key": wrapped})


_SAVE = """
INSERT INTO persons (study, subject, name, record_number, birth_date, record_number_index)
VALUES (:study, :subject, :name, :record_number, :birth_date, :record_number_index)
ON CONFLICT (study, subject) DO UPDATE SET name = excluded.name, record_number = excluded.record_number,
  birth_date = excluded.birth_date, record_number_index = excluded.record_number_index
"""
_SAVE_KEY = "INSERT INTO person_keys (study, subject, wrapped_key) VALUES (:study, :subject, :wrapped_key)"
_READ = """
SELECT p.name, p.record_number, p.birth_date, k.wrapped_key FROM persons p
LEFT JOIN person_keys k ON k.study = p.study AND k.subject = p.subject
WHERE p.study = :study AND p.subject = :subject
"""


def read_person(tx: Transaction, keys: tuple[MasterKey, ...], *, study: str, subject: str) -> Person | None:
    """A person's data; None when there is none, or when it was erased. Raises Misconfigured for a wrong key file."""
    row = tx.one(_READ, study=study, subject=subject)
    if row is None or row[3] is None:
        return None
    data_key = _unwrap(keys, bytes(row[3]), study, subject)
    found = {
        column: None if sealed is None else _opened(data_key, bytes(sealed), column, study, subject)
        for column, sealed in zip(("name", "record_number", "birth_date"), row[:3], strict=True)
    }
    born = found["birth_date"]
    return Person(found["name"], found["record_number"], None if born is None else date.fromisoformat(born))


def find_by_record_number(tx: Transaction, keys: tuple[MasterKey, ...], *, record_number: str) -> list[tuple[str, str]]:
    """The (study, subject) of everybody with this record number."""
    rows = tx.query(
        "SELECT study, subject FROM persons WHERE record_number_index IN {wanted} ORDER BY study, subject",
        wanted=[blind_index(key, record_number) for key in keys],
    )
    return [(study, subject) for study, subject in rows]


def erase_person(tx: Transaction, *, study: str, subject: str) -> bool:
    """Make a person unreadable, for ever: delete the key, the search index and the ciphertext. False: nobody there.

    Needs no key file. Copies in backups die with the backups: docs/storage.md says how.
    """
    if tx.kind == "sqlite":
        tx.query("PRAGMA secure_delete = ON")  # overwrite the deleted key in the file, not only forget where it is
    known = tx.query(
        "SELECT 1 FROM person_keys WHERE study = :study AND subject = :subject", study=study, subject=subject
    )
    place = {"study": study, "subject": subject}
    tx.write("DELETE FROM person_keys WHERE study = :study AND subject = :subject", place)
    tx.write(
        "UPDATE persons SET name = NULL, record_number = NULL, birth_date = NULL, record_number_index = NULL "
        "WHERE study = :study AND subject = :subject",
        place,
    )
    return bool(known)


def rewrap(tx: Transaction, keys: tuple[MasterKey, ...]) -> int:
    """Queue every person's key wrapped anew by the first key of the file, and the index with it; how many.

    The secrets of second factors and of webhooks go with them: they are encrypted by the same file. After it, the
    other keys can leave the file. The persons' data keys, and so the ciphertexts, stay.
    """
    rows = tx.query("SELECT study, subject, wrapped_key FROM person_keys ORDER BY study, subject")
    for study, subject, wrapped in rows:
        data_key = _unwrap(keys, bytes(wrapped), study, subject)
        person = read_person(tx, keys, study=study, subject=subject)
        number = person.record_number if person else None
        place = {"study": study, "subject": subject}
        tx.write(
            "UPDATE person_keys SET wrapped_key = :wrapped WHERE study = :study AND subject = :subject",
            {**place, "wrapped": _wrap(keys[0], data_key, study, subject)},
        )
        tx.write(
            "UPDATE persons SET record_number_index = :found WHERE study = :study AND subject = :subject",
            {**place, "found": None if number is None else blind_index(keys[0], number)},
        )
    rewrap_secrets(tx, keys)
    integrations.rewrap_secrets(tx, keys)
    return len(rows)


def blind_index(key: MasterKey, record_number: str) -> str:
    """A keyed hash that finds a record number again, however it is spaced or cased, and tells nothing of it."""
    plain = "".join(unicodedata.normalize("NFKC", record_number).split()).casefold()
    return hmac.new(key.derived("record number index"), plain.encode(), hashlib.sha256).hexdigest()


def _texts(person: Person) -> dict[str, str | None]:
    born = None if person.birth_date is None else person.birth_date.isoformat()
    return {"name": person.name, "record_number": person.record_number, "birth_date": born}


def _where(table_column: str, study: str, subject: str) -> str:
    return f"{table_column}:{json.dumps([study, subject])}"


def _sealed(data_key: bytes, text: str | None, column: str, study: str, subject: str) -> bytes | None:
    if text is None:
        return None
    where = _where(f"persons.{column}", study, subject)
    return seal(data_key, text.encode(), key_id=_data_key_id(data_key), where=where)


def _opened(data_key: bytes, sealed: bytes, column: str, study: str, subject: str) -> str:
    try:
        return unseal(data_key, sealed, where=_where(f"persons.{column}", study, subject)).decode()
    except InvalidTag as error:
        raise BrokenPromise(
            expected=f"what was encrypted for persons.{column} of {subject}",
            came="something else: changed, or moved from another place",
            do="restore the row from a backup and find out who changed it",
        ) from error


def _data_key_id(data_key: bytes) -> bytes:
    return hashlib.sha256(b"coi data key id" + data_key).digest()[:4]


def _data_key(tx: Transaction, keys: tuple[MasterKey, ...], study: str, subject: str) -> bytes | None:
    row = tx.one(
        "SELECT wrapped_key FROM person_keys WHERE study = :study AND subject = :subject", study=study, subject=subject
    )
    return None if row is None else _unwrap(keys, bytes(row[0]), study, subject)


def _wrap(key: MasterKey, data_key: bytes, study: str, subject: str) -> bytes:
    where = _where("person_keys.wrapped_key", study, subject)
    return seal(key.derived("wrap data keys"), data_key, key_id=bytes.fromhex(key.id), where=where)


def _unwrap(keys: tuple[MasterKey, ...], wrapped: bytes, study: str, subject: str) -> bytes:
    wanted = wrapped[1:5].hex()
    key = next((key for key in keys if key.id == wanted), None)
    if key is None:
        raise Misconfigured(
            expected=f"the key {wanted} in the key file",
            came=f"a file with {', '.join(key.id for key in keys)}",
            do="use the key file that this database's persons were encrypted with",
        )
    try:
        return unseal(key.derived("wrap data keys"), wrapped, where=_where("person_keys.wrapped_key", study, subject))
    except InvalidTag as error:
        raise BrokenPromise(
            expected=f"the wrapped key of {subject}",
            came="something else: changed, or moved from another row",
            do="restore the row from a backup and find out who changed it",
        ) from error
