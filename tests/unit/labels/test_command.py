"""`python -m labels` prints what it is told, or says in a sentence why not, and then leaves no file."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import zxingcpp
from click.testing import CliRunner, Result
from PIL import Image

from coi_tracker.errors import NotUnderstood
from coi_tracker.vocabulary import ContainerKind
from labels.__main__ import EXAMPLE, LARGEST_FILE, main
from labels.job import MOST_LABELS, read_job, refuse_odd_count
from labels.kinds import LabelKind
from tests import tree
from tests.unit.labels import sample

pytestmark = pytest.mark.requirement("COI-LABEL-02")

ONE = shlex.split(
    "--kind bag --coi C7K2-9QFD-3M8A3 --serial LB4T-0XW6-91RD --part 2 --of 3 --study IOV-LUN-202"
    " --site 'Site 014' --text 'FOR AUTOLOGOUS USE ONLY'"
)
PAYLOAD = "COI1:C7K29QFD3M8A3:LB4T0XW691RD:"


def order(seed: int = 1, **changes: object) -> dict[str, object]:
    payload = sample.payload(seed)
    given = {"kind": "bag", "coi": str(payload.coi), "serial": str(payload.serial), "part": 1, "of": 2}
    return {**given, "study": "IOV-LUN-202", "site": "Site 014", "texts": list(sample.ALL_TEXTS[:1]), **changes}


def run(*arguments: str, given: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=given)


def refused(result: Result, *, code: int = 1) -> str:
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result.output


def test_one_label_goes_to_pdf_and_to_svg(tmp_path: Path) -> None:
    for name in ("bag.pdf", "bag.svg"):
        result = run(*ONE, "--out", str(tmp_path / name))
        assert (result.exit_code, result.output) == (0, f"1 label in {tmp_path / name}\n")
    (page,) = sample.pdf_pages((tmp_path / "bag.pdf").read_bytes())
    picture = sample.svg_picture((tmp_path / "bag.svg").read_text(encoding="utf-8"))
    assert sample.decoded(page) == sample.decoded(picture)
    assert sample.decoded(page)[0].startswith(PAYLOAD)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bag.pdf", "bag.svg"]


def test_a_file_of_labels_becomes_a_roll(tmp_path: Path) -> None:
    orders = [order(seed, kind=kind) for seed, kind in enumerate(ContainerKind)]
    job, out = tmp_path / "job.json", tmp_path / "job.pdf"
    job.write_text(json.dumps(orders), encoding="utf-8")
    assert run("--json", str(job), "--out", str(out)).exit_code == 0
    assert run("--json", "-", "--out", str(tmp_path / "b.pdf"), given=job.read_bytes()).exit_code == 0
    assert (tmp_path / "b.pdf").read_bytes() == out.read_bytes()
    read = [next(text for text in sample.decoded(page) if ":" in text) for page in sample.pdf_pages(out.read_bytes())]
    assert read == [sample.payload(seed).format() for seed in range(len(orders))]


def test_the_example_of_the_help_works_as_printed(tmp_path: Path) -> None:
    found = re.search(r"python -m labels (--kind(?:.|\n)*?)\n\n", EXAMPLE)
    assert found
    command = shlex.split(found.group(1).replace("\\\n", "").replace("bag.pdf", str(tmp_path / "bag.pdf")))
    done = subprocess.run(
        [sys.executable, "-m", "labels", *command], cwd=tree.ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "bag.pdf").exists()
    assert "Example:" in run("--help").output


WRONG_JOBS: dict[str, tuple[str | bytes, str]] = {
    "no JSON": ("labels!", "Invalid JSON"),
    "an object": ("{}", "valid array"),
    "no labels": ("[]", "got 0"),
    "not UTF-8": (b"\xff\xfe[]", "JSON list"),
    "a missing key": (json.dumps([{"kind": "bag"}]), "label 1 'site'"),
    "an unknown key": (json.dumps([order(), order(2, name="Erika")]), "label 2 'name'"),
    "a part in words": (json.dumps([order(part="two")]), "label 1 'part'"),
    "a code of another kind": (json.dumps([order(coi="LB4T-0XW6-91RD")]), r"another kind \(label 1\)"),
    "an empty COI": (json.dumps([order(coi="")]), "empty scan"),
    "a wrong check": (json.dumps([order(serial="LB4T0XW691RC")]), "check character"),
    "one serial twice": (json.dumps([order(), order()]), "twice"),
    "a text that does not fit": (json.dumps([order(), order(2, site="x " * 100 + "x")]), "site of 1 to"),
    "nested deeply": ("[" * 100_000, "JSON list"),
    "too large": (" " * (LARGEST_FILE + 1), "split the job"),
}


@pytest.mark.parametrize(("given", "says"), WRONG_JOBS.values(), ids=WRONG_JOBS.keys())
def test_a_wrong_job_gets_a_sentence_and_no_file(given: str | bytes, says: str, tmp_path: Path) -> None:
    output = refused(run("--json", "-", "--out", str(tmp_path / "job.pdf"), given=given))
    assert re.search(says, output), output
    assert output.startswith("Expected ")
    assert "Erika" not in output
    assert list(tmp_path.iterdir()) == []


def test_more_labels_than_a_roll_are_refused() -> None:
    refuse_odd_count(MOST_LABELS)
    for count in (0, -1, MOST_LABELS + 1, 10_000_000):
        with pytest.raises(NotUnderstood, match="1 to 10000 labels"):
            refuse_odd_count(count)
    with pytest.raises(NotUnderstood, match="got 10001"):
        read_job(json.dumps([order()] * (MOST_LABELS + 1)))


def test_what_cannot_be_printed_is_refused_with_1(tmp_path: Path) -> None:
    out = str(tmp_path / "x.svg")
    assert "a kind of label" in refused(run("--kind", "sock", *ONE[2:], "--out", out))
    assert "part <= total <= 999" in refused(run(*ONE, "--part", "1", "--of", "10000000", "--out", out))
    assert "write them to a PDF" in refused(run("--json", "-", "--out", out, given=json.dumps([order(), order(2)])))
    assert "No such file" in refused(run(*ONE, "--out", str(tmp_path / "no" / "x.pdf")))
    assert "No such file" in refused(run("--json", str(tmp_path / "no.json"), "--out", out))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_of_the_output_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").mkdir()
    assert "a folder to write to" in refused(run(*ONE, "--out", str(tmp_path / "x.pdf")))
    assert [path.name for path in tmp_path.iterdir()] == ["x.pdf"]


def test_misuse_is_refused_with_2(tmp_path: Path) -> None:
    out = str(tmp_path / "x.pdf")
    assert "Missing option '--out'" in refused(run(*ONE), code=2)
    assert "ends in .pdf, .svg, .png or .zpl" in refused(run(*ONE, "--out", str(tmp_path / "x.gif")), code=2)
    assert "Missing --kind" in refused(run("--out", out), code=2)
    assert "not both" in refused(run(*ONE, "--json", "-", "--out", out), code=2)
    assert "No such option" in refused(run(*ONE, "--name", "Erika", "--out", out), code=2)
    assert "--part" in refused(run(*ONE, "--part", "two", "--out", out), code=2)
    assert list(tmp_path.iterdir()) == []


THING = shlex.split("--kind station --site 'Site 014' --place 'Bench 4'")


@pytest.mark.requirement("COI-LABEL-09")
@pytest.mark.parametrize("dpi", ["203", "300", "600"])
def test_png_and_zpl_come_out_for_the_print_head_that_is_named(dpi: str, tmp_path: Path) -> None:
    for name in ("bag.png", "bag.zpl"):
        assert run(*ONE, "--dpi", dpi, "--out", str(tmp_path / name)).exit_code == 0
    picture = Image.open(tmp_path / "bag.png")
    assert sample.decoded(picture)[0].startswith(PAYLOAD)
    zpl = (tmp_path / "bag.zpl").read_text(encoding="ascii")
    assert f"^PW{picture.width}^LL{picture.height}^" in zpl


@pytest.mark.requirement("COI-LABEL-09")
def test_a_job_goes_to_sheets_from_the_start_position_on(tmp_path: Path) -> None:
    job = json.dumps([order(seed) for seed in range(7)])
    out = tmp_path / "sheets.pdf"
    assert run("--json", "-", "--paper", "A4", "--start", "9", "--out", str(out), given=job).exit_code == 0
    pages = [set(sample.decoded(page)) for page in sample.pdf_pages(out.read_bytes(), dpi=200)]
    assert [len(page) for page in pages] == [2, 5]
    assert sorted(text for page in pages for text in page) == sorted(sample.payload(seed).format() for seed in range(7))


@pytest.mark.requirement("COI-LABEL-07")
def test_times_storage_and_another_symbology_can_be_given(tmp_path: Path) -> None:
    out = tmp_path / "bag.pdf"
    more = shlex.split(
        "--when Frozen 2026-03-14T15:20Z Asia/Tokyo --expiry 2027-03-14T00:00Z Asia/Tokyo"
        " --storage 'Below -150' --symbol data_matrix"
    )
    assert run(*ONE, *more, "--out", str(out)).exit_code == 0
    text = sample.pdf_text(out.read_bytes())
    for words in ("Frozen 15 MAR 2026 00:20 UTC+9", "EXP 14 MAR 2027 09:00 UTC+9", "Below -150"):
        assert words in text
    (page,) = sample.pdf_pages(out.read_bytes())
    assert {one.format for one in zxingcpp.read_barcodes(page)} == {zxingcpp.BarcodeFormat.DataMatrix}


def test_a_label_of_a_thing_carries_its_code(tmp_path: Path) -> None:
    code, out = sample.payload_of(LabelKind.STATION), str(tmp_path / "station.svg")
    assert run(*THING, "--code", str(code), "--out", out).exit_code == 0
    assert set(sample.decoded(sample.svg_picture(Path(out).read_text(encoding="utf-8")))) == {str(code)}
    assert "code and no serial or coi" in refused(run(*THING, "--serial", "LB4T-0XW6-91RD", "--out", out))
    assert "another kind" in refused(run(*THING, "--code", "LB4T-0XW6-91RD", "--out", out))
    assert "serial and no code" in refused(run(*ONE, "--code", str(code), "--out", out))


def test_odd_wishes_are_refused_and_leave_no_file(tmp_path: Path) -> None:
    out = str(tmp_path / "x.zpl")
    assert "sheets of paper in a PDF only" in refused(run(*ONE, "--paper", "A4", "--out", out))
    roll = str(tmp_path / "roll.pdf")
    assert "a start position on sheets of paper only" in refused(run(*ONE, "--start", "5", "--out", roll))
    assert "start position of 1 to 10" in refused(
        run(*ONE, "--paper", "A4", "--start", "11", "--out", str(tmp_path / "x.pdf"))
    )
    assert "such as 2026-03-14" in refused(run(*ONE, "--when", "Frozen", "yesterday", "UTC", "--out", out))
    assert "with its offset" in refused(run(*ONE, "--expiry", "2026-03-14T15:20", "UTC", "--out", out))
    assert "time zone such as" in refused(run(*ONE, "--expiry", "2026-03-14T15:20Z", "Berlin", "--out", out))
    assert "no place on a bag" in refused(run(*ONE, "--place", "Bench 4", "--out", out))
    assert "(U+05D0)" in refused(run(*ONE[:-4], "--site", "Site \u05d0", "--out", out))
    assert "203, 300, 600" in refused(run(*ONE, "--dpi", "200", "--out", out), code=2).replace("'", "")
    assert list(tmp_path.iterdir()) == []
