"""Which courses somebody may know of: those of the places she works at, all of them for the sponsor's people.

A site sees its own courses, a facility those it manufactures, a courier those it carries or carried. What somebody may
not see is not found: nothing is told about what exists. Does not know which step is whose; the process does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from coi_tracker.course import AccountId, PlaceId
from coi_tracker.services.record import Record
from coi_tracker.storage import registry
from coi_tracker.storage.registry import AccountRole
from coi_tracker.storage.transaction import Transaction
from coi_tracker.vocabulary import PlaceKind, Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person and what she may look at. ``everywhere``: every course. ``places``: the courses of these otherwise."""

    account: AccountId
    name: str
    roles: tuple[AccountRole, ...]
    places: tuple[PlaceId, ...]
    everywhere: bool = False

    def has(self, *wanted: Role) -> bool:
        """Whether she has one of these roles, anywhere."""
        return any(one.role in wanted for one in self.roles)

    def has_now(self, today: date, *wanted: Role) -> bool:
        """The same, with training that is still valid."""
        return any(
            one.role in wanted and one.trained_until is not None and one.trained_until >= today for one in self.roles
        )

    @property
    def reads_courses(self) -> bool:
        """Whether there is any course she may know of: an administrator has no business with them."""
        return any(one.role is not Role.ADMIN for one in self.roles)


def viewer(record: Record, account: str) -> Viewer | None:
    """The viewer that an account is now. None: there is no such account, or it is not active any more."""
    with record.database.read() as tx:
        found = registry.find_account(tx, account)
        if found is None or not found.active:
            return None
        roles = tuple(registry.roles_of(tx, account))
        sponsors = {place.id for place in registry.places(tx) if place.kind is PlaceKind.SPONSOR}
    working = [one for one in roles if one.role is not Role.ADMIN]
    places = tuple(dict.fromkeys(one.place for one in working))
    return Viewer(found.id, found.name, roles, places, everywhere=any(place in sponsors for place in places))


def seen_by(who: Viewer | None, *, course: str = "k") -> tuple[str, dict[str, str]]:
    """The condition, and its values, for courses that somebody may know of. `course`: the name of the table in it.

    None stands for the tracker itself, which sees everything.
    """
    if who is None or who.everywhere:
        return "1 = 1", {}
    values = {f"seen_{n}": str(place) for n, place in enumerate(who.places)}
    if not values:
        return "1 = 0", {}
    return _OF_THESE_PLACES.format(course=course, listed=", ".join(f":{name}" for name in values)), values


_OF_THESE_PLACES = """
({course}.site IN ({listed}) OR {course}.facility IN ({listed}) OR EXISTS (
SELECT 1 FROM containers seen_c JOIN hand_offs seen_h ON seen_h.container = seen_c.id
WHERE seen_c.coi = {course}.coi AND (seen_h.to_place IN ({listed}) OR seen_h.from_place IN ({listed}))))
"""


def may_see(tx: Transaction, who: Viewer | None, coi: str) -> bool:
    """Whether somebody may know of this course."""
    rule, values = seen_by(who)
    return tx.one(f"SELECT 1 FROM courses k WHERE k.coi = :coi AND {rule}", coi=coi, **values) is not None  # noqa: S608
