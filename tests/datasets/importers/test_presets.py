"""Presets: the table is whole, and each set is imported from a stand-in on loopback that has its layout."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from modellab import datasets, tasks
from modellab.datasets.importers import Options, importing, presets, source_cache
from modellab.datasets.importers.request import ImportRequest, Report
from modellab.errors import ConfigError, DatasetError
from modellab.text import names as normalisers
from tests.datasets.importers import layouts
from tests.datasets.importers.layouts import LAYOUTS, TEXTS
from tests.datasets.importers.preset_stand_ins import SLR, archive, parquet, stand_in, tree
from tests.datasets.importers.test_remote import Server, hub, server

__all__ = ["server"]  # a fixture
HUB = "hf://datasets/"
TASKS = {name: tasks.get(name) for name in ("asr", "diarization", "translation", "tts")}


@pytest.mark.parametrize("name", presets.every())
def test_the_table_is_whole(name: str) -> None:
    each = presets.get(name)
    assert re.fullmatch(r"[a-z0-9-]+", name)
    assert each.facts
    assert each.page.startswith("https://")
    assert not each.place or each.place.startswith((SLR, HUB, "sdist://"))
    assert not each.revision or re.fullmatch(r"[0-9a-f]{40}", each.revision)
    assert not each.sha256 or re.fullmatch(r"[0-9a-f]{64}", each.sha256)
    assert each.normaliser in ("", *normalisers())
    assert each.place or each.note
    assert each.rows is None or each.is_pinned or each.facts  # a count is of a state, or its source says of which


@pytest.mark.parametrize("name", [name for name, each in presets.every().items() if each.place])
def test_what_a_person_says_counts_more(name: str) -> None:
    each = presets.get(name)
    said = ImportRequest(licence="MIT", task="asr", target_language="de")
    place, options, request = presets.resolved(f"preset:{name}", Options(config="xx", split="dev"), said)
    assert (request.licence, request.task, request.preset, request.revision) == ("MIT", "asr", name, each.revision)
    assert options.split == "dev"
    assert options.config == ("" if presets.CONFIG in each.place else "xx")
    assert place == each.place.replace(presets.CONFIG, "xx")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("librispech-test-clean", "there is no preset 'librispech-test-clean': did you mean librispeech-test-clean?"),
        (
            "common-voice",
            r"common-voice is given out by hand: get it on https://datacollective\.mozillafoundation\.org and",
        ),
        ("fleurs", "fleurs has several parts, say which with --config"),
    ],
)
def test_what_cannot_be_fetched_is_one_sentence(name: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        presets.resolved(f"preset:{name}", Options(), ImportRequest())


# ---------------------------------------------------------------------------- stand-ins


def imported(
    tmp_path: Path, name: str, *, options: Options | None = None, **request: Any
) -> tuple[Report, datasets.Dataset]:
    folder = tmp_path / "golden" / "new_v1"
    report = importing.run(f"preset:{name}", folder, options or Options(), ImportRequest(**request), TASKS)
    assert not report.refused, report.refused
    return report, datasets.load(folder)


def librispeech(server: Server, tmp_path: Path) -> str:
    LAYOUTS["librispeech"][1](tmp_path / "data")
    server.files["/resources/12/test-clean.tar.gz"] = archive(tree(tmp_path / "data", "LibriSpeech/"))
    whole = tmp_path / "test-clean.tar.gz"
    whole.write_bytes(server.files["/resources/12/test-clean.tar.gz"])
    return source_cache.sha256(whole)


def test_librispeech(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = librispeech(server, tmp_path)
    stand_in(monkeypatch, tmp_path, server, "librispeech-test-clean", sha256=digest, rows=4)
    report, new = imported(tmp_path, "librispeech-test-clean")
    assert [row["text"] for row in new.rows] == [TEXTS[id] for id in sorted(TEXTS)]
    assert (new.licence, new.language, report.read) == ("CC-BY-4.0", "en", 4)
    block = new.header.imported
    assert block["arguments"]["preset"] == "librispeech-test-clean"
    assert block["from"] == f"{server.address}/resources/12/test-clean.tar.gz"
    assert presets.UNPINNED not in report.notes


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"rows": 2620}, r"librispeech-test-clean has 2,620 rows, 4 came: was the source changed"),
        ({"sha256": "0" * 64}, r"test-clean\.tar\.gz has the SHA-256 [0-9a-f]{12}\.\.\., librispeech-test-clean is 0"),
    ],
)  # fmt: skip
def test_another_set_than_was_meant(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], says: str
) -> None:
    digest = librispeech(server, tmp_path)
    stand_in(monkeypatch, tmp_path, server, "librispeech-test-clean", **{"sha256": digest, "rows": 4, **changes})
    with pytest.raises((AssertionError, DatasetError), match=says):
        imported(tmp_path, "librispeech-test-clean")
    assert not (tmp_path / "golden" / "new_v1").exists()


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (404, r"test-clean\.tar\.gz: the server says 404 Not Found"),
        (401, r"the server says 401 Unauthorized; it is for those alone who were given access"),
        (403, r"the server says 403 Forbidden; it is for those alone who were given access"),
    ],
)
def test_what_the_server_does_not_give(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, says: str
) -> None:
    server.refused["/resources/12/test-clean.tar.gz"] = status
    stand_in(monkeypatch, tmp_path, server, "librispeech-test-clean")
    with pytest.raises(DatasetError, match=says):
        imported(tmp_path, "librispeech-test-clean")


LEADERBOARD = """---
configs:
- config_name: librispeech
  data_files:
  - split: test.clean
    path: librispeech/test.clean-*
  - split: test.other
    path: librispeech/test.other-*
---
"""


def leaderboard(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int = 4) -> str:
    texts = ["ignore_time_segment_in_scoring", *list(TEXTS.values())[1:]]
    facts: dict[str, Sequence[Any]] = {
        "dataset": ["librispeech"] * 4,
        "id": list(TEXTS),
        "text": texts,
        "audio_length_s": [layouts.length_s(id) for id in TEXTS],
    }
    parquet(tmp_path / "hub/librispeech/test.clean-00000-of-00001.parquet", facts)
    parquet(tmp_path / "hub/librispeech/test.other-00000-of-00001.parquet", {**facts, "id": list("abcd")})
    (tmp_path / "hub/README.md").write_text(LEADERBOARD)
    revision = presets.get("open-asr-librispeech-clean").revision
    hub(server, tmp_path / "hub", "hf-audio/open-asr-leaderboard", revision)
    stand_in(monkeypatch, tmp_path, server, "open-asr-librispeech-clean", rows=rows)
    return revision


def test_the_open_asr_leaderboard(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    revision = leaderboard(server, tmp_path, monkeypatch)
    report, new = imported(tmp_path, "open-asr-librispeech-clean")
    assert {row["id"] for row in new.rows} == set(list(TEXTS)[1:])  # one is not to be scored
    assert (report.filtered, new.normaliser) == (1, "whisper_en")
    assert new.header.imported["revision"] == revision
    assert not [asked for asked in server.asked if "test.other" in asked]


def test_another_split_has_a_count_of_its_own(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leaderboard(server, tmp_path, monkeypatch, rows=2620)
    assert len(imported(tmp_path, "open-asr-librispeech-clean", options=Options(split="test.other"))[1].rows) == 3


@pytest.mark.parametrize("status", [401, 403])
def test_a_gated_set_names_its_page(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    revision = leaderboard(server, tmp_path, monkeypatch)
    path = f"/datasets/hf-audio/open-asr-leaderboard/resolve/{revision}"
    server.refused[f"{path}/README.md"] = server.refused[f"{path}/librispeech/test.clean-00000-of-00001.parquet"] = (
        status
    )
    with pytest.raises(DatasetError) as raised:
        imported(tmp_path, "open-asr-librispeech-clean")
    page = "https://huggingface.co/datasets/hf-audio/open-asr-leaderboard"
    assert f"{page} is gated: accept its terms there" in str(raised.value)
    assert "HF_TOKEN" in str(raised.value)


def test_fleurs(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    LAYOUTS["fleurs"][1](tmp_path / "hub/data")
    (found,) = [file.parent for file in (tmp_path / "hub").rglob("test.tsv")]
    found.rename(tmp_path / "hub/data/en_us")
    hub(server, tmp_path / "hub", "google/fleurs", presets.get("fleurs").revision)
    stand_in(monkeypatch, tmp_path, server, "fleurs")
    _, new = imported(tmp_path, "fleurs", options=Options(config="en_us"), language="en")
    assert len(new.rows) == 4
    assert new.header.imported["from"] == "hf://datasets/google/fleurs/data/en_us"


@pytest.mark.parametrize("count", [4, 5])
def test_mls_clips_are_whole_though_they_say_where_they_were(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    facts = {"begin_time": [400.0] * 4, "end_time": [401.0] * 4, "transcript": list(TEXTS.values()), "id": list(TEXTS)}
    parquet(tmp_path / "hub/german/test-00000-of-00001.parquet", facts)
    (tmp_path / "hub/README.md").write_text(
        "---\nconfigs:\n- config_name: german\n  data_files:\n  - split: test\n    path: german/test-*\n---\n"
    )
    hub(server, tmp_path / "hub", "facebook/multilingual_librispeech", presets.get("mls").revision)
    stand_in(monkeypatch, tmp_path, server, "mls", rows_by_config=f"{{german: {count}, dutch: 4}}")
    if count == 5:
        with pytest.raises(AssertionError, match="mls has 5 rows, 4 came"):
            imported(tmp_path, "mls", options=Options(config="german"), language="de")
        return
    _, new = imported(tmp_path, "mls", options=Options(config="german"), language="de")
    assert [row["duration_s"] for row in new.rows] == [pytest.approx(layouts.length_s(id)) for id in sorted(TEXTS)]
    assert new.language == "de"


def test_voxconverse_has_turns_and_is_pinned_at_first(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts: dict[str, Sequence[Any]] = {
        "timestamps_start": [[0.0, 0.2]] * 4, "timestamps_end": [[0.2, 0.4]] * 4, "speakers": [["a", "b"]] * 4,
    }  # fmt: skip
    parquet(tmp_path / "hub/data/test-00000-of-00001.parquet", facts)
    hub(server, tmp_path / "hub", "diarizers-community/voxconverse", "d" * 40)
    stand_in(monkeypatch, tmp_path, server, "voxconverse-test", rows=4)
    report, new = imported(tmp_path, "voxconverse-test")
    assert new.task == "diarization"
    assert new.rows[0]["turns"] == [[0.0, 0.2, "a"], [0.2, 0.4, "b"]]
    assert presets.UNPINNED in report.notes
    assert new.header.imported["revision"] == "d" * 40


def test_musan_has_noises_in_which_nobody_speaks(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sounds = {id: layouts.encoded(id) for id in TEXTS}
    noises = {f"musan/noise/free-sound/noise-{id}.wav": data for id, data in sounds.items()}
    speech = {f"musan/speech/librivox/speech-{id}.wav": data for id, data in sounds.items()}
    server.files["/resources/17/musan.tar.gz"] = archive({**speech, **noises, "musan/noise/README": b"about"})
    stand_in(monkeypatch, tmp_path, server, "musan-noise")
    _, new = imported(tmp_path, "musan-noise")
    assert [row["id"] for row in new.rows] == sorted(f"noise-{id}" for id in TEXTS)
    assert {row["text"] for row in new.rows} == {""}
    assert datasets.validate(new.folder, TASKS["asr"]) == []
    server.files["/speech.tar.gz"] = archive(speech)
    address, inside = f"{server.address}/speech.tar.gz", Options(inside="musan/noise")
    with pytest.raises(DatasetError, match=r"speech\.tar\.gz has no folder musan/noise"):
        importing.run(address, tmp_path / "golden/two_v1", inside, ImportRequest(form="without_speech"), TASKS)


def test_covost_has_translations(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = {"sentence": list(TEXTS.values()), "translation": [f"auf {id}" for id in TEXTS], "id": list(TEXTS)}
    parquet(tmp_path / "hub/en_de/test-00000-of-00001.parquet", facts)
    (tmp_path / "hub/README.md").write_text(
        "---\nconfigs:\n- config_name: en_de\n  data_files:\n  - split: test\n    path: en_de/test-*\n---\n"
    )
    hub(server, tmp_path / "hub", "fixie-ai/covost2", presets.get("covost2").revision)
    stand_in(monkeypatch, tmp_path, server, "covost2")
    _, new = imported(tmp_path, "covost2", options=Options(config="en_de"), language="en", target_language="de")
    row = next(row for row in new.rows if row["id"] == "7-21-0000")
    assert (row["text"], row["reference"]) == (TEXTS["7-21-0000"], "auf 7-21-0000")
    assert new.header.settings == {"source_language": "en", "target_language": "de"}


def test_seed_tts_eval(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "".join(f"{id}|the prompt|prompt-wavs/{id}.wav|{text}\n" for id, text in TEXTS.items())
    sounds = {
        f"seedtts_testset/en/{kind}/{id}.wav": layouts.encoded(id) for id in TEXTS for kind in ("wavs", "prompt-wavs")
    }
    (tmp_path / "hub").mkdir()
    whole = tmp_path / "hub/seedtts_testset.tar.gz"
    other = {"seedtts_testset/zh/meta.lst": b"x|y|z.wav|w\n"}
    whole.write_bytes(archive({"seedtts_testset/en/meta.lst": lines.encode(), **sounds, **other}))
    hub(server, tmp_path / "hub", "k2-fsa/TTS_eval_datasets", presets.get("seed-tts-eval-en").revision)
    stand_in(monkeypatch, tmp_path, server, "seed-tts-eval-en", sha256=source_cache.sha256(whole))
    _, new = imported(tmp_path, "seed-tts-eval-en", judge="whisper:tiny")
    row = next(row for row in new.rows if row["id"] == "9-4-0000")
    assert (row["text"], row["reference_audio"].name) == (TEXTS["9-4-0000"], "9-4-0000.wav")
    assert row["reference_audio"].is_file()
    assert (new.header.judge, row["texts"]) == ("whisper:tiny", {"prompt": "the prompt"})


def test_a_preset_is_repeated_from_what_was_written_down(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modellab.datasets.importers import manifest_file

    leaderboard(server, tmp_path, monkeypatch)
    _, first = imported(tmp_path, "open-asr-librispeech-clean")
    source, options, request = manifest_file.earlier(first.folder)
    report = importing.run(source, tmp_path / "golden/new_v2", options, request, TASKS, first.folder)
    assert report.changes == []
    assert datasets.load(tmp_path / "golden/new_v2").header.imported["revision"] == first.header.imported["revision"]
