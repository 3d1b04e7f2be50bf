"""What webhooks send, for the description: headers, body, how a receiver checks that it is ours, how it answers.

Sends nothing. A test holds what is said here against letters that really came.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from web.api.examples import LETTER

ID = "lims:1334"
AT = "1795374262"
SECRET = "an invented secret"  # noqa: S105 - of the example
BODY = json.dumps(LETTER, sort_keys=True, separators=(",", ":"))
SIGNATURE = "sha256=" + hmac.new(SECRET.encode(), f"{AT}.{BODY}".encode(), hashlib.sha256).hexdigest()

HEADERS: Mapping[str, tuple[str, str, str]] = {
    "COI-Delivery": (
        ID,
        r"^[a-z0-9][a-z0-9._-]{1,39}:[0-9]+$",
        "webhook and log index: the same however often it is sent. Keep the last one, ignore what comes twice",
    ),
    "COI-Time": (AT, "^[0-9]+$", "when it was sent, in seconds since 1970 (UTC): turn away what is minutes old"),
    "COI-Signature": (
        SIGNATURE,
        "^sha256=[0-9a-f]{64}$",
        "HMAC-SHA256 in hex, with the secret of the webhook, of COI-Time, a full stop and the body as it came",
    ),
}
"""By name: an example, its shape, and what it says."""
CHECK = """import hashlib, hmac, os, time

def is_ours(headers, body: bytes) -> bool:
    at = headers["COI-Time"]
    key = os.environ["COI_WEBHOOK_SECRET"].encode()
    made = hmac.new(key, at.encode() + b"." + body, hashlib.sha256).hexdigest()
    fits = hmac.compare_digest("sha256=" + made, headers["COI-Signature"])
    return fits and abs(time.time() - int(at)) < 300"""
"""How a receiver checks a letter, in Python."""
DESCRIPTION = (
    "A webhook is added by an administrator, who is shown its secret once. It tells of each entry of the kinds wanted "
    "that its token may see, in the order of the log, at least once. It holds no personal data; what the entry says is "
    "read with the token. Answer 2xx within 12 seconds; the body of the answer is not read. Anything else is tried "
    "again after 2, 4, 8 ... seconds, an hour apart at most; nothing overtakes it. After 20 tries the webhook stops "
    "until somebody resumes it, and goes on where it stopped. No redirect is followed."
)


def described() -> dict[str, Any]:
    """The section `webhooks` of the description."""
    shape, example = {"$ref": "#/components/schemas/Letter"}, LETTER
    operation = {
        "operationId": "event",
        "summary": "Something was recorded",
        "description": DESCRIPTION,
        "tags": ["Reading"],
        "security": [],
        "parameters": [_header(name, *told) for name, told in HEADERS.items()],
        "requestBody": {"required": True, "content": {"application/json": {"schema": shape, "example": example}}},
        "responses": {
            "2XX": {"description": "Taken: it is not sent again"},
            "default": {"description": "Not taken: it is tried again later, and nothing overtakes it"},
        },
    }
    return {"event": {"post": operation}}


def _header(name: str, example: str, pattern: str, words: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern}
    return {"name": name, "in": "header", "required": True, "schema": schema, "description": words, "example": example}
