"""Twenty thousand utterances: what is read and written in parts is what it would be as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from modellab import datasets
from modellab.datasets import manifest
from modellab.errors import DatasetError
from modellab.results import serialization
from modellab.results.entry import Entry, encode, pieces
from modellab.types import Status

from .make import HEADER, KEY, asr_shares, name, result, utterance

HEAD = yaml.safe_dump(HEADER, sort_keys=False)


def cases(count: int = 1200, **last: object) -> list[dict[str, object]]:
    """So many cases with awkward texts; `last` changes the last one."""
    texts = [
        "plain",
        "- not a case",
        "two\nlines",
        "a: b # no comment",
        "- id: none",
        "'quoted' \"twice\"",
        "日本語 🙂",
    ]
    every = [{"id": name(i), "audio": f"{i}.wav", "duration_s": 1.5, "text": texts[i % 7] * 8} for i in range(count)]
    return [*every[:-1], {**every[-1], **last}]


def block(cases: list[dict[str, object]], indent: str = "") -> str:
    body = yaml.safe_dump(cases, sort_keys=False, allow_unicode=True)
    return f"{HEAD}cases:\n" + "".join(f"{indent}{line}\n" for line in body.splitlines())


def flow(cases: list[dict[str, object]]) -> str:
    lines = [yaml.safe_dump(case, default_flow_style=True, width=10_000).strip() for case in cases]
    return f"{HEAD}cases:\n" + "".join(f"  - {line}\n" for line in lines)


SHARED = block(cases()).replace("cases:\n- id: '0000'", "cases:\n- &first\n  id: '0000'")
TEXTS = {
    "block": block(cases()),
    "indented block": block(cases(), "    "),
    "flow": flow(cases()),
    "all on one line": f"{HEAD}cases: {yaml.safe_dump(cases(), default_flow_style=True, width=10**6)}",
    "a case that another one is": SHARED + "- *first\n",
    "nothing before the cases": "cases:\n" + block(cases()).partition("cases:\n")[2],
    "a key behind the cases": block(cases()) + "limits: {}\n",
    "few": block(cases(3)),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_cases_read_in_parts_are_the_same(text: str, tmp_path: Path) -> None:
    (tmp_path / datasets.FILE_NAME).write_text(text, encoding="utf-8")
    assert manifest.whole(tmp_path) == yaml.safe_load(text)


def test_many_cases_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    parse = manifest.yamltext.parse

    def noted(text: str) -> object:
        sizes.append(len(text))
        return parse(text)

    monkeypatch.setattr(manifest.yamltext, "parse", noted)
    (tmp_path / datasets.FILE_NAME).write_text(TEXTS["block"], encoding="utf-8")
    manifest.whole(tmp_path)
    assert len(sizes) == 7
    assert max(sizes) < len(TEXTS["block"]) / 5


def test_a_fault_is_told_with_its_line_in_the_whole_file(tmp_path: Path) -> None:
    text = block(cases()) + "- id: [torn\n"
    with pytest.raises(yaml.YAMLError) as whole:
        yaml.safe_load(text)
    line = str(whole.value).rpartition("line ")[2].partition(",")[0]
    (tmp_path / datasets.FILE_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=f"line {line}"):
        manifest.whole(tmp_path)


def test_what_comes_behind_the_cases_is_still_refused(tmp_path: Path) -> None:
    (tmp_path / datasets.FILE_NAME).write_text(TEXTS["a key behind the cases"], encoding="utf-8")
    with pytest.raises(DatasetError, match="'limits' comes after `cases`"):
        datasets.load(tmp_path)


def test_a_line_in_pieces_is_the_line() -> None:
    heard = [
        utterance("a", asr_shares(1), {"text": 'said "this"\n\ud800', "segments": [["said", None, 1.5]]}),
        utterance("b", asr_shares(0), None, error="it raised", wall_s=float("nan"), gpu_s=0.25, cluster="s1"),
    ]
    for said in ([], heard):
        entry = Entry(KEY, Status.PASS, "session", result(said), values={"wer": 0.5})
        assert b"".join(pieces(entry)) == serialization.dumps(encode(entry)).encode()
    failed = Entry(KEY, Status.ERROR, "session", error="it crashed: null}")
    assert b"".join(pieces(failed)) == serialization.dumps(encode(failed)).encode()
