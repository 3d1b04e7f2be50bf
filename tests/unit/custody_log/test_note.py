"""Notes, keys and checkpoints are those of C2SP: published examples, and refusals of everything that is nearly one."""

from __future__ import annotations

import pytest

from coi_tracker.custody_log import verify
from coi_tracker.custody_log.checkpoint import (
    Checkpoint,
    CheckpointError,
    open_checkpoint,
    parse_checkpoint,
    read_unverified,
    sign_checkpoint,
)
from coi_tracker.custody_log.note import NoteError, SigningKey, VerifierKey, open_note, parse_note, sign

# The example of the Go note package, which the format comes from.
PETER_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The example of the C2SP page on verifier keys.
FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
FOO_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
SEED = bytes(range(32))
LOG = SigningKey.from_seed("log.example/coi", SEED)
WITNESS = SigningKey.from_seed("witness.example", SEED[::-1])


@pytest.mark.requirement("COI-LOG-08")
def test_the_published_note_is_made_to_the_byte() -> None:
    assert sign(PETER_TEXT, [SigningKey.from_text(PETER_SECRET)]) == PETER_TEXT + "\n" + PETER_LINE


@pytest.mark.requirement("COI-LOG-08")
@pytest.mark.parametrize(
    ("note", "key"), [(PETER_TEXT + "\n" + PETER_LINE, PETER), (FOO_NOTE, FOO)], ids=["go", "c2sp"]
)
def test_the_published_notes_open_here_and_in_the_verifier(note: str, key: str) -> None:
    opened = open_note(note, [VerifierKey.parse(key)])
    text, signers = verify.signers_of(note.encode(), [verify.Key(key)])
    assert note.startswith(opened.text)
    assert text == opened.text
    assert len(signers) == len(opened.signers) == 1


@pytest.mark.parametrize("key", [PETER, FOO])
def test_keys_are_written_as_they_were_read(key: str) -> None:
    assert VerifierKey.parse(key).format() == key


def test_private_keys_survive_text_and_pem() -> None:
    peter = SigningKey.from_text(PETER_SECRET)
    assert peter.to_text() == PETER_SECRET
    for password in (None, b"open sesame"):
        pem = peter.to_pem(password=password)
        again = SigningKey.from_pem("PeterNeumann", pem, password=password)
        assert again.to_text() == PETER_SECRET
    assert "AYEKFALVFGy" not in repr(peter)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER.replace("PeterNeumann", "Peter Neumann"),
        PETER.replace("PeterNeumann", ""),
        PETER[:-4],
        PETER.replace("+ARpc", "+AhpC"),
        PETER + "=",
    ],
)
def test_a_key_that_is_nearly_right_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(text)
    with pytest.raises(verify.Bad):
        verify.Key(text)


@pytest.mark.parametrize(
    ("pem", "password"),
    [(b"", None), (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", None), (b"right", b"wrong")],
)
def test_a_wrong_key_file_gets_a_sentence(pem: bytes, password: bytes | None) -> None:
    pem = LOG.to_pem(password=b"secret") if pem == b"right" else pem
    with pytest.raises(NoteError, match="PEM"):
        SigningKey.from_pem("log.example/coi", pem, password=password)


def test_signatures_of_strangers_are_ignored_and_counted() -> None:
    note = sign("text\n", [WITNESS, LOG])
    opened = open_note(note, [LOG.verifier_key()])
    assert (opened.signers, opened.ignored) == ((LOG.verifier_key(),), 1)


def test_a_wrong_signature_of_a_known_key_spoils_the_note() -> None:
    note = sign("text\n", [WITNESS, LOG])
    with pytest.raises(NoteError, match="is wrong"):
        open_note(note.replace("text", "test"), [LOG.verifier_key()])
    with pytest.raises(NoteError, match="not signed by any"):
        open_note(sign("text\n", [WITNESS]), [LOG.verifier_key()])
    doubled = note + note.splitlines(keepends=True)[-1]
    with pytest.raises(NoteError, match="signed twice"):
        open_note(doubled, [LOG.verifier_key()])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— log.example/coi\n",
        "text\n\n- log.example/coi AAAAAAAA\n",
        "text\n\n— log.example/coi AAAA\n",
        "text\n\n— log.example/coi AAAAAA\n",
        "te\txt\n\n— log.example/coi AAAAAAAA\n",
        "text\n\n— log.example/coi AAAAAAAA",
        "text\r\n\n— log.example/coi AAAAAAAA\n",
        "x\n\n" + "— log.example/coi AAAAAAAA\n" * 65,
        "x" * 70_000 + "\n\n— log.example/coi AAAAAAAA\n",
        "half a pair \ud800\n\n— log.example/coi AAAAAAAA\n",
    ],
)
def test_what_is_not_a_note_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        parse_note(note)


def test_a_text_may_have_empty_lines() -> None:
    opened = open_note(sign("a\n\nb\n", [LOG]), [LOG.verifier_key()])
    assert opened.text == "a\n\nb\n"


@pytest.mark.requirement("COI-LOG-06")
def test_a_checkpoint_is_three_lines_and_comes_back() -> None:
    checkpoint = Checkpoint("log.example/coi", 20852163, bytes(32))
    assert checkpoint.text() == f"log.example/coi\n20852163\n{'A' * 43}=\n"
    note = sign_checkpoint(checkpoint, LOG)
    assert open_checkpoint(note, [LOG.verifier_key()], origin="log.example/coi").checkpoint == checkpoint
    assert read_unverified(note) == checkpoint
    seen = verify.Checkpoint(note.encode(), [verify.Key(LOG.verifier_key().format())])
    assert (seen.origin, seen.size, seen.root) == (checkpoint.origin, checkpoint.size, checkpoint.root)


def test_the_published_checkpoint_is_read() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = parse_checkpoint(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == text
    assert parse_checkpoint(text + "an extension line\n") == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        f"\n1\n{'A' * 43}=\n",
        f"o\n01\n{'A' * 43}=\n",
        f"o\n-1\n{'A' * 43}=\n",
        f"o\n1\n{'A' * 43}\n",
        f"o\n1\n{'A' * 42}B=\n",
        f"o\n1\n{'A' * 40}\n",
        f"o\n1\n{'A' * 43}=",
        f"o\n1\n{'A' * 43}=\n\n",
        f"o\n١\n{'A' * 43}=\n",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        parse_checkpoint(text)


def test_a_witness_does_not_speak_for_the_log() -> None:
    checkpoint = Checkpoint("log.example/coi", 1, bytes(32))
    with pytest.raises(CheckpointError, match="does not sign for"):
        sign_checkpoint(checkpoint, WITNESS)
    only_witness = sign(checkpoint.text(), [WITNESS])
    with pytest.raises(CheckpointError, match="under the name of its log"):
        open_checkpoint(only_witness, [WITNESS.verifier_key()])
    with pytest.raises(verify.Bad, match="not signed by a trusted key of its log"):
        verify.Checkpoint(only_witness.encode(), [verify.Key(WITNESS.verifier_key().format())])
    text = sign_checkpoint(checkpoint, LOG)
    with pytest.raises(CheckpointError, match="expected another"):
        open_checkpoint(text, [LOG.verifier_key()], origin="another")
