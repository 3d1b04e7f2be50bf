"""Labels in, the bytes of a file out: which output a file's name asks for, and what each of them can hold.

Knows content and drawings; writes no file. Everything is drawn before a byte of it is given out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from coi_tracker.errors import NotUnderstood
from labels.content import LabelContent
from labels.job import of_label
from labels.layout import DPI, Drawing, draw
from labels.pdf import pdf_of, sheets_pdf_of
from labels.png import png_of
from labels.svg import svg_of
from labels.symbol import Symbology
from labels.template_file import template_for
from labels.zpl import zpl_of

SUFFIXES: Final = (".pdf", ".svg", ".png", ".zpl")
ONE_LABEL: Final = frozenset({".svg", ".png"})


@dataclass(frozen=True, slots=True)
class Wish:
    """How labels are to be put out. `paper` None is a roll; `symbology` None is that of each template."""

    suffix: str
    dpi: int = DPI
    symbology: Symbology | None = None
    paper: str | None = None
    start: int = 1


def rendered(labels: Sequence[LabelContent], wish: Wish) -> bytes:
    """The whole output. Raises NotUnderstood for what cannot be put out so, and whatever drawing raises."""
    _refuse_odd_wish(labels, wish)
    return put_out(drawn(labels, wish), wish)


def put_out(drawings: Iterator[Drawing], wish: Wish) -> bytes:
    """Drawings in the form that is wished for; a picture shows the first. Raises NotUnderstood for an odd wish."""
    _refuse_odd_output(wish)
    if wish.suffix == ".pdf":
        return sheets_pdf_of(drawings, wish.paper, start=wish.start) if wish.paper else pdf_of(drawings)
    if wish.suffix == ".zpl":
        return zpl_of(drawings)
    return svg_of(next(drawings)).encode("utf-8") if wish.suffix == ".svg" else png_of(next(drawings))


def drawn(labels: Sequence[LabelContent], wish: Wish) -> Iterator[Drawing]:
    """One drawing after another, so that a long job never has all of them in memory."""
    for place, label in enumerate(labels, start=1):
        template = template_for(label.kind)
        try:
            drawing = draw(label, template.with_symbology(wish.symbology) if wish.symbology else template, dpi=wish.dpi)
        except NotUnderstood as error:
            raise of_label(error, place) from error
        yield drawing


def _refuse_odd_output(wish: Wish) -> None:
    if wish.suffix not in SUFFIXES:
        raise NotUnderstood(
            expected=f"an output: {', '.join(SUFFIXES)}", came=f"'{wish.suffix[:20]}'", do="choose one of these"
        )
    if wish.suffix != ".pdf" and (wish.paper or wish.start != 1):
        raise NotUnderstood(
            expected="sheets of paper in a PDF only", came=f"'{wish.suffix}'", do="leave out the paper and its start"
        )
    if wish.start != 1 and not wish.paper:
        raise NotUnderstood(
            expected="a start position on sheets of paper only",
            came="a roll",
            do="name the paper, or leave out its start",
        )


def _refuse_odd_wish(labels: Sequence[LabelContent], wish: Wish) -> None:
    if wish.suffix in ONE_LABEL and len(labels) != 1:
        raise NotUnderstood(
            expected=f"one label for a {wish.suffix[1:].upper()} picture",
            came=f"{len(labels)}",
            do="write them to a PDF roll instead",
        )
    sizes = {(label.width, label.height) for label in (template_for(one.kind).label for one in labels)}
    if wish.suffix == ".zpl" and len(sizes) > 1:
        raise NotUnderstood(
            expected="labels of one size in a job for a label printer, which has one roll in it",
            came=" and ".join(f"{width:g} x {height:g} mm" for width, height in sorted(sizes)),
            do="print each size as a job of its own",
        )
