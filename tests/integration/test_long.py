"""Long datasets: what lies on disk while it is measured gives the same baselines, verdicts and messages."""

from __future__ import annotations

import tempfile
from typing import Any

import pytest

from modellab.types import spooled

from .conftest import FakeProject


def story(project: FakeProject) -> tuple[bytes, list[str], list[Any]]:
    """Accept, change two answers, let one call raise: the baseline, what the case prints, what the ledger has."""
    project.behave()
    for path in (project.root / "baselines").rglob("*.json"):
        path.unlink()
    project.answer(2, "open the garden door please")
    project.answer(5, "the code is four two one")
    project.accept()
    (accepted,) = (project.root / "baselines").glob("asr/short_v1/*float32.json")
    project.answer(2, "open the garden")
    project.answer(5, "the the the the the code")
    project.behave(raise_on=[8])
    failed = project.run()
    failed.assert_outcomes(failed=1)
    lines = failed.stdout.lines
    printed = lines[next(i for i, line in enumerate(lines) if line.endswith("that did most damage:")) :]
    entry = project.ledger()[-1]
    quality = [verdict for verdict in entry["verdicts"] if verdict["kind"] == "quality"]
    said = [(each["id"], each["shares"], each["output"], each.get("error")) for each in entry["result"]["utterances"]]
    return accepted.read_bytes(), printed[: printed.index("") if "" in printed else None], [quality, said]


@pytest.mark.slow
def test_on_disk_everything_is_as_in_memory(fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    files, make = list[str](), tempfile.mkstemp

    def noted(*given: Any, **options: Any) -> tuple[int, str]:
        files.append(options.get("prefix", ""))
        return make(*given, **options)

    monkeypatch.setattr(tempfile, "mkstemp", noted)
    usual = story(fake_project)
    assert "modellab-" not in files
    monkeypatch.setattr(spooled, "LIMITS", spooled.Limits(memory_bytes=0))
    assert story(fake_project) == usual
    assert "modellab-" in files
