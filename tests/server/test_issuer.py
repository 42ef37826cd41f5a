"""What is believed of an OpenID provider, which says of itself and of others whatever it likes."""

from __future__ import annotations

from collections.abc import Iterator

import anyio
import pydantic
import pytest
from joserfc.jwk import RSAKey

from modellab.plan.serve_settings import Oidc
from modellab.server.access.issuer import Issuer as Asker
from modellab.server.errors import ApiError
from tests.server.issuer import CLIENT, SECRET, Issuer, issuing


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    monkeypatch.setenv("MODELLAB_OIDC_SECRET", SECRET)
    with issuing() as up:
        yield up


def test_its_key_may_change_and_is_looked_for_once_in_a_minute(issuer: Issuer) -> None:
    settings = Oidc(issuer=issuer.address, client_id=CLIENT, allow=("@example.com",))
    patient, eager = Asker(settings), Asker(settings, again_s=0.0)

    async def believed(asker: Asker) -> bool:
        async with asker.client("http://127.0.0.1/back") as client:
            await asker.facts(client)
            token = issuer.signed({"nonce": "n"})
            try:
                return bool((await asker.claims(client, token, "n"))["sub"] == "1")
            except ApiError:
                return False

    assert [anyio.run(believed, asker) for asker in (patient, eager)] == [True, True]
    issuer.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    assert not anyio.run(believed, patient)  # looked at a moment ago
    assert anyio.run(believed, eager)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/.well-known/openid-configuration", (200, b"not JSON")),
        ("/.well-known/openid-configuration", (200, [])),
        ("/.well-known/openid-configuration", (404, {})),
        ("/.well-known/openid-configuration", (200, "/elsewhere")),
        ("/keys", (500, {})),
    ],
)
def test_an_issuer_that_tells_nothing_of_itself(issuer: Issuer, path: str, answer: tuple[int, object]) -> None:
    asker = Asker(Oidc(issuer=issuer.address, client_id=CLIENT, allow=("@example.com",)))
    issuer.broken[path] = answer

    async def asked() -> None:
        async with asker.client("http://127.0.0.1/back") as client:
            await asker.facts(client)

    with pytest.raises(ApiError) as said:
        anyio.run(asked)
    assert (said.value.status, said.value.code) == (502, "issuer_failed")


def test_keys_that_are_none_let_nobody_in(issuer: Issuer) -> None:
    broken: list[dict[str, object]] = [{"keys": 1}, {}, {"keys": []}, {"keys": [{"kty": "oct", "k": "A" * 43}]}]
    for keys in broken:
        issuer.broken["/keys"] = (200, keys)
        asker = Asker(Oidc(issuer=issuer.address, client_id=CLIENT, allow=("@example.com",)))

        async def asked(asker: Asker = asker) -> None:
            async with asker.client("http://127.0.0.1/back") as client:
                await asker.claims(client, issuer.signed({"nonce": "n"}), "n")

        with pytest.raises(ApiError, match="cannot be believed"):
            anyio.run(asked)


def test_settings_that_let_everybody_in_are_refused() -> None:
    with pytest.raises(pydantic.ValidationError, match="says nobody who may come in"):
        Oidc(issuer="https://id.example.com", client_id=CLIENT)
