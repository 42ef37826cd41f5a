"""What a reader's process draws of a whole run: its report, without utterances."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modellab.errors import ExtraError
from modellab.reports.leaderboard.html import render_html
from modellab.reports.leaderboard.stored import assembled
from modellab.results.select import SelectedResults
from modellab.server.errors import ApiError
from modellab.server.results import some
from modellab.server.results.whole import opened, project, without_root


def run(root: Path, order: Mapping[str, Any]) -> dict[str, Any]:
    """The report on one session of a project, as `modellab site` has it."""
    here, session = project(root), order["session"]
    with opened(order["url"]) as engine:
        stored = some.stored(engine, here, order["owner"], whens=[session])
    last = {entry.key: entry for entry in stored.entries if entry.session == session}  # of a case that ran twice
    cases = [last[key] for key in sorted(last, key=str)]
    measured, failed = (tuple(entry for entry in cases if bool(entry.result) is there) for there in (True, False))
    try:
        drawn = render_html(assembled(here, stored, [SelectedResults(f"@{session}", measured, failed)]))
    except ExtraError as error:
        raise ApiError(503, "extra_missing", str(error)) from None
    return {"page": without_root(drawn, root)}
