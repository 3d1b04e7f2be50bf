"""C2SP signed notes with Ed25519 keys: a text, a blank line, and one line a signature.

Makes and opens notes and writes keys in the forms of https://c2sp.org/signed-note (verifier key
`name+keyid+base64`, private text `PRIVATE+KEY+...`). It does not know what a note says (`checkpoint`,
`keys`), nor where a private key is kept.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = b"\x01"
"""The signature type byte of C2SP for plain Ed25519."""

MAX_NOTE_BYTES: Final = 64 * 1024
MAX_SIGNATURES: Final = 64
KEY_ID_SIZE: Final = 4
KEY_SIZE: Final = 32
SIGNATURE_SIZE: Final = 64

_PRIVATE_PREFIX: Final = "PRIVATE+KEY+"
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteError(ValueError):
    """A note or key that is malformed, or a note that no trusted key has signed; the sentence says which."""


def from_base64(text: str) -> bytes:
    """The bytes of `text` in standard base64 with padding; NoteError for any other spelling of them."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"not standard base64: {text[:80]!r}") from error
    if to_base64(data) != text:
        raise NoteError(f"not the standard spelling of its base64: {text[:80]!r}")
    return data


def to_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode("ascii")


def check_key_name(name: str) -> str:
    """`name` itself, or NoteError when it is empty or has a space, a plus or a control character."""
    if not name or "+" in name or any(c.isspace() for c in name) or _CONTROL.search(name):
        raise NoteError(f"the key name {name!r} must not be empty nor hold spaces, plus or control characters")
    return name


def key_id(name: str, public: bytes) -> bytes:
    """The 4-byte key id: SHA-256(name || 0x0A || 0x01 || public key), cut."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:KEY_ID_SIZE]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name: what checks signatures. `public` is 32 bytes (RFC 8032)."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `name+keyid+base64(0x01 || key)`; NoteError unless the key id belongs to name and key."""
        name, claimed, encoded = _three_parts(text, text)
        public = _after_type_byte(encoded)
        check_key_name(name)
        if key_id(name, public).hex() != claimed:
            raise NoteError(f"the key id {claimed} is not the one of the key {text!r}")
        return cls(name, public)

    def format(self) -> str:
        """The C2SP text of this key."""
        return f"{self.name}+{self.id.hex()}+{to_base64(ED25519 + self.public)}"

    @property
    def id(self) -> bytes:
        """The 4-byte key id."""
        return key_id(self.name, self.public)

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) is this key's over `message`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def _three_parts(rest: str, shown: str) -> tuple[str, str, str]:
    parts = rest.split("+", 2)
    if len(parts) != 3 or not _KEY_ID.fullmatch(parts[1]):
        raise NoteError(f"not a key of the form name+keyid+base64: {shown[:80]!r}")
    return parts[0], parts[1], parts[2]


def _after_type_byte(encoded: str) -> bytes:
    data = from_base64(encoded)
    if data[:1] != ED25519 or len(data) != 1 + KEY_SIZE:
        raise NoteError("not an Ed25519 key (type byte 0x01 and 32 bytes)")
    return data[1:]


class SigningKey:
    """A private Ed25519 key with its name. Its repr shows the public half only."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self.name = check_key_name(name)
        self._private = private

    def __repr__(self) -> str:
        return f"SigningKey({self.verifier_key().format()!r})"

    @classmethod
    def generate(cls, name: str) -> SigningKey:
        """A new key from the operating system's randomness."""
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> SigningKey:
        """The key of a 32-byte seed (RFC 8032 section 5.1.5)."""
        if len(seed) != KEY_SIZE:
            raise NoteError(f"a private key has {KEY_SIZE} bytes, not {len(seed)}")
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def from_pem(cls, name: str, pem: bytes, *, password: bytes | None = None) -> SigningKey:
        """Read a PKCS#8 PEM file's bytes. NoteError when it is not Ed25519 or the password is wrong."""
        try:
            private = serialization.load_pem_private_key(pem, password=password)
        except (ValueError, TypeError) as error:
            raise NoteError(f"not a private key in PEM, or not its password: {error}") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise NoteError("the PEM file holds a private key that is not Ed25519")
        return cls(name, private)

    @classmethod
    def from_text(cls, text: str) -> SigningKey:
        """Read the C2SP private text `PRIVATE+KEY+name+keyid+base64(0x01 || seed)`."""
        if not text.startswith(_PRIVATE_PREFIX):
            raise NoteError("not a private key: it does not begin with PRIVATE+KEY+")
        name, claimed, encoded = _three_parts(text[len(_PRIVATE_PREFIX) :], "PRIVATE+KEY+...")
        key = cls.from_seed(name, _after_type_byte(encoded))
        if key.verifier_key().id.hex() != claimed:
            raise NoteError(f"the key id {claimed} is not the one of this private key")
        return key

    def to_pem(self, *, password: bytes | None = None) -> bytes:
        """PKCS#8 PEM, encrypted when a password is given."""
        shield: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            shield = serialization.BestAvailableEncryption(password)
        return self._private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, shield)

    def to_text(self) -> str:
        """The C2SP private text. Whoever reads it can sign."""
        seed = self._private.private_bytes_raw()
        return f"{_PRIVATE_PREFIX}{self.name}+{self.verifier_key().id.hex()}+{to_base64(ED25519 + seed)}"

    def verifier_key(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature over `message`."""
        return self._private.sign(message)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: the key's name and id, and the signature's bytes."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """The line as it stands in a note, newline included."""
        return f"\u2014 {self.name} {to_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note whose signatures were checked: its text, the trusted keys that signed, how many others did."""

    text: str
    signers: tuple[VerifierKey, ...]
    ignored: int


def sign(text: str, keys: Sequence[SigningKey]) -> str:
    """The note that says `text` (must end in a newline), signed by each of `keys` in turn."""
    if not keys:
        raise NoteError("a note needs at least one key to sign it")
    _check_text(text)
    message = text.encode()
    lines = [Signature(k.name, k.verifier_key().id, k.sign(message)).line() for k in keys]
    return text + "\n" + "".join(lines)


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteError("the text of a note ends in a newline")
    if _CONTROL.search(text):
        raise NoteError("the text of a note holds no control character but the newline")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NoteError("the text of a note is not valid Unicode") from error


def parse_note(note: str | bytes) -> tuple[str, tuple[Signature, ...]]:
    """Text and signature lines of a note, nothing checked but the form. Trust neither before `open_note`."""
    decoded = _decoded(note)
    text, blank, signatures = decoded.rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        raise NoteError("not a signed note: text, a blank line and signature lines that each end in a newline")
    _check_text(text + "\n")
    lines = signatures[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"{len(lines)} signatures; at most {MAX_SIGNATURES} are read")
    return text + "\n", tuple(_parse_signature(line) for line in lines)


def _decoded(note: str | bytes) -> str:
    raw = note.encode("utf-8", "surrogatepass") if isinstance(note, str) else note
    if len(raw) > MAX_NOTE_BYTES:
        raise NoteError(f"a note of {len(raw)} bytes; at most {MAX_NOTE_BYTES} are read")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteError("a note is UTF-8 text") from error


def _parse_signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, space, encoded = rest.partition(" ")
    if dash != "\u2014" or not space:
        raise NoteError(f"not a signature line: {line[:80]!r}")
    data = from_base64(encoded)
    if len(data) <= KEY_ID_SIZE:
        raise NoteError(f"a signature without signature bytes: {line[:80]!r}")
    return Signature(check_key_name(name), data[:KEY_ID_SIZE], data[KEY_ID_SIZE:])


def open_note(note: str | bytes, keys: Iterable[VerifierKey]) -> OpenedNote:
    """The text of `note` once at least one of `keys` has signed it.

    Signatures of other keys are ignored, as C2SP asks. NoteError when one of `keys` is named but its
    signature is wrong, when the same key signs twice, or when none of `keys` signed.
    """
    text, signatures = parse_note(note)
    trusted = {(key.name, key.id): key for key in keys}
    signers: list[VerifierKey] = []
    for signature in signatures:
        key = trusted.get((signature.name, signature.key_id))
        if key is None:
            continue
        if key in signers:
            raise NoteError(f"signed twice by the key {key.name} {key.id.hex()}")
        if not key.verifies(text.encode(), signature.signature):
            raise NoteError(f"the signature of the key {key.name} {key.id.hex()} is wrong")
        signers.append(key)
    if not signers:
        raise NoteError("not signed by any trusted key")
    return OpenedNote(text, tuple(signers), len(signatures) - len(signers))
