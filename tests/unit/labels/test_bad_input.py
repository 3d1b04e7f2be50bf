"""Whatever a person gets wrong about a label is answered with one sentence that says what to do; nothing is printed.

Each case goes through `python -m labels`, as a person meets it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from labels.__main__ import LARGEST_FILE, main
from labels.content import LONGEST
from labels.job import MOST_LABELS
from tests.unit.labels import sample

pytestmark = pytest.mark.requirement("COI-LABEL-14")


def order(seed: int = 1, **changes: object) -> dict[str, object]:
    payload = sample.payload(seed)
    given = {"kind": "bag", "coi": str(payload.coi), "serial": str(payload.serial), "part": 1, "of": 2}
    return {**given, "study": "IOV-LUN-202", "site": "Site 014", "texts": list(sample.ALL_TEXTS[:1]), **changes}


def answer(orders: object, folder: Path, *, name: str = "job.pdf", raw: str | None = None) -> str:
    """What the command says when it refuses."""
    given = json.dumps(orders) if raw is None else raw
    result = CliRunner().invoke(main, ["--json", "-", "--out", str(folder / name)], input=given)
    assert result.exit_code == 1, result.output
    assert list(folder.iterdir()) == []
    return result.output


KINDS = "tissue_jar, flask, pool, bag, cassette, qc_vial, retain, shipper, wristband, station, badge, location"
NO_LETTER = "Expected characters that a label font can print (Latin, Greek, Cyrillic, Chinese, Japanese, Korean); "
IN_OTHER_LETTERS = " write this text in letters that the label fonts have.\n"
LONG_SITE = "Site " + "x" * LONGEST["site"]
CASES = {
    "an unknown template": (
        [order(kind="sock")],
        f"Expected a kind of label: {KINDS}; got 'sock' (label 1); choose one of these.\n",
    ),
    "a site that is too long": (
        [order(site=LONG_SITE)],
        (
            "Expected site of 1 to 60 printable characters in one line, no blanks around it;"
            f" got '{LONG_SITE}' (label 1); correct the site of this label.\n"
        ),
    ),
    "texts that are too long together": (
        [order(texts=["x" * 100, "y" * 100])],
        (
            "Expected at most 4 texts of together 180 characters on a bag label; got 2 of 200 (label 1);"
            " shorten them, or use a larger label.\n"
        ),
    ),
    "a letter that no font has": (
        [order(site="Site ไทย")],
        NO_LETTER + "got 'ไ' (U+0E44) in 'Site \\u0e44\\u0e17\\u0e22' (label 1);" + IN_OTHER_LETTERS,
    ),
    "a picture of a face": (
        [order(site="Site \U0001f600")],
        NO_LETTER + "got '\U0001f600' (U+1F600) in 'Site \\U0001f600' (label 1);" + IN_OTHER_LETTERS,
    ),
    "no labels": ([], "Expected 1 to 10000 labels in a job; got 0; split the job, or correct the count.\n"),
    "more labels than a job may have": (
        [order()] * (MOST_LABELS + 1),
        "Expected 1 to 10000 labels in a job; got 10001; split the job, or correct the count.\n",
    ),
    "part 1 of 10 million": (
        [order(of=10_000_000)],
        (
            "Expected a part and a total with 1 <= part <= total <= 999, or neither; got part 1 of 10000000 (label 1);"
            " give both as whole numbers, or leave both out.\n"
        ),
    ),
    "part 1 of 0": (
        [order(of=0)],
        (
            "Expected a part and a total with 1 <= part <= total <= 999, or neither; got part 1 of 0 (label 1);"
            " give both as whole numbers, or leave both out.\n"
        ),
    ),
}


@pytest.mark.parametrize(("orders", "sentence"), CASES.values(), ids=CASES.keys())
def test_a_sentence_says_what_is_wrong_and_nothing_is_printed(orders: object, sentence: str, tmp_path: Path) -> None:
    for name in ("job.pdf", "job.zpl"):
        assert answer(orders, tmp_path, name=name) == sentence


def test_ten_million_labels_are_refused_before_they_are_read(tmp_path: Path) -> None:
    ten_million = "[" + "{}," * 9_999_999 + "{}]"
    assert len(ten_million) > LARGEST_FILE
    said = answer(None, tmp_path, raw=ten_million)
    assert said == "Expected a job of at most 16777216 bytes; got a larger one; split the job.\n"


def test_the_last_label_of_a_job_is_looked_at_before_the_first_is_printed(tmp_path: Path) -> None:
    orders = [order(seed) for seed in range(5)] + [order(5, site="Site ไทย")]
    for name in ("job.pdf", "job.zpl"):
        assert re.search(r"'ไ' \(U\+0E44\).* \(label 6\)", answer(orders, tmp_path, name=name))


@pytest.mark.requirement("COI-LABEL-10")
@pytest.mark.parametrize("site", ["^XZ~JR", "^XA^IDR:*.*^FS^XZ", "~JA", "_5EXZ_7EJR"])
def test_a_site_that_is_a_printer_command_is_only_an_odd_name(site: str, tmp_path: Path) -> None:
    out = tmp_path / "job.zpl"
    result = CliRunner().invoke(main, ["--json", "-", "--out", str(out)], input=json.dumps([order(site=site)]))
    assert (result.exit_code, result.output) == (0, f"1 label in {out}\n")
    zpl = out.read_text(encoding="ascii")
    assert site not in zpl
    commands = re.findall(r"[\^~]([A-Z0-9]{2})", zpl)
    assert set(commands) == {"XA", "FX", "FS", "PW", "LL", "LH", "LS", "LT", "PO", "PM", "LR", "FO", "GF", "XZ"}
    assert (commands.count("XA"), commands.count("XZ")) == (1, 1)
