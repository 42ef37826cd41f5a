"""Secrets in text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.system.masking import SHORTEST, is_secret, masked, masked_settings, masked_texts


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("MLFLOW_TRACKING_PASSWORD", True),
        ("MLFLOW_TRACKING_TOKEN", True),
        ("MLFLOW_TRACKING_USERNAME", False),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("AWS_ACCESS_KEY_ID", True),
        ("OPENAI_API_KEY", True),
        ("HF_TOKEN", True),
        ("GITHUB_TOKEN", True),
        ("PGPASSWORD", True),
        ("db_pwd", True),
        ("SMTP_PASS", True),
        ("DBPASS", True),
        ("COMPASS", False),
        ("BYPASS", False),
        ("AZURE_STORAGE_CONNECTION_STRING", True),
        ("TOKENIZERS_PARALLELISM", False),
        ("KEYBOARD", False),
        ("PWD", False),
        ("PATH", False),
        ("OMP_NUM_THREADS", False),
    ],
)
def test_names_that_say_so(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("with hunter2 in it, hunter2", "with *** in it, ***", id="each time"),
        pytest.param("p%40ss%2Fword", "***", id="quoted for a URL"),
        pytest.param('{"a": "say \\"it\\""}', '{"a": "***"}', id="escaped for JSON"),
        pytest.param("line-of-a-key", "***", id="a line of a longer one"),
        pytest.param("http://ann:pw@host:5000/x", "http://***@host:5000/x", id="a URL"),
        pytest.param("/data/https:/ann:pw@host/a.wav", "/data/https:/***@host/a.wav", id="a URL that became a path"),
        pytest.param("at c:/users/a@b", "at c:/users/a@b", id="a path is no URL"),
        pytest.param("http://ghp_token@host", "http://***@host", id="a URL with a token alone"),
        pytest.param("to ann@example.com", "to ann@example.com", id="an address is none"),
        pytest.param("abc true 1", "abc true 1", id="what is too short or a setting"),
        pytest.param("/bin", "/bin", id="a variable that is no secret"),
        pytest.param("no route with dbpw-9876", "no route with ***", id="the password of a variable's URL"),
        pytest.param("or with p%23x99, p#x99", "or with ***, ***", id="and one that is quoted there"),
        pytest.param("at db.example.com", "at db.example.com", id="and nothing else of that URL"),
        pytest.param("b3BlbnNzaC1rZXk", "***", id="a line of a private key in any variable"),
    ],
)
def test_what_is_masked(text: str, shown: str) -> None:
    environment = {
        "MY_PASSWORD": "hunter2",
        "OTHER_TOKEN": "p@ss/word",
        "A_SECRET": 'say "it"',
        "PRIVATE_KEY": "-----BEGIN-----\nline-of-a-key\n-----END-----",
        "SHORT_KEY": "abc",
        "USE_AUTH": "true",
        "ONE_TOKEN": "1",
        "PATH": "/bin",
        "DATABASE_URL": "postgres://ann:dbpw-9876@db.example.com/x",
        "HTTPS_PROXY": "http://bob:p%23x99@proxy:3128",
        "DEPLOY": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----",
    }
    assert masked(text, environment) == shown


@given(st.text(), st.text(min_size=SHORTEST).filter(lambda text: len(text.strip()) >= SHORTEST), st.text())
def test_no_secret_is_left(before: str, secret: str, after: str) -> None:
    environment = {"A_TOKEN": secret}
    if (
        secret.strip().lower() not in {"true", "false", "none", "null", "auto", "default"}
        and secret.strip() not in "***@"
    ):
        assert secret.strip() not in masked(before + secret + after, environment).replace("***", "")


@pytest.mark.parametrize(
    "token",
    [
        "hf_" + "aB3" * 11,
        "ghp_" + "aB3" * 12,
        "github_pat_" + "a_B3" * 8,
        "AKIA" + "Q7" * 8,
        "sk-proj-" + "aB3-" * 8,
        "xoxb-123456-" + "aB3" * 4,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0ab.c2lnbmF0dXJl_-x",
        "ASIA" + "Q7" * 8,
        "glpat-" + "aB3_" * 6,
        "AIza" + "aB3Zz" * 7,
        "npm_" + "aB3" * 12,
        "pypi-" + "AgEIcHlwaS5vcmc" * 4,
        "sk_live_" + "aB3" * 8,
    ],
)
def test_tokens_with_a_form_of_their_own_need_no_variable(token: str) -> None:
    assert masked(f"401 for {token}: gated", {}) == "401 for ***: gated"


@pytest.mark.parametrize("text", ["hf_hub", "sk-learn", "a_b-c", "eyJ", "AKIA", "the model said hf"])
def test_what_only_begins_like_one_stays(text: str) -> None:
    assert masked(text, {}) == text


def test_a_private_key_needs_no_variable() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEow+/=\n-----END RSA PRIVATE KEY-----"
    assert masked(f"read {key}.", {}) == "read ***."
    assert masked(f"read {key[:60]}", {}) == "read ***"


def test_a_variable_that_changes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for secret in ("first-s3cr3t", "other-s3cr3t"):
        monkeypatch.setenv("SOME_TOKEN", secret)
        assert masked(f"with {secret}") == "with ***"


def test_settings_hide_what_their_names_call_a_secret() -> None:
    settings = {"hub": {"token": "abcdef", "url": "https://a:b@c/d"}, "prompts": ["no"], "max_tokens": 8, "api_key": ""}
    assert masked_settings(settings) == {
        "hub": {"token": "***", "url": "https://***@c/d"},
        "prompts": ["no"],
        "max_tokens": 8,
        "api_key": "",
    }


def test_texts_keep_their_shape() -> None:
    assert masked_texts([{"text": "x ghp_" + "a" * 30, "spans": [[0.5, None, True]]}]) == [
        {"text": "x ***", "spans": [[0.5, None, True]]}
    ]
