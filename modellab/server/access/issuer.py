"""An OpenID provider as a client sees it: its addresses and keys, who is signing in there, and what its tokens say.

A token is believed if it is signed by the issuer's keys, for us, now, with our nonce, and tells of somebody whom the
settings let in. Whatever else comes back is one sentence and no session.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modellab.errors import ConfigError
from modellab.plan.serve_settings import Oidc
from modellab.server.access import roles
from modellab.server.errors import ApiError
from modellab.system import extras

LOG = logging.getLogger("modellab.server")
WAITS_S = 600  # for somebody who signs in there
MOST_PENDING = 1000
FACTS_S, AGAIN_S = 3600.0, 60.0  # that the issuer's addresses and keys are believed; between two looks for a new key
TIMEOUT_S = 10.0
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]  # signatures by a key of the issuer's alone
LEEWAY_S = 60
PLACES = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Pending:
    """Somebody who is signing in there."""

    browser: str
    nonce: str
    verifier: str
    where: str
    until: float


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of whom a token tells: `role` in the project of the settings, None where the issuer decides none."""

    subject: str
    name: str
    role: str
    is_role_told: bool


class Issuer:
    """The issuer's addresses and keys, and who is signing in there. The event loop owns it."""

    def __init__(self, settings: Oidc, again_s: float = AGAIN_S) -> None:
        extras.need("oidc", "`[tool.modellab.serve.oidc]`")
        self.settings, self.again_s = settings, again_s
        self.secret = os.environ.get(settings.secret_variable, "")
        if not self.secret:
            raise ConfigError(f"[tool.modellab.serve.oidc] needs the client's secret in {settings.secret_variable}")
        self.pending: dict[str, Pending] = {}
        self._facts: tuple[float, dict[str, Any], dict[str, Any]] = (-FACTS_S, {}, {})

    def client(self, redirect: str) -> Any:
        """authlib's client."""
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        return AsyncOAuth2Client(
            self.settings.client_id, self.secret, scope=" ".join(("openid", *self.settings.scopes)),
            redirect_uri=redirect, timeout=TIMEOUT_S, code_challenge_method="S256", follow_redirects=False,
        )  # fmt: skip

    async def facts(self, client: Any, *, anew: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
        """(its addresses, its keys)."""
        at, about, keys = self._facts
        if about and time.monotonic() - at < (self.again_s if anew else FACTS_S):
            return about, keys
        place = self.settings.issuer.rstrip("/")
        about = await _json(client, f"{place}/.well-known/openid-configuration")
        if about.get("issuer") != self.settings.issuer:
            raise _failed("the issuer calls itself otherwise than the settings do")
        if not all(isinstance(about.get(name), str) for name in PLACES):
            raise _failed(f"the issuer does not say where its {', '.join(PLACES)} are")
        keys = await _json(client, about["jwks_uri"])
        self._facts = (time.monotonic(), about, keys)
        return about, keys

    # ------------------------------------------------------------------------ who is on the way

    def begin(self, where: str) -> tuple[str, Pending]:
        """(state, what belongs to it) of somebody who is sent there."""
        now = time.monotonic()
        self.pending = {state: pending for state, pending in self.pending.items() if pending.until > now}
        if len(self.pending) >= MOST_PENDING:
            raise ApiError(429, "rate_limit_exceeded", "too many are signing in", headers={"Retry-After": "60"})
        state = secrets.token_urlsafe(32)
        browser, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.pending[state] = Pending(browser, nonce, secrets.token_urlsafe(48), where, now + WAITS_S)
        return state, self.pending[state]

    def back(self, state: str, browser: str) -> Pending:
        """Whoever comes back with a state, once; ApiError for another browser or none of ours."""
        pending = self.pending.pop(state, None)
        is_same = pending is not None and hmac.compare_digest(pending.browser.encode(), browser.encode())
        if pending is None or pending.until < time.monotonic() or not is_same:
            raise ApiError(403, "wrong_state", "this sign-in was not begun here, or too long ago: begin again")
        return pending

    # ------------------------------------------------------------------------ what it says

    async def token(self, client: Any, code: str, verifier: str) -> str:
        """The ID token that a code is good for, once."""
        from authlib.common.errors import AuthlibBaseError
        from httpx2 import HTTPError, InvalidURL

        about, _ = await self.facts(client)
        broken = (AuthlibBaseError, HTTPError, InvalidURL, ValueError, TypeError, AttributeError)  # JSON of any shape
        try:
            given = await client.fetch_token(about["token_endpoint"], code=code, code_verifier=verifier)
            token = given.get("id_token")
        except broken as error:
            LOG.warning("the issuer gives no token: %s", type(error).__name__)
            token = None
        if not isinstance(token, str):
            raise ApiError(401, "not_signed_in", "the issuer gives no token for this sign-in: begin again")
        return token

    async def claims(self, client: Any, token: str, nonce: str) -> dict[str, Any]:
        """What a token says that is signed by the issuer for us, now; ApiError 401 for any other."""
        for anew in (False, True):  # keys are changed now and then
            _, keys = await self.facts(client, anew=anew)
            if claims := self._believed(token, nonce, keys):
                return claims
        raise ApiError(401, "wrong_token", "what the issuer said of who you are cannot be believed")

    def _believed(self, token: str, nonce: str, keys: dict[str, Any]) -> dict[str, Any] | None:
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        expected = {
            "iss": {"essential": True, "value": self.settings.issuer},
            "aud": {"essential": True, "value": self.settings.client_id},
            "nonce": {"essential": True, "value": nonce},
            "exp": {"essential": True},
            "sub": {"essential": True},
        }
        try:
            own = KeySet.import_key_set(keys)  # type: ignore[arg-type]
            claims = jwt.decode(token, own, algorithms=ALGORITHMS).claims
            jwt.JWTClaimsRegistry(leeway=LEEWAY_S, **expected).validate(claims)  # type: ignore[arg-type]
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            LOG.warning("a token of the issuer is not believed: %s", type(error).__name__)
            return None
        is_ours = claims.get("azp", self.settings.client_id) == self.settings.client_id
        is_for_many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        return dict(claims) if is_ours and ("azp" in claims or not is_for_many) else None

    def person(self, claims: Mapping[str, Any]) -> Person:
        """Who it is, if they may come in; ApiError 403."""
        settings = self.settings
        email = claims.get("email")
        address = email.lower() if isinstance(email, str) and claims.get("email_verified") is True else ""
        if settings.allow:
            allowed = {entry.lower() for entry in settings.allow}
            if not address or not {address, f"@{address.rpartition('@')[2]}"} & allowed:
                raise ApiError(403, "not_allowed", "the settings of this server do not let this address in")
        groups = _names(claims.get(settings.groups_claim))
        if settings.groups and not groups & set(settings.groups):
            raise ApiError(403, "not_allowed", "the settings of this server do not let your groups in")
        theirs = [role for group, role in settings.roles.items() if group in groups]
        role = max(theirs, key=lambda candidate: len(roles.ROLES[candidate]), default=settings.role)
        name = address or str(claims.get("preferred_username") or claims["sub"])
        return Person(str(claims["sub"]), name, role, is_role_told=bool(settings.roles))


def _names(claim: object) -> frozenset[str]:
    """Groups as issuers tell them: a list, or one name."""
    given = [claim] if isinstance(claim, str) else claim
    return frozenset(group for group in given if isinstance(group, str)) if isinstance(given, list) else frozenset()


async def _json(client: Any, address: str) -> dict[str, Any]:
    from httpx2 import HTTPError, InvalidURL

    try:
        answer = await client.request("GET", address, withhold_token=True)
        answer.raise_for_status()
        document = answer.json()
    except (HTTPError, InvalidURL, json.JSONDecodeError, UnicodeDecodeError) as error:
        LOG.warning("the issuer does not answer: %s", type(error).__name__)
        raise _failed("the issuer does not answer: try again later") from None
    if not isinstance(document, dict):
        raise _failed("the issuer answers something else than JSON objects")
    return document


def _failed(message: str) -> ApiError:
    return ApiError(502, "issuer_failed", message)
