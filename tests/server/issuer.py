"""A stand-in for an OpenID provider on loopback: it signs real tokens, and checks what a client has to send."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "modellab", "a-secret-of-the-client"


@dataclass
class Issuer:
    """What it says of whoever signs in; `lies` are claims that replace the true ones."""

    address: str = ""
    claims: dict[str, Any] = field(
        default_factory=lambda: {"sub": "1", "email": "ann@example.com", "email_verified": True}
    )
    lies: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    signs_with: RSAKey | None = None
    unsigned: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)  # what a client did wrong
    broken: dict[str, tuple[int, Any]] = field(default_factory=dict)  # (status, body) instead of a path's own

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, Any] | str]:
        """(status, JSON or where to go)."""
        if path in self.broken:
            return self.broken[path]
        if path == "/.well-known/openid-configuration":
            places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
            return 200, {"issuer": self.address, **{name: self.address + place for name, place in places.items()}}
        if path == "/keys":
            return 200, dict(KeySet([self.key]).as_dict(private=False))
        if path == "/authorize":
            wanted = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
            self.faults += [name for name, value in wanted.items() if query.get(name) != value]
            self.faults += [name for name in ("state", "nonce", "code_challenge") if len(query.get(name, "")) < 30]
            self.codes[code := secrets.token_hex(8)] = query
            return 302, f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"
        return 404, {}

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """A token for a code, once, to whoever knows the client's secret and the challenge's verifier."""
        if "/token" in self.broken:
            return self.broken["/token"]
        asked = self.codes.pop(form.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or authorization != f"Basic {basic}" or form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        text = self.signed({"nonce": asked["nonce"]})
        return 200, {"access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": text}

    def signed(self, about: dict[str, Any]) -> str:
        """An ID token."""
        now = int(time.time())
        true = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 300, **about}
        told = {**true, **self.claims, **self.lies}
        key = self.signs_with or self.key
        text = jwt.encode({"alg": "RS256", "kid": key.kid}, told, key)
        if self.unsigned:
            head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
            text = f"{head}.{text.split('.')[1]}."
        return text


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer on a port of loopback."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self.say(*issuer.answer(parts.path, query))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.say(*issuer.token(form, self.headers.get("authorization", "")))

        def say(self, status: int, what: Any) -> None:
            body = what if isinstance(what, bytes) else b"" if isinstance(what, str) else json.dumps(what).encode()
            self.send_response(status)
            if isinstance(what, str):
                self.send_header("Location", what)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
