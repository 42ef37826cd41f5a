"""What routes of people, results, experiments, reports and listening tests answer, as records."""

from __future__ import annotations

from typing import Any

from modellab.server.document.schemas import (
    ANY,
    COUNT,
    FLAG,
    NUMBER,
    SECONDS,
    TEXT,
    Schema,
    answer,
    array,
    or_null,
    record,
    ref,
)

TEXTS = array(TEXT)
NUMBERS: Schema = {"type": "object", "additionalProperties": or_null(NUMBER)}  # by their metric


def _texts(names: str) -> dict[str, Schema]:
    return dict.fromkeys(names.split(), TEXT)


TOKEN = record(
    "A token, without what it is", "id name project account scopes made_by created_at expires_at revoked_at used_at",
    **_texts("id name made_by"), project=or_null(TEXT), account=or_null(TEXT), scopes=TEXTS, created_at=SECONDS,
    expires_at=or_null(SECONDS), revoked_at=or_null(SECONDS), used_at=or_null(SECONDS),
)  # fmt: skip
NEW_TOKEN = {
    "allOf": [ref("Token"), record("What it is, here and nowhere else", "token", token={**TEXT, "pattern": "^mlab_"})]
}
ACCOUNT = record(
    "An account and its role in each of its projects", "id name is_admin created_at roles disabled_at signs_in",
    **_texts("id name signs_in"), is_admin=FLAG, created_at=SECONDS, disabled_at=or_null(SECONDS),
    roles={"type": "object", "additionalProperties": {"enum": ["viewer", "rater", "runner", "maintainer"]}},
)  # fmt: skip
PROJECT = record(
    "A project and the role of each member", "name created_at members",
    name=TEXT, created_at=SECONDS, members={"type": "object", "additionalProperties": TEXT},
)  # fmt: skip
ACT = record(
    "What somebody did", "id at who project act target address about",
    id=COUNT, at=SECONDS, about=ANY, **_texts("who project act target address"),
)  # fmt: skip
TICKET = record(
    "What opens live streams for a while", "value expires_at session", value=TEXT, expires_at=COUNT,
    session=record(
        "The session that it opens, as OpenAI's realtime API has it", "type id object audio",
        type={"const": "transcription"}, id=TEXT, object=TEXT, audio=ANY, include=or_null(TEXTS),
    ),
)  # fmt: skip
RUN = record(
    "A session of the suite",
    "object id state started_at finished_at commit dirty machine cases planned red by statuses",
    object={"const": "run"}, state={"enum": ["running", "ended"]}, planned=or_null(COUNT),
    **_texts("id started_at finished_at commit branch machine host experiment by"),
    dirty=FLAG, cases=COUNT, red=COUNT, statuses={"type": "object", "additionalProperties": COUNT},
)  # fmt: skip
RESULT = record(
    "A stored result; of a list whose `fields` are named, those alone", "",
    object={"const": "result"}, dirty=FLAG, red=FLAG, private=FLAG, utterances=COUNT,
    **_texts("case id session task dataset model variant device precision preprocessing machine host commit branch"),
    **_texts("started_at finished_at status tier metric error"),
    value=or_null(NUMBER), interval=or_null({**array(NUMBER), "minItems": 2, "maxItems": 2}), values=NUMBERS,
    readings=ANY, verdicts={}, weights={}, labels=ANY,
)  # fmt: skip
STORED = record(
    "A result as the ledger has it, without its utterances", "object id", object={"const": "result"}, id=TEXT
)
UTTERANCES = record(
    "Utterances of a result", "object data has_more next_start count why_no_reference",
    object={"const": "list"}, has_more=FLAG, next_start=or_null(COUNT), count=COUNT, why_no_reference=TEXT,
    data=array(record("What became of one", "id", id=TEXT, shares=ANY, wall_s=or_null(NUMBER))),
)  # fmt: skip
EXPERIMENT = record(
    "An experiment", "id project version name hypothesis conclusion state members by created_at changed_at",
    **_texts("id project name hypothesis conclusion by created_at changed_at"), members=TEXTS,
    version={"type": "integer", "minimum": 1}, state={"enum": ["open", "closed"]},
)  # fmt: skip
COMPARISON = record(
    "Members held against each other: two in pairs, several ranked", "object specs",
    object={"const": "comparison"}, specs=TEXTS, left_out=COUNT, format=COUNT, notes=TEXTS,
    rankings=array(record(
        "Of a task", "task metric datasets n alpha verdict standings pairs",
        **_texts("task metric unit verdict"), datasets=TEXTS, n=COUNT, alpha=NUMBER, comparisons=COUNT,
        standings=array(ANY), pairs=array(ANY), notes=TEXTS,
    )),
)  # fmt: skip
VARIANT = record(
    "A variant's stage", "id model variant stage", **_texts("id model variant stage"),
    since=or_null(TEXT), by=or_null(TEXT), because=TEXT, history=array(ANY), version=TEXT, next=or_null(TEXT), to=TEXT,
    missing=array(record("A criterion that is not met", "what mend", **_texts("what mend"))), evidence=array(ANY),
    silent=array({}), moved=FLAG, before=or_null(TEXT),
    files=array(record("What changes in a file", "path diff", path=TEXT, diff=TEXTS, further_lines=COUNT)),
)  # fmt: skip
LISTENING_TEST = record(
    "A listening test", "object id name question kind dataset state by created_at systems items url",
    object={"const": "listening_test"}, **_texts("id name question dataset by created_at url"), per_rater=COUNT,
    kind={"enum": ["acr", "ab", "mushra"]}, state={"enum": ["open", "closed"]},
    needs_headphones=FLAG, items=COUNT, results=ANY,
    systems=array(record("What is judged", "name entry estimates", name=TEXT, entry=TEXT, estimates=ANY)),
)  # fmt: skip
COMPONENTS: dict[str, Schema] = {
    "Token": TOKEN, "Account": ACCOUNT, "Project": PROJECT, "Act": ACT, "Session": RUN, "Result": RESULT,
    "Experiment": EXPERIMENT, "Comparison": COMPARISON, "Variant": VARIANT, "ListeningTest": LISTENING_TEST,
}  # fmt: skip


def _list(of: Schema, required: str = "", **more: Schema) -> Schema:
    names = f"object data {required}"
    return answer("A list", json=record("A list", names, object={"const": "list"}, data=array(of), **more))


def _paged(name: str) -> Schema:
    """A page of what the index has."""
    return _list(
        ref(name), "has_more next_cursor warnings behind",
        has_more=FLAG, next_cursor=or_null(TEXT), warnings=TEXTS, behind=FLAG,
    )  # fmt: skip


def _report(about: str, required: str, **fields: Schema) -> Schema:
    """Rows of a report, with what it was made of."""
    row = record(about, required, **fields)
    return _list(row, "title headline considered notes", title=TEXT, headline=TEXT, considered=COUNT, notes=TEXTS)


def _one(name: str, *more: Schema) -> Schema:
    return answer("It", json={"allOf": [ref(name), *more]} if more else ref(name))


RUN_OF_RESULTS = record("With its results", "results results_url", results=array(ref("Result")), results_url=TEXT)
RUNS_OF = record(
    "With its newest sessions", "runs runs_count runs_url results_url",
    runs=array(ref("Session")), runs_count=COUNT, **_texts("runs_url results_url"),
)  # fmt: skip
FINDINGS = _report("What moved, and why that is believed", "")
RECOMMENDED = _report(
    "Which model to take for a task", "task metric better datasets recommended best tied sentences",
    **_texts("task metric unit better"), datasets=TEXTS, utterances=COUNT, tied=array({}), sentences=TEXTS,
)  # fmt: skip
ROWS = _report(
    "A number with N, interval and origin", "task model variant device precision dataset metric",
    **_texts("task model variant device precision dataset metric spec"), value=or_null(NUMBER),
)  # fmt: skip
OF: dict[tuple[str, str], dict[str, Any]] = {
    ("get", "/api/v1/tokens"): {"200": _list(ref("Token"))},
    ("post", "/api/v1/tokens"): {"201": answer("The token", json=NEW_TOKEN)},
    ("delete", "/api/v1/tokens/{token}"): {"200": _one("Token")},
    ("get", "/api/v1/users"): {"200": _list(ref("Account"))},
    ("post", "/api/v1/users"): {"201": _one("Account")},
    ("patch", "/api/v1/users/{name}"): {"200": _one("Account")},
    ("put", "/api/v1/users/{name}/roles/{project}"): {"200": _one("Account")},
    ("delete", "/api/v1/users/{name}/roles/{project}"): {"200": _one("Account")},
    ("get", "/api/v1/projects"): {"200": _list(ref("Project"))},
    ("post", "/api/v1/projects"): {"201": _one("Project")},
    ("get", "/api/v1/audit"): {"200": _list(ref("Act"))},
    ("post", "/v1/realtime/client_secrets"): {"200": answer("The ticket", json=TICKET)},
    ("get", "/api/v1/runs"): {"200": _paged("Session")},
    ("get", "/api/v1/runs/{session}"): {"200": _one("Session", RUN_OF_RESULTS)},
    ("get", "/api/v1/results"): {"200": _paged("Result")},
    ("get", "/api/v1/results/{entry}"): {"200": answer("The result", json=STORED)},
    ("get", "/api/v1/results/{entry}/utterances"): {"200": answer("Utterances", json=UTTERANCES)},
    ("get", "/api/v1/findings"): {"200": FINDINGS},
    ("get", "/api/v1/recommendation"): {"200": RECOMMENDED},
    ("get", "/api/v1/leaderboard"): {"200": ROWS},
    ("get", "/api/v1/candidates"): {"200": _list(ref("Variant"), "warnings", warnings=TEXTS)},
    ("get", "/api/v1/lifecycle/{model}/{variant}"): {"200": _one("Variant")},
    ("get", "/api/v1/experiments"): {"200": _list(ref("Experiment"))},
    ("post", "/api/v1/experiments"): {"201": _one("Experiment")},
    ("get", "/api/v1/experiments/{experiment}"): {"200": _one("Experiment", RUNS_OF)},
    ("patch", "/api/v1/experiments/{experiment}"): {"200": _one("Experiment")},
    ("get", "/api/v1/experiments/{experiment}/comparison"): {"200": _one("Comparison")},
    ("get", "/api/v1/listening-tests"): {"200": _list(ref("ListeningTest"))},
    ("post", "/api/v1/listening-tests"): {"201": _one("ListeningTest")},
    ("get", "/api/v1/listening-tests/{test}"): {"200": _one("ListeningTest")},
    ("post", "/api/v1/listening-tests/{test}/close"): {"200": _one("ListeningTest")},
}
