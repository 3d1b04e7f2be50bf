"""Who stands at which station, and what they are there: the first argument of everything on the floor.

Knows no step. Whether a role is enough is decided by the engine, from the rows of the moment, never from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from coi_tracker.course import AccountId, PlaceId, nothing
from coi_tracker.errors import NotUnderstood
from coi_tracker.identity import StationCode
from coi_tracker.services import plain
from coi_tracker.services.floor.screen import Who
from coi_tracker.services.record import Record
from coi_tracker.storage import registry
from coi_tracker.storage.registry import AccountRole, Place
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import PlaceKind, Role


@dataclass(frozen=True, slots=True)
class Standing:
    """An account at a station, the place of the station, and the roles the account has at that place.

    ``names``: what people call the places and steps that the record knows by other words. ``places``: all there are.
    """

    account: AccountId
    name: str
    station: str
    station_name: str
    place: Place
    roles: tuple[AccountRole, ...]
    names: Mapping[str, str] = field(default_factory=nothing, repr=False, compare=False)
    places: Mapping[str, Place] = field(default_factory=nothing, repr=False, compare=False)

    def say(self, text: str) -> str:
        """A text of the rules as it is read here."""
        return plain.plainly(text, zone=self.place.zone, names=self.names)

    def called(self, place: str | None) -> str:
        """The name of a place; its id where it has none."""
        return "nobody" if place is None else self.names.get(place, place)

    @property
    def who(self) -> Who:
        """As it is drawn."""
        return Who(
            account=self.account,
            name=self.name,
            station=self.station,
            station_name=self.station_name,
            place=self.place.id,
            place_name=self.place.name,
            place_kind=self.place.kind,
            roles=tuple(role.role for role in self.roles),
        )

    def today(self, now: datetime) -> date:
        """The calendar day at this place."""
        return now.astimezone(ZoneInfo(self.place.zone)).date()

    def role_for(self, wanted: frozenset[Role]) -> Role | None:
        """One of the wanted roles that the account has here, rather one whose training lasts longest."""
        fit = [r for r in self.roles if r.role in wanted]
        best = max(fit, key=lambda r: (str(r.trained_until or ""), str(r.role)), default=None)
        return None if best is None else best.role

    def concerns(self, places: frozenset[PlaceId | None]) -> bool:
        """Whether this place has to do with something that these places have to do with. The sponsor sees all."""
        return self.place.kind is PlaceKind.SPONSOR or self.place.id in places


def standing(record: Record, account: str, station: str) -> Standing:
    """Who stands there. Raises NotUnderstood for a station or an account that is not (or no longer) in the record."""
    code = StationCode.parse(station.strip().upper().replace("-", ""))
    with record.database.read() as tx:
        return _standing(record, tx, account, code)


def _standing(record: Record, tx: Transaction, account: str, code: StationCode) -> Standing:
    row = tx.one("SELECT place, name FROM stations WHERE code = :code AND active", code=code.text)
    if row is None:
        raise NotUnderstood(
            expected="a registered station", came=code.display(), do="have this station registered, or use another one"
        )
    person = registry.find_account(tx, account)
    if person is None or not person.active:
        raise NotUnderstood(expected="an active account", came="none", do="sign in again")
    places = registry.places(tx)
    place = next(p for p in places if p.id == row[0])
    roles = tuple(r for r in registry.roles_of(tx, person.id) if r.place == place.id)
    known = {str(one.id): one for one in places}
    return Standing(person.id, person.name, code.text, str(row[1]), place, roles, names_of(record, places), known)


def names_of(record: Record, places: Iterable[Place]) -> Mapping[str, str]:
    """What people call places and steps. A step whose name is an ordinary word is left as it is."""
    steps = {step.name: f"“{step.title}”" for step in record.process.steps.values() if "_" in step.name}
    return steps | {str(place.id): place.name for place in places}
