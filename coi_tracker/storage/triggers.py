"""The triggers that make the database refuse: what they are called, where they sit, and how they are written.

Constraints cannot say "never again changed" or "follows the one before", so triggers do. Each is declared here once
for both databases; the migrations hold their own frozen copy, and tests compare the two. Knows no connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["sqlite", "postgresql"]

APPEND_ONLY: dict[str, tuple[tuple[str, ...], ...]] = {
    "events": (("chain", "seq"), ("id",), ("prev", "chain")),
    "signatures": (("event_id", "account"),),
    "log_positions": (("idx",), ("event_id",)),
    "tree_nodes": (("level", "position"),),
    "checkpoints": (("size",),),
    "log_keys": (("vkey",),),
    "label_issues": (("serial",),),
    "study_protocols": (("study", "version"),),
    "infusions": (("container",),),
}
"""Tables whose rows are never changed or removed, with their unique keys, the primary key first."""

NEVER_DELETED: dict[str, tuple[tuple[str, ...], ...]] = {"accounts": (("id",), ("badge",))}
"""Tables whose rows may change but never go away: an account's id is never given to somebody else."""

STAYS: dict[str, tuple[str, ...]] = {
    "accounts": ("id",),
    "containers": ("id", "coi", "kind"),
    "courses": ("coi", "chain", "study", "subject"),
    "subjects": ("study", "number"),
    "unsequenced": ("n", "event_id"),
}
"""Columns that keep the value they were inserted with."""

SEARCH_PATH = "public, pg_temp"
"""Where trigger functions look for tables, on PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger. `sql` creates it; `function` is the PostgreSQL function that it runs (None on SQLite)."""

    name: str
    table: str
    sql: str
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A PostgreSQL trigger function: its name and its body."""

    name: str
    body: str

    @property
    def sql(self) -> str:
        """What creates it. With a search path of its own, so that no caller's temporary table stands in for ours."""
        head = f"CREATE FUNCTION {self.name}() RETURNS trigger\nLANGUAGE plpgsql SET search_path = {SEARCH_PATH}"
        return f"{head} AS $${self.body}$$"


_REFUSE = """RAISE EXCEPTION USING ERRCODE = '23000', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME,
    MESSAGE = TG_NAME || ': ' || """


def _function(name: str, body: str) -> Function:
    """REFUSE in a body is short for raising an error that names the trigger as if it were a constraint."""
    return Function(name, body.replace("REFUSE ", _REFUSE))


FUNCTIONS: tuple[Function, ...] = (
    _function(
        "coi_refuse",
        """
BEGIN
  REFUSE TG_OP || ' on ' || TG_TABLE_NAME || ' is refused';
END
""",
    ),
    _function(
        "coi_event_follows",
        """
BEGIN
  IF NEW.seq > 1 AND NOT EXISTS (
    SELECT 1 FROM events WHERE chain = NEW.chain AND seq = NEW.seq - 1 AND digest = NEW.prev
  ) THEN
    REFUSE 'the entry does not follow the last one of its chain';
  END IF;
  RETURN NEW;
END
""",
    ),
    _function(
        "coi_event_waits",
        """
BEGIN
  INSERT INTO unsequenced (event_id) VALUES (NEW.id);
  RETURN NULL;
END
""",
    ),
    _function(
        "coi_waits_until_placed",
        """
BEGIN
  IF NOT EXISTS (SELECT 1 FROM log_positions WHERE event_id = OLD.event_id) THEN
    REFUSE 'the entry has no log index yet';
  END IF;
  RETURN OLD;
END
""",
    ),
    _function(
        "coi_position_follows",
        """
BEGIN
  IF NEW.idx > 0 AND NOT EXISTS (SELECT 1 FROM log_positions WHERE idx = NEW.idx - 1) THEN
    REFUSE 'the log index leaves a gap';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM events WHERE id = NEW.event_id AND digest = NEW.digest) THEN
    REFUSE 'the digest is not that of the entry';
  END IF;
  RETURN NEW;
END
""",
    ),
    _function(
        "coi_checkpoint_covers",
        """
BEGIN
  IF NOT EXISTS (SELECT 1 FROM log_positions WHERE idx = NEW.size - 1) THEN
    REFUSE 'the checkpoint covers more than the log holds';
  END IF;
  RETURN NEW;
END
""",
    ),
    _function(
        "coi_subject_counted",
        """
BEGIN
  UPDATE studies SET enrolled = enrolled + 1 WHERE key = NEW.study;
  RETURN NULL;
END
""",
    ),
    _function(
        "coi_subject_uncounted",
        """
BEGIN
  UPDATE studies SET enrolled = enrolled - 1 WHERE key = OLD.study;
  RETURN NULL;
END
""",
    ),
)


def declared(kind: Kind) -> tuple[Trigger, ...]:
    """Every trigger that has to be there on this kind of database."""
    return _for_sqlite() if kind == "sqlite" else _for_postgresql()


def _for_postgresql() -> tuple[Trigger, ...]:
    found = []
    for table in APPEND_ONLY:
        found += [_pg_refusing(table, action) for action in ("update", "delete", "truncate")]
    for table in NEVER_DELETED:
        found += [_pg_refusing(table, action) for action in ("delete", "truncate")]
    found.append(_pg_refusing("unsequenced", "truncate"))
    for table, columns in STAYS.items():
        changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
        found.append(_pg_each_row(f"{table}_stays", table, "BEFORE UPDATE", "coi_refuse", when=changed))
    for name, table, moment, function in _ROW_TRIGGERS:
        found.append(_pg_each_row(name, table, moment, function))
    return tuple(found)


_ROW_TRIGGERS = (
    ("events_follow", "events", "BEFORE INSERT", "coi_event_follows"),
    ("events_wait", "events", "AFTER INSERT", "coi_event_waits"),
    ("unsequenced_until_placed", "unsequenced", "BEFORE DELETE", "coi_waits_until_placed"),
    ("log_positions_follow", "log_positions", "BEFORE INSERT", "coi_position_follows"),
    ("checkpoints_cover", "checkpoints", "BEFORE INSERT", "coi_checkpoint_covers"),
    ("subjects_counted", "subjects", "AFTER INSERT", "coi_subject_counted"),
    ("subjects_uncounted", "subjects", "AFTER DELETE", "coi_subject_uncounted"),
)


def _pg_refusing(table: str, action: str) -> Trigger:
    name = f"{table}_no_{action}"
    head = f"CREATE TRIGGER {name} BEFORE {action.upper()} ON {table} FOR EACH STATEMENT"
    sql = f"{head}\nEXECUTE FUNCTION coi_refuse()"
    return Trigger(name, table, sql, "coi_refuse")


def _pg_each_row(name: str, table: str, moment: str, function: str, *, when: str | None = None) -> Trigger:
    condition = f"WHEN ({when})\n" if when else ""
    sql = f"CREATE TRIGGER {name} {moment} ON {table} FOR EACH ROW\n{condition}EXECUTE FUNCTION {function}()"
    return Trigger(name, table, sql, function)


def _for_sqlite() -> tuple[Trigger, ...]:
    found = []
    for table, keys in APPEND_ONLY.items():
        found += [_refusing(table, action) for action in ("update", "delete")]
        found += [_no_replace(table, key, primary=key == keys[0]) for key in keys]
    for table, keys in NEVER_DELETED.items():
        found.append(_refusing(table, "delete"))
        found += [_no_replace(table, key, primary=key == keys[0]) for key in keys]
    found.append(_no_replace("subjects", ("study", "number"), primary=True))
    for table, columns in STAYS.items():
        changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in columns)
        what = f"UPDATE on {table} is refused"
        found.append(_raising(f"{table}_stays", table, "BEFORE UPDATE", changed, what))
    return (*found, *_sqlite_links(), *_sqlite_doing())


def _refusing(table: str, action: str) -> Trigger:
    name = f"{table}_no_{action}"
    what = f"{action.upper()} on {table} is refused"
    return _raising(name, table, f"BEFORE {action.upper()}", None, what)


def _no_replace(table: str, key: tuple[str, ...], *, primary: bool) -> Trigger:
    """INSERT OR REPLACE removes rows without asking a delete trigger; a row with the same key stops it first.

    A plain INSERT meets this trigger too, so its text begins with the name of the constraint.
    """
    constraint = f"pk_{table}" if primary else f"uq_{table}_{'_'.join(key)}"
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    condition = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - our own names
    name = f"{table}_no_replace_{'_'.join(key)}"
    return _raising(name, table, "BEFORE INSERT", condition, "the same key is there already", says=constraint)


def _raising(
    name: str, table: str, moment: str, condition: str | None, what: str, *, says: str | None = None
) -> Trigger:
    when = f"WHEN {condition}\n" if condition else ""
    action = f"BEGIN SELECT RAISE(ABORT, '{says or name}: {what}'); END"
    return Trigger(name, table, f"CREATE TRIGGER {name} {moment} ON {table} FOR EACH ROW\n{when}{action}")


def _sqlite_links() -> list[Trigger]:
    last = "SELECT 1 FROM events WHERE chain = NEW.chain AND seq = NEW.seq - 1 AND digest = NEW.prev"
    before = "SELECT 1 FROM log_positions WHERE idx = NEW.idx - 1"
    same = "SELECT 1 FROM events WHERE id = NEW.event_id AND digest = NEW.digest"
    placed = "SELECT 1 FROM log_positions WHERE event_id = OLD.event_id"
    held = "SELECT 1 FROM log_positions WHERE idx = NEW.size - 1"
    return [
        _raising(
            "events_follow", "events", "BEFORE INSERT", f"NEW.seq > 1 AND NOT EXISTS ({last})",
            "the entry does not follow the last one of its chain",
        ),
        _raising(
            "unsequenced_until_placed", "unsequenced", "BEFORE DELETE", f"NOT EXISTS ({placed})",
            "the entry has no log index yet",
        ),
        _raising(
            "log_positions_follow", "log_positions", "BEFORE INSERT",
            f"(NEW.idx > 0 AND NOT EXISTS ({before})) OR NOT EXISTS ({same})",
            "the log index leaves a gap, or the digest is not that of the entry",
        ),
        _raising(
            "checkpoints_cover", "checkpoints", "BEFORE INSERT", f"NOT EXISTS ({held})",
            "the checkpoint covers more than the log holds",
        ),
    ]  # fmt: skip


def _sqlite_doing() -> list[Trigger]:
    return [
        _doing("events_wait", "events", "AFTER INSERT", "INSERT INTO unsequenced (event_id) VALUES (NEW.id)"),
        _doing(
            "subjects_counted", "subjects", "AFTER INSERT",
            "UPDATE studies SET enrolled = enrolled + 1 WHERE key = NEW.study",
        ),
        _doing(
            "subjects_uncounted", "subjects", "AFTER DELETE",
            "UPDATE studies SET enrolled = enrolled - 1 WHERE key = OLD.study",
        ),
    ]  # fmt: skip


def _doing(name: str, table: str, moment: str, statement: str) -> Trigger:
    head = f"CREATE TRIGGER {name} {moment} ON {table} FOR EACH ROW"
    return Trigger(name, table, f"{head}\nBEGIN {statement}; END")
