"""What the browser gets for one scan or touch: drawn parts and a few words for the script, or a whole page without it.

Knows how an Outcome is drawn, not how it came to be.
"""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from coi_tracker.identity import CommandCode
from coi_tracker.services.floor.screen import Outcome, Progress, Screen, State
from coi_tracker.vocabulary import Command, Track
from web import session
from web.wording import iso

Answer = str | Response

AT_WORK = frozenset({State.BEGUN, State.READY, State.SIGNING, State.REFUSED})
"""States in which a step is in hand."""


def answered(outcome: Outcome, *, badge_of: str | None = None) -> Answer:
    """The answer to a scan or touch. Locks the station when it is left to somebody else.

    `badge_of`: the account whose badge was scanned, if it was one: with nothing in hand it is somebody who comes.
    """
    other = badge_of if badge_of != session.working().account else None
    way = _way(outcome, None if outcome.screen.state in AT_WORK else other)
    if way is not None:
        session.lock()
    if not for_script():
        return redirect(way, code=303) if way else whole_page(outcome)
    return jsonify({**parts(outcome), "go": way})


def for_script() -> bool:
    """Whether the script of the page asks, which draws the parts itself."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def whole_page(outcome: Outcome, *, verdict: bool = True) -> str:
    """The whole page, with the verdict when something was just done."""
    drawn = drawn_from(outcome.screen)
    return render_template("station/page.html", outcome=outcome, verdict=verdict, **drawn)


def parts(outcome: Outcome) -> dict[str, Any]:
    """The verdict and the screen as HTML, and what the script has to know of them."""
    screen = outcome.screen
    return {
        "kind": outcome.kind,
        "headline": outcome.headline,
        "verdict": render_template("station/verdict.html", outcome=outcome),
        "screen": render_template("station/screen.html", **drawn_from(screen)),
        "state": screen.state,
        "version": screen.version,
        "personal": _personal(screen),
        "asks": outcome.asks,
        "replayed": outcome.replayed,
        "at": iso(screen.at),
    }


def drawn_from(screen: Screen) -> dict[str, Any]:
    """What the templates draw a screen from."""
    return {
        "screen": screen,
        "command": command,
        "at_work": screen.state in AT_WORK,
        "targets": _targets(screen),
        "often": _often(screen),
        "complete": screen.state is State.READY or (screen.state is State.BEGUN and _complete(screen)),
        "personal": _personal(screen),
    }


def command(name: str) -> str:
    """The payload of a command code: a button does what scanning the code does."""
    return CommandCode(Command(name)).format()


def _often(screen: Screen) -> frozenset[str]:
    """The steps that carry the work on, or in which what was scanned plays a part; the others are drawn small."""
    steps = session.record().process.steps
    moving = {name for name, step in steps.items() if any(move.track is not Track.STANDING for move in step.moves)}
    return frozenset(offer.step for offer in screen.offers if offer.part or offer.step in moving)


def _complete(screen: Screen) -> bool:
    """Whether only what may be left out is open: confirming leaves it out."""
    return bool(screen.prompts) and all(not p.required or p.progress is Progress.DONE for p in screen.prompts)


def _personal(screen: Screen) -> bool:
    """Whether text that is typed now may be personal, or a password in the wrong field: it is not kept."""
    wants_text = screen.state is State.BEGUN
    return screen.state in AT_WORK and (not wants_text or bool(screen.next and screen.next.personal))


def _targets(screen: Screen) -> tuple[str, ...]:
    """The parts that are drawn as big targets: at the bedside, where two things are held against each other."""
    parts = tuple(prompt.key for prompt in screen.prompts if prompt.key.startswith("scan."))
    return parts if "scan.wristband" in parts and len(parts) > 1 else ()


def _way(outcome: Outcome, comer: str | None) -> str | None:
    """Where the browser goes on: to the sign-in page, when the station was locked or somebody else has come."""
    if outcome.asks == "lock":
        return url_for("signing_in.form", to=url_for("station.page"))
    if comer is None:
        return None
    return url_for("signing_in.form", account=comer, to=url_for("station.page"))
