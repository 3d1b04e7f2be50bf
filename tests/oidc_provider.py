"""A small real OpenID provider for tests: Authlib's server parts behind werkzeug's server on 127.0.0.1.

Authorisation code with PKCE, signed id tokens, a key set, discovery. It lets in whoever `someone` says at once, and can
be told to lie: another nonce, audience, issuer, time or key.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, request
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "coi-tracker", "a secret of the two"


@dataclass
class Someone:
    """Who is signed in at the provider."""

    subject: str

    def get_user_id(self) -> str:
        return self.subject


@dataclass
class Client(ClientMixin):  # type: ignore[misc]
    """The one client the provider knows."""

    redirect_uris: list[str] = field(default_factory=list)

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uris[0]

    def get_allowed_scope(self, scope: str) -> str:
        return "openid"

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(client_secret, SECRET)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):  # type: ignore[misc]
    """A code that was given and not redeemed yet."""

    code: str
    redirect_uri: str
    scope: str
    subject: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


@dataclass
class OpenIdProvider:
    """The provider. ``lies`` replaces claims of the next id tokens; ``wrong_key`` signs them with another key."""

    issuer: str
    client: Client
    someone: str = "248289761001"
    lies: dict[str, Any] = field(default_factory=dict)
    wrong_key: bool = False
    codes: dict[str, Code] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, parameters={"kid": "one"}, auto_kid=False))
    other_key: Any = field(default_factory=lambda: RSAKey.generate_key(2048, parameters={"kid": "one"}, auto_kid=False))


def _grant(provider: OpenIdProvider) -> type[AuthorizationCodeGrant]:
    class Grant(AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = ["client_secret_basic"]

        def save_authorization_code(self, code: str, request: Any) -> Code:
            data = request.payload.data
            provider.codes[code] = Code(
                code,
                request.payload.redirect_uri,
                request.payload.scope,
                request.user.subject,
                data.get("nonce"),
                data.get("code_challenge"),
                data.get("code_challenge_method"),
            )
            return provider.codes[code]

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            del provider.codes[authorization_code.code]

        def authenticate_user(self, authorization_code: Code) -> Someone:
            return Someone(authorization_code.subject)

    return Grant


def _openid(provider: OpenIdProvider) -> OpenIDCode:
    class OpenId(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return any(one.nonce == nonce for one in provider.codes.values())

        def get_client_claims(self, client: Client) -> dict[str, Any]:
            return {}

        def resolve_client_private_key(self, client: Client) -> Any:
            return provider.other_key if provider.wrong_key else provider.key

        def get_client_algorithm(self, client: Client) -> str:
            return "RS256"

        def get_encode_header(self, client: Client) -> dict[str, str]:
            return {"alg": "RS256", "kid": "one"}

        def get_compatible_claims(self, request: Any) -> dict[str, Any]:
            now = int(time.time())
            return {"iss": provider.issuer, "aud": CLIENT, "iat": now, "exp": now + 300}

        def get_authorization_code_claims(self, authorization_code: Code) -> dict[str, Any]:
            return {**super().get_authorization_code_claims(authorization_code)}

        def generate_user_info(self, user: Someone, scope: str) -> UserInfo:
            return UserInfo(sub=user.subject, **provider.lies)

    return OpenId(require_nonce=True)


def _forget(token: Any, request: Any) -> None:
    """Access tokens open nothing here, so none is kept."""


def _app(provider: OpenIdProvider) -> Flask:
    app = Flask("provider")
    app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"authorization_code": 300}
    server = AuthorizationServer(app, query_client=lambda key: provider.client if key == CLIENT else None)
    server.save_token = _forget
    server.register_grant(_grant(provider), [_openid(provider), CodeChallenge(required=True)])

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Any:
        return jsonify(
            issuer=provider.issuer,
            authorization_endpoint=f"{provider.issuer}/authorize",
            token_endpoint=f"{provider.issuer}/token",
            jwks_uri=f"{provider.issuer}/jwks",
        )

    @app.get("/jwks")
    def jwks() -> Any:
        return jsonify(keys=[provider.key.as_dict(private=False)])

    @app.get("/authorize")
    def authorize() -> Any:
        grant = server.get_consent_grant(end_user=Someone(provider.someone))
        return server.create_authorization_response(grant_user=Someone(provider.someone), grant=grant)

    @app.post("/token")
    def token() -> Any:
        assert request.authorization is not None
        return server.create_token_response()

    return app


@contextmanager
def running_provider(*redirect_uris: str) -> Iterator[OpenIdProvider]:
    """The provider, listening until the end of the block. The address of its issuer holds a free port."""
    provider = OpenIdProvider("", Client(list(redirect_uris)))
    server = make_server("127.0.0.1", 0, _app(provider), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
