"""`python -m labels`: labels from the shell, to a PDF roll or an SVG picture. Knows no courses.

Exit codes: 0 done, 1 refused or failed (nothing is written), 2 misuse of the command.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import click

from coi_tracker.errors import CoiError, Misconfigured, NotUnderstood
from labels.content import LabelContent
from labels.job import LabelOrder, read_job
from labels.layout import draw
from labels.pdf import pdf_of
from labels.svg import svg_of

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes of a JSON job that are read; a full job of 10 000 labels has less."""

EXAMPLE = """
\b
Example:
  python -m labels --kind bag --coi C7K2-9QFD-3M8A3 --serial LB4T-0XW6-91RD --part 2 --of 3 \\
    --study IOV-LUN-202 --site "Site 014" --text "FOR AUTOLOGOUS USE ONLY" --out bag.pdf

\b
Several labels, one a page:
  python -m labels --json job.json --out job.pdf
with a JSON list of objects that have the keys
  kind, coi, serial, part, of, study, site, texts
"""


@click.command(epilog=EXAMPLE)
@click.option("--kind", help="Kind of container: tissue_jar, flask, pool, bag, cassette, qc_vial, ...")
@click.option("--coi", help="COI identifier; leave out on a label of no course.")
@click.option("--serial", help="Serial of this label.")
@click.option("--part", type=int, help="Which of the containers of this kind, from 1.")
@click.option("--of", type=int, help="How many containers of this kind there are.")
@click.option("--study", help="Study, as the protocol writes it.")
@click.option("--site", help="Site, as the place register writes it.")
@click.option("--text", "texts", multiple=True, help="A text the protocol requires; may be given several times.")
@click.option("--json", "job", type=click.Path(path_type=Path), help="File with a list of labels, or - for input.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="FILE.pdf or FILE.svg")
def main(job: Path | None, out: Path, texts: tuple[str, ...], **one: Any) -> None:
    """Print labels of containers to a PDF roll (one label a page) or to an SVG picture."""
    if out.suffix.lower() not in {".pdf", ".svg"}:
        raise click.UsageError(f"--out ends in .pdf or .svg; got '{out.name}'.")
    given = [name for name, value in one.items() if value is not None]
    if job is not None and (given or texts):
        raise click.UsageError("Give either --json or the options of one label, not both.")
    missing = [name for name in ("kind", "serial", "study", "site") if one[name] is None]
    if job is None and missing:
        raise click.UsageError(f"Missing --{missing[0]}; a label needs --kind, --serial, --study and --site.")
    try:
        labels = _from_file(job) if job is not None else [_from_options(texts, one)]
        _write(out, _rendered(labels, out.suffix.lower()))
    except CoiError as error:
        _fail(error)
    except OSError as error:
        came = f"'{error.strerror}' for {error.filename or out}"
        do = "check --json, --out and the room on the disk"
        _fail(Misconfigured(expected="a file to read and a folder to write to", came=came, do=do))
    click.echo(f"{len(labels)} label{'s' if len(labels) > 1 else ''} in {out}")


def _fail(error: CoiError) -> NoReturn:
    click.echo(str(error), err=True)
    sys.exit(1)


def _from_options(texts: tuple[str, ...], one: dict[str, Any]) -> LabelContent:
    return LabelOrder(texts=list(texts), **one).content()


def _from_file(path: Path) -> list[LabelContent]:
    """The labels of a JSON file. Reads no more than the largest job can have."""
    with click.open_file(str(path), "rb") as file:
        raw: bytes = file.read(LARGEST_FILE + 1)
    if len(raw) > LARGEST_FILE:
        raise NotUnderstood(expected=f"a job of at most {LARGEST_FILE} bytes", came="a larger one", do="split the job")
    return read_job(raw)


def _rendered(labels: list[LabelContent], suffix: str) -> bytes:
    """The whole output, before any of it is written."""
    if suffix == ".pdf":
        return pdf_of(map(draw, labels))
    if len(labels) != 1:
        raise NotUnderstood(
            expected="one label for an SVG picture",
            came=f"{len(labels)}",
            do="write them to a PDF roll instead",
        )
    return svg_of(draw(labels[0])).encode("utf-8")


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
