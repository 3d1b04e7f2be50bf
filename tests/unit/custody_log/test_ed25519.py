"""The verifier's own Ed25519 gives the answers of RFC 8032 and of the library that signs."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from coi_tracker.custody_log.verify import ORDER, ed25519_holds

# RFC 8032 section 7.1: public key, message, signature.
VECTORS = {
    "TEST 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    "TEST 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    "TEST 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    "TEST SHA(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
            "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_the_published_signatures_hold(name: str) -> None:
    public, message, signature = (bytes.fromhex(text) for text in VECTORS[name])
    assert ed25519_holds(public, message, signature)
    assert not ed25519_holds(public, message + b"\x00", signature)


def library_says(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def test_it_agrees_with_the_library_on_good_and_on_spoiled_signatures() -> None:
    for number in range(20):
        private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(bytes([number])).digest())
        public, message = private.public_key().public_bytes_raw(), b"message" * number
        signature = private.sign(message)
        assert ed25519_holds(public, message, signature)
        for place in range(number, 64, 20):
            spoiled = bytearray(signature)
            spoiled[place] ^= 1 << number % 8
            assert ed25519_holds(public, message, bytes(spoiled)) == library_says(public, message, bytes(spoiled))


def test_forms_that_are_not_the_standard_one_are_refused() -> None:
    public, message, signature = (bytes.fromhex(text) for text in VECTORS["TEST 2"])
    s = int.from_bytes(signature[32:], "little")
    malleable = signature[:32] + (s + ORDER).to_bytes(32, "little")
    assert not ed25519_holds(public, message, malleable)
    assert not ed25519_holds(public, message, signature[:-1])
    assert not ed25519_holds(public[:-1], message, signature)
    assert not ed25519_holds((2**255 - 19).to_bytes(32, "little"), message, signature)
    assert not ed25519_holds((2).to_bytes(32, "little"), message, signature)
