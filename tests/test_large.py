"""Twenty thousand utterances: what is read and written in parts is what it would be as a whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab import datasets
from modellab.datasets import manifest
from modellab.errors import DatasetError
from modellab.results import serialization
from modellab.results.entry import Entry, encode, pieces
from modellab.system import yamltext
from modellab.types import Status

from .make import HEADER, KEY, asr_counts, name, result, utterance

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


def dump(data: object, **options: Any) -> str:
    """YAML by libyaml, which takes a tenth of the time."""
    return str(yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, **options))


def block(cases: list[dict[str, object]], indent: str = "") -> str:
    return f"{HEAD}cases:\n" + "".join(f"{indent}{line}\n" for line in dump(cases).splitlines())


def flow(cases: list[dict[str, object]]) -> str:
    lines = [dump(case, default_flow_style=True, width=10_000).strip() for case in cases]
    return f"{HEAD}cases:\n" + "".join(f"  - {line}\n" for line in lines)


def shared() -> str:
    named = block(cases()).replace("cases:\n- id: '0000'", "cases:\n- &first\n  id: '0000'")
    return named + "- *first\n"


TEXTS: dict[str, Callable[[], str]] = {
    "block": lambda: block(cases()),
    "indented block": lambda: block(cases(), "    "),
    "flow": lambda: flow(cases()),
    "all on one line": lambda: f"{HEAD}cases: {dump(cases(), default_flow_style=True, width=10**6)}",
    "a case that another one is": shared,
    "nothing before the cases": lambda: "cases:\n" + block(cases()).partition("cases:\n")[2],
    "a key behind the cases": lambda: block(cases()) + "limits: {}\n",
    "few": lambda: block(cases(3)),
}


@pytest.mark.parametrize("write", TEXTS.values(), ids=TEXTS)
def test_cases_read_in_parts_are_the_same(write: Callable[[], str], tmp_path: Path) -> None:
    text = write()
    (tmp_path / datasets.FILE_NAME).write_text(text, encoding="utf-8")
    assert manifest.whole(tmp_path) == yaml.load(text, yaml.CSafeLoader)


def test_many_cases_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    text = block(cases())
    parse = yamltext.parse

    def noted(part: str) -> object:
        sizes.append(len(part))
        return parse(part)

    monkeypatch.setattr(yamltext, "parse", noted)
    (tmp_path / datasets.FILE_NAME).write_text(text, encoding="utf-8")
    manifest.whole(tmp_path)
    assert len(sizes) == 7
    assert max(sizes) < len(text) / 5


def test_a_fault_is_told_with_its_line_in_the_whole_file(tmp_path: Path) -> None:
    text = block(cases()) + "- id: [torn\n"
    with pytest.raises(yaml.YAMLError) as whole:
        yaml.safe_load(text)
    line = str(whole.value).rpartition("line ")[2].partition(",")[0]
    (tmp_path / datasets.FILE_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=f"line {line}"):
        manifest.whole(tmp_path)


def test_what_comes_behind_the_cases_is_still_refused(tmp_path: Path) -> None:
    (tmp_path / datasets.FILE_NAME).write_text(TEXTS["a key behind the cases"](), encoding="utf-8")
    with pytest.raises(DatasetError, match="'limits' comes after `cases`"):
        datasets.load(tmp_path)


def test_a_line_in_pieces_is_the_line() -> None:
    heard = [
        utterance("a", asr_counts(1), {"text": 'said "this"\n\ud800', "segments": [["said", None, 1.5]]}),
        utterance("b", asr_counts(0), None, error="it raised", wall_s=float("nan"), gpu_s=0.25, cluster="s1"),
    ]
    for said in ([], heard):
        entry = Entry(KEY, Status.PASS, "session", result(said), values={"wer": 0.5})
        assert b"".join(pieces(entry)) == serialization.dumps(encode(entry)).encode()
    failed = Entry(KEY, Status.ERROR, "session", error="it crashed: null}")
    assert b"".join(pieces(failed)) == serialization.dumps(encode(failed)).encode()
