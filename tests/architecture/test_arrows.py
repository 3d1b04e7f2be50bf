"""Which room may import which: runs the contracts of pyproject.toml, and adds what they cannot say."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tree

ARROWS = pytest.mark.requirement("COI-REPO-03")


def contracts_for_existing_rooms(text: str) -> str:
    """The configuration without rooms that are not built yet: import-linter stops at an unknown name."""
    named = set(re.findall(r'"((?:coi_tracker|web|labels)\.\w+)"', text))
    missing = {name for name in named if not exists(name)}
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"contracts name rooms that do not exist: {sorted(missing)}")
    for name in missing:
        text = re.sub(rf'"{re.escape(name)}",?', "", text)
    blocks = text.split("[[tool.importlinter.contracts]]")
    return "[[tool.importlinter.contracts]]".join(
        block for block in blocks if not re.search(r"source_modules = \[\s*\]", block)
    )


def exists(module: str) -> bool:
    path = tree.ROOT.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def lint(tree_to_check: Path, contracts: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over a tree in a process of its own, because it imports what it looks at."""
    config = folder / "contracts.toml"
    config.write_text(contracts)
    linter = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    return subprocess.run(
        [sys.executable, "-c", linter, "--config", str(config), "--no-cache"],
        cwd=tree_to_check,
        env={**os.environ, "PYTHONPATH": str(tree_to_check)},
        capture_output=True,
        text=True,
        check=False,
    )


@ARROWS
def test_imports_follow_the_arrows(tmp_path: Path) -> None:
    contracts = contracts_for_existing_rooms((tree.ROOT / "pyproject.toml").read_text())
    done = lint(tree.ROOT, contracts, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


TRACKER_ROOMS = (
    "cli", "config", "course", "custody_log", "engine", "errors", "exchange", "identity", "planning",
    "process", "protocols", "services", "simulation", "storage", "vocabulary",
)  # fmt: skip


@pytest.fixture
def empty_house(tmp_path: Path) -> Path:
    """All rooms, with nothing in them."""
    house = tmp_path / "house"
    for package in ("coi_tracker", "labels", "web", *(f"coi_tracker/{room}" for room in TRACKER_ROOMS)):
        (house / package).mkdir(parents=True)
        (house / package / "__init__.py").touch()
    return house


@ARROWS
@pytest.mark.parametrize(
    ("room", "line", "allowed"),
    [
        ("web", "import coi_tracker.services, coi_tracker.process, labels, flask", True),
        ("coi_tracker/services", "import coi_tracker.storage, coi_tracker.engine", True),
        ("coi_tracker/storage", "import sqlalchemy", True),
        ("web", "import coi_tracker.storage", False),
        ("web", "import sqlalchemy", False),
        ("labels", "import coi_tracker.course", False),
        ("coi_tracker/cli", "import coi_tracker.storage", False),
        ("coi_tracker/services", "import sqlalchemy", False),
        ("coi_tracker/services", "import labels", False),
        ("coi_tracker/exchange", "import flask", False),
        ("coi_tracker/engine", "import coi_tracker.storage", False),
        ("coi_tracker/course", "import coi_tracker.engine", False),
        ("coi_tracker/process", "import coi_tracker.config", False),
        ("coi_tracker/custody_log", "import coi_tracker.identity", False),
        ("coi_tracker/storage", "import coi_tracker.services", False),
        ("coi_tracker/helpers", "", False),
    ],
)
def test_the_contracts_notice_a_wrong_arrow(
    empty_house: Path, tmp_path: Path, room: str, line: str, allowed: bool
) -> None:
    (empty_house / room).mkdir(exist_ok=True)
    (empty_house / room / "__init__.py").write_text(line + "\n")
    done = lint(empty_house, (tree.ROOT / "pyproject.toml").read_text(), tmp_path)
    assert "is not configured correctly" not in done.stdout
    assert (done.returncode == 0) is allowed, done.stdout + done.stderr


def imported(path: Path) -> Iterator[str]:
    """Every module a file imports, wherever in the file; `from a import b` gives `a.b`."""
    for node in ast.walk(tree.parsed(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{absolute(node, path)}.{name.name}" for name in node.names)


def absolute(node: ast.ImportFrom, path: Path) -> str:
    """The full name behind `from . import x`."""
    package = path.parts[: -node.level] if node.level else ()
    return ".".join([*package, *([node.module] if node.module else [])])


def files_under(folder: str) -> list[Path]:
    return [path for path in tree.python_files("coi_tracker") if str(path).startswith(folder)]


@ARROWS
def test_the_verifier_needs_nothing_but_the_standard_library() -> None:
    verifier = Path("coi_tracker/custody_log/verify.py")
    if not (tree.ROOT / verifier).exists():
        pytest.skip("the verifier is not written yet")
    foreign = {name for name in imported(verifier) if name.split(".")[0] not in sys.stdlib_module_names}
    assert foreign == set()


@ARROWS
def test_the_custody_log_knows_of_ours_only_vocabulary() -> None:
    own = ("coi_tracker.vocabulary", "coi_tracker.custody_log")
    known = {
        (str(path), name)
        for path in files_under("coi_tracker/custody_log/")
        for name in imported(path)
        if name.split(".")[0] in tree.ROOMS and not name.startswith(own)
    }
    assert known == set()


@ARROWS
@pytest.mark.parametrize("room", ["engine.py", "engine/", "process/", "course.py", "planning/"])
def test_the_rules_read_no_clock_and_draw_no_lots(room: str) -> None:
    """A decision depends on what is passed in, so that it can be repeated in thirty years."""
    asked = re.compile(r"\b(datetime\.now|utcnow|time\.time|date\.today|uuid4|uuid7|secrets\.|random\.)\b")
    found = [str(path) for path in files_under(f"coi_tracker/{room}") if asked.search((tree.ROOT / path).read_text())]
    assert found == []


@ARROWS
def test_released_migrations_import_nothing_of_ours() -> None:
    """A migration has to do in ten years what it does today, whatever has become of the code."""
    found = {
        (str(path), name)
        for path in tree.python_files("migrations")
        if "versions" in path.parts
        for name in imported(path)
        if name.split(".")[0] in tree.ROOMS
    }
    assert found == set()


@ARROWS
def test_no_test_replaces_code_of_ours_with_a_mock() -> None:
    found = [str(path) for path in tree.python_files("tests") for name in imported(path) if "mock" in name.lower()]
    assert found == []
