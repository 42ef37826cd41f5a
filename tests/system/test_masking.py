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
        pytest.param("http://ghp_token@host", "http://***@host", id="a URL with a token alone"),
        pytest.param("to ann@example.com", "to ann@example.com", id="an address is none"),
        pytest.param("abc true 1", "abc true 1", id="what is too short or a setting"),
        pytest.param("/bin", "/bin", id="a variable that is no secret"),
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
    ],
)
def test_tokens_with_a_form_of_their_own_need_no_variable(token: str) -> None:
    assert masked(f"401 for {token}: gated", {}) == "401 for ***: gated"


@pytest.mark.parametrize("text", ["hf_hub", "sk-learn", "a_b-c", "eyJ", "AKIA", "the model said hf"])
def test_what_only_begins_like_one_stays(text: str) -> None:
    assert masked(text, {}) == text


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
