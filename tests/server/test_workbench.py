"""The workbench: what is chosen is counted, started, watched to its verdict and accepted; in HTTP and in a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modellab.results import ledger
from tests.integration.conftest import write_dataset, write_model
from tests.server.conftest import Server, project, serving
from tests.server.jobs.calls import wait
from tests.server.test_access import ask, do, new_token, until

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from tests.server.browser import QUIET_MS, chromium, visit

pytestmark = pytest.mark.slow
CALM = "fake_calm"
CASE = f"{CALM}:one-short_v1-cpu-float32"
VERDICT_MS = 3 * QUIET_MS  # a run ends when MLflow has its results, or a minute has gone by
PASSWORD = "correct horse battery"
JOBS = "[tool.modellab.serve.jobs]\nlease_s = 5"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("bench"), JOBS)
    write_dataset(root / "golden" / "short_v1")
    write_model(root / "models" / CALM)
    with serving(root) as up:
        yield up


@pytest.fixture(scope="module")
def browser(site: Server) -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def answer(site: Server, text: str) -> None:
    """Have the model say this for the first clip."""
    path = site.root / "models" / CALM / "answers.json"
    answers = json.loads(path.read_text())
    path.write_text(json.dumps({**answers, next(iter(answers)): text}))


def behave(site: Server, **behaviour: float | str) -> None:
    (site.root / "models" / CALM / "behaviour.json").write_text(json.dumps(behaviour))


@contextmanager
def held(site: Server) -> Iterator[Path]:
    """The model says a few utterances and waits until this file is there: a browser may be as slow as it likes."""
    model = site.root / "models" / CALM
    config, go = model / "config.yaml", model / "go"
    before = config.read_text()
    config.write_text(before.replace("timeout_s: 20", "timeout_s: 600"))
    wait_for_it = "while not (HERE / 'go').exists(): time.sleep(0.02)"
    behave(site, sleep_s=1.0, once_on=5, code=wait_for_it)  # what is told meanwhile is told once in a while
    try:
        yield go
    finally:
        go.touch()
        config.write_text(before)
        behave(site)


def started(page: Page, site: Server) -> str:
    """Choose the model on the workbench and start; the job's name."""
    page.get_by_label("Find a model").fill(CALM)
    page.get_by_role("checkbox", name=re.compile(CALM)).first.check()
    expect(page.locator("#count")).to_have_text("1", timeout=QUIET_MS)
    assert page.url == f"{site.address}/workbench?models={CALM}"
    expect(page.locator("#command")).to_have_text(f"modellab run --model={CALM}")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile(r"/workbench/job_\w+$"))
    return page.url.rpartition("/")[2]


def test_what_is_chosen_is_counted_and_what_cannot_be_is_told(site: Server) -> None:
    _, page = site.get(f"/workbench?models={CALM}&datasets=short_v1")
    assert '<b id="count">1</b>' in page
    assert f"modellab run --model={CALM} --dataset=short_v1" in page
    assert re.search(f'value="{CALM}" checked', page)
    _, page = site.get(f"/workbench?models={CALM}&executor=local&batch=2")
    assert f"modellab run --model={CALM} --executor=local --batch=2" in page
    assert 'value="2"' in page
    assert "there is no executor: name one" in site.get(f"/workbench/plan?models={CALM}&batch=2")[1]
    assert '<b id="count">1</b>' in site.get(f"/workbench?models={CALM}&executor=&batch=")[1]
    assert "did you mean" in site.get("/workbench/plan?models=fake_clam")[1]
    assert "Nothing is chosen yet" in site.get("/workbench/plan")[1]
    assert site.get("/workbench?colour=red")[0] == 400
    assert site.get("/workbench/job_00000000000000000000")[0] == 404


def test_a_link_with_a_name_that_is_not_here_does_not_become_another_choice(site: Server, browser: Browser) -> None:
    """Without its dataset a run would be of every dataset."""
    with visit(browser, f"{site.address}/workbench?models={CALM}&datasets=shrot_v1&precisions=f7") as page:
        expect(page.locator("#plan")).to_contain_text("did you mean short_v1")
        expect(page.locator("#start")).to_be_disabled()
        page.get_by_role("checkbox", name="f7 is not offered here").uncheck()
        expect(page.locator("#plan")).to_contain_text("did you mean short_v1")
        page.get_by_role("checkbox", name="short_v1", exact=False).and_(page.locator("[value=short_v1]")).check()
        page.get_by_role("checkbox", name="shrot_v1 is not offered here").uncheck()
        expect(page.locator("#count")).to_have_text("1")
        expect(page.locator("#start")).to_be_enabled()
        assert page.url.endswith(f"/workbench?models={CALM}&datasets=short_v1")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_a_run_is_started_watched_and_has_its_verdict(site: Server, browser: Browser, width: int, scheme: str) -> None:
    behave(site, sleep_s=0.6)
    try:
        with visit(browser, f"{site.address}/workbench", width, scheme) as page:
            job = started(page, site)
            said = page.locator("#utterances tr").first  # they are there while it runs
            expect(said).to_contain_text("turn on the kitchen light", timeout=QUIET_MS)
            expect(page.locator("#value")).to_have_text("0.00 %", timeout=QUIET_MS)
            assert job in site.get("/runs")[1]
            expect(page.get_by_role("heading", name="Verdicts")).to_be_visible(timeout=VERDICT_MS)
            expect(page.locator("tbody tr").first).to_contain_text(f"{CALM}:one")
    finally:
        behave(site)
    done = wait(site, job)
    (entry,) = [each for each in ledger.read(site.root / "mlruns")[0] if each.session == job]
    assert done["result"]["cases"] == {CASE: str(entry.status)}
    assert job in site.get("/runs")[1]
    assert "unknown</b>" not in site.get(f"/workbench/plan?models={CALM}")[1]  # it is known by now how long it takes


def test_a_run_is_cancelled_and_asked_for_again(site: Server, browser: Browser) -> None:
    with held(site) as go, visit(browser, f"{site.address}/workbench") as page:
        job = started(page, site)
        expect(page.locator("#utterances tr").first).to_be_visible(timeout=QUIET_MS)
        assert site.get(f"/api/v1/runs/{job}")[1]["results"] == []  # the ledger has nothing of it yet
        status, going_on = site.get(f"/runs/{job}")
        assert status == 200
        assert f'data-job="{job}"' in going_on
        assert 'id="cancel"' in going_on
        page.get_by_role("button", name="Cancel this run").click()
        expect(page.locator("#state")).to_have_text("cancelled", timeout=QUIET_MS)
        go.touch()
        expect(page.get_by_role("link", name="Change it and run again")).to_have_attribute(
            "href", f"/workbench?models={CALM}"
        )
        behave(site)
        page.get_by_role("button", name="Run the same again").click()
        page.wait_for_url(lambda url: "/workbench/job_" in url and job not in url)
        expect(page.get_by_role("heading", name="Verdicts")).to_be_visible(timeout=VERDICT_MS)


def test_what_came_of_it_is_accepted_once_its_difference_was_seen(site: Server, browser: Browser) -> None:
    answer(site, "turn on the kitchen night")
    with visit(browser, f"{site.address}/workbench") as page:
        started(page, site)
        expect(page.get_by_role("heading", name="Verdicts")).to_be_visible(timeout=VERDICT_MS)
        page.get_by_label("because").fill("the first ones")
        page.get_by_role("button", name="Show the difference").click()
        expect(page.locator("#accept-said")).to_contain_text("Nothing would be accepted", timeout=QUIET_MS)
        page.get_by_label("also what is new or not better").check()
        page.get_by_role("button", name="Show the difference").click()
        expect(page.locator(".patch").first).to_contain_text("turn on the kitchen night", timeout=QUIET_MS)
        assert not (site.root / "baselines").exists()
        page.get_by_role("button", name="Accept", exact=True).click()
        expect(page.locator("#accept-said")).to_contain_text("Written: ", timeout=QUIET_MS)
    (path,) = (site.root / "baselines" / "asr" / "short_v1").glob("fake_calm-one.cpu-float32.json")
    assert json.loads(path.read_text())["header"]["reason"] == "the first ones"
    answer(site, "turn on the kitchen light")
    _, job = site.ask("POST", "/api/v1/runs", {"models": [CALM]})
    wait(site, job["id"])
    _, body = site.get(f"/workbench/{job['id']}")
    assert "Against what is accepted" in body
    place = f"/api/v1/runs/{job['id']}/accept"
    _, shown = site.ask("POST", place, {"because": "better", "everything": True, "dry_run": True})
    assert shown["is_written"] is False
    assert [each["state"] for each in shown["cases"]] == ["accepted"]
    assert any(line.startswith("-") and "kitchen night" in line for line in shown["files"][0]["diff"])
    status, refused = site.ask("POST", place, {"because": "b", "everything": True}, {"If-Match": '"0"'})
    assert (status, refused["error"]["code"]) == (412, "changed")
    assert site.ask("POST", place, {"because": " "})[0] == 400
    assert site.ask("POST", "/api/v1/runs/none/accept", {"because": "b"})[0] == 404


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two projects and the tokens of a few people."""
    root = project(tmp_path_factory.mktemp("guarded"), JOBS)
    write_dataset(root / "golden" / "short_v1")
    write_model(root / "models" / CALM)
    do(root, "projects.new", name="other")
    tokens = {"ada": new_token(root, "ada", "read", "run", "promote"), "eve": new_token(root, "eve", "read", "run")}
    tokens |= {"vic": new_token(root, "vic", "read")}
    tokens |= {"oli": new_token(root, "oli", "read", "run", "promote", of="other")}
    with serving(root) as up:
        up.tokens = tokens
        yield up


def test_two_projects_see_nothing_of_each_others_runs(guarded: Server) -> None:
    tokens = guarded.tokens
    _, mine = ask(guarded, "/api/v1/runs", tokens["oli"], "POST", {"models": [CALM]})
    id = mine["id"]
    with_project = [f"/workbench/{id}", f"/api/v1/jobs/{id}", f"/api/v1/jobs/{id}/events"]
    assert [ask(guarded, path, tokens["ada"])[0] for path in with_project] == [404, 404, 404]
    until(lambda: ask(guarded, f"/api/v1/jobs/{id}", tokens["oli"])[1]["state"] in ("done", "failed"), within_s=300)
    (entry,) = [each for each in ledger.read(guarded.root / "mlruns")[0] if each.session == id]
    assert entry.labels["project"] == "other"
    assert id in ask(guarded, "/runs", tokens["oli"])[1]
    assert ask(guarded, f"/runs/{id}", tokens["ada"])[0] == 404
    assert id not in ask(guarded, "/runs", tokens["ada"])[1]
    for name, path in (("oli", f"/workbench/{id}"), ("oli", "/workbench"), ("ada", "/workbench")):
        assert ask(guarded, path, tokens[name])[0] == 200
    assert "unknown</b>" in ask(guarded, f"/workbench/plan?models={CALM}", tokens["ada"])[1]
    assert "unknown</b>" not in ask(guarded, f"/workbench/plan?models={CALM}", tokens["oli"])[1]
    accepting = {"because": "ours", "everything": True}
    assert ask(guarded, f"/api/v1/runs/{id}/accept", tokens["ada"], "POST", accepting)[0] == 404
    assert ask(guarded, f"/api/v1/runs/{id}/accept", tokens["oli"], "POST", accepting)[0] == 404


def test_somebody_who_signed_in_starts_a_run_and_somebody_elsewhere_does_not_see_it(
    guarded: Server, browser: Browser
) -> None:
    for name, place in (("ann", "default"), ("ben", "other")):
        do(guarded.root, "users.new", PASSWORD, name=name, is_admin=False, role="maintainer", project=place)
    with visit(browser, f"{guarded.address}/workbench") as page:
        sign_in(page, "ann")
        job = started(page, guarded)
        expect(page.get_by_role("heading", name="Verdicts")).to_be_visible(timeout=VERDICT_MS)
        expect(page.locator("header")).to_contain_text("ann")
        page.goto(f"{guarded.address}/runs")
        expect(page.get_by_role("link", name=job)).to_be_visible()
    with visit(browser, f"{guarded.address}/runs") as page:
        sign_in(page, "ben")
        expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name=job)).to_have_count(0)
        answer = page.request.get(f"{guarded.address}/workbench/{job}")
        assert answer.status == 404


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_who_may_look_may_not_start_and_who_may_start_may_not_accept(guarded: Server) -> None:
    tokens = guarded.tokens
    assert 'id="start"' not in ask(guarded, f"/workbench?models={CALM}", tokens["vic"])[1]
    assert 'id="start"' in ask(guarded, f"/workbench?models={CALM}", tokens["eve"])[1]
    assert ask(guarded, "/api/v1/runs", tokens["vic"], "POST", {"models": [CALM]})[0] == 403
    assert ask(guarded, "/api/v1/runs/x/accept", tokens["eve"], "POST", {"because": "b"})[0] == 403
