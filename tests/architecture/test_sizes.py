"""Small files and short functions, measured rather than hoped for."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

from tests import tree

# One file on purpose: an auditor gets the verifier alone and reads it from top to bottom.
ONE_FILE_ON_PURPOSE = {Path("coi_tracker/custody_log/verify.py")}
LINES_IN_A_FILE = 400
MEDIAN_LINES_IN_A_FUNCTION = 10
NINE_IN_TEN_LINES = 25


def function_lengths(path: Path) -> Iterator[int]:
    """Lines of each function's code: the docstring tells, it does not do, so it is not counted."""
    for node in ast.walk(tree.parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            yield node.end_lineno - node.lineno + 1 - docstring_lines(node)


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    if ast.get_docstring(node) is None or first.end_lineno is None:
        return 0
    return first.end_lineno - first.lineno + 1


def test_files_stay_under_400_lines() -> None:
    long = {
        str(path): lines
        for path in tree.python_files(*tree.ROOMS, "tests", "migrations", "benchmarks")
        if path not in ONE_FILE_ON_PURPOSE
        and (lines := len((tree.ROOT / path).read_text().splitlines())) >= LINES_IN_A_FILE
    }
    assert long == {}


def test_most_functions_fit_in_one_glance() -> None:
    lengths = [length for path in tree.python_files(*tree.ROOMS) for length in function_lengths(path)]
    if len(lengths) < 50:
        return  # too few to speak of a distribution
    print(f"{len(lengths)} functions, median {statistics.median(lengths)}")
    assert statistics.median(lengths) <= MEDIAN_LINES_IN_A_FUNCTION
    assert statistics.quantiles(lengths, n=10)[-1] <= NINE_IN_TEN_LINES
