"""Rows swapped, removed, added, chains hashed anew, tails cut, notes replaced: the first bad entry is named."""

from __future__ import annotations

from typing import Any

import pytest

from coi_tracker.custody_log.checkpoint import Checkpoint, sign_checkpoint
from coi_tracker.custody_log.entry import canonical, digest, parse_line, signed_digest
from coi_tracker.custody_log.note import SigningKey
from coi_tracker.services.findings import Finding
from coi_tracker.services.verification import verify
from tests.integration.log import builders
from tests.integration.log.attacker import Attacker

pytestmark = [pytest.mark.requirement("COI-MUST-19"), pytest.mark.usefixtures("filled_log")]


def first_bad(record, **options: Any) -> Finding:
    report = verify(record, **options)
    assert not report.verified
    assert report.first_bad is not None
    return report.first_bad


def at(attacker: Attacker, index: int) -> str:
    """The id of the entry at a log index."""
    return str(attacker.one("SELECT event_id FROM log_positions WHERE idx = ?", index))


def of_course(attacker: Attacker) -> list[tuple[int, str]]:
    """Log index and id of the entries of one course."""
    return attacker(
        "SELECT p.idx, e.id FROM events e JOIN log_positions p ON p.event_id = e.id "
        "WHERE e.chain = 'course/C000' ORDER BY e.seq"
    )


def test_texts_swapped(record, attacker) -> None:
    for pair in ((1, 2), (5, 20), (16, 27)):
        with attacker.undone():
            one, other = (at(attacker, index) for index in pair)
            texts = [attacker.one("SELECT entry FROM events WHERE id = ?", key) for key in (one, other)]
            attacker("UPDATE events SET entry = ? WHERE id = ?", texts[1], one)
            attacker("UPDATE events SET entry = ? WHERE id = ?", texts[0], other)
            assert (first_bad(record).index, first_bad(record).id) == (pair[0], one)


def test_log_positions_swapped(record, attacker) -> None:
    for pair in ((1, 2), (5, 20)):
        with attacker.undone():
            rows = [attacker("SELECT event_id, digest FROM log_positions WHERE idx = ?", index)[0] for index in pair]
            attacker("DELETE FROM log_positions WHERE idx IN (?, ?)", *pair)
            for index, (event_id, hexed) in zip(pair, reversed(rows), strict=True):
                attacker("INSERT INTO log_positions (idx, event_id, digest) VALUES (?, ?, ?)", index, event_id, hexed)
            assert first_bad(record).index == pair[0]


def test_an_entry_removed(record, attacker) -> None:
    for index in (0, 1, 9, 16, 20, 27):
        with attacker.undone():
            gone = at(attacker, index)
            attacker("DELETE FROM events WHERE id = ?", gone)
            found = first_bad(record)
            assert (found.index, found.id) == (index, gone)


def test_an_entry_removed_with_its_place_in_the_log(record, attacker) -> None:
    for index in (0, 9, 27):
        with attacker.undone():
            gone = at(attacker, index)
            for table, column in (("events", "id"), ("log_positions", "event_id"), ("signatures", "event_id")):
                attacker(f"DELETE FROM {table} WHERE {column} = ?", gone)
            assert first_bad(record).index == index


def test_an_entry_without_its_place_in_the_log(record, attacker) -> None:
    attacker("DELETE FROM log_positions WHERE idx = 11")
    assert first_bad(record).index == 11


def test_an_entry_added_behind_a_chain(record, attacker) -> None:
    """Well formed and linked, but nothing gave it a place, and it does not wait for one."""
    values = parse_line(attacker.one("SELECT entry FROM events WHERE id = ?", of_course(attacker)[-1][1]).encode())
    seq, head = attacker("SELECT seq, head FROM chains WHERE chain = 'course/C000'")[0]
    added = {**values, "seq": seq + 1, "prev": head, "id": "019d0000-ffff-7526-84ef-ea3b4678d593", "signatures": []}
    put_in(attacker, added)
    assert (first_bad(record).id, first_bad(record).seq) == (added["id"], seq + 1)


def put_in(attacker: Attacker, value: dict[str, Any]) -> None:
    """A row for an entry, with all columns as they should be."""
    entry = builders.new_entry(value)
    attacker(
        "INSERT INTO events (chain, seq, id, prev, digest, kind, step, coi, recorded_at, entry) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *(entry.chain, entry.seq, entry.id, entry.prev, entry.digest, entry.kind, entry.step, entry.coi),
        *(value["recorded_at"], entry.entry),
    )


def hash_anew(attacker: Attacker, start: int, **changes: Any) -> int:
    """Change the entry at `start` of a course and link all that follow to it again; its log index."""
    entries = of_course(attacker)[start:]
    prev: str | None = None
    for number, (_, key) in enumerate(entries):
        value = parse_line(attacker.one("SELECT entry FROM events WHERE id = ?", key).encode())
        value = {**value, **changes} if number == 0 else {**value, "prev": prev}
        for signature in value["signatures"]:
            signature["signed"] = signed_digest(value, signature)
            attacker(
                "UPDATE signatures SET signed = ? WHERE event_id = ? AND account = ?",
                *(signature["signed"], key, signature["account"]),
            )
        text = canonical(value)
        prev = digest(text).hex()
        attacker(
            "UPDATE events SET entry = ?, digest = ?, prev = ? WHERE id = ?", text.decode(), prev, value["prev"], key
        )
        attacker("UPDATE log_positions SET digest = ? WHERE event_id = ?", prev, key)
    attacker("UPDATE chains SET head = ? WHERE chain = 'course/C000' AND seq = ?", prev, start + len(entries))
    return entries[0][0]


def test_a_chain_hashed_anew(record, attacker) -> None:
    index = hash_anew(attacker, 1, evidence={"temperature": "+20", "unit": "C"})
    assert first_bad(record).index == index


def test_a_chain_hashed_anew_and_the_tree_grown_anew(record, attacker) -> None:
    """Nothing in the database says any more which entry it was: it is one of those since the checkpoint before."""
    index = hash_anew(attacker, 2, evidence={"temperature": "+20", "unit": "C"})
    attacker.grow_the_tree_anew()
    found = first_bad(record)
    assert found.index is not None
    assert found.upto is not None
    assert found.index <= index < found.upto


def test_a_tail_cut_off_with_everything_but_the_checkpoint(record, attacker) -> None:
    cut(attacker, 22)
    assert first_bad(record).index == 22


def cut(attacker: Attacker, size: int) -> None:
    """Take away every entry from a log index on, those that wait, and their nodes; the rows of chains fit again."""
    attacker("DELETE FROM events WHERE id IN (SELECT event_id FROM unsequenced)")
    attacker("DELETE FROM unsequenced")
    attacker("DELETE FROM events WHERE id IN (SELECT event_id FROM log_positions WHERE idx >= ?)", size)
    attacker("DELETE FROM signatures WHERE event_id NOT IN (SELECT id FROM events)")
    attacker("DELETE FROM log_positions WHERE idx >= ?", size)
    attacker.grow_the_tree_anew()
    attacker("UPDATE chains SET seq = (SELECT max(seq) FROM events e WHERE e.chain = chains.chain)")
    last = "SELECT digest FROM events e WHERE e.chain = chains.chain AND e.seq = chains.seq"
    attacker(f"UPDATE chains SET head = ({last})")


def test_a_tail_cut_off_with_its_checkpoint_shows_against_one_kept_outside(record, attacker) -> None:
    kept = attacker.one("SELECT note FROM checkpoints WHERE size = 28")
    cut(attacker, 17)
    attacker("DELETE FROM checkpoints WHERE size = 28")
    assert verify(record).verified  # the database alone cannot know
    found = first_bad(record, kept=[kept])
    assert (found.index, found.where) == (17, "checkpoint of 28 entries that was kept outside")


def test_a_waiting_entry_taken_away_shows_in_the_row_of_its_chain(record, attacker) -> None:
    event_id = attacker.one("SELECT max(event_id) FROM unsequenced")
    chain = attacker.one("SELECT chain FROM events WHERE id = ?", event_id)
    for table, column in (("events", "id"), ("unsequenced", "event_id"), ("signatures", "event_id")):
        attacker(f"DELETE FROM {table} WHERE {column} = ?", event_id)
    assert (first_bad(record).where, first_bad(record).chain) == ("chain", chain)


def test_a_checkpoint_taken_away(record, attacker) -> None:
    attacker("DELETE FROM checkpoints WHERE size = 17")
    found = first_bad(record)
    assert (found.index, found.problem) == (16, "the checkpoint that was signed over it is missing")


def replaced(attacker: Attacker, key: SigningKey, size: int, root: bytes) -> None:
    note = sign_checkpoint(Checkpoint(key.name, size, root), key)
    attacker("UPDATE checkpoints SET note = ? WHERE size = ?", note, size)


def test_a_checkpoint_replaced_by_one_of_another_key(record, attacker) -> None:
    root = attacker.grow_the_tree_anew()
    replaced(attacker, SigningKey.from_seed(builders.ORIGIN, bytes([1] * 32)), 28, root)
    found = first_bad(record)
    assert found.where == "checkpoint of 28 entries"
    assert "not by the key" in found.problem


def test_a_checkpoint_replaced_by_one_of_another_root(record, attacker, filled_log) -> None:
    replaced(attacker, filled_log, 28, bytes(32))
    assert (first_bad(record).index, first_bad(record).upto) == (17, 28)


def test_a_character_changed_in_a_checkpoint(record, attacker) -> None:
    for column in ("origin", "note", "made_at", "size"):
        with attacker.undone():
            value = attacker.one(f"SELECT {column} FROM checkpoints WHERE size = 17")
            changed = 18 if column == "size" else value[:3] + ("x" if value[3] != "x" else "y") + value[4:]
            attacker(f"UPDATE checkpoints SET {column} = ? WHERE size = 17", changed)
            assert first_bad(record).where.startswith("checkpoint") or first_bad(record).index == 16


def test_a_row_of_a_key_changed(record, attacker) -> None:
    for change in ("vkey = 'x'", "name = 'x'", "since_size = 7", "event_id = 'x'"):
        with attacker.undone():
            attacker(f"UPDATE log_keys SET {change}")
            assert (first_bad(record).where, first_bad(record).index) == ("key", 0)


def test_a_row_of_a_signature_changed(record, attacker) -> None:
    for change in ("account = 'u-99'", "meaning = 'x'", "signed_at = 'x'", "signed = 'x'"):
        with attacker.undone():
            index, event_id = attacker(
                "SELECT p.idx, p.event_id FROM log_positions p "
                "JOIN signatures s ON s.event_id = p.event_id ORDER BY p.idx"
            )[4]
            attacker(f"UPDATE signatures SET {change} WHERE event_id = ? AND account = 'u-17'", event_id)
            assert (first_bad(record).index, first_bad(record).id) == (index, event_id)


def test_signatures_removed_added_and_astray(record, attacker) -> None:
    signed = at_with_signatures(attacker)
    attacker("DELETE FROM signatures WHERE event_id = ? AND account = 'u-17'", signed)
    assert first_bad(record).id == signed
    attacker("UPDATE signatures SET event_id = 'nothing' WHERE event_id = ?", signed)
    assert verify(record).findings[-1].id == "nothing"


def at_with_signatures(attacker: Attacker) -> str:
    return str(attacker.one("SELECT min(s.event_id) FROM signatures s"))


def test_nodes_of_the_tree_changed_or_removed(record, attacker) -> None:
    for level, position in ((0, 9), (1, 4), (2, 3), (3, 0), (4, 0)):
        with attacker.undone():
            attacker("UPDATE tree_nodes SET hash = ? WHERE level = ? AND position = ?", bytes(32), level, position)
            found = first_bad(record)
            assert (found.where, found.index) == ("tree", position << level)
            attacker("DELETE FROM tree_nodes WHERE level = ? AND position = ?", level, position)
            found = first_bad(record)
            assert (found.where, found.index) == ("tree", position << level)


def test_a_node_that_does_not_belong(record, attacker) -> None:
    attacker("INSERT INTO tree_nodes (level, position, hash) VALUES (9, 0, ?)", bytes(32))
    assert first_bad(record).where == "tree"


def test_the_row_of_a_chain_changed(record, attacker) -> None:
    attacker("UPDATE chains SET head = ? WHERE chain = 'course/C001'", "0" * 64)
    assert (first_bad(record).where, first_bad(record).chain) == ("chain", "course/C001")


def test_an_entry_that_no_longer_waits(record, attacker) -> None:
    event_id = attacker.one("SELECT event_id FROM unsequenced ORDER BY n DESC LIMIT 1")
    attacker("DELETE FROM unsequenced WHERE event_id = ?", event_id)
    assert (first_bad(record).where, first_bad(record).id) == ("position", event_id)
