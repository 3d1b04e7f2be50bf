"""A full disk and a database that cannot be written to: a sentence, nothing partial, and on it goes once mended."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from coi_tracker.services.attempts import record_attempt
from coi_tracker.services.changes import new_event_id
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.storage.database import Database
from coi_tracker.storage.faults import StorageUnavailable, Why
from tests.conftest import absent
from tests.postgres import PostgresServer, _name_in
from tests.races.soundness import assert_chains_whole, assert_whole
from tests.races.stage import Stage

pytestmark = pytest.mark.slow

SMALL_DISK = 24 * 1024 * 1024
ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own of a few megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK},mode=755", "none", str(place)]
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode != 0:
        absent("a disk that can be filled (mounting a tmpfs needs root)")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill_up(place: Path) -> Path:
    """Take all the room there is."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return ballast


def until_told(stage: Stage, request: AttemptRequest) -> tuple[list[str], AttemptRequest, StorageUnavailable]:
    """Record until the storage gives up: what was acknowledged, the attempt that failed, and what was said."""
    acknowledged: list[str] = []
    for _ in range(2000):
        one = replace(request, id=new_event_id(stage.record))
        try:
            record_attempt(stage.record, one)
        except StorageUnavailable as error:
            return acknowledged, one, error
        acknowledged.append(one.id)
    raise AssertionError("the disk was never full")


def assert_told_and_whole(stage: Stage, request: AttemptRequest, why: Why, ballast: Path) -> None:
    """A sentence for the full disk; room is made; the same attempt is recorded, and all is as it should be."""
    acknowledged, failed, error = until_told(stage, request)
    assert error.why is why
    assert "room on the disk" in str(error)
    assert "free space" in str(error)
    ballast.unlink()
    assert record_attempt(stage.record, failed).performed
    assert_chains_whole(stage.record, acknowledged=[*acknowledged, failed.id])
    assert_whole(stage.record)


@ON_SQLITE
@pytest.mark.requirement("COI-BAD-10")
def test_a_full_disk_under_sqlite_gets_a_sentence_and_nothing_is_half_written(stage: Stage, small_disk: Path) -> None:
    chain = stage.drive("D-1", "book_slot").chain
    request = stage.request("record_temperature", chain)
    stage.record.database.close()
    source = Path(stage.url.removeprefix("sqlite:///"))
    for file in source.parent.glob(source.name + "*"):
        shutil.copy(file, small_disk / file.name)
    moved = Database(f"sqlite:///{small_disk / source.name}")
    there = replace(stage, premises=replace(stage.premises, record=replace(stage.record, database=moved)))
    assert_told_and_whole(there, request, Why.DISK_FULL, fill_up(small_disk))
    moved.close()


@pytest.mark.postgres
@pytest.mark.requirement("COI-BAD-10")
def test_a_full_disk_under_postgresql_gets_a_sentence_and_nothing_is_half_written(
    durable_server: PostgresServer, durable_stage: Stage, small_disk: Path
) -> None:
    stage, space = durable_stage, f"small_{uuid.uuid4().hex[:8]}"
    request = stage.request("record_temperature", stage.drive("D-2", "book_slot").chain)
    stage.record.database.close()
    folder = small_disk / "space"
    folder.mkdir()
    if os.geteuid() == 0:
        for place in (small_disk, folder, *small_disk.parents):
            if place.owner() == "root" and place != Path("/"):
                place.chmod(place.stat().st_mode | 0o055)
        shutil.chown(folder, "nobody", "nogroup")
    durable_server._run(f"CREATE TABLESPACE {space} LOCATION '{folder}'")
    try:
        durable_server._run("ALTER DATABASE {} SET TABLESPACE {}", _name_in(stage.url), space)
        assert_told_and_whole(stage, request, Why.DISK_FULL, fill_up(small_disk))
    finally:
        stage.record.database.close()
        durable_server.drop(stage.url)
        durable_server._run(f"DROP TABLESPACE {space}")


@pytest.mark.requirement("COI-BAD-11")
def test_a_read_only_database_gets_a_sentence_and_can_still_be_read(stage: Stage, database_kind: str) -> None:
    chain = stage.drive("D-3", "book_slot").chain
    request = stage.request("record_temperature", chain)
    before = stage.now(chain)
    closed = read_only_copy(stage, database_kind)
    with pytest.raises(StorageUnavailable) as told:
        record_attempt(closed.record, request)
    assert told.value.why is Why.READ_ONLY
    assert "can be written to" in str(told.value)
    assert closed.now(chain) == before
    closed.record.database.close()
    if database_kind == "sqlite":
        subprocess.run(["umount", "-l", str(Path(closed.url.removeprefix("sqlite:///")).parent)], check=True)
    assert record_attempt(stage.record, request).performed
    assert stage.now(chain).seq == before.seq + 1


def read_only_copy(stage: Stage, kind: str) -> Stage:
    """The same database where nobody may write: root may write to any file, so that takes a read-only mount."""
    if kind == "sqlite":
        url = _mounted_read_only(Path(stage.url.removeprefix("sqlite:///")))
    else:
        url = f"{stage.url}&options=-c%20default_transaction_read_only%3Don"
    record = replace(stage.record, database=Database(url))
    return replace(stage, premises=replace(stage.premises, record=record))


def _mounted_read_only(file: Path) -> str:
    place = file.parent / "read-only"
    place.mkdir()
    for command in (["mount", "--bind", str(file.parent), str(place)], ["mount", "-o", "remount,ro,bind", str(place)]):
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:
            absent("a read-only mount (needs root)")
    return f"sqlite:///{place / file.name}"
