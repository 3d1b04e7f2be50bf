"""What stands where, and what no committed file may contain."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from tests import tree

TOP_LEVEL = {
    "coi_tracker", "labels", "web", "migrations", "tests", "docs", "benchmarks",
    "pyproject.toml", "README.md", "Makefile", "LICENSE",
}  # fmt: skip

# Written in pieces, so that this file does not contain what it looks for.
ADDRESSES = {
    "a package registry's address": re.compile(
        r"--(extra-)?index-url"
        r"|\"resolved\": *\"http|registry = \"http"
        r"|(pypi|pythonhosted|npmjs|yarnpkg)\.(org|com)"
        r"|/sim" r"ple/?\""
    ),
    "a path of somebody's machine": re.compile(
        r"/(w" r"ork/(main|steering|[.]library|shared)|f" r"arm/(in|out))|/ro" r"ot/"
    ),
}  # fmt: skip


def test_nothing_else_stands_at_the_top() -> None:
    names = {path.parts[0] for path in tree.files()}
    assert {name for name in names if not name.startswith(".")} - TOP_LEVEL == set()


@pytest.mark.requirement("COI-REPO-05")
@pytest.mark.parametrize("what", sorted(ADDRESSES))
def test_no_file_names(what: str) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in tree.texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if ADDRESSES[what].search(line)
    ]
    assert found == []


def test_the_folder_beside_the_project_is_named_only_as_the_default_place_of_the_epcis_schema() -> None:
    beside = re.compile(r"\.\./sh" r"ared(?!/epcis\b)")
    assert [str(path) for path, text in tree.texts() if beside.search(text)] == []


@pytest.mark.requirement("COI-REPO-05")
@pytest.mark.parametrize("name", ["runtime.txt", "dev.txt"])
def test_every_locked_package_has_a_hash(name: str) -> None:
    lock = (tree.ROOT / ".locks" / name).read_text()
    packages = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]
    assert packages
    assert [package.split()[0] for package in packages if "--hash=sha256:" not in package] == []


@pytest.mark.requirement("COI-REPO-05")
def test_what_tests_need_from_npm_has_a_version_and_a_hash() -> None:
    lock = json.loads((tree.ROOT / ".locks" / "npm" / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    for package in packages.values():
        assert package["integrity"].startswith("sha512-")
        assert re.fullmatch(r"[0-9.]+", package["version"])
    assert lock["packages"][""]["devDependencies"].keys() == {name.split("/")[-1] for name in packages}


@pytest.mark.requirement("COI-REPO-04")
def test_no_installed_distribution_claims_the_names_web_or_labels() -> None:
    """Names as common as these belong to nobody's site-packages; ours are found in the tree."""
    claimed = metadata.packages_distributions()
    assert claimed.get("web", []) == []
    assert claimed.get("labels", []) == []


@pytest.mark.requirement("COI-REPO-04")
def test_the_wheel_ships_the_tracker_with_its_data_and_nothing_else(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=tree.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"coi_tracker"}
    data = {str(path) for path in tree.files() if path.parts[0] == "coi_tracker"}
    assert data - set(names) == set()
