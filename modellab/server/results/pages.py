"""What a reader's process draws: the page of an entry, written to a file that the asker names."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from modellab.errors import ExtraError, ModellabError
from modellab.reports.case import page
from modellab.results import baselines
from modellab.server.errors import ApiError
from modellab.server.results import whole

Order = Mapping[str, Any]


def case(root: Path, order: Order) -> dict[str, Any]:
    """Write the page of an entry to `output`; its title."""
    found = whole.read(root, order)
    project, accepted = whole.project(root), None
    with suppress(ModellabError):  # a damaged baseline is the business of the next run
        accepted = baselines.load(project.baselines, found.key)
    try:
        text = page.render(found, project.golden, accepted, order["clips"])
    except ExtraError as error:
        raise ApiError(503, "extra_missing", str(error)) from None
    Path(order["output"]).write_text(text, encoding="utf-8")
    return {"title": str(found.key)}
