"""Every command that needs an extra, without it: one sentence, exit status 2, nothing written."""

from __future__ import annotations

import sys

import pytest

from .conftest import Desk
from .finished import CASE, measure

DOORS = {
    "report --html": (("report", "--html", "out"), "matplotlib", "reports"),
    "report --figure": (("report", "--figure", "out.svg"), "matplotlib", "reports"),
    "report --parquet": (("report", "--parquet", "out"), "pyarrow", "parquet"),
    "compare --html": (("compare", "@s1", "@s1", "--html", "out"), "jinja2", "reports"),
    "page": (("page", CASE, "--output", "out"), "Pillow", "reports"),
    "site": (("site", "out"), "jinja2", "reports"),
    "history": (("history", CASE, "--output", "out.svg"), "ruptures", "reports"),
    "ui": (("ui",), "MLflow", "mlflow"),
}
IMPORTED = {"Pillow": "PIL", "MLflow": "mlflow"}


@pytest.mark.parametrize("door", DOORS)
def test_each_door_says_what_it_needs(desk: Desk, monkeypatch: pytest.MonkeyPatch, door: str) -> None:
    measure(desk, wrong=1, session="s1")
    command, package, extra = DOORS[door]
    before = sorted(desk.root.rglob("*"))
    monkeypatch.setitem(sys.modules, IMPORTED.get(package, package), None)
    done = desk.type(*command)
    said = f"`modellab {door}` needs {package}, which is not installed: pip install 'modellab[{extra}]'"
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"modellab: {said}\n")
    assert sorted(desk.root.rglob("*")) == before


@pytest.mark.parametrize("arguments", [("report",), ("report", "--csv", "-"), ("report", "--markdown", "-")])
def test_reports_as_text_need_none(desk: Desk, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    measure(desk, wrong=1, session="s1")
    for name in ("jinja2", "matplotlib", "PIL", "ruptures", "pyarrow", "mlflow"):
        monkeypatch.setitem(sys.modules, name, None)
    done = desk.type(*arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "fake" in done.stdout


def test_sync_says_how_to_send_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    measure(desk, wrong=1, session="s1")
    monkeypatch.setitem(sys.modules, "mlflow", None)
    done = desk.type("sync")
    assert done.exit_code == 2
    assert done.stderr == (
        "modellab: MLflow is not installed: nothing was sent to it, and nothing is lost, the ledger has the results; "
        "to send them later: pip install 'modellab[mlflow]', then `modellab sync`\n"
    )


def test_reading_from_a_store_says_what_reads_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    measure(desk, wrong=1, session="s1")
    monkeypatch.setitem(sys.modules, "mlflow", None)
    done = desk.type("report", "--from", "http://me:secret@server")
    assert done.exit_code == 2
    assert done.stderr == (
        "modellab: reading results from MLflow at http://server needs MLflow, which is not installed: "
        "pip install 'modellab[mlflow]'\n"
    )


def test_mlflow_skinny_has_no_pages(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flask", None)
    done = desk.type("ui")
    assert done.exit_code == 2
    assert "only mlflow-skinny is installed, which has no pages: pip install 'modellab[mlflow]'" in done.stderr
