"""How well worn labels read: the table of docs/label_wear.md. `python benchmarks/label_degradation.py [TRIES [KEPT]]`

Every symbol of every template, and every first symbol in the other square symbology, worn in each way of
tests/labels/wear.py, TRIES times each (200). Prints the page; ends with 1 when anything was ever read wrong. It takes a
quarter of an hour: rows that are done are kept in the file KEPT, and a run that was ended goes on from there.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from labels.kinds import LabelKind
from labels.symbol import Symbology
from labels.template import MM_PER_MIL, Template
from labels.template_file import template_for
from tests.labels import wear

HEAD = """# How well worn labels read

Made by `python benchmarks/label_degradation.py {tries}`; do not edit. Each number is how many percent of
{tries} symbols, each of another label, were read right by one decoder (zxing-cpp {version}) from one picture of
300 dpi. A scanner tries many pictures a second. **Read wrong, of all {all} readings: {wrong}.**

What is done to them stands in `tests/labels/wear.py`. A blot or drops cover 15 % of the modules at any place,
in ink, grey or white; a blot on a finder pattern, and drops all over, are more than any error correction mends.
Bending is tried on what is made for vials. Bars that were turned are tried at every 10 degrees, as a person turns
a scanner.
"""


def cases() -> Iterator[tuple[str, Template, int]]:
    """A name, a template, and which of its symbols."""
    for kind in LabelKind:
        template = template_for(kind)
        for place, symbol in enumerate(template.symbols):
            yield f"{kind} | {named(symbol.symbology)}", template, place
        other = template.with_symbology(Symbology.DATA_MATRIX)
        yield f"{kind} | Data Matrix instead", other, 0


def named(symbology: Symbology) -> str:
    return {"qr": "QR", "data_matrix": "Data Matrix", "code_128": "Code 128"}[symbology.value]


def main(tries: int, kept: Path | None) -> int:
    rates = measured(tries, kept)
    readings = tries * sum(map(len, rates.values()))
    wrong = sum(bad for row in rates.values() for _, bad in row.values())
    version, columns = metadata.version("zxing-cpp"), list(wear.KINDS)
    print(HEAD.format(tries=tries, version=version, all=f"{readings:,}".replace(",", " "), wrong=wrong))
    print(f"| template | symbol | module, mil | {' | '.join(columns)} |")
    print("|---" * (len(columns) + 3) + "|")
    for name, template, place in cases():
        mil, row = template.symbols[place].module_at(wear.DPI) / MM_PER_MIL, rates[name]
        cells = [f"{100 * row[kind][0] / tries:.4g}" if kind in row else "" for kind in columns]
        print(f"| {name} | {mil:.0f} | {' | '.join(cells)} |")
    return 1 if wrong else 0


def measured(tries: int, kept: Path | None) -> dict[str, dict[str, list[int]]]:
    """Right and wrong readings of each kind of wear, by the name of the row."""
    rates: dict[str, dict[str, list[int]]] = json.loads(kept.read_text()) if kept and kept.exists() else {}
    for name, template, place in cases():
        if name not in rates:
            print(name, file=sys.stderr, flush=True)
            found = wear.rates(template, place, tries=tries)
            rates[name] = {kind: list(counts) for kind, counts in found.items()}
            if kept:
                kept.write_text(json.dumps(rates))
    return rates


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(int(given[0]) if given else 200, Path(given[1]) if len(given) > 1 else None))
