#!/usr/bin/env python3
"""Verify a bundle of the custody log: python verify.py BUNDLE [--checkpoint EARLIER] [--vkey KEY] [--json]

One file, Python 3.9 or later, standard library only: it can be read from top to bottom and run on a laptop
without a network. It knows the published format and nothing of the program that wrote the bundle. Memory
grows with the number of chains, not of entries. Exit code: 0 verified, 1 not verified, 2 misuse.

It shows that the entries are those under the signed checkpoint. It cannot show that what people told the
tracker was true, that the key is the issuer's (compare it with the published one: --vkey), or, without an
earlier checkpoint, that the holder of the key did not write the log anew.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import csv
import datetime as dt
import hashlib
import heapq
import io
import json
import re
import stat
import sys
import tempfile
import time
import zipfile
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Callable

MAX_LINE = 1 << 20
MAX_SMALL_FILE = 1 << 22
MAX_FINDINGS = 50
MAX_MEMBERS = 256
ALWAYS = ("entries.jsonl", "checkpoint.txt", "vkeys.txt", "custody.csv")
FILE_ORDER = ("entries.jsonl", "proofs.jsonl", "custody.csv", "checkpoint.txt", "vkeys.txt")
UNREAD = ("report.pdf", "epcis.jsonld", "fhir.json", "prov.jsonld")
DAMAGED = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError)

FIELDS = {
    *("v", "id", "chain", "seq", "prev", "course", "kind", "step", "process", "protocol", "happened_at"),
    *(
        "recorded_at",
        "zone",
        "actor",
        "containers",
        "evidence",
        "signatures",
        "reasons",
        "refers_to",
        "software",
    ),
}
SIGNATURE_FIELDS = {"account", "at", "meaning", "name", "signed"}
HEX64 = re.compile(r"[0-9a-f]{64}")
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.[0-9]{6}Z")
CHAIN = re.compile(r"log|(course|subject|account|station|place|study)/[!-.0-~]+")
PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class Bad(Exception):
    """Something of the bundle that does not hold: the problem in one sentence, and the file."""

    def __init__(self, problem: str, file: str = "") -> None:
        super().__init__(problem)
        self.problem, self.file = problem, file


class Misuse(Exception):
    """The command was called in a way that cannot be meant."""


# --- Ed25519 (RFC 8032), verification only ------------------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def point_add(a: Any, b: Any) -> Any:
    """Sum of two points in extended coordinates (X, Y, Z, T), RFC 8032 section 5.1.4."""
    low, high = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = high - low, d - c, d + c, high + low
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_times(scalar: int, point: Any) -> Any:
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        scalar >>= 1
    return result


def point_decode(data: bytes) -> Any:
    """The point of 32 bytes, or None when they are not one (RFC 8032 section 5.1.3)."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def point_encode(point: Any) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return int(y | (x & 1) << 255).to_bytes(32, "little")


BASE = point_decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


@lru_cache(maxsize=256)
def ed25519_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) is the one of the key `public` (32 bytes) over `message`."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, s = point_decode(public), int.from_bytes(signature[32:], "little")
    if key is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    minus_key = (P - key[0], key[1], key[2], P - key[3])
    return point_encode(point_add(point_times(s, BASE), point_times(k, minus_key))) == signature[:32]


# --- Keys, signed notes, checkpoints (C2SP) -----------------------------------------------------------------


def unbase64(text: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        raise Bad(f"not standard base64: {text[:60]!r}") from None
    if base64.b64encode(data).decode() != text:
        raise Bad(f"not the standard spelling of its base64: {text[:60]!r}")
    return data


class Key:
    """A C2SP verifier key: name+keyid+base64(0x01 || 32 bytes of Ed25519)."""

    def __init__(self, text: str) -> None:
        parts = text.split("+", 2)
        if len(parts) != 3 or not parts[0] or any(c.isspace() for c in parts[0]):
            raise Bad(f"not a key of the form name+keyid+base64: {text[:80]!r}")
        data = unbase64(parts[2])
        if len(data) != 33 or data[:1] != b"\x01":
            raise Bad(f"not an Ed25519 key: {text[:80]!r}")
        self.text, self.name, self.public = text, parts[0], data[1:]
        self.id = hashlib.sha256(self.name.encode() + b"\n" + data).digest()[:4]
        if self.id.hex() != parts[1]:
            raise Bad(f"the key id {parts[1][:20]!r} does not belong to the key {text[:80]!r}")


def parse_note(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Text and signatures (name, key id || signature) of a signed note; only the form is checked."""
    try:
        text, blank, lines = note.decode("utf-8").rpartition("\n\n")
    except UnicodeDecodeError:
        raise Bad("not UTF-8 text") from None
    if not blank or not lines.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f]", text + lines):
        raise Bad("not a signed note: a text, a blank line, signature lines")
    signatures = []
    for line in lines[:-1].split("\n"):
        dash, name, encoded = [*line.split(" "), "", ""][:3]
        if dash != "\u2014" or not name or line.count(" ") != 2:
            raise Bad(f"not a signature line: {line[:80]!r}")
        signatures.append((name, unbase64(encoded)))
    return text + "\n", signatures


def signers_of(note: bytes, keys: list[Key]) -> tuple[str, list[Key]]:
    """The text of a note and those of `keys` that signed it. A wrong signature by a known key is Bad."""
    text, signatures = parse_note(note)
    found = []
    for name, data in signatures:
        for key in keys:
            if key.name == name and key.id == data[:4]:
                if not ed25519_holds(key.public, text.encode(), data[4:]):
                    raise Bad(f"the signature of the key {key.name}+{key.id.hex()} is wrong")
                found.append(key)
    return text, found


class Checkpoint:
    """A tlog-checkpoint signed by one of `keys` under the log's own name; `key` is the one that signed."""

    def __init__(self, note: bytes, keys: list[Key]) -> None:
        text, signers = signers_of(note, keys)
        lines = text.split("\n")
        if len(lines) < 4 or not all(lines[:-1]) or not DECIMAL.fullmatch(lines[1]):
            raise Bad("not a checkpoint: origin, size, root")
        self.origin, self.size, self.root = lines[0], int(lines[1]), unbase64(lines[2])
        if len(self.root) != 32:
            raise Bad("the root of the checkpoint has not 32 bytes")
        own = [key for key in signers if key.name == self.origin]
        if not own:
            raise Bad("the checkpoint is not signed by a trusted key of its log")
        self.key = own[0]


# --- The Merkle tree (RFC 6962, RFC 9162) -------------------------------------------------------------------


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class RootBuilder:
    """The root over a stream of leaf hashes, holding one hash for each bit of their number."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        size = self.size
        while size & 1:
            leaf, size = node_hash(self.peaks.pop(), leaf), size >> 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        folded = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            folded = node_hash(peak, folded)
        return folded


def walk_up(hashes: list[bytes], position: int, last: int, path: list[bytes]) -> bool:
    """Fold `path` into `hashes` in place: hashes[0] climbs always, hashes[1] only by left neighbours."""
    for step in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            hashes[:] = [node_hash(step, h) for h in hashes]
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            hashes[0] = node_hash(hashes[0], step)
        position, last = position >> 1, last >> 1
    return last == 0


def included(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """RFC 9162 section 2.1.3.2."""
    climbing = [leaf]
    return 0 <= index < size and walk_up(climbing, index, size - 1, path) and climbing[0] == root


def extends(old: int, new: int, path: list[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the tree of `new` leaves begins with the tree of `old`, RFC 9162 section 2.1.4.2."""
    if old == new or old == 0:
        return not path and old_root == (new_root if old == new else RootBuilder().root())
    steps = ([old_root] if old & (old - 1) == 0 else []) + path
    if not 0 < old < new or not steps:
        return False
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    climbing = [steps[0], steps[0]]
    return walk_up(climbing, position, last, steps[1:]) and climbing == [new_root, old_root]


class HeadsTree:
    """The heads tree of all chains seen so far, kept up to date: only what changed is hashed again."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.levels: list[list[bytes]] = [[]]
        self.fresh: dict[str, bytes] = {}

    def put(self, chain: str, seq: int, digest: bytes) -> None:
        self.fresh[chain] = head_leaf(chain, seq, digest.hex())

    def root(self) -> bytes:
        changed, moved, leaves = set(), None, self.levels[0]
        for chain in sorted(self.fresh):
            place = bisect_left(self.names, chain)
            if place == len(self.names) or self.names[place] != chain:
                self.names.insert(place, chain)
                leaves.insert(place, b"")
                moved = place if moved is None else moved
            leaves[place] = self.fresh[chain]
            changed.add(place)
        self.fresh = {}
        if moved is not None:
            changed.update(range(moved, len(leaves)))
        return self.climb(changed) if leaves else RootBuilder().root()

    def climb(self, changed: set[int]) -> bytes:
        depth = 0
        while len(self.levels[depth]) > 1:
            below, size = self.levels[depth], (len(self.levels[depth]) + 1) // 2
            if len(self.levels) == depth + 1:
                self.levels.append([])
            above = self.levels[depth + 1]
            above.extend([b""] * (size - len(above)))
            changed = {place >> 1 for place in changed}
            for place in changed:
                pair = below[2 * place : 2 * place + 2]
                above[place] = node_hash(*pair) if len(pair) == 2 else pair[0]
            depth += 1
        return self.levels[depth][0]


def head_leaf(chain: str, seq: int, digest: str) -> bytes:
    return leaf_hash(canonical({"chain": chain, "digest": digest, "seq": seq}))


# --- Canonical JSON (RFC 8785) and entries ------------------------------------------------------------------

ENCODE = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
).encode


def canonical(value: Any) -> bytes:
    return ENCODE(value).encode("utf-8")


def no_float(text: str) -> Any:
    raise Bad(f"the number {text[:40]} is not a whole number")


def whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > 2**53 - 1:
        raise Bad(f"the number {text[:40]} is beyond 2^53 - 1")
    return int(text)


def ascii_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if not all(key.isascii() for key, _ in pairs):
        raise Bad("a key is not ASCII text")
    if len({key for key, _ in pairs}) != len(pairs):
        raise Bad("the same key twice")
    return dict(pairs)


DECODE = json.JSONDecoder(
    object_pairs_hook=ascii_keys, parse_float=no_float, parse_int=whole, parse_constant=no_float
).decode


def load(text: bytes) -> Any:
    """The JSON value of `text`: keys once each and in ASCII, whole numbers only."""
    try:
        return DECODE(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Bad(f"not readable as JSON in UTF-8: {error}") from None


def load_canonical(text: bytes) -> Any:
    """As `load`; Bad also unless writing the value back gives the same bytes."""
    value = load(text)
    try:
        same = canonical(value) == text
    except (ValueError, RecursionError):
        same = False
    if not same:
        raise Bad("not in canonical form (RFC 8785)")
    return value


def is_count(value: Any, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def is_time(value: Any) -> bool:
    found = TIME.fullmatch(value) if isinstance(value, str) else None
    try:
        return found is not None and bool(dt.datetime(*map(int, found.groups())))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return False


def signed_digest(entry: dict[str, Any], signature: dict[str, Any]) -> str:
    """What `signature` must carry in "signed" to belong to `entry`."""
    names = ("course", "evidence", "process", "protocol", "refers_to", "step")
    what = {name: entry[name] for name in names}
    what["containers"] = [{"id": c["id"], "part": c["part"]} for c in entry["containers"]]
    seen = {name: signature[name] for name in ("account", "at", "meaning")}
    return hashlib.sha256(canonical({**seen, "what": what})).hexdigest()


def read_entry(line: bytes) -> dict[str, Any]:
    """The entry of one line, without its newline; Bad says what is wrong with it."""
    entry = load_canonical(line)
    if not isinstance(entry, dict) or set(entry) != FIELDS:
        raise Bad("the fields are not those of an entry of version 1")
    problem = next((problem for holds, problem in entry_rules(entry) if not holds), None)
    if problem:
        raise Bad(problem)
    return entry


def entry_rules(entry: dict[str, Any]) -> Iterator[tuple[bool, str]]:
    """What must hold of an entry by itself, in an order in which later rules may rely on earlier ones."""
    first, prev = entry["seq"] == 1, entry["prev"]
    yield is_count(entry["v"]) and entry["v"] == 1, "v is not 1"
    yield matches(UUID7, entry["id"]), "id is not a UUID of version 7"
    yield matches(CHAIN, entry["chain"]), "not the name of a chain"
    yield is_count(entry["seq"], 1), "seq is not a whole number from 1"
    yield prev is None if first else matches(HEX64, prev), "prev is not a digest (null at seq 1)"
    yield is_time(entry["happened_at"]) and is_time(entry["recorded_at"]), "a time is not as it should be"
    yield (
        isinstance(entry["kind"], str) and isinstance(entry["evidence"], dict),
        "kind or evidence is malformed",
    )
    yield of_course(entry), "course is not the one of the chain"
    yield are_records(entry["containers"], {"id", "part"}), "containers are malformed"
    yield are_records(entry["reasons"], set()), "reasons are malformed"
    yield not (entry["kind"] == "performed" and entry["reasons"]), "performed, and yet reasons of a refusal"
    yield are_records(entry["signatures"], SIGNATURE_FIELDS), "signatures are malformed"
    for signature in entry["signatures"]:
        owned = signature["signed"] == signed_digest(entry, signature)
        yield owned, f"the signature of {signature['account']!r} does not belong to this entry"


def of_course(entry: dict[str, Any]) -> bool:
    kind, _, identifier = entry["chain"].partition("/")
    return bool(kind != "course" or entry["course"] == identifier)


def are_records(value: Any, needed: set[str]) -> bool:
    return isinstance(value, list) and all(isinstance(r, dict) and needed <= set(r) for r in value)


# --- The bundle: a zip or a folder --------------------------------------------------------------------------


class Bundle:
    """Names and sizes of the files, and a stream of each. Refuses what a bundle never holds."""

    def __init__(self, path: Path, open_files: ExitStack) -> None:
        self.zip: zipfile.ZipFile | None = None
        self.path = path
        self.sizes: dict[str, int] = {}
        if path.is_dir():
            self.list_folder()
            return
        try:
            self.zip = open_files.enter_context(zipfile.ZipFile(path))
        except DAMAGED as error:
            raise Bad(f"not a zip file: {error}", path.name) from None
        for info in self.zip.infolist():
            self.add_member(info)

    def add(self, name: str, size: int) -> None:
        if not PLAIN_NAME.fullmatch(name):
            raise Bad(f"the bundle holds {name[:80]!r}: only plain file names belong in it", name[:80])
        if name in self.sizes:
            raise Bad("the bundle holds this name twice", name)
        if len(self.sizes) >= MAX_MEMBERS:
            raise Bad(f"the bundle holds more than {MAX_MEMBERS} files", name)
        self.sizes[name] = size

    def list_folder(self) -> None:
        for item in self.path.iterdir():
            if item.is_symlink() or not item.is_file():
                raise Bad(f"the bundle holds {item.name!r}, which is not a plain file", item.name)
            self.add(item.name, item.stat().st_size)

    def add_member(self, info: zipfile.ZipInfo) -> None:
        mode = info.external_attr >> 16
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Bad("encrypted or packed in an unusual way", info.filename[:80])
        if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise Bad("not a plain file", info.filename[:80])
        self.add(info.orig_filename, info.file_size)

    def open(self, name: str) -> IO[bytes]:
        if self.zip is None:
            return (self.path / name).open("rb")
        stream: Any = self.zip.open(name)
        stream._expected_crc = None  # SHA-256 is checked; a CRC error would hide which entry was altered
        return stream  # type: ignore[no-any-return]

    def small(self, name: str) -> bytes:
        """All of a file that is never large."""
        if name not in self.sizes:
            raise Bad("missing from the bundle", name)
        try:
            with self.open(name) as stream:
                data = stream.read(MAX_SMALL_FILE + 1)
        except DAMAGED as error:
            raise Bad(f"cannot be read: {error}", name) from None
        if len(data) > MAX_SMALL_FILE:
            raise Bad(f"larger than {MAX_SMALL_FILE} bytes", name)
        return data


class Member:
    """One listed file read once as a stream of lines, hashed on the way, never beyond its listed size."""

    def __init__(self, run: Run, name: str) -> None:
        self.run, self.name, self.seen, self.lines_read = run, name, 0, 0
        self.listed = run.files[name]
        self.hash = hashlib.sha256()
        try:
            raw: Any = run.bundle.open(name)
            self.stream = run.open_files.enter_context(io.BufferedReader(raw, 1 << 18))
        except DAMAGED as error:
            raise Bad(f"cannot be read: {error}", name) from None

    def take(self, size: int, line: bool = False) -> bytes:
        try:
            data = self.stream.readline(size) if line else self.stream.read(size)
        except DAMAGED as error:
            raise Bad(f"damaged after {self.seen} bytes (line {self.lines_read + 1}): {error}", self.name) from None
        self.seen += len(data)
        if self.seen > self.listed["size"]:
            raise Bad(f"longer than the {self.listed['size']} bytes that the manifest lists", self.name)
        self.hash.update(data)
        self.run.progress(len(data))
        return data

    def lines(self) -> Iterator[bytes]:
        """The lines without their newlines. Bad at a line that is endless or has no newline."""
        while True:
            line = self.take(MAX_LINE + 1, line=True)
            if not line:
                return
            self.lines_read += 1
            if not line.endswith(b"\n"):
                raise Bad(f"line {self.lines_read} does not end in a newline, or is too long", self.name)
            yield line[:-1]

    def close(self) -> None:
        """Read what is left and compare with the manifest."""
        while self.take(1 << 18):
            pass
        if self.seen != self.listed["size"] or self.hash.hexdigest() != self.listed["sha256"]:
            raise Bad("does not match its SHA-256 and size in manifest.json", self.name)


class Ids:
    """Finds an id that comes twice among any number, with sorted runs in temporary files."""

    RUN = 1 << 17

    def __init__(self, open_files: ExitStack) -> None:
        self.open_files = open_files
        self.records: list[bytes] = []
        self.files: list[IO[bytes]] = []

    def add(self, identifier: str, line: int) -> None:
        self.records.append(bytes.fromhex(identifier.replace("-", "")) + line.to_bytes(8, "big"))
        if len(self.records) >= self.RUN:
            file = self.open_files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
            file.write(b"".join(sorted(self.records)))
            file.seek(0)
            self.files.append(file)
            self.records = []

    def doubles(self) -> Iterator[int]:
        """The lines of entries whose id an earlier entry has."""
        runs = [iter(lambda f=file: f.read(24), b"") for file in self.files]  # type: ignore[misc]
        last = b""
        for record in heapq.merge(sorted(self.records), *runs):
            if record[:16] == last:
                yield int.from_bytes(record[16:], "big")
            last = record[:16]


class Table:
    """The rows of custody.csv beside the entries: ids, and digests where the table has that column.

    A table that cannot be read on is `broken`: it says no more, and the entries are checked without it.
    """

    def __init__(self, run: Run) -> None:
        self.run, self.member = run, Member(run, "custody.csv")
        self.rows = csv.reader(line.decode("utf-8") + "\n" for line in self.member.lines())
        self.broken = False
        self.digests = RootBuilder()
        self.first_odd: int | None = None
        self.header = [cell.lstrip("\ufeff") for cell in self.read() or []]
        if "id" not in self.header and not self.broken:
            self.fail("no column is called 'id'")

    def fail(self, problem: str) -> None:
        self.broken = True
        self.run.blame(problem, "custody.csv", self.member.lines_read or 1)

    def read(self) -> list[str] | None:
        try:
            return None if self.broken else next(self.rows, None)
        except Bad as bad:
            self.fail(bad.problem)
        except (csv.Error, UnicodeDecodeError) as error:
            self.fail(f"cannot be read as a table: {error}")
        return None

    def next(self) -> dict[str, str] | None:
        cells = self.read()
        if cells is None:
            return None
        row = dict(zip(self.header, cells))
        if matches(HEX64, row.get("digest")):
            self.digests.append(bytes.fromhex(row["digest"]))
        return row

    def tells(self, line: int, digest: str, entry: dict[str, Any] | None) -> bool:
        """Whether the next row is of this entry. Remembers the first that is not."""
        row = self.next()
        same = row is not None and row.get("digest", digest) == digest
        if same and row and entry:
            same = row.get("id") == entry["id"]
        if not same and not self.broken:
            self.first_odd = self.first_odd or line
        return same


# --- The run ------------------------------------------------------------------------------------------------


class ChainEnd:
    """The last entry seen of a chain. `doubt`: the line before it, when the two do not fit each other."""

    __slots__ = ("digest", "doubt", "first", "line", "seq", "sure")

    def __init__(self, first: int, seq: int, digest: bytes, line: int, sure: bool) -> None:
        self.first, self.seq, self.digest, self.line, self.sure = first, seq, digest, line, sure
        self.doubt: int | None = None


class Run:
    """One verification: what was found, and what is known so far."""

    bundle: Bundle
    manifest_sha: str

    def __init__(self, given: list[Key]) -> None:
        self.given = given
        self.progress: Callable[[int], None] = quiet
        self.findings: list[dict[str, Any]] = []
        self.notes: list[str] = []
        self.count_findings = 0
        self.files: dict[str, Any] = {}
        self.manifest: dict[str, Any] = {"filter": {}}
        self.keys: list[Key] = []
        self.checkpoint: Checkpoint | None = None
        self.earlier: Checkpoint | None = None
        self.prefix_root: bytes | None = None
        self.chains: dict[str, ChainEnd] = {}
        self.open_files = ExitStack()
        self.heads, self.tree, self.ids = HeadsTree(), RootBuilder(), Ids(self.open_files)
        self.current: Key | None = None
        self.handed: set[str] = {key.text for key in given}
        self.shown_whole = self.shown_part = 0
        self.last_kind = ""

    @property
    def whole_log(self) -> bool:
        return bool(self.manifest["filter"].get("all") is True)

    def blame(self, problem: str, file: str, line: int | None = None, **more: Any) -> None:
        """Note something that does not hold. `line` counts from 1, in `file`."""
        self.count_findings += 1
        finding = {"file": file, "line": line, "problem": problem, **more}
        if file == "entries.jsonl" and line is not None and self.whole_log:
            finding["index"] = line - 1
        self.findings.append(finding)
        if len(self.findings) > 2 * MAX_FINDINGS:
            self.findings = sorted(self.findings, key=severity)[:MAX_FINDINGS]

    def trying(self, step: Callable[..., object], file: str, *arguments: object) -> None:
        """Take a step; what it finds bad is noted, and the run goes on."""
        try:
            step(*arguments)
        except Bad as bad:
            self.blame(bad.problem, bad.file or file)

    # -- manifest, keys, checkpoint

    def read_manifest(self) -> None:
        data = self.bundle.small("manifest.json")
        manifest = load(data)
        if not isinstance(manifest, dict) or manifest.get("format") != 1:
            raise Bad("not the manifest of a bundle of format 1", "manifest.json")
        files = manifest.get("files")
        shapes = (manifest.get("origin"), str), (manifest.get("filter"), dict), (files, dict)
        if not all(isinstance(value, kind) for value, kind in shapes) or not is_count(manifest.get("tree_size")):
            raise Bad("origin, filter, tree_size or files are missing or malformed", "manifest.json")
        assert isinstance(files, dict)  # noqa: S101
        for name, listed in files.items():
            good = isinstance(listed, dict) and matches(HEX64, listed.get("sha256")) and is_count(listed.get("size"))
            if not good or not PLAIN_NAME.fullmatch(name) or name in ("manifest.json", "manifest.note"):
                raise Bad(f"the line of {name[:80]!r} is malformed", "manifest.json")
        self.manifest, self.files, self.manifest_sha = manifest, files, hashlib.sha256(data).hexdigest()

    def compare_names(self) -> None:
        for name in sorted(set(self.bundle.sizes) - set(self.files) - {"manifest.json", "manifest.note"}):
            self.blame("in the bundle but not in manifest.json", name)
        for name in sorted(set(self.files) - set(self.bundle.sizes)):
            self.blame("listed in manifest.json but missing from the bundle", name)
        for name in sorted(set(self.files) & set(self.bundle.sizes)):
            if self.bundle.sizes[name] != self.files[name]["size"]:
                size, listed = self.bundle.sizes[name], self.files[name]["size"]
                self.blame(f"{size} bytes long; manifest.json lists {listed}", name)
        wanted = ALWAYS if self.whole_log else (*ALWAYS, "proofs.jsonl")
        for name in wanted:
            if name not in self.files or name not in self.bundle.sizes:
                raise Bad("a bundle cannot be without this file", name)

    def read_keys(self) -> None:
        lines = self.bundle.small("vkeys.txt").decode("utf-8", "replace").split("\n")
        for line in lines:
            if line:
                self.keys.append(Key(line))

    def trusted(self) -> list[Key]:
        """The keys to check notes with, given or brought along; which to trust is settled at the end."""
        return self.given + [key for key in self.keys if key.text not in self.handed]

    def read_checkpoint(self) -> None:
        found = Checkpoint(self.bundle.small("checkpoint.txt"), self.trusted())
        if found.origin != self.manifest["origin"] or found.size != self.manifest["tree_size"]:
            self.blame("the checkpoint is of another log or size than manifest.json says", "checkpoint.txt")
        self.checkpoint = found

    def read_manifest_note(self) -> None:
        text, signers = signers_of(self.bundle.small("manifest.note"), self.trusted())
        origin, exported = self.manifest["origin"], self.manifest.get("exported_at")
        if text != f"{origin}/export\n{self.manifest_sha}\n{exported}\n":
            raise Bad("the note is of another manifest.json than the one in the bundle", "manifest.note")
        names = [key.text for key in signers if key.name == origin]
        if not names or (self.checkpoint and self.checkpoint.key.text not in names):
            raise Bad("the manifest is not signed by the key that signed the checkpoint", "manifest.note")

    # -- entries

    def walk(self) -> None:
        """Read entries, table and proofs side by side, once."""
        entries, table = Member(self, "entries.jsonl"), Table(self)
        member = Member(self, "proofs.jsonl") if "proofs.jsonl" in self.files else None
        needed = member is not None and (not self.whole_log or self.files["proofs.jsonl"]["size"] > 0)
        proofs = Proofs(self, member) if member and needed else None
        try:
            for line, data in enumerate(entries.lines(), 1):
                self.take(line, data, table, proofs)
            self.missing_after(entries.lines_read, table)
        except Bad as bad:
            self.blame(bad.problem, bad.file, self.tree.size + 1)
        self.resolve_doubts()
        for double in self.ids.doubles():
            self.blame("its id is the id of an earlier entry", "entries.jsonl", double)
        self.judge_table(table)
        if proofs:
            proofs.finish()
        for read in (entries, table.member, member):
            if read:
                self.trying(read.close, read.name)

    def take(self, line: int, data: bytes, table: Table, proofs: Proofs | None) -> None:
        digest = leaf_hash(data)
        if self.earlier and self.tree.size == self.earlier.size:
            self.prefix_root = self.tree.root()
        self.tree.append(digest)
        sure, index = proofs.next(line, digest) if proofs else (False, line - 1)
        entry = None
        try:
            entry = read_entry(data)
        except Bad as bad:
            self.blame(bad.problem, "entries.jsonl", line, index=index)
        told = table.tells(line, digest.hex(), entry)
        self.last_kind = entry["kind"] if entry else ""
        if entry:
            self.ids.add(entry["id"], line)
            self.follow(entry, digest, line, sure if proofs else told)
            self.look_inside(entry, line)

    def follow(self, entry: dict[str, Any], digest: bytes, line: int, sure: bool) -> None:
        """Continue the entry's chain. When two neighbours do not fit, find out which one was altered."""
        chain, seq = entry["chain"], entry["seq"]
        before, now = self.chains.get(chain), ChainEnd(seq, seq, digest, line, sure)
        self.chains[chain] = now
        if chain != "log":
            self.heads.put(chain, seq, digest)
        if before is None:
            if self.whole_log and seq != 1:
                self.blame(
                    f"{chain} begins with seq {seq}: an entry before it is missing or altered",
                    "entries.jsonl",
                    line,
                )
            return
        now.first = before.first
        fits = entry["prev"] == before.digest.hex()
        if seq != before.seq + 1:
            self.blame(f"seq is {seq} in {chain}, expected {before.seq + 1}", "entries.jsonl", line)
        elif before.doubt is not None:
            self.unlinked(before.doubt if fits else before.line, chain)
        elif not fits and before.sure != sure:
            self.unlinked(line if before.sure else before.line, chain)
        elif not fits:
            now.doubt = before.line

    def unlinked(self, line: int, chain: str) -> None:
        self.blame(f"does not fit its neighbour in {chain}: altered after it was linked", "entries.jsonl", line)

    def resolve_doubts(self) -> None:
        for chain, end in self.chains.items():
            if end.doubt is not None:
                self.unlinked(end.doubt, chain)

    def look_inside(self, entry: dict[str, Any], line: int) -> None:
        """Entries about the log itself: heads and keys."""
        evidence = entry["evidence"]
        try:
            if entry["kind"] == "checkpoint_heads" and self.whole_log:
                self.check_heads(evidence)
            elif entry["kind"] == "key_published":
                if self.current:
                    raise Bad("a first key is published though the log has one")
                self.current = Key(str(evidence.get("vkey")))
            elif entry["kind"] == "key_rotated":
                self.rotate(evidence)
        except Bad as bad:
            self.blame(bad.problem, "entries.jsonl", line)

    def check_heads(self, evidence: dict[str, Any]) -> None:
        root = base64.b64encode(self.heads.root()).decode()
        if evidence != {"heads_root": root, "leaves": len(self.heads.names)}:
            raise Bad("the heads root is not the one of the chains so far: an entry before it, or it, was altered")

    def rotate(self, evidence: dict[str, Any]) -> None:
        old, new = Key(str(evidence.get("old_vkey"))), Key(str(evidence.get("new_vkey")))
        text, signers = signers_of(str(evidence.get("note")).encode("utf-8", "replace"), [old, new])
        said = f"{self.manifest['origin']}/key_rotated\n{old.text}\n{new.text}\n"
        if {key.text for key in signers} != {old.text, new.text} or not text.startswith(said) or text.count("\n") != 4:
            raise Bad("the change of key is not signed by the old and the new key")
        if self.current and self.current.text != old.text:
            raise Bad("the change of key does not start from the key in force")
        self.current = new
        if old.text in self.handed:
            self.handed.add(new.text)

    def missing_after(self, lines: int, table: Table) -> None:
        """The entry that the table tells of after the last one, if there is such a row."""
        row = table.next()
        if row is not None:
            told = f"the entry {row.get('id', '')[:40]!r} that custody.csv tells of is missing"
            self.blame(told, "entries.jsonl", lines + 1)
            while table.next():
                pass

    def judge_table(self, table: Table) -> None:
        """An entry and its row differ: find out which of the two was altered."""
        line, signed = table.first_odd, self.checkpoint.root if self.checkpoint else b""
        if line is None:
            return
        named = any(f["file"] == "entries.jsonl" and f["line"] == line for f in self.findings)
        if self.tree.root() == signed or (not self.whole_log and not named):
            self.blame("does not tell of the entry at its place", "custody.csv", line + 1)
        elif table.digests.root() == signed:
            self.blame("not the entry that was signed: its digest is another", "entries.jsonl", line)
        else:
            self.blame("differs from its row in custody.csv", "entries.jsonl", line)

    # -- after the entries

    def check_tree(self) -> None:
        """The whole log: number of entries and root are those that were signed."""
        checkpoint, size = self.checkpoint, self.tree.size
        if not checkpoint or not self.whole_log:
            return
        if size < checkpoint.size:
            self.blame(f"entry {size} is missing: {checkpoint.size} were signed", "entries.jsonl", size + 1)
        elif size > checkpoint.size:
            self.blame(f"only {checkpoint.size} entries were signed", "entries.jsonl", checkpoint.size + 1)
        elif self.tree.root() != checkpoint.root:
            known = self.earlier.size if self.earlier and self.prefix_root == self.earlier.root else 0
            problem = f"from entry {known} on, nothing is confirmed: the root is not the one that was signed"
            if not any(f["file"] == "entries.jsonl" and f["line"] for f in self.findings):
                self.blame(problem, "entries.jsonl", known + 1)
            else:
                self.blame("the root over the entries is not the one that was signed", "entries.jsonl")
        elif size and self.last_kind != "checkpoint_heads":
            self.blame("the last entry under the checkpoint is not of kind checkpoint_heads", "entries.jsonl", size)

    def check_earlier(self, consistency: bytes | None) -> None:
        if not self.earlier or not self.checkpoint:
            return
        old, new = self.earlier, self.checkpoint
        if old.origin != new.origin or old.size > new.size:
            raise Bad("the earlier checkpoint is of another log, or later than this bundle", "checkpoint.txt")
        if self.tree.size == old.size and self.whole_log:
            self.prefix_root = self.tree.root()
        if old.size == new.size:
            same = old.root == new.root
        elif self.whole_log:
            same = self.prefix_root == old.root
        elif consistency is None:
            raise Bad(
                "a part of the log cannot show that it extends the earlier checkpoint: ask the issuer for "
                "the whole log, or for the consistency proof of the two sizes (--consistency)",
                "checkpoint.txt",
            )
        else:
            proof = load(consistency)
            if not isinstance(proof, dict) or (proof.get("from"), proof.get("to")) != (old.size, new.size):
                raise Bad("the consistency proof is of other sizes", "checkpoint.txt")
            same = extends(old.size, new.size, hashes(proof.get("path")), old.root, new.root)
        if not same:
            raise Bad(f"rewritten: the {old.size} entries of the earlier checkpoint were others", "checkpoint.txt")

    def check_key(self) -> None:
        """The checkpoint is by a key that was given, or handed on from it; and by the key in force."""
        if not self.checkpoint:
            return
        signer = self.checkpoint.key
        if self.whole_log and self.current and self.current.text != signer.text:
            raise Bad("the checkpoint is not signed by the key in force at its size", "checkpoint.txt")
        if not self.given:
            self.notes.append("the key came with the bundle: compare it with the one the issuer published")
        elif signer.text not in self.handed:
            raise Bad(
                "the checkpoint is not signed by the key given, nor by one that it handed on to",
                "checkpoint.txt",
            )

    def hash_the_rest(self) -> None:
        done = {"entries.jsonl", "proofs.jsonl", "custody.csv"}
        for name in sorted((set(self.files) & set(self.bundle.sizes)) - done):
            self.trying(self.hash_file, name, name)
        unread = [name for name in UNREAD if name in self.files]
        if unread:
            self.notes.append(f"not checked beyond their place in the manifest: {', '.join(unread)}")

    def hash_file(self, name: str) -> None:
        Member(self, name).close()

    def report(self) -> dict[str, Any]:
        self.findings.sort(key=severity)
        key = self.checkpoint.key.text if self.checkpoint else None
        return {
            "verified": not self.findings,
            "origin": self.manifest.get("origin"),
            "filter": self.manifest.get("filter"),
            "tree_size": self.manifest.get("tree_size"),
            "entries": self.tree.size,
            "chains": len(self.chains),
            "chains_whole": self.shown_whole,
            "chains_in_part": self.shown_part,
            "key": key,
            "key_source": "given" if self.given else "bundle",
            "earlier_size": self.earlier.size if self.earlier else None,
            "first_bad": self.findings[0] if self.findings else None,
            "findings": self.findings[:MAX_FINDINGS],
            "findings_total": self.count_findings,
            "notes": self.notes,
        }


def quiet(size: int) -> None:
    """Progress that nobody watches."""


def severity(finding: dict[str, Any]) -> tuple[bool, bool, int, int]:
    """Entries first, in their order; then lines of other files, then whole files, the manifest last."""
    name, line = finding["file"], finding["line"]
    rank = FILE_ORDER.index(name) if name in FILE_ORDER else len(FILE_ORDER) + name.startswith("manifest")
    return name != "entries.jsonl", not line, rank, line or 0


def hashes(path: Any) -> list[bytes]:
    if not isinstance(path, list) or len(path) > 64 or not all(isinstance(step, str) for step in path):
        raise Bad("an audit path is a list of hashes in base64")
    steps = [unbase64(step) for step in path]
    if any(len(step) != 32 for step in steps):
        raise Bad("a step of an audit path has not 32 bytes")
    return steps


class Proofs:
    """proofs.jsonl beside the entries: one line an entry, then the heads entry, then one line a chain."""

    def __init__(self, run: Run, member: Member) -> None:
        self.run, self.rows, self.member = run, member.lines(), member
        self.last, self.short = -1, False
        self.size = run.checkpoint.size if run.checkpoint else 0
        self.root = run.checkpoint.root if run.checkpoint else b""

    def read(self, *fields: str) -> dict[str, Any]:
        line = next(self.rows, None)
        if line is None:
            raise Bad("ends before everything is proved", "proofs.jsonl")
        proof = load(line)
        if not isinstance(proof, dict) or set(proof) != set(fields):
            raise Bad(f"line {self.member.lines_read} is not a proof with {', '.join(fields)}", "proofs.jsonl")
        return proof

    def next(self, line: int, digest: bytes) -> tuple[bool, int | None]:
        """Whether the entry is where its proof says, and the index the proof claims."""
        if self.short:
            self.run.blame("no proof of this entry in proofs.jsonl", "entries.jsonl", line)
            return False, None
        try:
            proof = self.read("index", "path")
            index, path = proof["index"], hashes(proof["path"])
        except Bad as bad:
            self.short = bad.problem.startswith("ends")
            self.run.blame(f"its proof cannot be read: {bad.problem}", "entries.jsonl", line)
            return False, None
        if not is_count(index, self.last + 1):
            self.run.blame("not in the order of the log", "entries.jsonl", line, index=index)
            return False, None
        self.last = index
        if included(digest, index, self.size, path, self.root):
            return True, int(index)
        self.run.blame("not under the signed root: altered, or its proof replaced", "entries.jsonl", line, index=index)
        return False, int(index)

    def finish(self) -> None:
        """The heads entry, the end of every chain shown, and nothing more."""
        proved = {"log"}
        try:
            if self.size:
                root, leaves = self.heads()
                for line in self.rows:
                    self.chain_end(load(line), root, leaves, proved)
        except Bad as bad:
            self.run.blame(bad.problem, "proofs.jsonl", self.member.lines_read)
        for chain in sorted(set(self.run.chains) - proved):
            self.run.blame(f"nothing shows where {chain} ends", "proofs.jsonl")
        course = self.run.manifest["filter"].get("course")
        if course is not None and f"course/{course}" not in self.run.chains:
            self.run.blame(f"no entry of the course {course} is shown", "entries.jsonl")

    def heads(self) -> tuple[bytes, int]:
        """Root and number of leaves of the heads tree, from the proved last entry under the checkpoint."""
        proof = self.read("heads_index", "entry", "path", "leaves")
        if not isinstance(proof["entry"], str) or proof["heads_index"] != self.size - 1:
            raise Bad("the heads entry is not the last entry under the checkpoint", "proofs.jsonl")
        data = proof["entry"].encode("utf-8", "replace")
        if not included(leaf_hash(data), self.size - 1, self.size, hashes(proof["path"]), self.root):
            raise Bad("the heads entry is not under the signed root", "proofs.jsonl")
        entry = read_entry(data)
        leaves = entry["evidence"].get("leaves")
        if entry["kind"] != "checkpoint_heads" or not is_count(leaves) or leaves != proof["leaves"]:
            raise Bad("the heads entry is not of kind checkpoint_heads, or leaves differ", "proofs.jsonl")
        return unbase64(str(entry["evidence"].get("heads_root"))), leaves

    def chain_end(self, proof: Any, root: bytes, leaves: int, proved: set[str]) -> None:
        """One chain's end as the heads tree has it; `proved` takes the chain's name."""
        wanted = {"chain", "seq", "digest", "leaf_index", "path"}
        if not isinstance(proof, dict) or set(proof) != wanted or not matches(CHAIN, proof["chain"]):
            raise Bad("not the proof of a chain's end")
        chain, seq, digest, index = (proof[name] for name in ("chain", "seq", "digest", "leaf_index"))
        if chain in proved or not is_count(seq, 1) or not is_count(index) or not matches(HEX64, digest):
            raise Bad(f"the proof of {chain} comes twice or is malformed")
        if not included(head_leaf(chain, seq, digest), index, leaves, hashes(proof["path"]), root):
            raise Bad(f"the end of {chain} is not under the heads root")
        if chain not in self.run.chains:
            raise Bad(f"{chain} has {seq} entries and none is shown")
        proved.add(chain)
        self.compare_end(chain, seq, digest)

    def compare_end(self, chain: str, seq: int, digest: str) -> None:
        """What is shown of a chain against its proved end."""
        shown, course = self.run.chains[chain], self.run.manifest["filter"].get("course")
        complete = shown.first == 1 and shown.seq == seq
        if shown.seq > seq or (shown.seq == seq and shown.digest.hex() != digest):
            self.run.blame(f"{chain} ends elsewhere under the checkpoint", "entries.jsonl", shown.line)
        elif not complete and chain == f"course/{course}":
            gap = f"{chain} has entries 1 to {seq}, shown are {shown.first} to {shown.seq}: some are held back"
            self.run.blame(gap, "entries.jsonl")
        self.run.shown_whole += complete
        self.run.shown_part += not complete


def verify(
    path: Path,
    given: list[Key] | None = None,
    earlier: bytes | None = None,
    consistency: bytes | None = None,
    progress: Callable[[int], Callable[[int], None]] | None = None,
) -> dict[str, Any]:
    """The verdict on the bundle at `path` as a dictionary (see `Run.report`); never raises for a bad bundle.

    `progress` is told the number of bytes to read and gives what is then told of each portion.
    """
    run = Run(given or [])
    try:
        with run.open_files:
            run.bundle = Bundle(path, run.open_files)
            run.read_manifest()
            if progress:
                run.progress = progress(sum(listed["size"] for listed in run.files.values()))
            check_all(run, earlier, consistency)
    except Bad as bad:
        run.blame(bad.problem, bad.file or "manifest.json")
    return run.report()


def check_all(run: Run, earlier: bytes | None, consistency: bytes | None) -> None:
    run.compare_names()
    run.trying(run.read_keys, "vkeys.txt")
    run.trying(run.read_checkpoint, "checkpoint.txt")
    run.trying(run.read_manifest_note, "manifest.note")
    if earlier is not None:
        try:
            run.earlier = Checkpoint(earlier, run.trusted())
        except Bad as bad:
            run.blame(f"the earlier checkpoint: {bad.problem} (keys of this bundle)", "vkeys.txt")
    run.walk()
    run.check_tree()
    run.trying(lambda: run.check_earlier(consistency), "checkpoint.txt")
    run.trying(run.check_key, "checkpoint.txt")
    run.hash_the_rest()
    if run.whole_log:
        run.shown_whole = len(run.chains)


# --- The command --------------------------------------------------------------------------------------------


def sentence(report: dict[str, Any]) -> str:
    """The verdict in one plain line."""
    notes = "".join(f"; {note}" for note in report["notes"])
    if report["verified"]:
        told = "the whole log" if (report["filter"] or {}).get("all") else "a part of the log"
        parts = f", {report['chains_in_part']} of them in part" if report["chains_in_part"] else ""
        grown = f", extending the {report['earlier_size']} known before" if report["earlier_size"] is not None else ""
        return (
            f"VERIFIED: {report['entries']} entries in {report['chains']} chains{parts}, {told} "
            f"{report['origin']} at {report['tree_size']} entries{grown}, signed by {report['key']}{notes}"
        )
    bad = report["first_bad"]
    where = bad["file"] + (f" line {bad['line']}" if bad["line"] else "")
    index = f" (entry {bad['index']} of the log)" if bad.get("index") is not None else ""
    more = f" ({report['findings_total']} findings in all)" if report["findings_total"] > 1 else ""
    return f"NOT VERIFIED: {where}{index}: {bad['problem']}{more}"


def bar(total: int) -> Callable[[int], None]:
    """A progress bar on a terminal; nothing elsewhere."""
    state = [0, 0.0]

    def step(size: int) -> None:
        state[0] += size
        now = time.monotonic()
        if now - state[1] > 0.2:
            state[1], done = now, min(1.0, state[0] / max(1, total))
            print(f"\r[{'#' * int(40 * done):<40}] {done:4.0%}", end="", file=sys.stderr, flush=True)

    return step if sys.stderr.isatty() else quiet


def from_file(path: str, what: str) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            return stream.read(MAX_SMALL_FILE)
    except OSError as error:
        raise Misuse(f"{what} cannot be read: {error}") from None


def given_key(text: str) -> Key:
    """A key as text, or as the path of a file that holds it."""
    try:
        return Key(text if "+" in text else from_file(text, "the key").decode("utf-8").strip())
    except (Bad, UnicodeDecodeError) as error:
        raise Misuse(f"--vkey: {error}") from None


def run_command(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="verify.py", description="Verify a bundle of a custody log.")
    parser.add_argument("bundle", help="the zip or the folder")
    parser.add_argument("--checkpoint", metavar="EARLIER", help="a checkpoint you kept: the log must extend it")
    parser.add_argument("--consistency", metavar="PROOF", help="consistency proof, for a part of the log")
    parser.add_argument("--vkey", metavar="KEY", action="append", default=[], help="the key the issuer published")
    parser.add_argument("--json", action="store_true", help="print everything that was found")
    options = parser.parse_args(arguments)
    if not Path(options.bundle).exists():
        raise Misuse(f"there is no {options.bundle}")
    keys = [given_key(text) for text in options.vkey]
    earlier = from_file(options.checkpoint, "the earlier checkpoint") if options.checkpoint else None
    proof = from_file(options.consistency, "the consistency proof") if options.consistency else None
    report = verify(Path(options.bundle), keys, earlier, proof, bar)
    if sys.stderr.isatty():
        print("\r" + " " * 50 + "\r", end="", file=sys.stderr)
    print(json.dumps(report, indent=2) if options.json else sentence(report))
    return 0 if report["verified"] else 1


def main() -> int:
    try:
        return run_command(sys.argv[1:])
    except Misuse as misuse:
        print(f"verify.py: {misuse}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
