"""Running the simulated trial, and the adversary, for the commands that need them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from coi_tracker.cli.terminal import Progress, until_the_end
from coi_tracker.config import Settings
from coi_tracker.errors import Misconfigured
from coi_tracker.services.record import Record

MUST_BE_0 = ("wrong_acceptances", "wrong_refusals", "unrecorded")
"""What an adversary must not find."""


def run_trial(settings: Settings, *, seed: int, participants: int, progress: Progress) -> dict[str, Any]:
    """The trial in the record of these settings, which has to be empty; figures of what happened.

    Raises Misconfigured when courses are in it: invented people do not belong among real ones.
    """
    from coi_tracker.services import opening
    from coi_tracker.services.people import people

    record = until_the_end(opening.make_record(settings))
    opening.make_log_key(record, settings)
    if people(record):
        raise Misconfigured(
            expected="a record without accounts",
            came="one with some",
            do="set COI_DATABASE_URL to a new database: invented people do not belong among real ones",
        )
    return fill(record, seed=seed, participants=participants, progress=progress)


def fill(
    record: Record, *, seed: int, participants: int, progress: Progress, until: datetime | None = None
) -> dict[str, Any]:
    """Fill an empty record with the trial; figures of what happened. `until`: it is under way at that moment."""
    from coi_tracker.simulation.trial import simulate

    return simulate(record, seed=seed, participants=participants, until=until, progress=progress).figures()


def in_short(figures: dict[str, Any]) -> dict[str, str]:
    """The figures that people ask for first, each on a line."""
    performed, refused = (sum(figures[name].values()) for name in ("performed", "refused"))
    return {
        "participants": f"{figures['participants']}, in {figures['courses']} courses",
        "from, to": f"{figures['first_day']}, {figures['last_day']} (a clock of its own)",
        "attempts": f"{figures['attempts']:,}: {performed:,} performed, {refused:,} refused",
        "repeated, late": f"{figures['repeated']:,} sent twice, {figures['late']:,} entered late",
        "refused most because": counted(dict(list(figures["reasons"].items())[:6])),
        **_attacked(figures.get("adversary")),
    }


def _attacked(figures: dict[str, Any] | None) -> dict[str, str]:
    if figures is None:
        return {}
    zeros = {name: figures[name] for name in MUST_BE_0}
    return {
        "adversary": f"{figures['attempts']:,} attempts: {figures['performed']:,} performed, "
        f"{figures['refused']:,} refused, {figures['repeated']:,} repeated",
        "must be 0": counted(zeros),
    }


def counted(found: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.items()) or "none"


def run_adversary(settings: Settings, *, seed: int, attempts: int, progress: Progress) -> dict[str, Any]:
    """Wrong attempts at the record of these settings; how many of them were answered wrongly."""
    from coi_tracker.services.opening import open_record
    from coi_tracker.simulation.adversary import attack

    record = until_the_end(open_record(settings))
    return attack(record, seed=seed, attempts=attempts, progress=progress).figures()
