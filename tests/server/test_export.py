"""`/results.csv` and `/results.json`: all results that fit, in the order of the page, as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from modellab.server.results import query
from modellab.types import Status
from tests.server.conftest import Server, project, serving
from tests.server.results.conftest import COMMIT, entry, write

COUNT = query.MOST + 20  # more than are read at once
FORMULA = "=1+1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("export"))
    write(root / "mlruns", *(entry(number) for number in range(COUNT)))
    write(root / "mlruns", entry(COUNT, Status.ERROR, session="odd", commit=replace(COMMIT, branch=FORMULA)))
    write(root / "mlruns", entry(0, session="other", labels={"project": "other"}))
    with serving(root) as up:
        yield up


def listed(site: Server, asked: str) -> list[dict[str, Any]]:
    """What the API has of the same filters, page by page."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        _, page = site.get(f"/api/v1/results?limit=200&{asked}{cursor}")
        found += page["data"]
        if not page["has_more"]:
            return found
        cursor = f"&cursor={page['next_cursor']}"


@pytest.mark.parametrize("asked", ["", "model=m1&sort=-value", "status=ERROR", "model=nobody"])
def test_a_file_has_every_result_that_fits_in_the_order_of_the_list(site: Server, asked: str) -> None:
    expected = listed(site, asked)
    status, rows = site.get(f"/results.json?{asked}")
    assert status == 200
    assert rows == expected
    status, text = site.get(f"/results.csv?{asked}")
    assert status == 200
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["id"] for line in lines] == [row["id"] for row in expected]
    for line, row in zip(lines, expected, strict=True):
        assert line["value"] == ("" if row["value"] is None else str(row["value"]))
        assert line["low"] == ("" if row["interval"] is None else str(row["interval"][0]))


def test_no_cell_is_a_formula(site: Server) -> None:
    (line,) = csv.DictReader(io.StringIO(site.get("/results.csv?session=odd")[1]))
    assert line["branch"] == f"'{FORMULA}"


def test_what_is_wrong_is_refused_before_the_file_begins(site: Server) -> None:
    assert site.get("/results.csv?colour=red")[0] == 400
    assert site.get("/results.json?cursor=x")[0] == 400


def test_the_page_leads_to_the_files_of_what_it_shows(site: Server) -> None:
    page = site.get("/results?model=m1&task=&limit=5")[1]
    assert '<a href="/results.csv?model=m1">CSV</a>' in page
    assert '<a href="/results.json?model=m1">JSON</a>' in page
