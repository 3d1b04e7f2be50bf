"""Personal data: apart, encrypted, compared at the bedside, erasable, and never in the log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from coi_tracker.errors import Misconfigured, NotUnderstood
from coi_tracker.services import persons
from coi_tracker.services.record import Record
from tests.integration.people.conftest import BY, entries_of

MARIA = {"name": "Maria da Silva", "record_number": "MRN 0042-7", "birth_date": "1961-02-03"}


def keep(record: Record, claims: dict[str, str]) -> None:
    with record.database.write() as tx:
        persons.keep_person(record, tx, "study", "0042", claims)


def compare(record: Record, **claims: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    with record.database.read() as tx:
        return persons.compare_person(record, tx, "study", "0042", claims)


@pytest.mark.requirement("COI-PII-01")
def test_what_is_kept_is_compared_by_name_of_the_identifier_only(record: Record) -> None:
    keep(record, MARIA)
    assert compare(record, **MARIA) == (("birth_date", "name", "record_number"), ())
    assert compare(record, birth_date="1961-02-04", name="maria  DA silva") == (("name",), ("birth_date",))
    assert compare(record, subject_number="0042") == (("subject_number",), ())
    assert compare(record, subject_number="0043") == ((), ("subject_number",))


def test_what_is_not_kept_cannot_be_compared(record: Record) -> None:
    keep(record, {"birth_date": "1961-02-03"})
    assert compare(record, birth_date="1961-02-03", name="Maria da Silva") == (("birth_date",), ())


@pytest.mark.requirement("COI-PII-01", "COI-PII-04")
def test_nothing_readable_is_in_the_database(record: Record) -> None:
    keep(record, MARIA)
    with record.database.read() as tx:
        row = tx.query("SELECT name, record_number, birth_date, record_number_index FROM persons")[0]
    stored = b"".join(one.encode() if isinstance(one, str) else bytes(one) for one in row)
    assert not any(value.encode() in stored for value in MARIA.values())


@pytest.mark.requirement("COI-PII-02", "COI-PII-03")
def test_an_erased_person_is_unreadable_and_the_log_says_so_without_saying_who(record: Record) -> None:
    keep(record, MARIA)
    persons.erase_person(record, "0042", study="study", **BY)
    assert compare(record, **MARIA) == ((), ())
    [entry] = entries_of(record, "subject/0042")
    assert entry["evidence"] == {
        "key": "0042",
        "new": "erased",
        "old": "kept",
        "reason": "set up for a test",
        "what": "person",
    }
    with pytest.raises(NotUnderstood, match="whose personal data is kept"):
        persons.erase_person(record, "0042", study="study", **BY)


def test_a_birth_date_that_is_none_is_refused_without_repeating_it(record: Record) -> None:
    with pytest.raises(NotUnderstood) as caught:
        keep(record, {"birth_date": "3.2.1961"})
    assert "1961" not in str(caught.value)


@pytest.mark.requirement("COI-BAD-09")
def test_without_the_key_file_persons_are_closed_and_the_rest_is_open(record: Record, tmp_path: Path) -> None:
    keep(record, MARIA)
    without = replace(record, person_keys=())
    with pytest.raises(Misconfigured, match="a record opened with its key file"):
        compare(without, name="Maria")
    assert compare(without, subject_number="0042") == (("subject_number",), ())
    other = tmp_path / "other"
    other.mkdir()
    persons.make_person_key(other)
    with pytest.raises(Misconfigured, match="in the key file"):
        compare(replace(record, person_keys=persons.person_keys(other)), name="Maria")
    with pytest.raises(Misconfigured, match=r"no such file|No such file"):
        persons.person_keys(tmp_path / "nowhere")
