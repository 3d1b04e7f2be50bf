"""Labels per second, beside the bare cost of the libraries under them: `python benchmarks/bench_labels.py [LABELS]`

A job of LABELS (1000) bag labels, each another one, as a PDF roll and as ZPL, each in a process of its own. Floors, in
the same run: `qrcode` making each symbol with its best mask, and reportlab writing the same words and bars from nothing
but X
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

ROUNDS = 3
GOALS = {"share": 0.7, "memory": 150.0, "first": 0.3}


def orders(count: int) -> str:
    """The job as it comes: JSON, as `python -m labels` reads it."""
    identity = import_module("coi_tracker.identity")
    rng = random.Random(1)
    moment = {"at": "2026-03-14T15:20:00+00:00", "zone": "Europe/Berlin"}
    common = {
        "kind": "bag", "study": "IOV-LUN-202", "site": "Site 014 Universitätsklinikum Nord", "of": 3, "part": 2,
        "texts": ["FOR AUTOLOGOUS USE ONLY", "NOT EVALUATED FOR INFECTIOUS SUBSTANCES", "For clinical trial use only"],
        "done": "Frozen", "when": moment, "expiry": moment, "storage": "Store at or below −150 °C",
    }  # fmt: skip
    codes = [(identity.CoiId.issue(rng.randbytes), identity.LabelSerial.issue(rng.randbytes)) for _ in range(count)]
    return json.dumps([{**common, "coi": str(coi), "serial": str(serial)} for coi, serial in codes])


def pdf(job: str) -> None:
    outputs, jobs = import_module("labels.outputs"), import_module("labels.job")
    outputs.rendered(jobs.read_job(job), outputs.Wish(".pdf"))


def zpl_203(job: str) -> None:
    outputs, jobs = import_module("labels.outputs"), import_module("labels.job")
    outputs.rendered(jobs.read_job(job), outputs.Wish(".zpl", dpi=203))


def zpl_300(job: str) -> None:
    outputs, jobs = import_module("labels.outputs"), import_module("labels.job")
    outputs.rendered(jobs.read_job(job), outputs.Wish(".zpl", dpi=300))


def first_pdf(job: str) -> None:
    pdf(json.dumps(json.loads(job)[:1]))


def first_zpl(job: str) -> None:
    """The first label of the whole job, which is read and understood before."""
    outputs, jobs, zpl = (import_module(f"labels.{name}") for name in ("outputs", "job", "zpl"))
    next(zpl.formats(outputs.drawn(jobs.read_job(job), outputs.Wish(".zpl", dpi=203))))


def bare_qrcode(job: str) -> None:
    symbol = import_module("labels.symbol")
    for order in json.loads(job):
        symbol.qr_matrix(f"COI1:{order['coi']}:{order['serial']}:A")


def bare_reportlab(job: str) -> None:
    """The same words and rectangles at constant places; only identifier and serial change."""
    jobs, layout, fonts = (import_module(f"labels.{name}") for name in ("job", "layout", "fonts"))
    canvas_class = import_module("reportlab.pdfgen.canvas").Canvas
    io, mm = import_module("io"), import_module("reportlab.lib.units").mm
    drawing = layout.draw(jobs.read_job(json.dumps(json.loads(job)[:1]))[0])
    runs, target = [run for symbol in drawing.symbols for run in symbol.runs()], io.BytesIO()
    for name in (fonts.PLAIN, fonts.BOLD):
        fonts.face(name)
    started = time.process_time()
    canvas = canvas_class(target, invariant=1, pageCompression=1)
    for order in json.loads(job):
        _bare_page(canvas, drawing, runs, (order["coi"], order["serial"]), mm)
    canvas.save()
    _say(time.process_time() - started, 0)


def _bare_page(canvas: Any, drawing: Any, runs: Any, codes: tuple[str, str], mm: float) -> None:
    canvas.setPageSize((drawing.width * mm, drawing.height * mm))
    path = canvas.beginPath()
    for x, y, width, height in runs:
        path.rect(x * mm, (50 - y - height) * mm, width * mm, height * mm)
    canvas.drawPath(path, stroke=0, fill=1)
    for nth, line in enumerate(drawing.lines):
        canvas.setFont(line.font, line.size * mm)
        canvas.drawString(line.x * mm, (50 - line.y) * mm, codes[nth - 1] if nth in (1, 2) else line.text)
    canvas.showPage()


WORK: dict[str, Callable[[str], None]] = {
    work.__name__: work for work in (pdf, zpl_203, zpl_300, first_pdf, first_zpl, bare_qrcode, bare_reportlab)
}


def one(name: str, count: int) -> None:
    """In a process of its own: prints seconds and megabytes."""
    job = orders(count)
    for module in ("labels.outputs", "labels.job", "labels.zpl"):
        import_module(module)
    wall, started = time.perf_counter(), time.process_time()
    WORK[name](job)
    _say(time.process_time() - started, time.perf_counter() - wall)


def _say(seconds: float, wall: float) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "wall": wall, "memory": memory}))


def measured(name: str, count: int) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, name, str(count)], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[0])
    return found


def main(count: int) -> None:
    rounds = [{name: measured(name, count) for name in WORK} for _ in range(ROUNDS)]
    found = {
        name: {key: min(one[name][key] for one in rounds) for key in ("seconds", "wall", "memory")} for name in WORK
    }
    floors = found["bare_qrcode"]["seconds"] + found["bare_reportlab"]["seconds"]
    print(f"{count} labels. Floors: qrcode {count / found['bare_qrcode']['seconds']:.0f} a second, reportlab"
          f" {count / found['bare_reportlab']['seconds']:.0f}, one after the other {count / floors:.0f}.")  # fmt: skip
    for name in ("pdf", "zpl_203", "zpl_300"):
        seconds, memory = found[name]["seconds"], found[name]["memory"]
        print(f"{name:8} {count / seconds:5.0f} labels a second, {floors / seconds:.2f} of the floors"
              f" (goal {GOALS['share']}), peak {memory:.0f} MB (goal {GOALS['memory']:.0f})")  # fmt: skip
    for name in ("first_pdf", "first_zpl"):
        print(f"{name:9} {found[name]['seconds']:.3f} s (goal {GOALS['first']})")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        one(sys.argv[1], int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
