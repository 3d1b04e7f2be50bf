"""Which chain an attempt belongs to, and what it has to wait for, before anything is decided.

Reads two or three rows by key. A course's study, subject, site and facility never change, so what is read here before
the lock is still true under it.
"""

from __future__ import annotations

from dataclasses import dataclass

from coi_tracker.custody_log.chain import ChainError, parse_chain
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import CoiId, LabelSerial, Read, ScanPayload, StationCode, read_scan
from coi_tracker.process.spec import On, Process
from coi_tracker.services.requests import AttemptRequest, ScanClaim
from coi_tracker.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class ReadCode:
    """A code as it was read: what it is, or None when it is nothing of this system."""

    claim: ScanClaim
    read: Read | None

    @property
    def serial(self) -> str | None:
        """The label serial, where it is a label."""
        if isinstance(self.read, ScanPayload):
            return self.read.serial.text
        return self.read.text if isinstance(self.read, LabelSerial) else None

    @property
    def coi(self) -> str | None:
        """The COI a label claims to belong to."""
        if isinstance(self.read, ScanPayload):
            return None if self.read.coi is None else self.read.coi.text
        return self.read.text if isinstance(self.read, CoiId) else None


@dataclass(frozen=True, slots=True)
class Route:
    """Where an attempt goes. ``chain`` None: it can be tied to no course, subject, place or study."""

    chain: str | None
    coi: str | None = None
    study: str | None = None
    subject: str | None = None
    site: str | None = None
    facility: str | None = None
    station: str | None = None
    place: str | None = None
    create: bool = False
    exclusive: tuple[str, ...] = ()

    @property
    def shared(self) -> tuple[str, ...]:
        """What may hold the attempt up: its places and its study."""
        places = {f"place/{p}" for p in (self.site, self.facility, self.place) if p}
        return tuple(sorted((places | ({f"study/{self.study}"} if self.study else set())) - set(self.exclusive)))


def read_codes(scans: tuple[ScanClaim, ...]) -> tuple[ReadCode, ...]:
    """Every scan, understood or not."""
    return tuple(ReadCode(s, _read(s.code)) for s in scans)


def _read(code: str) -> Read | None:
    try:
        return read_scan(code)
    except NotUnderstood:
        return None


_COURSE = "SELECT coi, study, subject, site, facility FROM courses WHERE coi = :coi"
_BY_SERIAL = """
SELECT k.coi, k.study, k.subject, k.site, k.facility FROM label_issues i JOIN courses k ON k.coi = i.coi
WHERE i.serial = :serial
"""


def route(tx: Transaction, process: Process, request: AttemptRequest, codes: tuple[ReadCode, ...]) -> Route:
    """Where the attempt goes. An unknown step, course or subject leads to no chain: it is kept with the station."""
    station = _station(request.station)
    place = None if station is None else tx.one("SELECT place FROM stations WHERE code = :c AND active", c=station)
    here = {"station": station if place else None, "place": None if place is None else str(place[0])}
    step = process.step(request.step)
    if step is None or step.on is On.COURSE:
        found = _course(tx, request, codes)
        return _nowhere(here) if found is None else _of_course(found, here, _suite(request))
    if step.on is On.SUBJECT:
        return _of_subject(tx, request, here)
    return _of_target(tx, request, step.on, here)


def _nowhere(here: dict[str, str | None]) -> Route:
    return Route(None, station=here["station"], place=here["place"])


def _station(raw: str | None) -> str | None:
    found = None if raw is None else _read(raw)
    return found.text if isinstance(found, StationCode) else None


def _course(tx: Transaction, request: AttemptRequest, codes: tuple[ReadCode, ...]) -> tuple[str, ...] | None:
    if request.course is not None:
        found = _read(request.course)
        coi = found.text if isinstance(found, CoiId) else None
        return None if coi is None else tx.one(_COURSE, coi=coi)
    serials = [c.serial for c in codes if c.serial is not None]
    for serial in serials[:1]:
        return tx.one(_BY_SERIAL, serial=serial)
    return None


def _of_course(row: tuple[str, ...], here: dict[str, str | None], exclusive: tuple[str, ...]) -> Route:
    coi, study, subject, site, facility = row
    return Route(
        f"course/{coi}",
        coi,
        study,
        subject,
        site,
        facility,
        station=here["station"],
        place=here["place"],
        exclusive=exclusive,
    )


def _suite(request: AttemptRequest) -> tuple[str, ...]:
    """A line clearance, and labels issued into a suite, must not happen at the same time in one suite."""
    suite = request.evidence.get("suite")
    concerned = request.step in {"clear_line", "issue_labels"} and isinstance(suite, str)
    return (f"suite/{suite[:200]}",) if concerned and isinstance(suite, str) else ()


_SUBJECT = """
SELECT t.key, s.site FROM studies t LEFT JOIN subjects s ON s.study = t.key AND s.number = :n
ORDER BY s.site IS NULL, t.key
"""
"""The studies, first the one that has the subject: by keys, and in one trip whether it is registered or not."""


def _of_subject(tx: Transaction, request: AttemptRequest, here: dict[str, str | None]) -> Route:
    number = request.subject
    if number is None or not _nameable(f"subject/{number}"):
        return _nowhere(here)
    found = tx.query(_SUBJECT, n=number)
    study, site = found[0] if found else (None, None)
    if site is None:
        study = next((key for key, _ in found if key == request.study), None)
    if study is None or (site is None and request.step != "register_subject"):
        return _nowhere(here)
    return Route(
        f"subject/{number}",
        None,
        study,
        number,
        site,
        station=here["station"],
        place=here["place"],
        create=site is None,
    )


def _of_target(tx: Transaction, request: AttemptRequest, on: On, here: dict[str, str | None]) -> Route:
    table, key = ("places", "id") if on is On.PLACE else ("studies", "key")
    target = request.target
    if target is None or tx.one(f"SELECT 1 FROM {table} WHERE {key} = :t", t=target) is None:  # noqa: S608
        return _nowhere(here)
    name = f"{on}/{target}"
    study = request.study if on is On.PLACE else target
    return Route(name, study=study, station=here["station"], place=here["place"], create=True, exclusive=(name,))


def _nameable(chain: str) -> bool:
    try:
        parse_chain(chain)
    except ChainError:
        return False
    return True
