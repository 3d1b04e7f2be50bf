"""A print worker in a process of its own, to be killed: says when it has sent and waits before it commits.

`python -m tests.integration.printing.worker URL WHERE NOW`: where is `before` a byte leaves, `after` all was sent, or
`never` (it works on until it is killed).
"""

from __future__ import annotations

import sys
import time
from datetime import datetime

from coi_tracker.services.print_work import Outcome, print_next
from coi_tracker.services.printers import Printer
from coi_tracker.services.record import Record
from coi_tracker.simulation.clock import Clock
from coi_tracker.storage.database import Database
from web import printing as composition


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main(url: str, where: str, now: str) -> None:
    def deliver(printer: Printer, content: bytes, job: str) -> Outcome:
        if where == "before":
            say("sending")
            time.sleep(60)
        outcome = composition.deliver(printer, content, job)
        if where == "after":
            say("sent")
            time.sleep(60)
        return outcome

    record = Record(Database(url), clock=Clock(datetime.fromisoformat(now)))
    say("ready")
    while True:
        if print_next(record, composition.render, deliver) is None:
            say("idle")
            time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
