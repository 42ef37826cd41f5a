"""Each case's page goes to MLflow, and what is wrong with a page costs nothing but the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from modellab import tracking
from modellab.reports.case import __main__
from modellab.tracking.case_pages import Pages

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own imports warn, and what it leaves open is its affair
ROOT = Path(__file__).parents[2]


def test_every_case_with_a_result_has_its_page(ready, session):
    report = tracking.sync(ready, root=ROOT)

    pages = sorted(ready.glob("artifacts/*/*/artifacts/pages/*.html"))
    assert [page.name for page in pages] == ["asr_lab_v1.html", "asr_smoke_v1.html", "vad_smoke_v1.html"]
    assert all("faster_whisper:lab on " in page.read_text() for page in pages[:2])
    assert (report.new, report.warnings) == (len(session), [])


def test_a_project_that_cannot_be_read_is_told_once_and_numbers_go_on(ready, session, tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.modellab]\nwhat = 1\n")

    report = tracking.sync(ready, root=tmp_path)

    assert report.new == len(session)
    assert len(report.warnings) == 1
    assert "has no page (ConfigError: " in report.warnings[0]


def test_what_warms_the_maker_up_works():
    """It goes on without, so that nothing else would show it."""
    __main__.warm_up()


def test_a_maker_that_has_died_is_no_page(make):
    told: list[str] = []
    pages = Pages(ROOT, told.append)
    pages.close()

    assert [pages(make()), pages(make())] == ["", ""]
    assert len(told) == 1
