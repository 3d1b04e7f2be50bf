"""A process that delivers events until it comes to a point at which somebody kills it. Run by test_webhooks_killed."""

from __future__ import annotations

import sys
import time
from datetime import datetime

from coi_tracker.services.deliveries import Letter, deliver
from tests.floor import Floor
from web.deliveries import Post

POINTS = ("leased", "unanswered", "answered")
"""It has the webhook for itself and sent nothing; the second letter is out (the receiver sees that it stays so); the
second letter was answered, which is not noted yet.
"""


def main(url: str, point: str) -> None:
    """Deliver, and wait for the end when it gets to the point."""
    floor, post, letters = Floor(url), Post({"127.0.0.1"}, in_all=60, patience=60), []

    def send(letter: Letter, at: datetime) -> str | None:
        letters.append(letter)
        if point == "leased":
            wait_for_the_end()
        trouble = post.send(letter, at)
        if point == "answered" and len(letters) == 2:
            wait_for_the_end()
        return trouble

    deliver(floor.record, send)


def wait_for_the_end() -> None:
    """Tell who started this process that it may be killed now."""
    sys.stdout.write("here\n")
    sys.stdout.flush()
    time.sleep(120)


if __name__ == "__main__":
    main(*sys.argv[1:])
