"""Where weights are looked for, what is said when they are not there, and how they are named. No network."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from unittest import mock

import huggingface_hub.constants
import pytest
from huggingface_hub.errors import GatedRepoError

from modellab.errors import WeightsError
from modellab.models import embedded, made, weights
from modellab.models.weights import Source, digest, locate, promised, split, why_missing

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ELSE = "f" * 40


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache that holds one snapshot of owner/name, on its branch `main`."""
    cache = tmp_path / "hub"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(cache))
    repository = cache / "models--owner--name"
    snapshot = repository / "snapshots" / COMMIT
    (snapshot / "part").mkdir(parents=True)
    (snapshot / "model.bin").write_bytes(b"weights")
    (snapshot / "part" / "model-q8_0.bin").write_bytes(b"smaller weights")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    return snapshot


@pytest.fixture
def openai(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """openai-whisper's cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "whisper"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("hf:owner/name#file.bin", ("hf", "owner/name#file.bin")),
        ("path:C:/models", ("path", "C:/models")),
        ("package", ("package", "")),
    ],
)
def test_scheme_and_place(text: str, parts: tuple[str, str]) -> None:
    assert split(text) == parts


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("embedded:whisper-lab/ct2", True),
        ("hf:owner/name", True),
        ("openai:tiny", True),
        ("path:mine", True),
        ("package", True),
        ("package:x", False),
        ("hf:", False),
        ("hf", False),
        ("huggingface:owner/name", False),
        ("", False),
    ],
)
def test_a_known_form(text: str, known: bool) -> None:
    assert weights.is_known(text) is known


def test_an_unknown_scheme_is_named() -> None:
    with pytest.raises(
        WeightsError,
        match=r"weights scheme 'hg' in 'hg:a/b': known: converted, embedded, hf, made, openai, path, server, wheel",
    ):
        locate(Source(("hg:a/b",), None, Path()))


# ---------------------------------------------------------------------------- found


@pytest.mark.parametrize("revision", [COMMIT, "main", None])
def test_a_snapshot_of_the_hub(hub: Path, revision: str | None) -> None:
    found = locate(Source(("hf:owner/name",), revision, Path()))
    assert found == hub
    assert why_missing(Source(("hf:owner/name",), revision, Path())) == ""
    assert digest(Source(("hf:owner/name",), None, Path()), found) == f"owner/name@{COMMIT}"


@pytest.mark.parametrize("file", ["model.bin", "part/model-q8_0.bin"])
def test_one_file_of_a_snapshot(hub: Path, file: str) -> None:
    found = locate(Source((f"hf:owner/name#{file}",), COMMIT, Path()))
    assert found == hub / file
    assert digest(Source((f"hf:owner/name#{file}",), None, Path()), found) == f"owner/name#{file}@{COMMIT}"


@pytest.mark.parametrize(
    ("name", "file"), [("tiny.en", "tiny.en.pt"), ("large", "large-v3.pt"), ("turbo", "large-v3-turbo.pt")]
)
def test_a_checkpoint_of_openai(openai: Path, name: str, file: str) -> None:
    (openai / file).write_bytes(b"weights")
    assert locate(Source((f"openai:{name}",), None, Path())) == openai / file
    assert why_missing(Source((f"openai:{name}",), None, Path())) == ""


def test_a_path_starts_at_the_model_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for place in (tmp_path / "fake" / "w.bin", tmp_path / "home" / "w.bin"):
        place.parent.mkdir()
        place.write_bytes(b"weights")
    assert locate(Source(("path:w.bin",), None, tmp_path / "fake")) == tmp_path / "fake" / "w.bin"
    assert locate(Source((f"path:{tmp_path}/fake",), None, Path("elsewhere"))) == tmp_path / "fake"
    assert locate(Source(("path:~/w.bin",), None, tmp_path / "fake")) == tmp_path / "home" / "w.bin"


def test_embedded_weights_are_expanded_in_the_format_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "weights", lambda fmt: Path("cache") / fmt)
    found = locate(Source(("embedded:whisper-lab/ggml-q8_0",), None, Path()))
    assert found == Path("cache/ggml-q8_0")
    assert digest(Source(("embedded:whisper-lab/ggml-q8_0",), None, Path()), found) == (
        f"whisper-lab/ggml-q8_0@{embedded.digest().removeprefix('sha256:')[:16]}"
    )


def test_weights_of_a_package_have_no_place() -> None:
    assert locate(Source(("package",), None, Path())) is None
    assert digest(Source(("package",), None, Path()), None) == "package"


@pytest.mark.parametrize("text", ["package", "embedded:whisper-lab/ct2"])
def test_what_we_carry_is_never_missing_and_not_expanded_to_find_out(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(embedded, "weights", lambda fmt: pytest.fail("collection must not expand weights"))
    assert why_missing(Source((text,), None, Path())) == ""


# ---------------------------------------------------------------------------- missing

FETCH = "are not in the local cache"


@pytest.mark.parametrize(
    ("text", "revision", "says"),
    [
        ("hf:owner/other", COMMIT, f"weights owner/other at {COMMIT} {FETCH}"),
        ("hf:owner/other", None, f"weights owner/other at main {FETCH}"),
        ("hf:owner/name", ELSE, f"weights owner/name at {ELSE} {FETCH}"),
        ("hf:owner/name#none.bin", COMMIT, f"weights owner/name#none.bin at {COMMIT} {FETCH}"),
        ("hf:not a name!", None, f"weights not a name! at main {FETCH}"),
        ("openai:tiny", None, f"weights [^ ]*/whisper/tiny.pt {FETCH}"),
        ("path:none.bin", None, "some/model/none.bin does not exist: config.yaml names it as weights"),
    ],
)
@pytest.mark.usefixtures("hub", "openai")
def test_what_is_missing_is_named(text: str, revision: str | None, says: str) -> None:
    folder = Path("some/model")
    assert re.fullmatch(says, why_missing(Source((text,), revision, folder)))
    with pytest.raises(WeightsError, match=says):
        locate(Source((text,), revision, folder))


@pytest.mark.parametrize(
    ("text", "call"), [("hf:owner/none", "snapshot_download"), ("hf:owner/none#a.bin", "hf_hub_download")]
)
def test_a_failed_download_says_why(hub: Path, monkeypatch: pytest.MonkeyPatch, text: str, call: str) -> None:
    def offline(*place: str, revision: str, local_files_only: bool) -> str:
        assert not local_files_only
        raise ConnectionError("no route\nto the hub")

    monkeypatch.setattr(huggingface_hub, call, offline)
    monkeypatch.setattr("modellab.models.hub.check_network", lambda _: None)
    with pytest.raises(WeightsError, match=f"at {COMMIT} could not be downloaded: no route to the hub"):
        locate(Source((text,), COMMIT, Path()), download=True)


# ---------------------------------------------------------------------------- digest


def test_a_file_is_named_by_its_content(tmp_path: Path) -> None:
    file = tmp_path / "w.bin"
    file.write_bytes(b"weights")
    inner = hashlib.sha256(b"weights").digest()
    assert digest(Source(("path:w.bin",), None, Path()), file) == f"sha256:{hashlib.sha256(inner).hexdigest()[:16]}"


@pytest.mark.parametrize("text", ["path:folder", "openai:tiny"])
def test_a_folder_is_named_by_all_it_holds(tmp_path: Path, text: str) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "a.bin").write_bytes(b"a")
    (tmp_path / "deep" / "er" / "b.bin").write_bytes(b"b")
    before = digest(Source((text,), None, Path()), tmp_path)
    assert digest(Source((text,), None, Path()), tmp_path) == before
    (tmp_path / "deep" / "er" / "b.bin").write_bytes(b"c")
    changed = digest(Source((text,), None, Path()), tmp_path)
    (tmp_path / "c.bin").write_bytes(b"")
    assert len({before, changed, digest(Source((text,), None, Path()), tmp_path)}) == 3


def test_the_order_in_which_a_disk_lists_files_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in "abc":
        (tmp_path / file).write_text(file)
    forwards = digest(Source(("path:folder",), None, Path()), tmp_path)
    monkeypatch.setattr(Path, "rglob", lambda folder, pattern: sorted(folder.iterdir(), reverse=True))
    assert digest(Source(("path:folder",), None, Path()), tmp_path) == forwards


def test_bytes_may_not_move_between_files_unseen(tmp_path: Path) -> None:
    names = []
    for parts in ((b"ab", b"c"), (b"a", b"bc")):
        for file, content in zip("xy", parts, strict=True):
            (tmp_path / file).write_bytes(content)
        names.append(digest(Source(("path:folder",), None, Path()), tmp_path))
    assert names[0] != names[1]


@pytest.mark.parametrize(
    ("place", "revision", "expected"),
    [
        ("package", None, "package"),
        ("hf:owner/name", COMMIT, f"owner/name@{COMMIT}"),
        ("hf:owner/name", "main", ""),
        ("hf:owner/name", None, ""),
        ("openai:tiny", None, ""),
        ("path:folder", None, ""),
    ],
)
def test_what_weights_will_be_called_is_told_where_it_is_sure(place: str, revision: str | None, expected: str) -> None:
    assert promised(Source((place,), revision, Path())) == expected


def test_and_is_what_they_are_called_in_the_end(tmp_path: Path) -> None:
    assert promised(Source(("embedded:whisper-lab/ct2",), None, tmp_path)) == digest(
        Source(("embedded:whisper-lab/ct2",), None, tmp_path), tmp_path
    )
    (tmp_path / "make.py").write_text("a recipe")
    name = promised(Source(("made:tiny",), None, tmp_path))
    assert name == f"{tmp_path.name}-tiny@{made.recipe(tmp_path)}"
    assert digest(Source(("made:tiny",), None, tmp_path), tmp_path / name) == name


@pytest.mark.parametrize(
    ("token", "note"), [(None, "(there is none now)"), ("hf_x", "(the token that is there now has no access)")]
)
def test_gated_weights_say_which_token_and_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch, token: str | None, note: str
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise GatedRepoError("401 Client Error", response=mock.MagicMock())

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: token)
    monkeypatch.setattr("modellab.models.hub.check_network", lambda _: None)
    with pytest.raises(WeightsError) as raised:
        locate(Source(("hf:owner/name",), COMMIT, Path()), download=True)
    for part in ("https://huggingface.co/owner/name", "HF_TOKEN", "hf auth login", note):
        assert part in str(raised.value)
