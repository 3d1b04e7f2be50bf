"""Encryption of one value for one place: AES-256-GCM with a fresh nonce, bound to table, column and row.

A ciphertext that was moved to another place does not open. Knows no key file and no table.
"""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"


def seal(key: bytes, text: bytes, *, key_id: bytes, where: str) -> bytes:
    """Encrypt for one place (``table.column:pk``) under a key whose 4-byte id goes in front."""
    nonce = secrets.token_bytes(12)
    head = _VERSION + key_id
    return head + nonce + AESGCM(key).encrypt(nonce, text, head + where.encode())


def unseal(key: bytes, sealed: bytes, *, where: str) -> bytes:
    """What `seal` encrypted for this place. Raises InvalidTag for another place, key or byte."""
    head, nonce, body = sealed[:5], sealed[5:17], sealed[17:]
    return AESGCM(key).decrypt(nonce, body, head + where.encode())
