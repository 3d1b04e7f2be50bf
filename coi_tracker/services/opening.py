"""Open the record that the settings name, or make a new one: folders, keys, tables.

Knows where things are kept and with which rights. Nothing of an existing record is ever overwritten.
"""

from __future__ import annotations

from pathlib import Path

from coi_tracker.config import Settings
from coi_tracker.errors import Misconfigured
from coi_tracker.services import keys as log_keys
from coi_tracker.services import persons
from coi_tracker.services.record import Record
from coi_tracker.services.sign_in_rules import sign_in_rules
from coi_tracker.storage import migrate
from coi_tracker.storage.database import Database

FOLDER_MODE = 0o700


def open_record(settings: Settings, *, with_persons: bool = True) -> Record:
    """The record, ready to work with. Raises Misconfigured: not migrated, made by a newer version, keys missing.

    `with_persons` False: for what never looks at participants' data, and may run without their key.
    """
    database = Database(settings.database_url)
    try:
        database.check()
        keys = persons.person_keys(settings.key_dir) if with_persons else ()
    except BaseException:
        database.close()
        raise
    return Record(database, person_keys=keys, rules=sign_in_rules(settings))


def make_record(settings: Settings) -> Record:
    """Make what is missing of a record, bring its database to this version, and open it. May be run again.

    A database that holds persons is never given a fresh key file: that would look like theirs and open nothing.
    """
    for folder in (settings.key_dir, settings.checkpoint_dir, *_database_folder(settings)):
        make_folder(folder)
    _make_database_file(settings)
    migrate.upgrade(settings.database_url)
    if not (settings.key_dir / persons.KEY_FILE).exists():
        _refuse_lost_key(settings)
        persons.make_person_key(settings.key_dir)
    return open_record(settings)


def make_log_key(record: Record, settings: Settings) -> str:
    """The verifier key of the log; of a new record its key is made and told in the log first.

    A record whose log has a key is never given another file: only the old key can name the next one.
    """
    known = log_keys.verifier_keys(record)
    if not known and not (settings.key_dir / log_keys.FILE).exists():
        log_keys.create(settings.key_dir, settings.origin)
    key = log_keys.load(record, settings.key_dir) if known else log_keys.read(settings.key_dir / log_keys.FILE)
    log_keys.publish(record, key)
    return log_keys.verifier_keys(record)[-1]


def make_folder(folder: Path) -> None:
    """A folder that only its owner may enter, with those above it. One that is there keeps its rights."""
    try:
        for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
            missing.mkdir(mode=FOLDER_MODE, exist_ok=True)
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise Misconfigured(
            expected=f"a folder {folder} that can be made",
            came=error.strerror or "an error",
            do="choose another one in the settings, or give the tracker the right to make it",
        ) from error


def database_file(settings: Settings) -> Path | None:
    """The file of a SQLite database; None for a server."""
    where = migrate.address(settings.database_url)
    return Path(where.database or "") if where.get_backend_name() == "sqlite" else None


def _database_folder(settings: Settings) -> list[Path]:
    file = database_file(settings)
    return [] if file is None else [file.parent]


def _make_database_file(settings: Settings) -> None:
    """SQLite gives its file, and those beside it, the rights of the file that is there."""
    file = database_file(settings)
    if file is not None and not file.exists():
        try:
            file.touch(mode=0o600, exist_ok=True)
        except OSError as error:
            raise Misconfigured(
                expected=f"a folder in which {file.name} can be made",
                came=error.strerror or "an error",
                do="choose another place with COI_DATABASE_URL",
            ) from error


def _refuse_lost_key(settings: Settings) -> None:
    database = Database(settings.database_url)
    with database.read() as tx:
        found = tx.query("SELECT 1 FROM person_keys LIMIT 1")
    database.close()
    if found:
        raise Misconfigured(
            expected=f"the key file {settings.key_dir / persons.KEY_FILE} of this database",
            came="none, while the database holds persons encrypted with it",
            do="restore it from its safe copy; a new one would open nothing",
        )
