"""The opened record: the database and the few things that services need beside it.

Passed to every service. Nothing here is global, so that a simulated trial brings its own clock and its own chance,
and a test opens as many records as it likes.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from coi_tracker import __version__
from coi_tracker.course import Course, Definition
from coi_tracker.errors import Misconfigured
from coi_tracker.process.released import released
from coi_tracker.process.spec import Process
from coi_tracker.process.til_v1 import TIL_V1
from coi_tracker.protocols import load_protocol
from coi_tracker.protocols.model import Protocol
from coi_tracker.services.sign_in_rules import SignInRules
from coi_tracker.storage.database import Database
from coi_tracker.storage.keyfile import MasterKey
from coi_tracker.storage.transaction import Transaction

SOFTWARE = f"coi-tracker {__version__}"


def system_clock() -> datetime:
    """The server's time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Record:
    """An open record. ``clock`` is the server's time, ``draw`` its source of random bytes.

    ``protocols`` remembers every protocol version read so far by its digest: a version never changes once released.
    ``person_keys`` open what is kept of participants, and the secrets of second factors; without them a record can do
    everything but that. ``rules``: how signing in is guarded.
    """

    database: Database
    clock: Callable[[], datetime] = system_clock
    draw: Callable[[int], bytes] = secrets.token_bytes
    process: Process = TIL_V1
    software: str = SOFTWARE
    protocols: dict[str, Protocol] = field(default_factory=dict)
    person_keys: tuple[MasterKey, ...] = field(default=(), repr=False)
    rules: SignInRules = field(default_factory=SignInRules)

    def protocol(self, tx: Transaction, wanted: Definition) -> Protocol:
        """The protocol version that a course follows. Raises Misconfigured when the record does not hold it."""
        found = self.protocols.get(wanted.digest)
        if found is None:
            row = tx.one("SELECT text FROM study_protocols WHERE digest = :digest", digest=wanted.digest)
            if row is None:
                raise Misconfigured(
                    expected=f"protocol {wanted.key} version {wanted.version} in the database",
                    came="no such version",
                    do="release it with `coi protocol release FILE`",
                )
            found = self.protocols[wanted.digest] = load_protocol(str(row[0]))
        return found

    def process_of(self, course: Course) -> Process:
        """The definition a course was opened under; this record's own where there is no course yet."""
        pinned = (course.process.key, course.process.version)
        same = course.coi is None or pinned == (self.process.key, self.process.version)
        return self.process if same else released(*pinned)
