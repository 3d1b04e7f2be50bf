"""The print worker: what needs both records and pixels is put together here, and handed to the services.

Turns what a label has to say into content, draws it for a printer, and sends it by the way the printer is reached.
Decides nothing about jobs: the services do.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from datetime import timedelta

from coi_tracker.identity import CoiId, LabelSerial, ScanPayload
from coi_tracker.services.print_work import Outcome, print_next
from coi_tracker.services.printers import Printer
from coi_tracker.services.printing import LabelToPrint
from coi_tracker.services.record import Record
from coi_tracker.vocabulary import HowDelivered, PrinterKind, PrinterLanguage
from labels.content import LabelContent
from labels.delivery import Sent, put_in_folder, send_to_port, send_to_queue
from labels.kinds import LabelKind
from labels.outputs import Wish, rendered
from web.background import Worker, start

PAUSE = timedelta(seconds=1)
SUFFIX = {PrinterLanguage.ZPL: ".zpl", PrinterLanguage.PDF: ".pdf"}


def content_of(label: LabelToPrint) -> LabelContent:
    """What stands on the label."""
    payload = ScanPayload(CoiId(label.coi), LabelSerial(label.serial))
    kind = LabelKind(label.kind)
    return LabelContent(payload, kind, label.part, label.of, label.study, label.site, label.texts)


def render(labels: Sequence[LabelToPrint], printer: Printer) -> bytes:
    """The bytes for a printer. Raises NotUnderstood for what does not fit on its label or on one roll."""
    wish = Wish(SUFFIX[printer.language], printer.dpi)
    return rendered([content_of(label) for label in labels], wish)


def deliver(printer: Printer, content: bytes, job: str) -> Outcome:
    """Send it, once."""
    sent = _sent(printer, content, job)
    return Outcome(sent.how, sent.words)


def _sent(printer: Printer, content: bytes, job: str) -> Sent:
    match printer.kind:
        case PrinterKind.TCP:
            return send_to_port(printer.id, printer.address, content, answers=printer.answers)
        case PrinterKind.CUPS:
            raw = printer.language is PrinterLanguage.ZPL
            return send_to_queue(printer.id, printer.address, content, job=job, raw=raw)
        case PrinterKind.FOLDER:
            return put_in_folder(printer.id, printer.address, content, job=job, suffix=SUFFIX[printer.language])
        case PrinterKind.DOWNLOAD:
            return Sent(HowDelivered.NOTHING_SENT, f"printer {printer.id} is a download: a person fetches the file")


def print_due(record: Record) -> int:
    """Work on the job that is due; how many there were: one or none."""
    return int(print_next(record, render, deliver) is not None)


def worker(record: Record) -> Worker:
    """What the server runs behind its pages."""
    return Worker("printing", PAUSE, lambda: print_due(record))


def print_all(record: Record) -> int:
    """Work until nothing is due; how many jobs there were."""
    done = 0
    while print_due(record):
        done += 1
    return done


def print_until_stopped(record: Record) -> None:
    """What `coi print-worker` runs: the worker of the server, in a process of its own."""
    running = start([worker(record)])
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    running.stop()
