"""Who a participant is can be read with the key file only, and not at all once the person was erased."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from coi_tracker.errors import BrokenPromise, Misconfigured
from coi_tracker.storage.database import Database
from coi_tracker.storage.keyfile import load_key_file, new_key_file
from coi_tracker.storage.persons import (
    Person,
    erase_person,
    find_by_record_number,
    read_person,
    rewrap,
    save_person,
)
from tests.integration.storage.builders import ON_SQLITE

pytestmark = pytest.mark.requirement("COI-PII-01")

ADA = Person("Ada Lovelace", "MRN 10-12", date(1975, 12, 10))
COLUMNS = ("name", "record_number", "birth_date")


@pytest.fixture
def keys(tmp_path):
    new_key_file(tmp_path / "key")
    return load_key_file(tmp_path / "key")


@pytest.fixture
def ada(db, keys):
    with db.write() as tx:
        save_person(tx, keys, study="S", subject="001", person=ADA)


def _row(db: Database, subject: str = "001"):
    with db.read() as tx:
        (row,) = tx.query("SELECT name, record_number, birth_date FROM persons WHERE subject = :s", s=subject)
    return [None if value is None else bytes(value) for value in row]


def _read(db: Database, keys, subject: str = "001") -> Person | None:
    with db.read() as tx:
        return read_person(tx, keys, study="S", subject=subject)


def test_a_person_is_read_with_the_key(db, keys, ada):
    assert _read(db, keys) == ADA
    assert _read(db, keys, "002") is None
    assert "Ada" not in repr(ADA)


def test_nothing_of_a_person_stands_in_the_database_in_the_clear(db, keys, ada):
    with db.read() as tx:
        everything = repr(tx.query("SELECT * FROM persons")) + repr(tx.query("SELECT * FROM person_keys"))
    everything += repr(_row(db))
    for secret in ("Ada", "Lovelace", "MRN", "10-12", "1012", "1975"):
        assert secret not in everything


@ON_SQLITE
def test_nothing_of_a_person_stands_in_the_file_in_the_clear(db, keys, ada):
    raw = b"".join(file.read_bytes() for file in Path(db.url.removeprefix("sqlite:///")).parent.glob("coi.sqlite3*"))

    assert b"Lovelace" not in raw
    assert b"1975-12-10" not in raw


@pytest.mark.requirement("COI-PII-04")
def test_the_same_value_never_looks_the_same(db, keys, ada):
    first = _row(db)
    with db.write() as tx:
        save_person(tx, keys, study="S", subject="001", person=ADA)
        save_person(tx, keys, study="S", subject="002", person=ADA)

    assert _read(db, keys) == ADA
    for one, again, other in zip(first, _row(db), _row(db, "002"), strict=True):
        assert len({one, again, other}) == 3


@pytest.mark.requirement("COI-PII-04")
@pytest.mark.parametrize(("column", "source"), [("name", "record_number"), ("birth_date", "name")])
def test_a_value_that_was_moved_to_another_column_is_found_out(db, keys, ada, column, source):
    with db.write() as tx:
        tx.query(f"UPDATE persons SET {column} = {source}")
    with pytest.raises(BrokenPromise, match=f"persons.{column} of 001"):
        _read(db, keys)


@pytest.mark.requirement("COI-PII-04")
def test_a_value_that_was_moved_to_another_person_is_found_out(db, keys, ada):
    with db.write() as tx:
        save_person(tx, keys, study="S", subject="002", person=Person("Grace Hopper"))
    with db.write() as tx:
        tx.query("UPDATE persons SET name = (SELECT name FROM persons WHERE subject = '001') WHERE subject = '002'")
    with pytest.raises(BrokenPromise):
        _read(db, keys, "002")


@pytest.mark.requirement("COI-PII-04")
def test_a_person_who_was_moved_with_the_key_is_found_out(db, keys, ada):
    with db.write() as tx:
        tx.query("INSERT INTO persons SELECT study, '002', name, record_number, birth_date, NULL FROM persons")
        tx.query("INSERT INTO person_keys SELECT study, '002', wrapped_key FROM person_keys")
    with pytest.raises(BrokenPromise, match="wrapped key"):
        _read(db, keys, "002")


@pytest.mark.parametrize("place", range(0, 40, 3))
def test_a_changed_byte_is_found_out(db, keys, ada, place):
    sealed = bytearray(_row(db)[0])
    sealed[place % len(sealed)] ^= 1
    with db.write() as tx:
        tx.write("UPDATE persons SET name = :name", {"name": bytes(sealed)})
    with pytest.raises(BrokenPromise):
        _read(db, keys)


def test_what_is_not_known_is_kept_unknown(db, keys):
    with db.write() as tx:
        save_person(tx, keys, study="S", subject="001", person=Person(name="Ada"))
    assert _read(db, keys) == Person(name="Ada")
    assert _row(db)[1:] == [None, None]


@pytest.mark.parametrize("written", ["MRN 10-12", "mrn10-12", " MRN 10-12 ", "ＭＲＮ 10-12"])
def test_a_record_number_is_found_however_it_is_written(db, keys, ada, written):
    with db.read() as tx:
        assert find_by_record_number(tx, keys, record_number=written) == [("S", "001")]
        assert find_by_record_number(tx, keys, record_number="MRN 10-13") == []


@pytest.mark.requirement("COI-PII-03")
def test_an_erased_person_cannot_be_read_even_from_a_copy_of_the_ciphertext(db, keys, ada):
    with db.read() as tx:
        copy = tx.query("SELECT name FROM persons")[0][0]
    with db.write() as tx:
        assert erase_person(tx, study="S", subject="001")
        assert not erase_person(tx, study="S", subject="777")
    assert _read(db, keys) is None
    assert _row(db) == [None, None, None]
    with db.read() as tx:
        assert find_by_record_number(tx, keys, record_number="MRN 10-12") == []

    with db.write() as tx:
        tx.write("UPDATE persons SET name = :name", {"name": bytes(copy)})
    assert _read(db, keys) is None
    with db.write() as tx:
        save_person(tx, keys, study="S", subject="001", person=Person(birth_date=ADA.birth_date))
        tx.write("UPDATE persons SET name = :name", {"name": bytes(copy)})
    with pytest.raises(BrokenPromise):  # the new key opens nothing of the old
        _read(db, keys)


@ON_SQLITE
@pytest.mark.requirement("COI-PII-03")
def test_the_erased_key_is_not_left_in_the_file(db, keys, ada):
    with db.read() as tx:
        wrapped = bytes(tx.query("SELECT wrapped_key FROM person_keys")[0][0])
    with db.write() as tx:
        erase_person(tx, study="S", subject="001")
    db.close()  # the last connection folds the write-ahead log into the file and removes it

    folder = Path(db.url.removeprefix("sqlite:///")).parent
    assert wrapped not in b"".join(file.read_bytes() for file in folder.glob("coi.sqlite3*"))


@pytest.mark.requirement("COI-BAD-09")
def test_another_key_file_gets_a_sentence(db, keys, ada, tmp_path):
    new_key_file(tmp_path / "other")
    with pytest.raises(Misconfigured, match="use the key file that this database's persons were encrypted with"):
        _read(db, load_key_file(tmp_path / "other"))


def test_keys_are_changed_without_touching_the_data(db, keys, ada, tmp_path):
    new_key_file(tmp_path / "new")
    new = load_key_file(tmp_path / "new")
    before = _row(db)
    with db.write() as tx:
        assert rewrap(tx, (*new, *keys)) == 1

    assert _read(db, new) == ADA
    assert _row(db) == before
    with db.read() as tx:
        assert find_by_record_number(tx, new, record_number="MRN 10-12") == [("S", "001")]
    with pytest.raises(Misconfigured):
        _read(db, keys)
