"""Results of a machine that failed its self-test carry a mark, and the scorecard says so."""

from __future__ import annotations

from modellab.runner.selftest import outcome
from modellab.runner.selftest.checks import check

from .conftest import FakeProject

BAD = check("memory of a child process", "peak", "bytes", [(64e6, 0.0)])


def test_what_a_failed_machine_measures_is_marked(fake_project: FakeProject) -> None:
    fake_project.machine = "one"
    fake_project.accept()
    outcome.keep(fake_project.root / "mlruns", 1, [BAD], "2026-11-21")
    done = fake_project.run()
    assert done.ret == 0, done.stdout.str()
    first, second = fake_project.ledger()
    assert "selftest" not in first["result"]["provenance"]
    assert second["result"]["provenance"]["selftest"].startswith("failed 2026-11-21: memory of a child process")
    status = {verdict["metric"]: verdict["status"] for verdict in second["verdicts"]}
    assert {status[name] for name in ("rtf", "rtf_cpu", "peak_rss_bytes")} == {"INCONCLUSIVE"}
    assert status["wer"] == "PASS"
    notes = [line for line in done.outlines if line.startswith("note: ")]
    assert any("its times prove nothing: the meters of this machine failed their self-test" in note for note in notes)
