"""How well worn labels read: the table of docs/label_wear.md. `python benchmarks/label_degradation.py [TRIES]`

Every symbol of every template, and every first symbol in the other square symbology, worn in each way of
tests/labels/wear.py, TRIES times each (200). Prints the page; ends with 1 when anything was ever read wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import metadata

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
Bending is tried on what is made for vials. Bars are tried at every 10 degrees, as a person turns a scanner.
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


def main(tries: int) -> int:
    columns, rows, readings, wrong = list(wear.KINDS), [], 0, 0
    for name, template, place in cases():
        print(name, file=sys.stderr, flush=True)
        rates = wear.rates(template, place, tries=tries)
        readings += tries * len(rates)
        wrong += sum(bad for _, bad in rates.values())
        mil = template.symbols[place].module_at(wear.DPI) / MM_PER_MIL
        cells = [f"{100 * rates[kind][0] / tries:.4g}" if kind in rates else "" for kind in columns]
        rows.append(f"| {name} | {mil:.0f} | {' | '.join(cells)} |")
    print(
        HEAD.format(
            tries=tries, version=metadata.version("zxing-cpp"), all=f"{readings:,}".replace(",", " "), wrong=wrong
        )
    )
    print(f"| template | symbol | module, mil | {' | '.join(columns)} |")
    print("|---" * (len(columns) + 3) + "|")
    print("\n".join(rows))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
