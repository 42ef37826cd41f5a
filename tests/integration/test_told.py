"""What a session could not measure is told at every door, from the first session of a fresh ledger on."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET

import pytest

from modellab.results import ledger
from modellab.runner import remarks

from .. import typed
from .conftest import SENTENCES, FakeProject, write_model

BROKEN = 3
FINE, CRASHED = "fake:one-short_v1-cpu-float32", "rival:one-short_v1-cpu-float32"
LEAD = "1 error in 2 cases"
JUDGED = "quality judged in 0 of 2 cases: no accepted baseline in 1, not measured in 1"


def modellab(*arguments: str) -> str:
    done = typed.modellab(*arguments)
    assert done.exit_code == 0, done.stderr
    return done.stdout


@pytest.fixture
def one_died(fake_project: FakeProject) -> FakeProject:
    """Two models, of which one is killed in the middle; nothing is accepted, and nothing was run before."""
    write_model(fake_project.root / "models" / "rival")
    (fake_project.root / "models" / "rival" / "behaviour.json").write_text(json.dumps({"kill_on": 3}))
    return fake_project


def test_a_dead_worker_is_told_at_every_door(one_died: FakeProject) -> None:
    result = one_died.run("--junitxml=junit.xml", "--scorecard=card.md", keyword="one")
    assert result.ret == BROKEN
    result.stdout.fnmatch_lines([f"{LEAD}: {JUDGED}*"])
    assert f"**{LEAD}.** {JUDGED}" in (one_died.root / "card.md").read_text()
    junit = ET.parse(one_died.root / "junit.xml")
    verdicts = {case.get("name"): case.find(".//property[@name='verdict']") for case in junit.iter("testcase")}
    assert [(name or "", each.get("value")) for name, each in verdicts.items() if each is not None] == [
        (f"test_asr[{FINE}]", "NEW"), (f"test_asr[{CRASHED}]", "ERROR"),
    ]  # fmt: skip

    markdown = modellab("report", "--markdown", "-")
    assert f"**{LEAD}.** {JUDGED}" in markdown
    assert "Nothing regressed" not in markdown
    assert "cases: 2 (8 utterances, 1 not measured)" in markdown
    assert "| ERROR | rival:one cpu-float32 | short_v1 | (the run) |" in markdown
    assert "killed by SIGKILL" in markdown
    terminal = modellab("report")
    assert f"{LEAD}: {JUDGED}" in terminal
    assert "rival:one" in terminal
    rows = list(csv.DictReader(io.StringIO(modellab("report", "--csv", "-"))))
    assert [(row["model"], "killed by SIGKILL" in row["error"]) for row in rows if row["verdict"] == "ERROR"] == [
        ("rival", True)
    ]
    modellab("site", "public")
    page = next((one_died.root / "public" / "reports").glob("*.html")).read_text()
    assert LEAD in page
    assert "killed by SIGKILL" in page
    index = (one_died.root / "public" / "index.html").read_text()
    assert f"{LEAD}: {JUDGED}" in index
    assert CRASHED in index
    badge = json.loads((one_died.root / "public" / "badge.json").read_text())
    assert (badge["message"], badge["color"]) == ("1 broken of 2, quality judged in 0, speed judged in 0", "yellow")


def test_where_every_case_died_the_report_says_so(one_died: FakeProject) -> None:
    for name in ("fake", "rival"):
        (one_died.root / "models" / name / "behaviour.json").write_text(json.dumps({"segfault_on": 3}))
    result = one_died.run(keyword="one")
    assert result.ret == BROKEN
    lead = "Nothing was measured, 2 errors in 2 cases"
    result.stdout.fnmatch_lines([f"{lead}: every case ended in an ERROR"])
    markdown = modellab("report", "--markdown", "-")
    assert f"**{lead}.**" in markdown
    assert markdown.count("killed by SIGSEGV") >= 2
    for kind in ("csv", "json"):
        assert modellab("report", f"--{kind}", "-").count("killed by SIGSEGV") == 2
    modellab("report", "--html", "report.html", "--parquet", "report.parquet")
    assert lead in (one_died.root / "report.html").read_text()
    modellab("site", "public")
    assert lead in (one_died.root / "public" / "index.html").read_text()
    assert json.loads((one_died.root / "public" / "badge.json").read_text())["color"] == "red"
    assert "ERROR" in modellab("page", FINE)


@pytest.mark.slow
def test_a_model_that_cannot_be_read_is_an_error_of_the_session(one_died: FakeProject) -> None:
    one_died.configure("rival", devices={"cpu": "float32"})
    result = one_died.run(keyword="one or rival")
    assert result.ret == BROKEN
    result.stdout.fnmatch_lines([f"{LEAD}: {JUDGED}*", "note: rival-broken ERROR: *config.yaml*"])
    (line,) = (line for line in one_died.ledger() if line["key"]["model"] == "rival")
    assert (line["status"], line["result"], line["key"]["task"], line["tier"]) == ("ERROR", None, "asr", "smoke")
    assert "config.yaml" in line["error"]
    for kind in ("markdown", "csv", "json"):
        assert "config.yaml" in modellab("report", f"--{kind}", "-")
    assert f"**{LEAD}.** {JUDGED}" in modellab("report", "--markdown", "-")
    modellab("site", "public")
    assert f"{LEAD}: {JUDGED}" in (one_died.root / "public" / "index.html").read_text()

    one_died.configure("rival", devices={"cpu": ["float32"]})
    (one_died.root / "models" / "rival" / "behaviour.json").write_text("{}")
    assert one_died.run(keyword="one or rival").ret == 0
    assert "ERROR" not in modellab("report", "--markdown", "-")  # it could be read since


def test_a_dataset_that_cannot_be_read_is_an_error_of_the_session(one_died: FakeProject) -> None:
    one_died.dataset("second_v1", licence=7)
    assert one_died.run(keyword="fake or second").ret == BROKEN
    (line,) = (line for line in one_died.ledger() if line["key"]["dataset"] == "second_v1")
    assert (line["status"], line["key"]["model"], line["key"]["task"]) == ("ERROR", "unread", "asr")
    assert f"**{LEAD}.** {JUDGED}" in modellab("report", "--markdown", "-")
    assert "licence" in modellab("report")


@pytest.mark.slow
def test_a_process_of_xdist_that_dies_is_an_error_of_the_session(one_died: FakeProject) -> None:
    (one_died.root / "conftest.py").write_text(
        'import os\n\nimport pytest\n\npytest_plugins = ["modellab.pytest_plugin"]\n\n\n'
        '@pytest.hookimpl(tryfirst=True)\ndef pytest_runtest_call(item):\n    if "rival" in item.name:\n'
        "        os._exit(9)\n"
    )
    result = one_died.run_subprocess("-n", "1", "--max-worker-restart", "0", keyword="one")
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"{LEAD}: {JUDGED}*", f"note: {CRASHED} ERROR: *crashed*"])
    entries, warnings = ledger.read(one_died.root / "mlruns")
    assert warnings == []
    assert [(str(each.key), each.status) for each in entries if each.result is None] == [(CRASHED, "ERROR")]
    assert f"**{LEAD}.** {JUDGED}" in modellab("report", "--markdown", "-")
    assert "crashed while running" in modellab("report", "--csv", "-")


def test_a_case_that_strict_matrix_fails_is_an_error_of_the_session(one_died: FakeProject) -> None:
    one_died.configure("rival", packages=["no_such_package_anywhere"])
    assert one_died.run("--strict-matrix", keyword="one or rival").ret == BROKEN
    assert f"**{LEAD}.** {JUDGED}" in modellab("report", "--markdown", "-")
    assert "--strict-matrix" in modellab("report")


@pytest.mark.parametrize("odd", ["null", "NaN", "Infinity"])
@pytest.mark.parametrize(
    ("before", "after"), [('"wer": [0, 5]', '"wer": [{}, 5]'), ('"peak_rss_bytes": ', '"peak_rss_bytes": {} , "x": ')]
)
def test_a_baseline_with_a_number_that_is_none_is_damaged(
    fake_project: FakeProject, before: str, after: str, odd: str
) -> None:
    fake_project.machine = "here-1t"
    fake_project.accept()
    for number in range(8):
        fake_project.answer(number, "not a word of it")
    paths = [path for path in (fake_project.root / "baselines").rglob("*.json") if before in path.read_text()]
    assert len(paths) == 1
    paths[0].write_text(paths[0].read_text().replace(before, after.format(odd), 1))
    result = fake_project.run()
    assert result.ret == BROKEN
    result.stdout.fnmatch_lines(["*: ERROR*", f"*{paths[0].name}, line * is not a baseline*finite number*"])
    result.stdout.fnmatch_lines(["Nothing was measured, 1 error in 1 case: every case ended in an ERROR"])


def test_a_limit_that_is_none_is_one_broken_case(fake_project: FakeProject) -> None:
    fake_project.dataset("second_v1", limits={"wer": float("nan")})
    result = fake_project.run("-k", "one or second", keyword="one or second")
    assert result.ret == BROKEN
    result.stdout.fnmatch_lines(["*second_v1*limits.wer*nan*finite number*"])
    result.assert_outcomes(passed=1, failed=1)


EVIL = "<img src=x> @octocat fixes #1 [x](y) ##[stop-commands]zzz \x1b]0;title\x07\n::error::injected\n\u202egnp"


def test_what_an_exception_says_takes_no_effect(fake_project: FakeProject) -> None:
    adapter = fake_project.model / "adapter.py"
    adapter.write_text(adapter.read_text().replace('"the decoder lost its way"', repr(EVIL)))
    fake_project.behave(raise_always=True)
    fake_project.monkeypatch.setenv("GITHUB_ACTIONS", "true")
    fake_project.monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(fake_project.root / "summary.md"))
    result = fake_project.run("--junitxml=junit.xml", "--scorecard=card.md")
    assert result.ret == BROKEN
    terminal = result.stdout.str()
    assert "octocat" in terminal
    assert not set("\x1b\x07\u202e") & set(terminal)
    assert "##[" not in terminal
    commands = [line for line in terminal.splitlines() if line.lstrip().startswith("::")]
    assert [line.partition(" ")[0] for line in commands] == ["::error"]
    ET.parse(fake_project.root / "junit.xml")
    for text in (
        (fake_project.root / "card.md").read_text(),
        (fake_project.root / "summary.md").read_text(),
        modellab("report", "--markdown", "-").replace("<!-- modellab-report -->", ""),
    ):
        assert "octocat" in text
        for acting in ("<img", "@octocat", "#1", "](y)", "##[", "\x1b", "\x07", "\u202e"):
            assert acting not in text


def test_what_a_case_has_to_say_is_told_at_every_door(
    fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_project.accept()
    monkeypatch.setenv("HUB_TOKEN", "s3cr3t-1")
    real = remarks.about
    monkeypatch.setattr(remarks, "about", lambda *found: [*real(*found), "loaded with s3cr3t-1 <img src=x>"])
    for number in range(8):
        fake_project.answer(number, SENTENCES[number].upper())
    result = fake_project.run()
    result.stdout.fnmatch_lines(
        ["note: *loaded with [*][*][*]*", "note: *outputs changed in what no judged metric counts*"]
    )
    entries, _ = ledger.read(fake_project.root / "mlruns")
    assert any("loaded with ***" in note for note in entries[-1].notes)
    modellab("report", "--html", "report.html")
    modellab("page", FINE, "-o", "case.html")
    files = [(fake_project.root / name).read_text() for name in ("report.html", "case.html")]
    pages = [modellab("report"), modellab("report", "--markdown", "-"), *files]
    for page in pages:
        assert "outputs changed in what no judged metric counts" in page
        assert "s3cr3t-1" not in page
    assert "<img src=x>" not in "".join(pages[1:])
