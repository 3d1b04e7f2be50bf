"""What nobody does by mistake: dirt instead of codes, stolen ids, forged signers, requests that are no requests.

Like mishaps, each takes a right attempt and gives one that must be refused. `NOT_REQUESTS` are what a program may
send instead of an attempt: nobody can be held to those, so they are not understood and not recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from coi_tracker.services.requests import AttemptRequest, ScanClaim, SignatureClaim
from coi_tracker.simulation.mishaps import MISHAPS, Mishap, Scene, payload, with_scan
from coi_tracker.vocabulary import ContainerKind, HowRead, Meaning, Role

DIRT = (
    "A" * 1_000_000,
    "\x00" * 300,
    "\u202e\u2066C0\u2069",
    "\ud83d\ude00" * 50,
    "';DROP TABLE events;--",
    "=cmd|'/C calc'!A0",
    "C0000-0000-00000",
    "COI1:" + "9" * 5000,
    "\u0391\u0392\u0393",
    "L" * 14,
)
NOT_REQUESTS: tuple[Any, ...] = (
    None,
    [],
    "attempt",
    {},
    {"id": 1},
    {"id": "x", "step": "fill", "account": "a", "role": "operator", "station": "S"},
    {"step": "fill", "unknown": True},
    {"id": "0" * 36, "step": None, "account": {}, "role": "king", "station": []},
)


def dirt_as_code(scene: Scene) -> AttemptRequest | None:
    """A megabyte, binary, right-to-left marks or a spreadsheet's formula where a code should be."""
    if not scene.request.scans:
        return None
    place = scene.chance.randrange(len(scene.request.scans))
    return with_scan(scene.fresh(), place, scene.chance.choice(DIRT))


def dirt_beside(scene: Scene) -> AttemptRequest:
    """All that is right, and dirt beside it."""
    scans = (*scene.request.scans, ScanClaim(scene.chance.choice(DIRT), HowRead.SCANNED, None))
    return replace(scene.fresh(), scans=scans)


def dirt_as_evidence(scene: Scene) -> AttemptRequest | None:
    """A value of another sort than was asked for."""
    if not scene.request.evidence:
        return None
    name = scene.chance.choice(sorted(scene.request.evidence))
    if name == "identifiers_kept":  # what is written there is never looked at: the services say what was kept
        return None
    wrong: Any = scene.chance.choice([None, -1, [], {}, "\u202e", 10**12, {"value": "NaN", "unit": "mL"}, ["x"] * 300])
    return replace(scene.fresh(), evidence={**scene.request.evidence, name: wrong})


def another_course(scene: Scene) -> AttemptRequest | None:
    """The right attempt, at another course."""
    others = [o for o in scene.others if o.coi not in (None, scene.course.coi)]
    touching = scene.request.scans and any("COI1:C" in s.code for s in scene.request.scans)
    if scene.request.course is None or not others or not touching:
        return None
    return replace(scene.fresh(), course=scene.chance.choice(others).coi)


def unknown_course(scene: Scene) -> AttemptRequest | None:
    """A course that was never opened."""
    if scene.request.course is None:
        return None
    return replace(scene.fresh(), course=scene.chance.choice(["C000000000000", "C" * 400, "", "\u202e"]))


def unknown_step(scene: Scene) -> AttemptRequest:
    """A step that the process does not have."""
    return replace(scene.fresh(), step=scene.chance.choice(["infuse", "INFUSE_BAG", "", "release_product ", "x" * 90]))


def unknown_account(scene: Scene) -> AttemptRequest:
    """Somebody nobody knows."""
    mine = scene.request.account
    forged = tuple(replace(s, account="nobody.known") if s.account == mine else s for s in scene.request.signatures)
    return replace(scene.fresh(), account="nobody.known", signatures=forged)


def forged_signer(scene: Scene) -> AttemptRequest | None:
    """A witness who does not exist, said to be authenticated."""
    if len(scene.request.signatures) < 2:
        return None
    *first, last = scene.request.signatures
    return replace(scene.fresh(), signatures=(*first, replace(last, account="nobody.known", authentic=True)))


def one_more_signer(scene: Scene) -> AttemptRequest | None:
    """A signature with a meaning that the step does not ask for."""
    asked = {s.meaning for s in scene.request.signatures}
    taken = {scene.request.account, *(s.account for s in scene.request.signatures)}
    free = [m for m in Meaning if m not in asked and m is not Meaning.LATE_ENTRY]
    other = next((w.account for w in scene.premises.workers if w.account not in taken), None)
    if other is None:
        return None
    more = SignatureClaim(other, scene.chance.choice(free), authentic=True)
    return replace(scene.fresh(), signatures=(*scene.request.signatures, more))


def late_without_witness(scene: Scene) -> AttemptRequest | None:
    """Backdated, with a reason but without a second person who signs for it."""
    if scene.request.happened_at is None or scene.request.late_reason is not None:
        return None
    at = scene.request.happened_at - timedelta(minutes=scene.chance.randint(5, 600))
    return replace(scene.fresh(), happened_at=at, late_reason="system_down")


def from_the_future(scene: Scene) -> AttemptRequest | None:
    """It has not happened yet."""
    if scene.request.happened_at is None:
        return None
    return replace(scene.fresh(), happened_at=scene.request.happened_at + timedelta(days=1), late_reason="emergency")


def as_auditor(scene: Scene) -> AttemptRequest | None:
    """With a role that reads only."""
    role = scene.chance.choice([Role.AUDITOR, Role.ADMIN, None])
    return replace(scene.fresh(), role=role) if role not in scene.step.by else None


def only_wristband(scene: Scene) -> AttemptRequest | None:
    """The wristband of another patient of the record, where one is scanned."""
    others = [o for o in scene.others if o.coi != scene.course.coi]
    bands = [c for o in others for c in o.of_kind(ContainerKind.WRISTBAND)]
    own = {payload(c) for c in scene.course.of_kind(ContainerKind.WRISTBAND)}
    places = [n for n, s in enumerate(scene.request.scans) if s.code in own]
    if not bands or not places:
        return None
    return with_scan(scene.fresh(), places[0], payload(scene.chance.choice(bands)))


MALICE: tuple[Mishap, ...] = (
    *(mishap for mishap, _ in MISHAPS),
    dirt_as_code,
    dirt_beside,
    dirt_as_evidence,
    another_course,
    unknown_course,
    unknown_step,
    unknown_account,
    forged_signer,
    one_more_signer,
    late_without_witness,
    from_the_future,
    as_auditor,
    only_wristband,
)
NAMES: Mapping[Mishap, str] = {one: one.__name__ for one in MALICE}
