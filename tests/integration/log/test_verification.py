"""Verification of the database: clean is called clean, and of everything else the first bad entry is named."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from coi_tracker.errors import NotUnderstood
from coi_tracker.services import keys
from coi_tracker.services.checkpoints import checkpoint
from coi_tracker.services.verification import verify
from tests.integration.log import builders

FOUND = pytest.mark.requirement("COI-MUST-19", "COI-CLI-11")
pytestmark = pytest.mark.usefixtures("filled_log")
COLUMNS = ("chain", "seq", "id", "prev", "digest", "kind", "step", "coi", "recorded_at", "entry")


@FOUND
def test_what_is_clean_is_called_clean(record, filled_log) -> None:
    report = verify(record, vkeys=[filled_log.verifier_key().format()])
    assert report.verified, report.findings
    assert report.counts == {
        "entries": 31, "tree_size": 28, "waiting": 3, "chains": 8, "checkpoints": 2, "confirmed": 28,
    }  # fmt: skip
    assert json.loads(json.dumps(report.as_json()))["first_bad"] is None


@FOUND
def test_progress_ends_with_every_entry(record) -> None:
    told: list[tuple[int, int]] = []
    verify(record, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (31, 31)


@FOUND
def test_after_a_rotation_it_is_still_clean(record, filled_log, tmp_path: Path) -> None:
    (tmp_path / "log.key").write_text(filled_log.to_text())
    (tmp_path / "log.key").chmod(0o600)
    new = keys.rotate(record, tmp_path)
    made = checkpoint(record, new)
    builders.steps(record, 4)
    checkpoint(record, new)
    old, now = filled_log.verifier_key().format(), new.verifier_key().format()
    report = verify(record, kept=[made.note], vkeys=[old])
    assert report.verified, report.findings
    assert verify(record, vkeys=[now]).verified


def test_an_empty_record_is_clean(prepared_database) -> None:
    empty = builders.open_record(prepared_database(builders.migrated))
    assert verify(empty).verified
    empty.database.close()


@FOUND
def test_a_character_changed_in_the_event_table_is_found(record, attacker) -> None:
    """A sample of rows and places; the first bad entry is always the one that was changed."""
    chance = random.Random(7)
    for column in COLUMNS:
        rows = attacker(f"SELECT p.idx, e.id, e.{column} FROM events e JOIN log_positions p ON p.event_id = e.id")
        for index, event_id, value in chance.sample([row for row in rows if row[2] is not None], 6):
            for _ in range(8 if column == "entry" else 1):
                changed = value + 100 if isinstance(value, int) else altered(value, chance)
                attacker(f"UPDATE events SET {column} = ? WHERE id = ?", changed, event_id)
                report = verify(record)
                now = changed if column == "id" else event_id
                attacker(f"UPDATE events SET {column} = ? WHERE id = ?", value, now)
                assert not report.verified
                assert report.findings[0].index == index, (changed, report.findings)
    assert verify(record).verified


def altered(text: str, chance: random.Random) -> str:
    """The text with one character another."""
    place = chance.randrange(len(text))
    other = chance.choice([c for c in '0123456789abcdefghijklmnopqrstuvwxyz"{ ' if c != text[place]])
    return text[:place] + other + text[place + 1 :]


@FOUND
def test_an_entry_that_waits_is_verified_as_well(record, attacker) -> None:
    for column in ("chain", "seq", "prev", "kind", "step", "coi", "recorded_at", "entry", "digest"):
        event_id, value = attacker(
            f"SELECT e.id, e.{column} FROM events e JOIN unsequenced u ON u.event_id = e.id "
            f"WHERE e.{column} IS NOT NULL ORDER BY u.n LIMIT 1"
        )[0]
        changed = value + 100 if isinstance(value, int) else altered(value, random.Random(1))
        with attacker.undone():
            attacker(f"UPDATE events SET {column} = ? WHERE id = ?", changed, event_id)
            first = verify(record).findings[0]
            assert (first.index, first.id) == (None, event_id)


@FOUND
def test_bytes_that_are_no_text_are_found_on_sqlite(record, attacker, database_kind: str) -> None:
    if database_kind != "sqlite":
        return  # PostgreSQL holds no such bytes in a text column
    for column in ("entry", "chain", "kind", "digest"):
        kept = attacker.one(
            f"SELECT e.{column} FROM events e JOIN log_positions p ON p.event_id = e.id WHERE p.idx = 9"
        )
        change = f"UPDATE events SET {column} = ? WHERE id = (SELECT event_id FROM log_positions WHERE idx = 9)"
        attacker(change.replace("?", "CAST(x'61ff62' AS TEXT)"))
        assert verify(record).findings[0].index == 9
        attacker(change, kept)
    assert verify(record).verified


def test_a_verifier_key_that_is_none_gets_a_sentence(record) -> None:
    with pytest.raises(NotUnderstood, match="verifier key"):
        verify(record, vkeys=["nonsense"])
