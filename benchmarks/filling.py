"""Fill a database with many courses that are copies of one driven through the real write path.

Every copy has a COI, label serials, a subject number and entry ids of its own, so every chain is numbered, linked and
digested anew and every signature fits its entry: the verifier accepts all of it, and rows equal what the log says.
Knows tables and drivers, which the tracker's own rooms (but storage) do not; it is no part of the product.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg

from coi_tracker.custody_log.jcs import canonical
from coi_tracker.custody_log.merkle import new_nodes
from coi_tracker.identity import CoiId, LabelSerial
from coi_tracker.storage.migrate import address

Cell = tuple[Any, ...]
"""A value in pieces: what is constant, and between them (odd places) the words that a copy has of its own."""

_OF_COURSE = {
    "subjects": "number = :subject",
    "courses": "coi = :coi",
    "containers": "coi = :coi",
    "lineage": "coi = :coi",
    "label_issues": "coi = :coi",
    "labels": "coi = :coi",
    "hand_offs": "container IN (SELECT id FROM containers WHERE coi = :coi)",
    "infusions": "coi = :coi",
    "bookings": "coi = :coi",
    "shipper_loads": "coi = :coi",
    "lot_uses": "coi = :coi",
    "equipment_uses": "coi = :coi",
}
"""The tables of a course in an order that foreign keys allow; the log and the chains come before them."""

_LOG = ("events", "signatures", "chains", "log_positions", "tree_nodes")
_AT_ONCE = 5000
"""Entries written in one go."""
SEQ = '"seq":#,'
"""Stands in a text for the number of an entry that is repeated."""


class Raw:
    """A connection of the driver itself, in a transaction, with the triggers and keys off: for filling only."""

    def __init__(self, url: str) -> None:
        where = address(url)
        self.sqlite = where.get_backend_name() == "sqlite"
        if self.sqlite:
            self.connection: Any = sqlite3.connect(str(where.database), isolation_level=None)
            self.connection.execute("PRAGMA synchronous = OFF")
            self.connection.execute("PRAGMA cache_size = -400000")
            self.triggers = self.connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            self.triggers = self.triggers.fetchall()
            self.connection.execute("BEGIN")
            for name, _ in self.triggers:
                self.connection.execute(f"DROP TRIGGER {name}")
        else:
            self.connection = psycopg.connect(where.set(drivername="postgresql").render_as_string(False))
            self.connection.execute("SET session_replication_role = replica")

    def run(self, sql: str, **values: Any) -> Any:
        """Run a statement with ``:name`` values."""
        return self.connection.execute(sql if self.sqlite else re.sub(r":([a-z]+)", r"%(\1)s", sql), values)

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query with ``:name`` values."""
        return list(self.run(sql, **values).fetchall())

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns, in their order."""
        return [c[0] for c in self.connection.execute(f"SELECT * FROM {table} LIMIT 0").description]

    def add(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Append rows as quickly as the driver can."""
        found = list(rows)
        if not found:
            return
        if self.sqlite:
            marks = ", ".join("?" * len(found[0]))
            self.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", found)
            return
        with self.connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            for row in found:
                copy.write_row(row)

    def close(self) -> None:
        """Put the triggers back, commit, let the planner know how much there is now."""
        if self.sqlite:
            for _, sql in self.triggers:
                self.connection.execute(sql)
            self.connection.execute("COMMIT")
            self.connection.execute("ANALYZE")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            self.connection.commit()
            self.connection.autocommit = True
            self.connection.execute("VACUUM (ANALYZE)")
            self.connection.execute("CHECKPOINT")
        self.connection.close()


@dataclass(frozen=True)
class Entry:
    """One entry to copy: its row in pieces, its own words, and what is signed in it."""

    chain: str
    id: str
    digest: str
    text: Cell
    row: tuple[Cell, ...]
    signed: tuple[tuple[str, Cell], ...]  # the old digest, and the text that it is the digest of
    signatures: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Template:
    """A course and its subject, cut into pieces."""

    coi: str
    subject: str
    serials: tuple[str, ...]
    days: tuple[str, ...]  # of its bookings, as they stand in JSON
    entries: tuple[Entry, ...]
    rows: Mapping[str, tuple[tuple[Cell, ...], ...]]


def template(raw: Raw, coi: str) -> Template:
    """Cut the rows of a course, of its subject and of both chains."""
    subject = str(raw.rows("SELECT subject FROM courses WHERE coi = :coi", coi=coi)[0][0])
    serials = tuple(str(r[0]) for r in raw.rows("SELECT serial FROM label_issues WHERE coi = :coi", coi=coi))
    chains = (f"subject/{subject}", f"course/{coi}")
    found = [row for chain in chains for row in _entries(raw, chain)]
    signed = {row["id"]: _signed(json.loads(row["entry"])) for row in found}
    words = {coi, subject, *serials}
    words |= {row[name] for row in found for name in ("id", "digest")}
    words |= {old for pairs in signed.values() for old, _ in pairs}
    days = tuple(_quoted(r[0]) for r in raw.rows("SELECT day FROM bookings WHERE coi = :coi", coi=coi))
    words |= set(days)
    cut = _cutter(words)
    entries = tuple(_entry(raw, row, signed[row["id"]], cut) for row in found)
    rows = {
        table: tuple(
            tuple(map(cut, r)) for r in raw.rows(f"SELECT * FROM {table} WHERE {rule}", coi=coi, subject=subject)
        )
        for table, rule in _OF_COURSE.items()
    }
    rows["chains"] = tuple(
        tuple(map(cut, r)) for c in chains for r in raw.rows("SELECT * FROM chains WHERE chain = :chain", chain=c)
    )
    return Template(coi, subject, serials, days, entries, rows)


def _entries(raw: Raw, chain: str) -> list[dict[str, Any]]:
    names = raw.columns("events")
    rows = raw.rows("SELECT * FROM events WHERE chain = :chain ORDER BY seq", chain=chain)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _signed(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The digest of each signature, and the text it is taken over."""
    names = ("course", "evidence", "process", "protocol", "refers_to", "step")
    what = {name: entry[name] for name in names}
    what["containers"] = [{"id": c["id"], "part": c["part"]} for c in entry["containers"]]
    return [
        (s["signed"], canonical({**{n: s[n] for n in ("account", "at", "meaning")}, "what": what}).decode())
        for s in entry["signatures"]
    ]


def _entry(raw: Raw, row: Mapping[str, Any], signed: list[tuple[str, str]], cut: Callable[[Any], Cell]) -> Entry:
    signatures = raw.rows("SELECT * FROM signatures WHERE event_id = :id", id=row["id"])
    return Entry(
        chain=row["chain"],
        id=row["id"],
        digest=row["digest"],
        text=cut(row["entry"]),
        row=tuple(cut(value) for name, value in row.items() if name != "entry"),
        signed=tuple((old, cut(text)) for old, text in signed),
        signatures=tuple(tuple(map(cut, s)) for s in signatures),
    )


def _cutter(words: Iterable[str]) -> Callable[[Any], Cell]:
    longest_first = sorted(words, key=len, reverse=True)
    found = re.compile("(" + "|".join(map(re.escape, longest_first)) + ")")
    return lambda value: tuple(found.split(value)) if isinstance(value, str) else (value,)


def _quoted(text: str) -> str:
    return f'"{text}"'


def _put(cell: Cell, words: Mapping[str, str]) -> Any:
    """The value with a copy's own words."""
    if len(cell) == 1:
        return cell[0]
    pieces = list(cell)
    pieces[1::2] = [words[word] for word in cell[1::2]]
    return "".join(pieces)


class Filler:
    """Makes copies of one course, and writes them with their place in the log and in its tree."""

    def __init__(self, url: str, coi: str) -> None:
        self.url = url
        raw = Raw(url)
        self.made_from = template(raw, coi)
        self.size = int(raw.rows("SELECT COALESCE(max(idx) + 1, 0) FROM log_positions")[0][0])
        nodes = raw.rows("SELECT level, position, hash FROM tree_nodes")
        raw.close()
        self._nodes = {(level, position): bytes(node) for level, position, node in nodes}
        self._copies, self._ids = itertools.count(1), itertools.count(1)
        self._days = (date(1900, 1, 1) + timedelta(days=n) for n in itertools.count())
        self._batch: dict[str, list[tuple[Any, ...]]] = {}

    def fill(self, entries: int, *, told: Callable[[int], None] = lambda _: None) -> int:
        """Add copies until there are this many entries; how many there are then."""
        raw = Raw(self.url)
        while self.size < entries:
            self._copy()
            if len(self._batch["events"]) > _AT_ONCE:
                self._write(raw)
                told(self.size)
        self._write(raw)
        raw.close()
        return self.size

    def _write(self, raw: Raw) -> None:
        batch, self._batch = self._batch, {}
        for table in (*_LOG, *_OF_COURSE):
            raw.add(table, batch.get(table, []))

    def _add(self, table: str, *rows: tuple[Any, ...]) -> None:
        self._batch.setdefault(table, []).extend(rows)

    def _copy(self) -> None:
        made = self.made_from
        words = {made.coi: CoiId.issue().text, made.subject: f"B{next(self._copies):07d}"}
        words |= {serial: LabelSerial.issue().text for serial in made.serials}
        words |= {day: _quoted(next(self._days).isoformat()) for day in made.days}
        for entry in made.entries:
            words[entry.id] = self._id()
            self._append(entry, words)
        for table, rows in made.rows.items():
            self._add(table, *(tuple(_put(cell, words) for cell in self._of_copy(table, row, words)) for row in rows))

    def _of_copy(self, table: str, row: tuple[Cell, ...], words: Mapping[str, str]) -> tuple[Cell, ...]:
        """A booking is on the copy's own day, as its entry says: nobody else has that day."""
        return (row[0], (words[_quoted(row[1][0])][1:-1],), *row[2:]) if table == "bookings" else row

    def _append(self, entry: Entry, words: dict[str, str], *, seq: int | None = None) -> None:
        for old, text in entry.signed:
            words[old] = hashlib.sha256(_put(text, words).encode()).hexdigest()
        text = _put(entry.text, words)
        text = text if seq is None else text.replace(SEQ, f'"seq":{seq},')
        leaf = hashlib.sha256(b"\x00" + text.encode()).digest()
        words[entry.digest] = leaf.hex()
        row = [_put(cell, words) for cell in entry.row]
        row[1] = seq or row[1]
        self._add("events", (*row, text))
        self._add("signatures", *(tuple(_put(cell, words) for cell in one) for one in entry.signatures))
        self._place(words[entry.id], leaf)

    def _place(self, entry_id: str, leaf: bytes) -> None:
        self._add("log_positions", (self.size, entry_id, leaf.hex()))
        for level, position, node in new_nodes(self.size, leaf, lambda *at: self._nodes[at]):
            self._nodes[level, position] = node
            if position & 1:
                self._nodes.pop((level, position - 1), None)
            self._add("tree_nodes", (level, position, node))
        self.size += 1

    def _id(self) -> str:
        """A UUID of version 7 that nobody has: ids of one time, in their order."""
        number = next(self._ids)
        return f"01900000-0000-7000-8000-{number:012x}"

    def lengthen(self, coi: str, step: str, entries: int) -> int:
        """Repeat the last performed `step` of a course until its chain is this long; the length then.

        For a step that remembers nothing but when it was done last: its state changes by the last entry's id only.
        """
        raw, chain = Raw(self.url), f"course/{coi}"
        last = _entries(raw, chain)[-1]
        if last["step"] != step or last["kind"] != "performed":
            raise ValueError(f"the last entry of {chain} is {last['kind']} {last['step']}, not performed {step}")
        old_seq = f'"seq":{last["seq"]},'
        signed = _signed(json.loads(last["entry"]))
        cut = _cutter({last["id"], last["digest"], last["prev"], *(old for old, _ in signed)})
        entry = _entry(raw, {**last, "entry": last["entry"].replace(old_seq, SEQ)}, signed, cut)
        words = {last["digest"]: last["digest"]}
        for seq in range(last["seq"] + 1, entries + 1):
            words = {last["prev"]: words[last["digest"]], last["id"]: self._id()}
            self._append(entry, words, seq=seq)
            if seq % _AT_ONCE == 0:
                self._write(raw)
        self._write(raw)
        state = str(raw.rows("SELECT state FROM chains WHERE chain = :chain", chain=chain)[0][0])
        moved = {"state": state.replace(last["id"], words[last["id"]]), "seq": entries, "head": words[last["digest"]]}
        raw.run("UPDATE chains SET state = :state, seq = :seq, head = :head WHERE chain = :chain", chain=chain, **moved)
        raw.close()
        return entries
