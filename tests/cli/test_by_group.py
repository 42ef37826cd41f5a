"""Groups of people as a person meets them: in report, page and comparison, and what is too few to tell."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from .conftest import Desk

TEXT = "one two three four five six seven eight nine ten"
HEADER = {"task": "asr", "version": 1, "language": "en", "tier": "full", "licence": "CC0-1.0", "source": "made"}
EACH, SPEAKERS = 40, 8  # clips and speakers of f and of m; one clip of x
WRONG = {"good:one": {"f": 0, "m": 1, "x": 0}, "bad:one": {"f": 1, "m": 4, "x": 1}}  # words of each clip, on average


def rows() -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for group, count in (("f", EACH), ("m", EACH), ("x", 1)):
        for i in range(count):
            who = {"speaker": f"{group}{i % SPEAKERS}", "group": {"gender": group}}
            made.append({"id": f"{group}{i:02}", "audio": "a.wav", "duration_s": 1.0, "text": TEXT, **who})
    return made


@pytest.fixture
def scored(desk: Desk) -> Desk:
    """A dataset with groups, and two systems that were scored on it."""
    folder = desk.root / "golden" / "people_v1"
    folder.mkdir(parents=True)
    soundfile.write(folder / "a.wav", 0.1 * np.sin(np.arange(16_000) / 9), 16_000)
    header = {**HEADER, "normaliser": "basic", "limits": {"words_per_s": 20}}
    (folder / "dataset.yaml").write_text(yaml.safe_dump({**header, "cases": rows()}, sort_keys=False))
    for model, wrong in WRONG.items():
        lines = []
        for i, row in enumerate(rows()):
            errors = max(0, wrong[str(row["id"])[0]] + (-1, 0, 1)[i % 3] * (model == "bad:one"))
            lines.append(json.dumps({"id": row["id"], "text": " ".join(["no"] * errors + TEXT.split()[errors:])}))
        (desk.root / "hyp.jsonl").write_text("\n".join(lines))
        result = desk.type("score", "--dataset", "people_v1", "--hyp", "hyp.jsonl", "--model", model)
        assert result.exit_code == 0, result.output
    return desk


def test_a_report_has_each_group_the_worst_one_and_the_gap(scored: Desk) -> None:
    found = scored.type("report", "--html", "r.html", "--markdown", "r.md", "--csv", "r.csv")
    assert found.exit_code == 0, found.output
    markdown = (scored.root / "r.md").read_text()
    page = (scored.root / "r.html").read_text()
    assert "people_v1 by gender: each group" in markdown
    assert re.search(r"\| m \| 40 \| 8 \| .*\b10\.00 % ", markdown)
    assert re.search(r"\| x \| 1 \| 1 \| too few to tell \| too few to tell \|", markdown)
    worst = next(line for line in markdown.splitlines() if line.startswith("| bad:one") and "| wer | m" in line)
    assert re.search(r"\| wer \| m 40\.00 % .*\| f 9\.75 % .*\| 30\.25 % .*\| yes \| x \|", worst), worst
    assert "people_v1 by gender: the worst group and the gap" in page
    table = list(csv.DictReader(io.StringIO((scored.root / "r.csv").read_text())))
    parts = {(row["model"], row["part"]): row for row in table if row["key"] == "gender" and row["metric"] == "wer"}
    assert float(parts["good", "gap"]["value"]) == pytest.approx(0.1)
    assert (parts["good", "x"]["value"], parts["good", "x"]["n"]) == ("", "1")


def test_the_page_of_a_case_has_them_with_a_sentence(scored: Desk) -> None:
    found = scored.type("page", "bad:one-people_v1-elsewhere-unknown", "--output", "p.html")
    assert found.exit_code == 0, found.output
    page = (scored.root / "p.html").read_text()
    assert '<h2 id="groups">By group</h2>' in page
    assert "WER: m is the worst of gender (4" in page
    assert "which may be chance" not in page
    assert "too few to tell: x (n = 1)" in page


def test_a_comparison_has_a_line_for_each_group(scored: Desk) -> None:
    found = scored.type("compare", "good:one", "bad:one", "--json", "c.json")
    assert found.exit_code == 0, found.output
    assert re.search(r"people_v1 gender=m +wer +10\.00 % +40\.\d\d %", found.stdout)
    assert "people_v1 by gender, too few to tell: x (n = 1)" in found.stdout
    (pair,) = json.loads((scored.root / "c.json").read_text())["duels"]
    assert [line["dataset"] for line in pair["by_group"]] == ["people_v1 gender=f", "people_v1 gender=m"]
    assert pair["by_group"][1]["change"] == pytest.approx(0.3, abs=0.02)


def test_where_the_dataset_has_changed_nobody_is_of_a_group(scored: Desk) -> None:
    path: Path = scored.root / "golden" / "people_v1" / "dataset.yaml"
    path.write_text(path.read_text().replace("version: 1", "version: 2"))
    assert scored.type("report", "--html", "r.html").exit_code == 0
    assert "by gender" not in (scored.root / "r.html").read_text()
    assert scored.type("page", "bad:one-people_v1-elsewhere-unknown", "--output", "p.html").exit_code == 0
    assert "By group" not in (scored.root / "p.html").read_text()
