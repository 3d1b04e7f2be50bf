"""Examples of what is asked and answered, for the description: from a demonstration with people who do not exist.

Answers are real ones, shortened. Every one is held against its schema, and problems against what really comes, by
tests. Knows no address: an example belongs to an operation by its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from web.api.problems import AT, WORDS, body_of

COI = "CZ1R8ZT6BA9CP"
STATION = "S3KZ6SEH"
PERSON = "faee29581ee3bc7e7d5d2c146c32d9452e1068c9fa72ae2b24f8d0c031736587"
AT_SECOND = "2026-11-22T19:04:21.927727Z"
ID = "01a204a5-2690-7056-8374-dde28c8cebb6"
DIGEST = "50e04bbcd16ad2b9ed36c5205183c63dcb78184cec0a7e81aa21d0cf7bfe6f5c"
_ENTRY = (
    '{"actor":{"account":"felix.dunmere", ... },"chain":"course/CZ1R8ZT6BA9CP", ... ,"v":1,"zone":"Atlantic/Canary"}'
)
_TRACKS = {"material": "cryopreserved", "disposition": "released", "treatment": "eligible", "standing": "active"}
_ALONE = {"coi": COI, "study": "iov_lun_202", "subject": "108-001", "site": "es-islote", "cohort": "cohort_2"}
_PAGE = {"page": 1, "pages": 1, "total": 1}

_ATTEMPT = {
    "id": ID,
    "step": "open_deviation",
    "account": "felix.dunmere",
    "role": "coordinator",
    "station": STATION,
    "course": COI,
    "evidence": {"about": "procure_tissue", "severity": "minor", "description": "the lid was loose"},
    "signatures": [{"account": "felix.dunmere", "meaning": "performed", "password": "invented people only"}],
}
_BY_SESSION = {
    "id": "01a204a5-26f1-7a3c-9d55-0c1b9f6e2a10",
    "step": "issue_labels",
    "account": "felix.dunmere",
    "role": "coordinator",
    "station": STATION,
    "course": COI,
    "evidence": {"kind": "wristband", "count": 1, "reason": "for the infusion"},
}
_MEASURED = {
    "id": "01a204a5-2711-7c0e-8a41-6f0d3b2c9e77",
    "step": "record_temperature",
    "account": "nils.nantwich",
    "role": "operator",
    "station": "S4JAV22H",
    "course": COI,
    "evidence": {"where": "tank 3, position 12", "temperature": {"value": "-162.5", "unit": "Cel"}},
}
_SCANNED = {
    "id": "01a204a5-2734-7f02-b6c1-9a7e5d1c4b08",
    "step": "verify_label",
    "account": "felix.dunmere",
    "role": "coordinator",
    "station": STATION,
    "course": COI,
    "scans": [{"code": "LY0RD0F57TK1"}],
}
_PERFORMED = {
    "decision": "performed",
    "id": ID,
    "step": "open_deviation",
    "course": COI,
    "chain": f"course/{COI}",
    "seq": 72,
    "recorded_at": AT_SECOND,
    "replayed": False,
    "reasons": [],
    "entry": _ENTRY,
}
_OFFER = {
    "step": "open_deviation",
    "title": "Open a deviation",
    "role": "coordinator",
    "ready": True,
    "blocked": [],
    "missing": ["the step it is about", "how much it matters", "what happened"],
    "part": None,
    "command": "COI1:*STEP:OPEN-DEVIATION:9K",
}
_SEEN = {
    **_ALONE,
    **_TRACKS,
    "chain": f"course/{COI}",
    "display": "CZ1R-8ZT6-BA9CP",
    "facility": "fac-rhine",
    "site_name": "Hospital del Islote (invented)",
    "facility_name": "Rheinau Zellwerk (invented)",
    "holds": [],
}
_SIGHTING: Mapping[str, Any] = {
    "is_a": "course",
    "display": "CZ1R-8ZT6-BA9CP",
    "words": "course CZ1R-8ZT6-BA9CP: cryopreserved, eligible",
    "course": _SEEN,
    "container": None,
    "replaced": None,
    "timers": [],
    "wrong": [],
    "badge": None,
    "roles": [],
}
_BAG = {
    "id": f"{COI}/bag/1",
    "coi": COI,
    "kind": "bag",
    "part": 1,
    "state": "stored",
    "serial": "LY0RD0F57TK1",
    "label": "applied",
    "holder": "fac-rhine",
    "parents": [f"{COI}/pool/1"],
    "cassette": f"{COI}/cassette/1",
    "filled_at": "2026-11-01T08:50:05.118922Z",
    "expires_at": "2027-11-01T08:50:05.118922Z",
}

ASKED: Mapping[str, Mapping[str, Any]] = {
    "lookUp": {"what a reader read": {"code": COI, "station": STATION}},
    "signIn": {"by password": {"account": "felix.dunmere", "password": "invented people only"}},
    "recordAttempt": {
        "proved by a signature": _ATTEMPT,
        "proved by the header COI-Person": _BY_SESSION,
        "with a measured value": _MEASURED,
        "with a scan": _SCANNED,
    },
    "export": {"one course": {"course": COI}, "a period": {"since": "2026-10-01", "until": "2026-11-01"}},
}
"""Bodies of requests, by operation and what they show. The first is the one to begin with."""

ANSWERED: Mapping[tuple[str, int], Any] = {
    ("lookUp", 200): {"sighting": _SIGHTING, "offers": [_OFFER]},
    ("signIn", 201): {
        "account": "felix.dunmere",
        "name": "Felix Dunmere",
        "person": PERSON,
        "idle_minutes": 15,
        "failures_before": 0,
    },
    ("recordAttempt", 201): _PERFORMED,
    ("recordAttempt", 200): {**_PERFORMED, "replayed": True},
    ("health", 200): {"status": "ok", "entries": 1334},
    ("listCourses", 200): {
        "courses": [{**_ALONE, **_TRACKS, "opened_at": "2026-10-07T16:56:37.662109Z", "entries": 71}],
        **_PAGE,
    },
    ("getCourse", 200): {
        **_ALONE,
        **_TRACKS,
        "facility": "fac-rhine",
        "route": "resection",
        "manufacture": "gen2_22_day",
        "opened_at": "2026-10-07T16:56:37.662109Z",
        "entries": 71,
        "head": DIGEST,
        "containers": [_BAG],
        "hand_offs": [
            {
                "container": f"{COI}/tissue_jar/1",
                "from_place": "es-islote",
                "to_place": "kurier-nord",
                "opened_at": "2026-10-09T08:38:25.553647Z",
                "closed_at": "2026-10-09T08:40:35.815733Z",
            }
        ],
        "holds": [],
        "deviations": [],
    },
    ("listLabels", 200): {
        "coi": COI,
        "labels": [
            {
                "serial": "LY0RD0F57TK1",
                "container": f"{COI}/bag/1",
                "kind": "bag",
                "state": "applied",
                "replaced_by": None,
                "issued_at": "2026-11-01T08:16:08.551935Z",
            }
        ],
    },
    ("listEntriesOfCourse", 200): {
        "coi": COI,
        "last": 71,
        "older": 70,
        "entries": [{"seq": 71, "digest": DIGEST, "text": _ENTRY}],
    },
    ("listEntries", 200): {
        "entries": [{"index": 1334, "chain": f"course/{COI}", "seq": 72, "digest": DIGEST, "text": _ENTRY}],
        "next": 1335,
        "size": 1335,
    },
    ("listPlaces", 200): {
        "places": [
            {
                "id": "es-islote",
                "kind": "site",
                "name": "Hospital del Islote (invented)",
                "country": "ES",
                "zone": "Atlantic/Canary",
                "daily_capacity": 0,
            }
        ]
    },
    ("listPlans", 200): {
        "plans": [
            {
                "coi": COI,
                "site": "es-islote",
                "facility": "fac-rhine",
                "treatment": "eligible",
                "standing": "active",
                "slots": [{"day": "2026-10-10", "position": 1, "purpose": "receipt"}],
                "infusion_at": None,
                "regimen": None,
                "confirmed": False,
                "blocked": False,
            }
        ],
        **_PAGE,
    },
}
"""Bodies of answers, by operation and status."""

LETTER = {
    "chain": f"course/{COI}",
    "course": COI,
    "digest": DIGEST,
    "entry": ID,
    "index": 1334,
    "kind": "performed",
    "recorded_at": AT_SECOND,
    "step": "open_deviation",
}

_DO_ENTER = "Enter or scan what is shown. Do not invent a value: if it was not measured, say so to quality"
_REASON = {
    "code": "evidence_missing",
    "title": "Something was not entered",
    "expected": "about: the step it is about",
    "observed": "nothing",
    "do": _DO_ENTER + ".",
}
_ELSEWHERE = {
    "code": "value_out_of_range",
    "title": "Value outside its limits",
    "expected": "severity: minor / major / critical",
    "observed": "dreadful",
    "do": "Check reading, unit and decimal point, and enter it again. If it is right, stop and call quality: do not "
    "change it to fit.",
}
_KEPT = "ask an administrator if it belongs to the work of this system; that it was tried is kept in the log"


def _known(status: int) -> dict[str, Any]:
    code, expected, came, do = WORDS[status]
    return body_of(code, expected=expected, came=came, do=do)


PROBLEMS: Mapping[str, tuple[int, dict[str, Any]]] = {
    "not-understood": (
        400,
        body_of(
            "not-understood",
            expected="the field account",
            came="an attempt without it",
            do=f"see {AT} for the fields",
        ),
    ),
    "no-token": (
        401,
        body_of(
            "no-token",
            expected="the header Authorization: Bearer coi_... with a token that is valid",
            came="none",
            do="have an administrator issue one: Administration, Other systems, or `coi tokens add`",
        ),
    ),
    "not-allowed": (
        403,
        body_of("not-allowed", expected="a token with write:attempts", came="one without", do=_KEPT),
    ),
    "not-proved": (
        403,
        body_of(
            "not-proved",
            expected="a signature of the account in this attempt with its password, or its session in COI-Person",
            came="neither, or a password that does not fit",
            do="let that person sign in with POST /sessions, or sign this attempt; nothing was recorded yet",
        ),
    ),
    "not-found": (
        404,
        body_of(
            "not-found",
            expected="a course that this token may know of",
            came="none of that identifier",
            do="look at the identifier, or ask for the courses at /api/v1/courses",
        ),
    ),
    "again": (
        409,
        body_of(
            "again",
            expected="the record to be free within the time limit",
            came="database is locked",
            do="repeat the attempt: nothing of it was recorded",
        ),
    ),
    "too-large": (413, _known(413)),
    "not-json": (415, _known(415)),
    "refused": (
        422,
        body_of("refused", expected=_REASON["expected"], came="nothing", do=_DO_ENTER)
        | {**_PERFORMED, "decision": "refused", "seq": 73, "reasons": [_REASON, _ELSEWHERE]},
    ),
    "too-many": (
        429,
        body_of(
            "too-many",
            expected="at most 20 requests a second for long",
            came="more",
            do="wait as the header Retry-After says, then send the same again",
        ),
    ),
    "not-available": (
        503,
        body_of(
            "not-available",
            expected="a record that can be used",
            came="one that cannot, for the moment",
            do="send the same again in a minute; if it stays so, tell the operator the time",
        ),
    ),
}
"""One example for each problem that the description names, with its status."""
PROVING = frozenset({"signIn", "recordAttempt"})
"""Operations for which 403 may also mean that somebody did not prove who she is."""


def of_status(operation: str, status: int) -> list[str]:
    """The names of the examples for an answer of an operation."""
    names = [name for name, (one, _) in PROBLEMS.items() if one == status]
    return [name for name in names if name != "not-proved" or operation in PROVING]
