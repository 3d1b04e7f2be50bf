"""What is in the way of a step that nobody has begun: by the engine, with what there is to scan and to choose.

Tried as the lists of work try it (`rehearsal`, `next_steps`), so that a station and a list say the same. Only reads.
"""

from __future__ import annotations

from coi_tracker.course import Reason
from coi_tracker.process.records import OpenHold
from coi_tracker.process.scans import Scan
from coi_tracker.process.spec import Step
from coi_tracker.services.floor.judging import forbidding
from coi_tracker.services.floor.view import View
from coi_tracker.services.next_steps import variants
from coi_tracker.services.rehearsal import Setting, rehearse
from coi_tracker.services.scene import decided
from coi_tracker.services.turns import Asked
from coi_tracker.vocabulary import ReasonCode as Code

SETTLED_BY_SCANS = frozenset({Code.RECONCILIATION_OPEN})
"""What an empty attempt is refused for and a whole one need not be: open labels are what is to be scanned."""
CHOSEN = frozenset({"test", "drug", "number"})
"""Evidence that says what a step is about: each has rules of its own."""


def in_the_way(view: View, *, serial: str | None) -> tuple[Reason, ...]:
    """What keeps the step from being done whatever is scanned and chosen; with the container of `serial`, if given."""
    bare = forbidding(decided(view.scene).reasons)
    left = tuple(reason for reason in bare if reason.code not in SETTLED_BY_SCANS)
    if left or not _depends(view.step):
        return bare
    tried = [forbidding(reasons) for reasons in _trials(view, serial)]
    return next((reasons for reasons in tried if not reasons), tried[0] if tried else left)


def _depends(step: Step) -> bool:
    """Whether it matters which container is scanned or what is chosen."""
    return bool(step.needs_of(Scan) or step.needs_of(OpenHold) or CHOSEN & {f.name for f in step.fields})


def _trials(view: View, serial: str | None) -> list[tuple[Reason, ...]]:
    at, process = view.at, view.scene.record.process_of(view.course)
    setting = Setting(view.now, at.places or {at.place.id: at.place}, tuple(view.scene.rows.holds))
    asked = Asked(process, view.protocol, view.course, setting, at.account)
    place = (at.place.id, at.place.kind)
    return [
        rehearse(
            process, view.protocol, view.course, view.step,
            setting=setting, at=place, account=at.account, evidence=evidence, with_label=serial,
        ).reasons
        for _, evidence in variants(asked, view.step)
    ]  # fmt: skip
