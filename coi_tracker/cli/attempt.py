"""The command that records one step, or its refusal, from JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from coi_tracker.cli.terminal import example, json_option, password_from, print_json, refuse, settings, until_the_end
from coi_tracker.errors import NotUnderstood

if TYPE_CHECKING:
    from coi_tracker.services.attempts import Answer

MOST_BYTES = 1_000_000
_EXPECTED = "one JSON object with an attempt, in UTF-8"
_HELP = "see `coi attempt --help` for its fields"


@click.command("attempt")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default="-")
@click.option("--now", "is_new", is_flag=True, help="Give the attempt a fresh id when it has none.")
@json_option
@example(
    "coi attempt receive.json",
    "coi attempt --now --json < receive.json",
)
def attempt(file: Path, is_new: bool, as_json: bool) -> None:
    """Record one step, or its refusal, from JSON.

    The JSON stands in FILE or comes on standard input.

    \b
    A JSON object. Needed: id (UUID version 7, a new one for each attempt; the same one again
    gets the first answer again), step, account, role, station. By need: course, subject, study,
    target, happened_at, late_reason, comment, refers_to,
      scans        [{"code": "COI1:...", "by": "scanned", "part": "jar"}]
      evidence     {"seal": "A-17", "seal_intact": true}
      signatures   [{"account": "anna", "meaning": "performed", "password": "..."}]
      identifiers  {"birth_date": "1960-01-31", "subject_number": "0042"}, compared, never kept
      person       {"name": "...", "birth_date": "...", "record_number": "..."}, kept apart

    \b
    A signature without a password: it is asked for on the terminal. Ends with 0 performed,
    1 refused (recorded, with every reason), 2 not understood (nothing recorded).
    """
    from coi_tracker.services.attempts import record_attempt
    from coi_tracker.services.changes import new_event_id
    from coi_tracker.services.opening import open_record
    from coi_tracker.services.people import authenticate_claims
    from coi_tracker.services.requests import parse_request

    value = _parsed(_bytes_of(file))
    record = until_the_end(open_record(settings()))
    if is_new and isinstance(value, dict):
        value.setdefault("id", new_event_id(record))
    parse_request(value)  # before anybody is asked for a password
    request = parse_request(_with_passwords(value))
    answer = record_attempt(record, authenticate_claims(record, request))
    print_json(_as_json(answer)) if as_json else _print(answer)
    if not answer.performed:
        refuse()


def _bytes_of(file: Path) -> bytes:
    if str(file) == "-":
        return _limited(sys.stdin.buffer)
    with file.open("rb") as opened:
        return _limited(opened)


def _limited(source: IO[bytes]) -> bytes:
    found = source.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise NotUnderstood(expected=_EXPECTED, came=f"more than {MOST_BYTES} bytes", do=_HELP)
    return found


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise NotUnderstood(
            expected=_EXPECTED, came=f"bytes that are not UTF-8, from byte {error.start}", do=_HELP
        ) from None
    except (json.JSONDecodeError, RecursionError) as error:
        came = f"{error.msg}, line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "too much nesting"
        raise NotUnderstood(expected=_EXPECTED, came=f"no JSON: {came}", do=_HELP) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two values under one name: nobody can say which was meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotUnderstood(expected=_EXPECTED, came="a field that is there twice", do=_HELP)
    return found


def _no_number(word: str) -> Any:
    raise NotUnderstood(expected=_EXPECTED, came=f"{word}, which is no JSON number", do=_HELP)


def _with_passwords(value: dict[str, Any]) -> dict[str, Any]:
    """The attempt with the passwords that were left out, typed on the terminal. Elsewhere it stays as it is."""
    signatures = [dict(one) for one in value.get("signatures", [])]
    if not sys.stdin.isatty():
        return value
    for one in signatures:
        if one.get("password") is None:
            one["password"] = password_from(False, whose=f"{one['account']} ({one.get('meaning')})")
    return {**value, "signatures": signatures} if signatures else value


def _as_json(answer: Answer) -> dict[str, Any]:
    return {
        "decision": "performed" if answer.performed else "refused",
        "entry": json.loads(answer.entry),
        "reasons": [{**reason, "do": _do(reason["code"])} for reason in json.loads(answer.entry)["reasons"]],
        "replayed": answer.replayed,
    }


def _do(code: str) -> str:
    from coi_tracker.process.reasons import explain
    from coi_tracker.vocabulary import ReasonCode

    return explain(ReasonCode(code)).do


def _print(answer: Answer) -> None:
    event = answer.event
    again = " (recorded before; this is that answer again)" if answer.replayed else ""
    if answer.performed:
        click.secho(f"PERFORMED {event.step}{again}", fg="green", bold=True)
    else:
        click.secho(f"REFUSED {event.step}{again}", fg="red", bold=True)
    for one in answer.reasons:
        click.echo(f"  {one.code}")
        click.echo(f"    expected  {one.expected}")
        click.echo(f"    observed  {one.observed}")
        click.echo(f"    do        {_do(one.code)}")
    click.echo(f"Entry {event.id}, number {answer.seq} of {event.chain}")


COMMANDS = (attempt,)
