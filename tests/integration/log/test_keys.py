"""The key of the log: kept in one file, told by the log, handed over by an entry that the old key signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from coi_tracker.custody_log.entry import parse_line
from coi_tracker.custody_log.keys import current_key
from coi_tracker.errors import Misconfigured
from coi_tracker.services import keys
from coi_tracker.services.checkpoints import checkpoint
from coi_tracker.services.sequencer import sequence
from coi_tracker.storage import log_store
from tests.integration.log import builders

ROTATED = pytest.mark.requirement("COI-LOG-07")
BAD_FILE = pytest.mark.requirement("COI-BAD-09")


def told_by_the_log(record):
    with record.database.read() as tx:
        entries = [parse_line(entry.text.encode()) for entry in log_store.entries(tx)]
    return current_key(builders.ORIGIN, entries)


@ROTATED
def test_the_first_key_is_told_by_the_log(record, key, key_dir: Path) -> None:
    assert told_by_the_log(record) == key.verifier_key()
    assert keys.verifier_keys(record) == [key.verifier_key().format()]
    assert keys.load(record, key_dir).to_text() == key.to_text()
    keys.publish(record, key)
    with record.database.read() as tx:
        assert log_store.log_size(tx) == 1


@ROTATED
def test_a_rotation_is_an_entry_and_keeps_the_old_file(record, key, key_dir: Path) -> None:
    builders.steps(record, 4)
    new = keys.rotate(record, key_dir)
    third = keys.rotate(record, key_dir)
    assert told_by_the_log(record) == third.verifier_key()
    assert [keys.read(key_dir / name).to_text() for name in ("log.key.1", "log.key.2", "log.key")] == [
        key.to_text(), new.to_text(), third.to_text(),
    ]  # fmt: skip
    with record.database.read() as tx:
        assert [told.since_size for told in log_store.log_keys(tx)] == [1, 6, 7]
    assert checkpoint(record, keys.load(record, key_dir)).size == 8
    with pytest.raises(Misconfigured, match="key in force"):
        checkpoint(record, key)


@ROTATED
def test_a_rotation_stopped_before_the_log_was_told_changes_nothing(record, key, key_dir: Path) -> None:
    other = keys.create(key_dir / "elsewhere", builders.ORIGIN)
    (key_dir / "elsewhere" / "log.key").rename(key_dir / "log.key.next")
    assert keys.load(record, key_dir).to_text() == key.to_text()
    assert keys.rotate(record, key_dir).to_text() != other.to_text()


@ROTATED
def test_a_rotation_stopped_after_the_log_was_told_is_completed(record, key, key_dir: Path) -> None:
    new = keys.rotate(record, key_dir)
    (key_dir / "log.key").rename(key_dir / "log.key.next")
    (key_dir / "log.key.1").rename(key_dir / "log.key")
    assert keys.load(record, key_dir).to_text() == new.to_text()
    assert sorted(path.name for path in key_dir.iterdir()) == ["log.key", "log.key.1"]


@BAD_FILE
def test_wrong_key_files_get_a_sentence_and_are_never_quoted(record, key, key_dir: Path) -> None:
    file, secret = key_dir / "log.key", key.to_text()
    wrong = {
        "no such file": None,
        "empty": b"",
        "cut or changed": secret[:-9].encode(),
        "not plain text": b"\xff\xfe\x00",
    }
    for said, data in wrong.items():
        file.unlink(missing_ok=True)
        if data is not None:
            file.write_bytes(data)
            file.chmod(0o600)
        with pytest.raises(Misconfigured, match=said) as caught:
            keys.load(record, key_dir)
        assert secret[40:60] not in str(caught.value)


@BAD_FILE
def test_a_key_file_that_others_may_read_is_refused(record, key, key_dir: Path) -> None:
    assert (key_dir / "log.key").stat().st_mode & 0o777 == 0o600
    (key_dir / "log.key").chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        keys.load(record, key_dir)


@BAD_FILE
def test_the_key_of_another_log_is_refused(record, key, key_dir: Path, tmp_path: Path) -> None:
    keys.create(tmp_path / "other", builders.ORIGIN)
    with pytest.raises(Misconfigured, match="key in force"):
        keys.load(record, tmp_path / "other")


@BAD_FILE
def test_a_key_is_never_overwritten(key, key_dir: Path, tmp_path: Path) -> None:
    before = (key_dir / "log.key").read_text()
    with pytest.raises(Misconfigured, match="there already"):
        keys.create(key_dir, builders.ORIGIN)
    assert (key_dir / "log.key").read_text() == before
    with pytest.raises(Misconfigured, match="name for the log"):
        keys.create(tmp_path / "new", "a name with blanks")


@ROTATED
def test_other_entries_of_the_log_may_wait_when_a_key_is_told(record, key, key_dir: Path) -> None:
    builders.steps(record, 3)
    keys.rotate(record, key_dir)
    assert sequence(record) == 0
