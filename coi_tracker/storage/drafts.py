"""What a person has in hand at a station: one row for each, locked while a scan is handled; and the scans handled.

Knows the columns, not what is begun. Personal data is sealed with the installation's key and bound to its row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag

from coi_tracker.errors import Misconfigured
from coi_tracker.storage.keyfile import MasterKey
from coi_tracker.storage.sealing import seal, unseal
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text, utc_text

_PURPOSE = "seal station drafts"
_COLUMNS = "station, account, version, token, waits, doc, sealed, changed_at"


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """The row of a person at a station. ``version`` grows by one with every change."""

    station: str
    account: str
    version: int
    token: str | None
    waits: bool
    doc: str
    sealed: bytes | None
    changed_at: datetime


def lock_draft(tx: Transaction, station: str, *, account: str, now: datetime) -> StoredDraft:
    """The row, made if it is missing, and locked until the transaction ends: of two scans at once one waits."""
    found = _locked(tx, station, account)
    if found is None:
        tx.write(
            "INSERT INTO station_drafts (station, account, version, token, waits, doc, sealed, changed_at) "
            "VALUES (:station, :account, 0, NULL, :waits, '{}', NULL, :now) ON CONFLICT DO NOTHING",
            {"station": station, "account": account, "waits": False, "now": utc_text(now)},
        )
        found = _locked(tx, station, account)
    assert found is not None  # noqa: S101 - it was made if it was missing
    return found


def _locked(tx: Transaction, station: str, account: str) -> StoredDraft | None:
    lock = "" if tx.kind == "sqlite" else " FOR UPDATE"
    row = tx.one(
        f"SELECT {_COLUMNS} FROM station_drafts WHERE station = :station AND account = :account{lock}",  # noqa: S608
        station=station,
        account=account,
    )
    return None if row is None else _stored(row)


def read_draft(tx: Transaction, station: str, *, account: str) -> StoredDraft | None:
    """The row as it is now, without a lock."""
    row = tx.one(
        f"SELECT {_COLUMNS} FROM station_drafts WHERE station = :station AND account = :account",  # noqa: S608
        station=station,
        account=account,
    )
    return None if row is None else _stored(row)


def find_draft(tx: Transaction, token: str) -> StoredDraft | None:
    """The row of a begun step, by its token."""
    row = tx.one(f"SELECT {_COLUMNS} FROM station_drafts WHERE token = :token", token=token)  # noqa: S608
    return None if row is None else _stored(row)


def waiting_drafts(tx: Transaction, *, since: datetime, most: int = 200) -> list[StoredDraft]:
    """The begun steps that wait for signatures, changed since then, the oldest first."""
    rows = tx.query(
        f"SELECT {_COLUMNS} FROM station_drafts WHERE waits AND changed_at >= :since "  # noqa: S608
        "ORDER BY changed_at LIMIT :most",
        since=utc_text(since),
        most=most,
    )
    return [_stored(row) for row in rows]


def _stored(row: tuple[object, ...]) -> StoredDraft:
    station, account, version, token, waits, doc, sealed, changed_at = row
    return StoredDraft(
        str(station),
        str(account),
        int(str(version)),
        None if token is None else str(token),
        bool(waits),
        str(doc),
        None if sealed is None else bytes(sealed),  # type: ignore[call-overload]
        utc_from_text(str(changed_at)),
    )


def save_draft(tx: Transaction, draft: StoredDraft) -> None:
    """Queue the row as it is now, under its lock; its version must be the next one."""
    tx.write(
        "UPDATE station_drafts SET version = :version, token = :token, waits = :waits, doc = :doc, sealed = :sealed, "
        "changed_at = :now WHERE station = :station AND account = :account AND version = :before",
        {
            "version": draft.version,
            "token": draft.token,
            "waits": draft.waits,
            "doc": draft.doc,
            "sealed": draft.sealed,
            "now": utc_text(draft.changed_at),
            "station": draft.station,
            "account": draft.account,
            "before": draft.version - 1,
        },
        touching=1,
    )


def find_verdict(tx: Transaction, station: str, *, account: str, scan: str) -> str | None:
    """What was answered to this scan, if it was handled."""
    row = tx.one(
        "SELECT verdict FROM station_scans WHERE station = :station AND account = :account AND scan = :scan",
        station=station,
        account=account,
        scan=scan,
    )
    return None if row is None else str(row[0])


def keep_verdict(tx: Transaction, station: str, *, account: str, scan: str, verdict: str, now: datetime) -> None:
    """Queue the answer to a scan; the first one stays."""
    tx.write(
        "INSERT INTO station_scans (station, account, scan, verdict, handled_at) "
        "VALUES (:station, :account, :scan, :verdict, :now) ON CONFLICT DO NOTHING",
        {"station": station, "account": account, "scan": scan, "verdict": verdict, "now": utc_text(now)},
    )


def forget_verdicts(tx: Transaction, station: str, *, account: str, before: datetime) -> None:
    """Queue the end of what nobody will repeat any more."""
    tx.write(
        "DELETE FROM station_scans WHERE station = :station AND account = :account AND handled_at < :before",
        {"station": station, "account": account, "before": utc_text(before)},
    )


def sealed_personal(
    keys: tuple[MasterKey, ...], values: Mapping[str, Mapping[str, str]], *, station: str, account: str
) -> bytes | None:
    """Personal data for a draft, encrypted; None when there is none."""
    if not any(values.values()):
        return None
    if not keys:
        raise Misconfigured(
            expected="a record opened with its key file", came="one without", do="open it with `open_record(settings)`"
        )
    text = json.dumps(values).encode()
    where = _where(station, account)
    return seal(keys[0].derived(_PURPOSE), text, key_id=bytes.fromhex(keys[0].id), where=where)


def opened_personal(
    keys: tuple[MasterKey, ...], sealed: bytes | None, *, station: str, account: str
) -> Mapping[str, Mapping[str, str]]:
    """What was sealed; nothing when the key is gone or it is of another row: it can be asked for again."""
    key = None if sealed is None else next((k for k in keys if k.id == sealed[1:5].hex()), None)
    if key is None or sealed is None:
        return {}
    try:
        found: Mapping[str, Mapping[str, str]] = json.loads(
            unseal(key.derived(_PURPOSE), sealed, where=_where(station, account))
        )
    except InvalidTag:
        return {}
    return found


def _where(station: str, account: str) -> str:
    return f"station_drafts.sealed:{json.dumps([station, account])}"
