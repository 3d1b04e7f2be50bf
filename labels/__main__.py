"""`python -m labels`: labels from the shell, as PDF, SVG, PNG or ZPL. Knows no courses.

Exit codes: 0 done, 1 refused or failed (nothing is written), 2 misuse of the command.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import click

from coi_tracker.errors import CoiError, Misconfigured, NotUnderstood
from coi_tracker.isbt128 import CompoundMessage
from labels.content import LabelContent
from labels.isbt128_sticker import sticker
from labels.job import LabelOrder, MomentOrder, read_job
from labels.layout import DPI
from labels.outputs import SUFFIXES, Wish, put_out, rendered
from labels.sheets import PAPERS
from labels.symbol import Symbology
from labels.template import RESOLUTIONS

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes of a JSON job that are read; a full job of 10 000 labels has less."""

EXAMPLE = """
\b
Example:
  python -m labels --kind bag --coi C7K2-9QFD-3M8A3 --serial LB4T-0XW6-91RD --part 2 --of 3 \\
    --study IOV-LUN-202 --site "Site 014" --text "FOR AUTOLOGOUS USE ONLY" --out bag.pdf

\b
For a Zebra printer of 203 dpi, or on sheets of paper of which four places are used up:
  python -m labels ... --dpi 203 --out bag.zpl
  python -m labels ... --paper A4 --start 5 --out sheet.pdf

\b
Several labels, one a page:
  python -m labels --json job.json --out job.pdf
with a JSON list of objects that have the keys
  kind, coi, serial, code, part, of, study, site, texts, done, when, expiry, storage, place
where when and expiry are objects with the keys at and zone.
"""


@click.command(epilog=EXAMPLE)
@click.option("--kind", help="Kind of label: tissue_jar, flask, pool, bag, ..., station, badge, location.")
@click.option("--coi", help="COI identifier; leave out on a label of no course.")
@click.option("--serial", help="Serial of this label of a container.")
@click.option("--code", help="Code of a station, a badge, or a location.")
@click.option("--part", type=int, help="Which of the containers of this kind, from 1.")
@click.option("--of", type=int, help="How many containers of this kind there are.")
@click.option("--study", help="Study, as the protocol writes it.")
@click.option("--site", help="Site, as the place register writes it.")
@click.option("--text", "texts", multiple=True, help="A text the protocol requires; may be given several times.")
@click.option("--when", nargs=3, metavar="DONE TIME ZONE", help='For example: Frozen 2026-03-14T15:20Z "Europe/Berlin"')
@click.option("--expiry", nargs=2, metavar="TIME ZONE", help="When it expires, and the zone whose clock is printed.")
@click.option("--storage", help="How it is stored.")
@click.option("--place", help="What a station or a storage place is called.")
@click.option("--json", "job", type=click.Path(path_type=Path), help="File with a list of labels, or - for input.")
@click.option("--isbt128", "message", help="Instead of a label: a sticker of this ISBT 128 compound message.")
@click.option("--isbt128-facility", envvar="COI_ISBT128_FACILITY", default="", help="Your number with ICCBBA.")
@click.option("--dpi", type=click.Choice([str(dpi) for dpi in RESOLUTIONS]), default=str(DPI), help="Print head.")
@click.option("--symbol", type=click.Choice(["qr", "data_matrix"]), help="Instead of what the template says.")
@click.option("--paper", type=click.Choice(list(PAPERS)), help="Sheets instead of a roll (PDF only).")
@click.option("--start", type=int, default=1, help="First free position of the first sheet, row by row from 1.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="FILE.pdf, .svg, .png or .zpl")
def main(job: Path | None, out: Path, message: str | None, isbt128_facility: str, **given: Any) -> None:
    """Print labels: to a PDF roll or sheets, an SVG or PNG picture, or ZPL for a label printer."""
    wish = _wish(out, given)
    label = {name: value for name, value in given.items() if value not in (None, ())}
    _refuse_misuse(job, label, message)
    try:
        count = _print(out, wish, job, label) if message is None else _stick(out, wish, message, isbt128_facility)
    except CoiError as error:
        _fail(error)
    except OSError as error:
        came = f"'{error.strerror}' for {error.filename or out}"
        do = "check --json, --out and the room on the disk"
        _fail(Misconfigured(expected="a file to read and a folder to write to", came=came, do=do))
    click.echo(f"{count} {'label' if message is None else 'sticker'}{'s' if count > 1 else ''} in {out}")


def _print(out: Path, wish: Wish, job: Path | None, label: dict[str, Any]) -> int:
    labels = _from_file(job) if job is not None else [_from_options(label)]
    _write(out, rendered(labels, wish))
    return len(labels)


def _stick(out: Path, wish: Wish, message: str, facility: str) -> int:
    drawing = sticker(CompoundMessage.parse(message), facility=facility, dpi=wish.dpi)
    _write(out, put_out(iter([drawing]), wish))
    return 1


def _wish(out: Path, given: dict[str, Any]) -> Wish:
    """Takes the options about the output out of the given ones."""
    symbol, paper, start = (given.pop(name) for name in ("symbol", "paper", "start"))
    dpi, suffix = int(given.pop("dpi")), out.suffix.lower()
    if suffix not in SUFFIXES:
        raise click.UsageError(f"--out ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}; got '{out.name}'.")
    return Wish(suffix, dpi, Symbology(symbol) if symbol else None, paper, start)


def _refuse_misuse(job: Path | None, label: dict[str, Any], message: str | None) -> None:
    if sum((job is not None, bool(label), message is not None)) > 1:
        raise click.UsageError("Give either --json or --isbt128 or the options of one label, not both.")
    missing = [name for name in ("kind", "site") if name not in label]
    if job is None and message is None and missing:
        raise click.UsageError(f"Missing --{missing[0]}; a label needs --kind, its codes and --site.")


def _fail(error: CoiError) -> NoReturn:
    click.echo(str(error), err=True)
    sys.exit(1)


def _from_options(label: dict[str, Any]) -> LabelContent:
    words = dict(label)
    if "when" in words:
        words["done"], *when = words["when"]
        words["when"] = MomentOrder(at=when[0], zone=when[1])
    if "expiry" in words:
        at, zone = words["expiry"]
        words["expiry"] = MomentOrder(at=at, zone=zone)
    return LabelOrder(**{**words, "texts": list(words.get("texts", ()))}).content()


def _from_file(path: Path) -> list[LabelContent]:
    """The labels of a JSON file. Reads no more than the largest job can have."""
    with click.open_file(str(path), "rb") as file:
        raw: bytes = file.read(LARGEST_FILE + 1)
    if len(raw) > LARGEST_FILE:
        raise NotUnderstood(expected=f"a job of at most {LARGEST_FILE} bytes", came="a larger one", do="split the job")
    return read_job(raw)


def _write(out: Path, content: bytes) -> None:
    """All or nothing: the file appears whole under its name, or not at all."""
    with tempfile.NamedTemporaryFile(dir=out.parent, prefix=".label-", delete=False) as file:
        part = Path(file.name)
        try:
            file.write(content)
            file.close()
            part.chmod(0o644)
            part.replace(out)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


if __name__ == "__main__":
    main(prog_name="python -m labels")
