"""An attempt in the making: what the needs of a step have put into it so far.

Knows the step, the course and what there is; the rules by which each need is met are in `meeting`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from coi_tracker.course import AccountId, Container, ContainerId, Course, EventId, PlaceId
from coi_tracker.process.look import limit_of, read_instant
from coi_tracker.process.spec import ProtocolPath, Step
from coi_tracker.protocols.model import Protocol
from coi_tracker.simulation.intent import Intent, NotYet, ScanIntent, Things
from coi_tracker.simulation.values import local
from coi_tracker.vocabulary import Meaning, Role


@dataclass
class Draft:
    """What is known of the attempt so far. ``wishes`` are pieces of evidence the caller wants to see in it."""

    step: Step
    protocol: Protocol
    course: Course
    things: Things
    place: PlaceId
    at: datetime
    choose: random.Random | None
    wishes: Mapping[str, Any]
    lasting: timedelta = timedelta(0)
    evidence: dict[str, Any] = field(default_factory=dict)
    scans: dict[str, tuple[Container, ...]] = field(default_factory=dict)
    shipper: str | None = None
    first: Meaning | None = None
    second: list[tuple[Meaning, frozenset[Role]]] = field(default_factory=list)
    never: set[AccountId] = field(default_factory=set)
    only: tuple[AccountId, ...] = ()
    identify: bool = False
    refers_to: EventId | None = None

    @property
    def zone(self) -> str:
        """The zone of the place."""
        return self.things.zone(self.place)

    @property
    def today(self) -> date:
        """The day at the place."""
        return local(self.at, self.zone)

    @property
    def started(self) -> datetime:
        """When what is recorded began, no earlier than the last step of the course."""
        last = max((d.at for d in self.course.done.values()), default=self.at)
        return min(self.at, max(self.at - self.lasting, last))

    def limit(self, path: ProtocolPath) -> Any:
        """The value of a limit for this course."""
        return limit_of(path, self.protocol, self.course)

    def fact(self, name: str) -> Any:
        """What the course remembers, or NotYet."""
        found = self.course.facts.get(name)
        if found is None:
            raise NotYet(f"{self.step.name}: the course remembers no {name}")
        return found

    def instant(self, name: str) -> datetime:
        """A remembered instant, or NotYet."""
        return read_instant(self.fact(name))

    def put(self, name: str, value: Callable[[], Any]) -> None:
        """One piece of evidence: as wished, or else the value that is worked out (None: it is left out)."""
        if name in self.evidence:
            return
        found = self.wishes[name] if name in self.wishes else value()
        if found is not None:
            self.evidence[name] = found

    def one_of(self, several: Sequence[Any]) -> Any:
        """The first of several, or any of them where variety is wanted."""
        return several[0] if self.choose is None else self.choose.choice(several)

    def here(self, containers: Iterable[Container]) -> tuple[Container, ...]:
        """Those in the custody of the place, narrowed to the ones wished for."""
        wanted: Collection[ContainerId] | None = self.wishes.get("containers")
        return tuple(c for c in containers if c.holder == self.place and (wanted is None or c.id in wanted))

    def finished(self) -> Intent:
        """The attempt as it would be handed in."""
        account, role = self._actor()
        signers = [] if self.first is None else [(account, self.first)]
        taken = {account}
        for meaning, roles in self.second:
            other = self._second(roles, taken)
            signers.append((other, meaning))
            taken.add(other)
        read = [ScanIntent(c.serial, part) for part, found in self.scans.items() for c in found]
        shipper = [] if self.shipper is None else [ScanIntent(self.shipper)]
        return Intent(
            step=self.step.name,
            account=account,
            role=role,
            place=self.place,
            at=self.at,
            scans=(*shipper, *read),
            evidence=self.evidence,
            signers=tuple(signers),
            identify=self.identify,
            refers_to=self.refers_to,
        )

    def _actor(self) -> tuple[AccountId, Role]:
        wished = self.wishes.get("role")
        roles = self.step.by if wished is None else {Role(wished)}
        for account in self.only:
            fit = sorted(roles & self.things.roles_at(account, self.place))
            if fit:
                return account, fit[0]
        return self.things.person(roles, self.place, but=self.never)

    def _second(self, roles: frozenset[Role], taken: set[AccountId]) -> AccountId:
        for account in self.only:
            if account not in taken:
                return account
        try:
            return self.things.person(roles, self.place, but=taken)[0]
        except NotYet:
            return self.things.person(roles, None, but=taken)[0]
