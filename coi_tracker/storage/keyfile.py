"""The key file: the secret that makes participants' personal data readable. It never enters the database.

One line a key, ``coi-person-key <id> <base64 of 32 bytes>``; the first wraps what is new, the others still open what
they wrapped. Only its owner may read it. Knows no person.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from coi_tracker.errors import Misconfigured

_WORD = "coi-person-key"
_EXPECTED = "a key file made by this tracker, readable by its owner only"


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One key of the file. Never printed."""

    id: str
    secret: bytes = field(repr=False)

    def derived(self, purpose: str) -> bytes:
        """32 bytes for one purpose, so that no two purposes share a key."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(self.secret)


def new_key_file(path: Path) -> None:
    """Make a file with one fresh key. Never overwrites: a lost key is lost data. Raises Misconfigured."""
    secret = secrets.token_bytes(32)
    line = f"{_WORD} {_id_of(secret)} {base64.b64encode(secret).decode()}\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        came = f"{path}: {error.strerror}"
        raise Misconfigured(expected="a place for a new key file", came=came, do="choose another path") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def load_key_file(path: Path) -> tuple[MasterKey, ...]:
    """The keys of a file, the one for new data first. Raises Misconfigured, and never quotes what stands in it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            lines = file.read(65536).decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise _wrong(path, "one that is not plain text") from error
    except OSError as error:
        raise _wrong(path, error.strerror or "an error") from error
    if stat.S_IMODE(mode) & 0o077:
        raise Misconfigured(
            expected=_EXPECTED, came=f"{path} with mode {stat.S_IMODE(mode):04o}", do=f"run: chmod 600 {path}"
        )
    keys = tuple(_key(path, line) for line in lines if line.strip())
    if not keys:
        raise _wrong(path, "an empty one")
    return keys


def _key(path: Path, line: str) -> MasterKey:
    parts = line.split()
    if len(parts) != 3 or parts[0] != _WORD:
        raise _wrong(path, "a line of another form")
    try:
        secret = base64.b64decode(parts[2], validate=True)
    except binascii.Error as error:
        raise _wrong(path, "a key that is not base64") from error
    if len(secret) != 32:
        raise _wrong(path, f"a key of {len(secret)} bytes instead of 32")
    if _id_of(secret) != parts[1]:
        raise _wrong(path, "a key that does not fit its id: it was cut or changed")
    return MasterKey(parts[1], secret)


def _wrong(path: Path, came: str) -> Misconfigured:
    return Misconfigured(
        expected=_EXPECTED, came=f"{path}: {came}", do="restore the key file of this installation from its safe copy"
    )


def _id_of(secret: bytes) -> str:
    return hashlib.sha256(b"coi person key id" + secret).hexdigest()[:8]
