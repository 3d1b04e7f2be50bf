"""The line of every key is found, however the file is written."""

from __future__ import annotations

import tomllib

import pytest

from coi_tracker.protocols import builtin_keys
from coi_tracker.protocols.lines import KeyLines
from tests.unit.protocols.toml_text import leaves, shipped

pytestmark = pytest.mark.requirement("COI-PROT-07")

ODD = (
    """# a comment with [brackets] and key = value
"quoted key" = 'it"""
    + """''s'
""".replace("''s'", "'")
    + '''
a.b.c = "dotted # not a comment"
text = """
x = 1
[not.a.table] \\""" still text"""
raw = \'\'\'
y = 2
\'\'\'
list = [ # comment ]
  "one, two", { inline = [1, 2], "k.k" = "}" },
  [3,
   4],
]

[table]  # [[other]]
when = 2024-01-01T00:00:00Z
[[things]]
name = "first"
[things.part]
size = 1
[[things]]
name = "second"
[[things.bits]]
bit = 0x1F
[[things.bits]]
bit = 2
'''
)


def test_every_odd_way_to_write_a_key_is_found() -> None:
    raw, lines = tomllib.loads(ODD), KeyLines(ODD)
    texts = ODD.splitlines()
    assert set(paths_of(raw)) <= set(lines.paths())
    for path in (
        ("quoted key",),
        ("a", "b", "c"),
        ("text",),
        ("raw",),
        ("list", 1, "k.k"),
        ("table", "when"),
        ("things", 0, "part", "size"),
        ("things", 1, "name"),
        ("things", 1, "bits", 1, "bit"),
    ):
        assert str(path[-1]) in texts[lines.of(path) - 1]
    assert texts[lines.of(("list", 2, 1)) - 1].strip() == "4],"
    assert texts[lines.of(("things", 1, "bits", 1, "bit")) - 1] == "bit = 2"


def test_what_is_missing_is_placed_at_the_nearest_thing_around_it() -> None:
    lines = KeyLines(ODD)
    assert lines.of(("things", 1, "size")) == lines.of(("things", 1))
    assert lines.of(("nowhere",)) == 1


@pytest.mark.parametrize("name", builtin_keys())
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_every_key_of_every_shipped_file_is_on_its_line(name: str, newline: str) -> None:
    text = shipped(name).replace("\n", newline)
    lines = KeyLines(text)
    for path, _ in leaves(tomllib.loads(text)):
        assert path in lines.paths()
        key = next(key for key in reversed(path) if isinstance(key, str))
        assert key in text.splitlines()[lines.of(path) - 1]


def test_a_text_that_is_not_toml_ends_with_an_error_not_a_loop() -> None:
    with pytest.raises(ValueError, match="was expected"):
        KeyLines("!!!\n")
    KeyLines("a = [1,")


def paths_of(value, path=()):
    if path:
        yield path
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from paths_of(entry, (*path, key))
    elif isinstance(value, list):
        for position, entry in enumerate(value):
            yield from paths_of(entry, (*path, position))
