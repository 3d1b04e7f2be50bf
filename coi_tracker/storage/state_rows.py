"""The state rows of one chain, read and written as plain rows: what a rebuild compares and puts in their place.

Every table that the log can give back is declared here once, with its key and how to find what belongs to a chain.
Knows no course and no rule. Two tables only grow: they are compared, never written anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coi_tracker.storage.transaction import Transaction

StateRow = tuple[Any, ...]
"""The values of a row, in the order of its table's columns."""


@dataclass(frozen=True, slots=True)
class StateTable:
    """A table of the state. The first `key` columns identify a row; `where` finds the rows of a chain."""

    name: str
    columns: tuple[str, ...]
    key: int
    where: str
    only_grows: bool = False

    def key_of(self, row: StateRow) -> str:
        """What a row is called."""
        return " ".join(map(str, row[: self.key]))

    def values(self, row: StateRow) -> dict[str, Any]:
        """A row as values by column."""
        return dict(zip(self.columns, row, strict=True))


def _table(name: str, columns: str, key: int, where: str = "coi = :coi", *, only_grows: bool = False) -> StateTable:
    return StateTable(name, tuple(columns.split()), key, where, only_grows)


OF_COURSE = (
    _table(
        "courses",
        "coi chain study subject site facility cohort material disposition treatment standing infused opened_at",
        1,
        "chain = :chain",
    ),
    _table("containers", "id coi kind part state holder serial position doc", 1),
    _table("lineage", "coi child parent", 3),
    _table("label_issues", "serial container coi kind event_id issued_at", 1, only_grows=True),
    _table("labels", "serial container coi kind state live replaced_by", 1),
    _table("label_prints", "serial coi event_id printed_at", 1),
    _table(
        "hand_offs",
        "container opened_event from_place to_place closed_event",
        2,
        "container IN (SELECT id FROM containers WHERE coi = :coi)",
    ),
    _table("infusions", "container coi event_id", 1, only_grows=True),
    _table("bookings", "facility day position coi purpose", 3),
    _table("shipper_loads", "shipper opened_event coi closed_event", 2),
    _table("lot_uses", "lot coi event_id", 3),
    _table("equipment_uses", "equipment coi event_id", 3),
)
OF_SUBJECT = (_table("subjects", "study number site registered_event", 2, "number = :coi"),)
OF_HOLDER = (
    _table(
        "holds",
        "id scope target blocks placed_by reason placed_event lifted_event",
        1,
        "placed_event IN (SELECT id FROM events WHERE chain = :chain)",
    ),
)
"""Of a place or a study."""
CHAINS = _table("chains", "chain seq head coi state", 1, "chain = :chain")
SUITES = _table("suite_claims", "suite coi", 1, "1 = 1")


def tables_of(kind: str) -> tuple[StateTable, ...]:
    """The tables that hold something of a chain of this kind, besides the row of the chain itself."""
    return {"course": OF_COURSE, "subject": OF_SUBJECT, "place": OF_HOLDER, "study": OF_HOLDER}.get(kind, ())


def chain_names(tx: Transaction, after: str, *, limit: int = 500) -> list[str]:
    """The next chains that have entries, by name."""
    rows = tx.query(
        "SELECT chain FROM events WHERE seq = 1 AND chain > :after ORDER BY chain LIMIT :limit",
        after=after,
        limit=limit,
    )
    return [row[0] for row in rows]


@dataclass(frozen=True, slots=True)
class FoldedEntry:
    """An entry to fold. ``order`` sorts entries of all chains as they were written, where one waited for the other."""

    seq: int
    id: str
    digest: str
    kind: str
    text: str
    order: tuple[int, int]


_ENTRIES = """
SELECT e.seq, e.id, e.digest, e.kind, e.entry, p.idx, u.n FROM events e
LEFT JOIN log_positions p ON p.event_id = e.id LEFT JOIN unsequenced u ON u.event_id = e.id
WHERE e.chain = :chain ORDER BY e.seq
"""


def entries_to_fold(tx: Transaction, chain: str) -> Iterator[FoldedEntry]:
    """The entries of a chain, from the first to the last."""
    for seq, key, digest, kind, text, index, waits in tx.stream(_ENTRIES, chain=chain):
        yield FoldedEntry(seq, key, digest, kind, text, (1, waits or 0) if index is None else (0, index))


def read_rows(tx: Transaction, table: StateTable, *, chain: str, coi: str) -> list[StateRow]:
    """The rows of a chain in a table, by key. `coi`: what follows the slash in the name of the chain."""
    sql = f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE {table.where}"  # noqa: S608 - our own names
    return [tuple(row) for row in tx.query(sql, **_given(table, chain, coi))]


def _given(table: StateTable, chain: str, coi: str) -> dict[str, str]:
    return {name: value for name, value in (("chain", chain), ("coi", coi)) if f":{name}" in table.where}


def check_late(tx: Transaction) -> None:
    """Foreign keys are looked at when this transaction commits, so that rows may go and come back in any order."""
    tx.query("PRAGMA defer_foreign_keys = ON" if tx.kind == "sqlite" else "SET CONSTRAINTS ALL DEFERRED")


def forget_rows(tx: Transaction, table: StateTable, *, chain: str, coi: str) -> None:
    """Queue the end of a chain's rows in a table."""
    tx.write(f"DELETE FROM {table.name} WHERE {table.where}", _given(table, chain, coi))  # noqa: S608 - our own names


def write_rows(tx: Transaction, table: StateTable, rows: Sequence[StateRow]) -> None:
    """Queue rows, in the place of whatever had their keys."""
    same = " AND ".join(f"{column} = :{column}" for column in table.columns[: table.key])
    keys = [dict(zip(table.columns[: table.key], row, strict=False)) for row in rows]
    tx.write(f"DELETE FROM {table.name} WHERE {same}", *keys)  # noqa: S608 - our own names
    given = ", ".join(f":{column}" for column in table.columns)
    insert = f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({given})"  # noqa: S608 - our own names
    tx.write(insert, *(table.values(row) for row in rows))


def write_chain(tx: Transaction, row: Mapping[str, Any]) -> None:
    """Queue the row of a chain, which is there and locked."""
    tx.write(
        "UPDATE chains SET seq = :seq, head = :head, coi = :coi, state = :state WHERE chain = :chain", row, touching=1
    )


_STRAY = {
    "chains": "SELECT chain FROM chains t WHERE (t.seq > 0 OR t.state IS NOT NULL) AND NOT EXISTS "
    "(SELECT 1 FROM events e WHERE e.chain = t.chain AND e.seq = 1)",
    "courses": "SELECT coi FROM courses t WHERE NOT EXISTS "
    "(SELECT 1 FROM events e WHERE e.chain = t.chain AND e.seq = 1 AND e.chain = 'course/' || t.coi)",
    "subjects": "SELECT number FROM subjects t WHERE NOT EXISTS "
    "(SELECT 1 FROM events e WHERE e.chain = 'subject/' || t.number AND e.seq = 1)",
    "holds": "SELECT id FROM holds t WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = t.placed_event "
    "AND (e.chain LIKE 'place/%' OR e.chain LIKE 'study/%'))",
    "hand_offs": "SELECT container FROM hand_offs t WHERE NOT EXISTS "
    "(SELECT 1 FROM containers c WHERE c.id = t.container)",
}


def stray_rows(tx: Transaction) -> Iterator[tuple[str, str]]:
    """Rows of the state that belong to no chain with entries: (table, key)."""
    for name, sql in _STRAY.items():
        yield from ((name, str(row[0])) for row in tx.query(f"{sql} LIMIT 50"))
    for table in OF_COURSE[1:]:
        if "coi" in table.columns:
            first = table.columns[0]
            sql = (
                f"SELECT {first} FROM {table.name} t WHERE t.coi IS NOT NULL "  # noqa: S608 - our own names
                "AND NOT EXISTS (SELECT 1 FROM courses c WHERE c.coi = t.coi) LIMIT 50"
            )
            yield from ((table.name, str(row[0])) for row in tx.query(sql))
