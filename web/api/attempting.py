"""Recording a step, and signing in for it: the addresses that write. What a step is, the services decide.

A person is proved by a signature with her own password in the attempt itself, or by a session that she began here.
Without either nothing is recorded in her name.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from coi_tracker.process.reasons import explain
from coi_tracker.services import log_pages, people, sessions, signing_in
from coi_tracker.services.attempts import Answer, record_attempt
from coi_tracker.services.requests import AttemptRequest
from coi_tracker.services.signing_in import NotSignedIn, SignedIn
from coi_tracker.vocabulary import ReasonCode, Scope
from web.api.asked import AttemptIn
from web.api.callers import PERSON, caller, deny, for_scope, person, refuse_elsewhere
from web.api.problems import problem
from web.api.shapes import AttemptOut, SignInIn, SignInOut
from web.session import record, settings

blueprint = APIBlueprint("attempting", __name__, tag="Recording")

ASTRAY = {
    "code": str(ReasonCode.WRONG_COURSE),
    "title": "Does not belong here",
    "expected": "something that the places of this token work on",
    "observed": "something that does not belong here",
    "do": "do not use it; set it aside and call quality",
}
"""All that is told about another place's course to who has its label in hand."""


@blueprint.post("/sessions")
@for_scope(Scope.WRITE_ATTEMPTS)
@blueprint.input(SignInIn, arg_name="given")
@blueprint.output(SignInOut, status_code=201)
@blueprint.doc(summary="Sign somebody in", operation_id="signIn", responses={403: ""})
def sign_in(given: SignInIn) -> Any:
    """Sign somebody in at this system; the answer goes into the header COI-Person of what she does."""
    station = caller().station
    found = signing_in.sign_in(record(), given.account, given.password, station=station)
    if isinstance(found, SignedIn) and found.needs_totp:
        found = signing_in.enter_code(record(), found.account, given.code or "", station=station)
    if isinstance(found, NotSignedIn):
        return problem(
            "not-proved", expected="account, password and code that fit", came="others", do=_lower(found.why)
        )
    if found.must_change_password or found.must_enrol_totp:
        return problem(
            "not-proved",
            expected="an account that is ready to work",
            came="one whose owner has to change the password, or set up a second factor, first",
            do="sign in on the pages once and do it there",
        )
    return {
        "account": found.account,
        "name": found.name,
        "person": sessions.begin(record(), found.account, through=caller().id),
        "idle_minutes": settings().idle_minutes,
        "failures_before": found.failures.count if found.failures else 0,
    }


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


@blueprint.delete("/sessions")
@for_scope(Scope.WRITE_ATTEMPTS)
@blueprint.doc(summary="Sign somebody out", operation_id="signOut", responses={204: "Signed out"})
def sign_out() -> tuple[str, int]:
    """The end of the session in the header COI-Person. Nothing happens when there is none."""
    token = request.headers.get(PERSON, "")[:200]
    if token:
        sessions.end(record(), token, through=caller().id)
    return "", 204


@blueprint.post("/attempts")
@for_scope(Scope.WRITE_ATTEMPTS)
@blueprint.input(AttemptIn, arg_name="given")
@blueprint.output(AttemptOut, status_code=201, description="Performed, and kept in the log")
@blueprint.doc(
    summary="Record a step",
    operation_id="recordAttempt",
    responses={200: "Recorded before: the first answer again", 403: "", 404: "", 409: "", 422: ""},
)
def attempt(given: AttemptIn) -> Any:
    """Record a step, or its refusal. Both are kept in the log, and a repeated id gets the first answer again."""
    asked = given.request
    refuse_elsewhere(asked.station)
    tried = people.authenticate_claims(record(), asked)
    if not _is_proved(tried):
        deny(
            code="not-proved",
            needed=[f"a proof of being {asked.account[:60]}"],
            expected="a signature of the account in this attempt with its password, or its session in COI-Person",
            came="neither, or a password that does not fit",
            do="let that person sign in with POST /sessions, or sign this attempt; nothing was recorded yet",
        )
    answer = record_attempt(record(), _without_passwords(tried))
    return _answered(asked, answer)


def _is_proved(tried: AttemptRequest) -> bool:
    signed = any(one.account == tried.account and one.authentic for one in tried.signatures)
    return signed or person() == tried.account


def _without_passwords(tried: AttemptRequest) -> AttemptRequest:
    return replace(tried, signatures=tuple(replace(one, password=None) for one in tried.signatures))


def _answered(asked: AttemptRequest, answer: Answer) -> Any:
    told = told_of(answer)
    if not answer.performed and not log_pages.knows_of(record(), caller().viewer, answer.event.chain):
        told |= {"course": None, "chain": None, "seq": None, "entry": None, "reasons": [ASTRAY]}
    if not answer.performed and asked.course is not None and (told["course"] is None):
        return _no_course()
    if answer.replayed:
        return told, 200
    return (told, 201) if answer.performed else _refused(told)


def _no_course() -> Response:
    return problem(
        "not-found",
        expected="a course that this token may know of",
        came="none of that identifier",
        do="look at the identifier; that it was tried is kept in the log",
    )


def _refused(told: dict[str, Any]) -> Response:
    first = told["reasons"][0]
    passing = any(one["code"] == ReasonCode.CONFLICT_RETRY for one in told["reasons"])
    do = "try again with a new id" if passing else first["do"].rstrip(".")
    return problem(
        "again" if passing else "refused", expected=first["expected"], came=first["observed"], do=do, more=told
    )


def told_of(answer: Answer) -> dict[str, Any]:
    """An answer as a program reads it."""
    event = answer.event
    return {
        "decision": "performed" if answer.performed else "refused",
        "id": event.id,
        "step": event.step,
        "course": event.course,
        "chain": event.chain,
        "seq": answer.seq,
        "recorded_at": json.loads(answer.entry)["recorded_at"],
        "replayed": answer.replayed,
        "reasons": [_reason(one.code, one.expected, one.observed) for one in answer.reasons],
        "entry": answer.entry,
    }


def _reason(code: ReasonCode, expected: str, observed: str) -> dict[str, str]:
    explained = explain(code)
    return {
        "code": str(code),
        "title": explained.title,
        "expected": expected,
        "observed": observed,
        "do": explained.do,
    }
