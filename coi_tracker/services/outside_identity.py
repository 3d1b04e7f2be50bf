"""Signing in through another organisation (OpenID Connect): its provider says who somebody is, and no more.

Which subject of which issuer is which account is said by an administrator, one by one. It gives identity only: an
electronic signature still needs the password of the record (21 CFR 11.200). Authorisation code with PKCE, a signed
token whose issuer, audience, time and nonce are looked at. Knows no cookie: what has to come back with the browser is
given to the caller, encrypted.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from cryptography.exceptions import InvalidTag
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from coi_tracker.config import Settings
from coi_tracker.course import Actor
from coi_tracker.custody_log.chain import account_chain
from coi_tracker.errors import Misconfigured, NotUnderstood
from coi_tracker.services import lockout, second_factor, signing_in
from coi_tracker.services.changes import write_change
from coi_tracker.services.record import Record
from coi_tracker.services.signing_in import NotSignedIn, SignedIn, SignInOutcome
from coi_tracker.storage import registry
from coi_tracker.storage import second_factors as rows
from coi_tracker.storage.faults import Conflict
from coi_tracker.storage.keyfile import MasterKey
from coi_tracker.storage.sealing import seal, unseal
from coi_tracker.storage.second_factors import OutsideIdentity
from coi_tracker.storage.transaction import Transaction
from coi_tracker.storage.types import utc_from_text, utc_text

PATIENCE = timedelta(minutes=10)
"""From leaving for the provider until coming back."""
LEEWAY = 60
"""Seconds that the provider's clock may be off."""
_SECONDS = 5
_SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Public-key signatures only: never "none", never one made with a secret that both sides know."""
_PURPOSE = "outside sign-in"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID provider as this installation knows it. ``name``: what people call it."""

    name: str
    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where the browser is sent, and what it has to bring back: opaque text for a cookie."""

    address: str
    keep: str = field(repr=False)


def provider_of(settings: Settings) -> Provider | None:
    """The provider that the settings name; None where there is none. Raises Misconfigured for half a one."""
    if not settings.oidc_issuer:
        return None
    if not settings.oidc_client_id:
        raise Misconfigured(
            expected="COI_OIDC_CLIENT_ID beside COI_OIDC_ISSUER", came="nothing", do="set both, or neither"
        )
    file = settings.oidc_client_secret_file
    try:
        secret = None if file is None else file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(
            expected=f"the secret shared with the provider in {file}",
            came="a file that cannot be read",
            do="correct COI_OIDC_CLIENT_SECRET_FILE",
        ) from error
    return Provider(settings.oidc_name, settings.oidc_issuer.rstrip("/"), settings.oidc_client_id, secret)


def leave(record: Record, provider: Provider, *, back: str) -> Leaving:
    """Begin: where to send the browser. `back`: our own address that the provider sends it to.

    Raises OutsideUnreachable when the provider does not answer.
    """
    try:
        place = _discovered(provider)["authorization_endpoint"]
    except (RequestException, ValueError, KeyError) as error:
        raise OutsideUnreachable(provider) from error
    state, nonce, verifier = (record.draw(32).hex() for _ in range(3))
    address, _ = _client(provider, back).create_authorization_url(
        place, state=state, nonce=nonce, code_verifier=verifier
    )
    until = utc_text(record.clock() + PATIENCE)
    return Leaving(address, _kept(record, {"nonce": nonce, "state": state, "until": until, "verifier": verifier}))


class OutsideUnreachable(Misconfigured):
    """The provider cannot be asked now. People sign in with their password meanwhile."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        super().__init__(
            expected=f"an answer of {provider.name}",
            came="none that could be used",
            do="sign in with your password, and tell your administrator if it stays so",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.provider,)


def come_back(record: Record, provider: Provider, answer: Mapping[str, str], *, keep: str, back: str) -> SignInOutcome:
    """End: who the provider says that it is, if the answer belongs to what this browser began."""
    began = _opened(record, keep)
    failed = NotSignedIn(f"Signing in with {provider.name} did not succeed. Try again, or use your password.")
    if began is None or not _belongs(record, provider, answer, began):
        return failed
    try:
        subject = _subject(record, provider, answer["code"], began, back)
    except (RequestException, OAuthError, JoseError, ValueError, KeyError, TypeError) as error:
        _log.info("outside sign-in failed: %s", type(error).__name__)  # the message may hold a token
        return failed
    return _let_in(record, provider, subject)


def _belongs(record: Record, provider: Provider, answer: Mapping[str, str], began: Mapping[str, str]) -> bool:
    """The same browser, in time, from the issuer that was asked. Source: RFC 9207 for the last."""
    same = hmac.compare_digest(answer.get("state", "").encode(), began["state"].encode())
    in_time = record.clock() <= utc_from_text(began["until"])
    return same and in_time and "code" in answer and answer.get("iss", provider.issuer) == provider.issuer


def _subject(record: Record, provider: Provider, code: str, began: Mapping[str, str], back: str) -> str:
    """The subject of a token that is signed by the provider, for us, now, and for what this browser began."""
    known = _discovered(provider)
    client = _client(provider, back)
    token = client.fetch_token(
        known["token_endpoint"],
        grant_type="authorization_code",
        code=code,
        code_verifier=began["verifier"],
        redirect_uri=back,
        allow_redirects=False,
    )
    keys = KeySet.import_key_set(_fetched(known["jwks_uri"]))
    decoded = jwt.decode(token["id_token"], keys, algorithms=list(_SIGNED_BY))
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": provider.client_id},
            "sub": {"essential": True},
        },
        {"client_id": provider.client_id, "nonce": began["nonce"], "access_token": token.get("access_token")},
    )
    claims.validate(now=int(record.clock().timestamp()), leeway=LEEWAY)
    return str(claims["sub"])


def _let_in(record: Record, provider: Provider, subject: str) -> SignInOutcome:
    with record.database.read() as tx:
        link = rows.find_outside_identity(tx, provider.issuer, subject)
        found = None if link is None else registry.find_account(tx, link.account)
    if found is None or not found.active:
        return NotSignedIn(
            f"{provider.name} knows you, but no active account here is linked to that. Ask your administrator to link "
            f"this subject to your account: {subject[:120]}"
        )
    if lockout.locked_now(record, found.id):
        return signing_in.WRONG
    if second_factor.is_set_up(record, found.id):
        return SignedIn(found.id, found.name, needs_totp=True)
    return signing_in.signed_in(record, found.id, found.name)


def _client(provider: Provider, back: str) -> Any:
    return OAuth2Session(
        provider.client_id,
        provider.client_secret,
        token_endpoint_auth_method="client_secret_basic" if provider.client_secret else "none",
        scope="openid",
        redirect_uri=back,
        code_challenge_method="S256",
        default_timeout=_SECONDS,
    )


def _discovered(provider: Provider) -> dict[str, Any]:
    """What the provider says of itself, and that it is the one we mean. Raises ValueError for another."""
    known: dict[str, Any] = _fetched(f"{provider.issuer}/.well-known/openid-configuration")
    if str(known["issuer"]).rstrip("/") != provider.issuer:
        raise ValueError("another issuer")
    secure = provider.issuer.startswith("https://")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if secure and not str(known[name]).startswith("https://"):
            raise ValueError(f"an unprotected {name}")
    return known


def _fetched(address: str) -> Any:
    with OAuth2Session(default_timeout=_SECONDS) as client:
        answer = client.request("GET", address, withhold_token=True, headers={"Accept": "application/json"})
        answer.raise_for_status()
        return answer.json()


# --- what the browser keeps meanwhile -------------------------------------------------------------


def _kept(record: Record, values: Mapping[str, str]) -> str:
    key = _key(record)
    text = json.dumps(values, sort_keys=True).encode()
    sealed = seal(key.derived(_PURPOSE), text, key_id=bytes.fromhex(key.id), where=_PURPOSE)
    return base64.urlsafe_b64encode(sealed).decode()


def _opened(record: Record, keep: str) -> Mapping[str, str] | None:
    try:
        sealed = base64.urlsafe_b64decode(keep.encode("ascii")[:4000])
        return dict(json.loads(unseal(_key(record).derived(_PURPOSE), sealed, where=_PURPOSE)))
    except (binascii.Error, InvalidTag, ValueError):
        return None


def _key(record: Record) -> MasterKey:
    if not record.person_keys:
        raise Misconfigured(
            expected="a record opened with its key file", came="one without", do="open it with `open_record(settings)`"
        )
    return record.person_keys[0]


# --- links ----------------------------------------------------------------------------------------


def links(record: Record, account: str | None = None) -> list[OutsideIdentity]:
    """Which outside subjects are linked to an account, or to any."""
    with record.database.read() as tx:
        return rows.outside_identities(tx, account)


def link(record: Record, account: str, *, issuer: str, subject: str, by: Actor, reason: str) -> None:
    """From now on this subject of this issuer is this account. Raises NotUnderstood when it is one already."""
    new = OutsideIdentity(_text(issuer.rstrip("/"), "issuer"), _text(subject, "subject"), account, record.clock())
    try:
        with record.database.write() as tx:
            if registry.find_account(tx, account) is None:
                raise NotUnderstood(expected="an account of the record", came=repr(account[:60]), do="choose one")
            rows.link_identity(tx, new)
            _write(record, tx, account, old=None, new=_told(new), by=by, reason=reason)
    except Conflict as error:
        raise NotUnderstood(
            expected="a subject that is linked to nobody", came="one that is", do="end the other link first"
        ) from error


def unlink(record: Record, account: str, *, issuer: str, subject: str, by: Actor, reason: str) -> None:
    """The end of a link. Raises NotUnderstood when there is none."""
    with record.database.write() as tx:
        old = rows.find_outside_identity(tx, issuer, subject)
        if old is None or old.account != account:
            raise NotUnderstood(expected="a link of this account", came="none", do="nothing was changed")
        rows.unlink_identity(tx, issuer, subject)
        _write(record, tx, account, old=_told(old), new=None, by=by, reason=reason)


def _write(record: Record, tx: Transaction, account: str, *, old: object, new: object, by: Actor, reason: str) -> None:
    chain = account_chain(account)
    write_change(record, tx, chain=chain, what="outside identity", key=account, old=old, new=new, by=by, reason=reason)


def _told(one: OutsideIdentity) -> dict[str, str]:
    return {"issuer": one.issuer, "subject": one.subject}


def _text(value: str, what: str) -> str:
    shown = value.strip()
    if not shown or len(shown) > 255 or not shown.isprintable():
        raise NotUnderstood(expected=f"the {what}, 1 to 255 characters", came=repr(value[:40]), do="copy it exactly")
    return shown
