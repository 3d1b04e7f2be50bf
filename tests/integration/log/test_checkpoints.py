"""Checkpoints: everything sequenced, every chain's end committed to, signed, kept, delivered outside."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from coi_tracker.custody_log import heads, merkle
from coi_tracker.custody_log.chain import Head
from coi_tracker.custody_log.checkpoint import open_checkpoint
from coi_tracker.custody_log.note import SigningKey
from coi_tracker.errors import BrokenPromise, Misconfigured
from coi_tracker.services.checkpoints import checkpoint, deliver, kept_notes
from coi_tracker.services.sequencer import sequence
from coi_tracker.storage import log_store
from tests.integration.log import builders

HEADS = pytest.mark.requirement("COI-LOG-05")
SIGNED = pytest.mark.requirement("COI-LOG-06")


def the_log(record):
    with record.database.read() as tx:
        return list(log_store.entries(tx))


@SIGNED
def test_a_checkpoint_is_a_signed_note_over_the_whole_log(record, key) -> None:
    builders.steps(record, 30)
    made = checkpoint(record, key)
    opened = open_checkpoint(made.note, [key.verifier_key()], origin=builders.ORIGIN)
    found = the_log(record)
    assert opened.checkpoint.size == made.size == len(found) == 32
    assert opened.checkpoint.root == merkle.root(bytes.fromhex(entry.digest) for entry in found)


@HEADS
def test_its_last_entry_commits_to_the_end_of_every_chain(record, key) -> None:
    builders.steps(record, 30)
    checkpoint(record, key)
    *before, last = the_log(record)
    ends = {entry.chain: Head(entry.chain, entry.seq, bytes.fromhex(entry.digest)) for entry in before}
    told = json.loads(last.text)
    assert (told["kind"], told["chain"], told["seq"]) == ("checkpoint_heads", "log", 2)
    assert told["evidence"] == heads.heads_evidence(ends.values())
    assert told["evidence"]["leaves"] == len(builders.CHAINS)


@SIGNED
def test_nothing_new_gives_the_same_checkpoint_again(record, key) -> None:
    builders.steps(record, 5)
    first = checkpoint(record, key)
    again = checkpoint(record, key)
    assert first.new
    assert not again.new
    assert (again.note, again.size, again.root) == (first.note, first.size, first.root)
    builders.steps(record, 1)
    assert checkpoint(record, key).size == first.size + 2
    with record.database.read() as tx:
        assert [kept.size for kept in log_store.checkpoints(tx)] == [first.size, first.size + 2]


@HEADS
def test_an_entry_that_comes_meanwhile_waits_for_the_next_checkpoint(record, key) -> None:
    """Whatever is not placed when the heads are read is not among them."""
    builders.steps(record, 7)
    sequence(record)
    with record.database.write() as tx:
        builders.step(tx, "course/C000")
        ends = {head.chain: head.seq for head in log_store.chain_heads(tx, below=log_store.log_size(tx))}
    assert ends["course/C000"] == 1
    assert checkpoint(record, key).size == 10


@SIGNED
def test_a_log_that_has_not_told_its_key_signs_nothing(record, tmp_path: Path) -> None:
    builders.steps(record, 3)
    with pytest.raises(Misconfigured, match="coi init"):
        checkpoint(record, SigningKey.generate(builders.ORIGIN))


@SIGNED
@pytest.mark.requirement("COI-BAD-09")
def test_another_key_signs_nothing(record, key) -> None:
    builders.steps(record, 3)
    with pytest.raises(Misconfigured, match="key in force"):
        checkpoint(record, SigningKey.generate(builders.ORIGIN))
    with record.database.read() as tx:
        assert log_store.last_checkpoint(tx) is None
        assert log_store.log_size(tx) == 4


@SIGNED
def test_checkpoints_are_delivered_once_and_never_replaced(record, key, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    last = None
    for _ in range(3):
        builders.steps(record, 2)
        last = checkpoint(record, key)
    assert last is not None
    assert len(deliver(record, outside)) == 3
    assert deliver(record, outside) == []
    assert kept_notes(outside)[-1] == last.note
    builders.steps(record, 1)
    (outside / "checkpoint-000000000012.txt").write_text("another")
    with pytest.raises(BrokenPromise, match="delivered before"):
        checkpoint(record, key, folder=outside)


@SIGNED
def test_a_checkpoint_that_cannot_be_delivered_waits(record, key, tmp_path: Path) -> None:
    builders.steps(record, 2)
    blocked = tmp_path / "a file, not a folder"
    blocked.write_text("")
    with pytest.raises(Misconfigured, match="can be written to"):
        checkpoint(record, key, folder=blocked)
    assert [path.name for path in deliver(record, tmp_path / "good")] == ["checkpoint-000000000004.txt"]
    mode = (tmp_path / "good" / "checkpoint-000000000004.txt").stat().st_mode
    assert stat.S_ISREG(mode)
