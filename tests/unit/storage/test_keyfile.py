"""A key file that is missing, open to others, cut or changed gets a sentence, and its secret is never shown."""

from __future__ import annotations

import base64

import pytest

from coi_tracker.errors import Misconfigured
from coi_tracker.storage.keyfile import load_key_file, new_key_file

pytestmark = pytest.mark.requirement("COI-BAD-09")


@pytest.fixture
def path(tmp_path):
    new_key_file(tmp_path / "key")
    return tmp_path / "key"


def test_a_new_key_file_is_for_its_owner_only_and_is_read_again(path):
    (key,) = load_key_file(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert len(key.secret) == 32
    assert key.derived("one") != key.derived("other")


def test_a_key_is_not_shown(path):
    (key,) = load_key_file(path)
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)


def test_a_key_file_is_never_overwritten(path):
    before = path.read_bytes()
    with pytest.raises(Misconfigured, match="choose another path"):
        new_key_file(path)
    assert path.read_bytes() == before


def test_every_new_key_is_another(tmp_path, path):
    new_key_file(tmp_path / "other")
    assert load_key_file(tmp_path / "other") != load_key_file(path)


def test_the_first_key_of_a_file_is_for_new_data(tmp_path, path):
    new_key_file(tmp_path / "new")
    both = tmp_path / "both"
    both.write_bytes((tmp_path / "new").read_bytes() + path.read_bytes())
    both.chmod(0o600)
    assert load_key_file(both) == (*load_key_file(tmp_path / "new"), *load_key_file(path))


def test_a_missing_file_gets_a_sentence(tmp_path):
    with pytest.raises(Misconfigured, match="restore the key file"):
        load_key_file(tmp_path / "none")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_file_that_others_may_read_gets_a_sentence(path, mode):
    path.chmod(mode)
    with pytest.raises(Misconfigured, match="chmod 600"):
        load_key_file(path)


def _line(secret: bytes, key: str = "00000000") -> bytes:
    return b"coi-person-key " + key.encode() + b" " + base64.b64encode(secret) + b"\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "an empty one"),
        (b"\n \n", "an empty one"),
        (b"secret", "a line of another form"),
        (b"\xff\x00" * 40, "not plain text"),
        (_line(b"x" * 16), "16 bytes instead of 32"),
        (_line(b"x" * 32), "does not fit its id"),
        (b"coi-person-key 00000000 ???\n", "not base64"),
    ],
)
def test_a_wrong_file_gets_a_sentence_that_quotes_nothing_of_it(tmp_path, content, said):
    path = tmp_path / "wrong"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(Misconfigured, match=said) as refused:
        load_key_file(path)
    assert base64.b64encode(b"x" * 16).decode() not in str(refused.value)


def test_a_cut_file_gets_a_sentence(path):
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(Misconfigured):
        load_key_file(path)
