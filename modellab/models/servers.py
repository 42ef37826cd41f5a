"""A model that a server runs: where it is, what names the variables that say so, and what it costs.

    server: {url: "https://api.example.com/v1", key_from: MODELLAB_EXAMPLE_KEY, price: {usd_per_audio_min: 0.006}}
    server: {url_from: MODELLAB_EXAMPLE_URL}

Variables are named and never read here into anything that is kept. Their names are modellab's own, so that no run sends
audio to a paid service because its key happens to be in the environment.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pydantic

from modellab.models.server_names import SERVER, model_name
from modellab.schema import Strict
from modellab.system.masking import is_secret, masked

CASSETTES = "MODELLAB_CASSETTES"  # the variable that says where recorded answers are: remote/cassette.py
SCHEMES = ("http", "https", "tcp")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
PROXIES = tuple(case(f"{kind}_PROXY") for kind in ("HTTP", "HTTPS", "ALL", "NO") for case in (str.upper, str.lower))


class Price(Strict):
    """What a service asks for; audio is billed in steps, and for so many seconds at least."""

    usd_per_audio_min: float = pydantic.Field(default=0.0, ge=0)
    usd_per_million_characters: float = pydantic.Field(default=0.0, ge=0)
    billed_step_s: float = pydantic.Field(default=0.0, ge=0)  # 0: to the sample
    billed_least_s: float = pydantic.Field(default=0.0, ge=0)


class Server(Strict):
    """Where a variant's server is, and what may be told of it."""

    url: str = ""  # of the API, without the path of its calls
    url_from: str = ""  # the variable that holds it, where it is not the same for everybody
    key_from: str = ""  # the variable that holds the key
    key_optional: bool = False
    price: Price = Price()

    @property
    def variables(self) -> tuple[str, ...]:
        """What of the environment its client needs."""
        return (*filter(None, (self.url_from, self.key_from)), *PROXIES)

    def address(self, environment: Mapping[str, str] = os.environ) -> str:
        """The URL, without a slash at its end; '' where the variable is not set."""
        return (self.url or environment.get(self.url_from, "")).strip().rstrip("/")

    def is_here(self, environment: Mapping[str, str] = os.environ) -> bool:
        """Whether it runs on this very machine, as far as its address tells."""
        host = urlsplit(self.address(environment)).hostname or ""
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


def fault(server: Server | None, places: tuple[str, ...]) -> str:
    """What is wrong with the server of a variant; '' for nothing. `places` are those of its weights."""
    remote = [place.partition(":")[2] for place in places if place.partition(":")[0] == SERVER]
    if server is None:
        return ".weights names a model of a server: .server has to say where it is" if remote else ""
    if not remote or len(places) > 1:
        return f".server is given: expected .weights as {SERVER}:NAME, what the server calls the model"
    if bool(server.url) == bool(server.url_from):
        return ".server: expected either url or url_from, the variable that holds it"
    if server.url and (wrong := url_fault(server.url)):
        return f".server.url: {wrong}"
    named = {"url_from": server.url_from, "key_from": server.key_from}
    for key, name in [*named.items(), *(("weights", place[1:]) for place in remote if place.startswith("$"))]:
        if name and not VARIABLE.fullmatch(name):
            return f".server.{key} is {name!r}, expected the name of a variable, such as MODELLAB_EXAMPLE_{key.upper()}"
    if server.key_from and not is_secret(server.key_from):
        return f".server.key_from is {server.key_from!r}: its name has to say that it is secret, such as ..._KEY"
    return ""


def url_fault(url: str) -> str:
    """What is wrong with the address of a server; '' for nothing.

    >>> url_fault("http://127.0.0.1:8000/v1"), url_fault("127.0.0.1:8000")
    ('', "'127.0.0.1:8000' is no address of a server, expected http://HOST:PORT/v1, https://... or tcp://HOST:PORT")
    """
    wanted = "expected http://HOST:PORT/v1, https://... or tcp://HOST:PORT"
    try:
        parts = urlsplit(url)
        known = parts.scheme in SCHEMES and bool(parts.hostname) and (parts.port or True)
    except ValueError:  # a port that is no number
        known = False
    if not known or not url.isprintable() or " " in url:
        return f"{masked(url)!r} is no address of a server, {wanted}"
    if parts.username or parts.password:
        return "it holds a user or a password: put a key into the variable that key_from names"
    return "it has ? or #, expected the path alone" if parts.query or parts.fragment else ""


def why_missing(server: Server, place: str, environment: Mapping[str, str] = os.environ) -> str:
    """Which variable is not set or is no address, in a sentence; '' where all is there."""
    return next(_missing(server, place, environment), "")


def _missing(server: Server, place: str, environment: Mapping[str, str]) -> Iterator[str]:
    if not server.address(environment):
        yield f"the variable {server.url_from} is not set: it holds the address of the server"
    elif wrong := url_fault(server.address(environment)):
        yield f"the variable {server.url_from}: {wrong}" if server.url_from else wrong
    if not model_name(place, environment):
        yield f"the variable {place[1:]} is not set: it holds what the server calls the model"
    if server.key_from and not server.key_optional and not environment.get(server.key_from, "").strip():
        yield f"the variable {server.key_from} is not set: it holds the key of {server.address(environment)}"


def recording(name: str, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The file whose recorded answers are played back for a variant of this name; None where a server is asked."""
    mode, _, folder = environment.get(CASSETTES, "").strip().partition(":")
    return Path(folder).expanduser() / f"{name}.jsonl" if mode == "replay" else None
