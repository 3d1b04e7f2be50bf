"""How well worn labels read: `python benchmarks/label_degradation.py [TRIES [KEPT]] > docs/label_wear.md`

Every symbol of every template, and every first symbol in the other square symbology, worn in each way of
tests/labels/wear.py; and every whole label under dirt, as in tests/labels/soiled_labels.py: TRIES (200) times each.
Prints the page; ends with 1 when anything was ever read wrong. It takes a quarter of an hour: rows that are done are
kept in the file KEPT, and a run that was ended goes on from there.
"""

from __future__ import annotations

import json
import os
import platform
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from statistics import mean

from labels.kinds import LabelKind
from labels.symbol import Symbology
from labels.template import MM_PER_MIL, Template
from labels.template_file import template_for
from tests.labels import lost_codewords, soiled_labels, wear

HEAD = """# How well worn labels read

Made by `python benchmarks/label_degradation.py {tries}`, {day}, commit {commit}, on {machine};
do not edit. Each number is how many percent of {tries} symbols (or labels), each with a code of its own, were read
right by one decoder (zxing-cpp {version}) from **one** picture of 300 dpi. A scanner tries many pictures a second.

**Taken for another code, of all {all} readings: {wrong}.** In {refused} of them the decoder made other letters out of
torn bars (Code 128 has one check, of 103), and form and check character of our codes had to refuse them.

What is done to them stands in `tests/labels/wear.py` and `tests/labels/soiled_labels.py`. Dirt is opaque: ink, grey as
dried blood, or white as a scratch, at any place. Why a label has two symbols, and what no symbol mends, is in
[decision 0123](decisions/0123-every-label-says-its-code-twice.md).
"""

LABELS = """
## A whole label under dirt
Read is a label when one of its symbols is. *One blot*: 15 % of the area of all its symbols together, its middle
anywhere on one of them. *Five splashes*: the same area in five, each anywhere on a symbol. *Drops* of 0.5 to 1.2 mm all
over, covering 15 % of one symbol, or of every symbol.
"""

LADDER = """
Drops on both symbols of a {kind} label, by the share that they cover:
"""

CODEWORDS = """
## What error correction could mend
Codewords of a symbol of the {kind} label that are spoiled when each module is judged by its middle, and in how many
percent of {tries} cases they are no more than error correction mends. Where a decoder reads fewer than that, the dirt
lies on what it finds the symbol by.
"""

SYMBOLS = """
## Each symbol by itself
*Instead* is the first symbol of a template written in the other square symbology. Bending is tried on what is made for
vials. Bars that were turned or tilted are tried at every 10 degrees, as a person turns a scanner. A blot or drops
cover 15 % of this one symbol.
"""

SHARES = (0.01, 0.02, 0.05, 0.1, 0.15)
SHOWN = LabelKind.BAG  # whose label is looked at more closely

Row = dict[str, dict[str, int]]
"""Right, wrong and refused, by what was done."""


def symbols() -> Iterator[tuple[str, Template, int]]:
    """A name, a template, and which of its symbols."""
    for kind in LabelKind:
        template = template_for(kind)
        for place, symbol in enumerate(template.symbols):
            yield f"{kind} | {named(symbol.symbology)}", template, place
        other = template.with_symbology(Symbology.DATA_MATRIX)
        yield f"{kind} | Data Matrix instead", other, 0


def named(symbology: Symbology) -> str:
    return {"qr": "QR", "data_matrix": "Data Matrix", "code_128": "Code 128"}[symbology.value]


def work(tries: int) -> Iterator[tuple[str, Callable[[], dict[str, wear.Counts]]]]:
    """The name of each row, and what measures it."""
    for name, template, place in symbols():
        yield name, partial(wear.rates, template, place, tries=tries)
    for kind in LabelKind:
        yield f"{kind}", partial(soiled_labels.rates, template_for(kind), soiled_labels.KINDS, tries=tries)
    ladder = {f"{share:.0%}": partial(soiled_labels.under_drops, share=share) for share in SHARES}
    yield "ladder", partial(soiled_labels.rates, template_for(SHOWN), ladder, tries=tries)


def measured(tries: int, kept: Path | None) -> tuple[dict[str, str], dict[str, Row]]:
    """Where it was begun, and the right and wrong readings of each row; what is kept already is not measured again."""
    before = json.loads(kept.read_text()) if kept and kept.exists() else {"made": origin(), "rates": {}}
    rates: dict[str, Row] = before["rates"]
    for name, measure in work(tries):
        if name not in rates:
            print(name, file=sys.stderr, flush=True)
            rates[name] = {kind: asdict(counts) for kind, counts in measure().items()}
            if kept:
                kept.write_text(json.dumps(before))
    return before["made"], rates


def main(tries: int, kept: Path | None) -> int:
    made, rates = measured(tries, kept)
    readings = tries * sum(map(len, rates.values()))
    wrong, refused = (
        sum(counts[what] for row in rates.values() for counts in row.values()) for what in ("wrong", "refused")
    )
    print(
        HEAD.format(tries=tries, **made, all=f"{readings:,}".replace(",", " "), wrong=wrong, refused=refused).rstrip()
    )
    print(LABELS)
    print_rates("template", {f"{kind}": rates[f"{kind}"] for kind in LabelKind}, list(soiled_labels.KINDS), tries)
    print(LADDER.format(kind=SHOWN))
    print_rates("covered", {"read": rates["ladder"]}, [f"{share:.0%}" for share in SHARES], tries)
    print(CODEWORDS.format(kind=SHOWN, tries=tries))
    print_codewords(tries)
    print(SYMBOLS)
    mils = {name: template.symbols[place].module_at(wear.DPI) / MM_PER_MIL for name, template, place in symbols()}
    rows = {f"{name} | {mil:.0f}": rates[name] for name, mil in mils.items()}
    print_rates("template | symbol | module, mil", rows, list(wear.KINDS), tries)
    return 1 if wrong else 0


def print_rates(head: str, rows: dict[str, Row], columns: list[str], tries: int) -> None:
    print(f"| {head} | {' | '.join(columns)} |")
    print("|---" * (head.count("|") + 1) + "|--:" * len(columns) + "|")
    for name, row in rows.items():
        cells = [f"{100 * row[kind]['right'] / tries:.4g}" if kind in row else "" for kind in columns]
        print(f"| {name} | {' | '.join(cells)} |")


def print_codewords(tries: int) -> None:
    print(
        "| symbol | dirt | codewords spoiled, on average | can be mended | could be mended in |\n|---|---|--:|--:|--:|"
    )
    template = template_for(SHOWN)
    for place, symbol in enumerate(template.symbols):
        shots = [wear.shot(template, place, seed=seed) for seed in range(tries)]
        for dirt in ("15 % under one blot", "15 % under drops"):
            worn = [wear.KINDS[dirt](shot, random.Random(seed)) for seed, shot in enumerate(shots)]
            lost = [lost_codewords.lost(*pair, symbol.symbology) for pair in zip(shots, worn, strict=True)]
            all_, most = lost_codewords.count(symbol.symbology), lost_codewords.MENDED[symbol.symbology]
            share = 100 * sum(one <= most for one in lost) / tries
            print(f"| {named(symbol.symbology)} | {dirt} | {mean(lost):.1f} of {all_} | {most} | {share:.4g} % |")


def origin() -> dict[str, str]:
    """When, from which code, and on what."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
    cores = f"{os.cpu_count()} shared cores ({platform.machine()}), Python {platform.python_version()}"
    day = datetime.now(UTC).strftime("%d %B %Y")
    return {"day": day, "commit": commit.strip(), "machine": cores, "version": metadata.version("zxing-cpp")}


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(int(given[0]) if given else 200, Path(given[1]) if len(given) > 1 else None))
