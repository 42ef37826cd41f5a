"""mt_smoke_v1: sentences in nine languages and six scripts, translated from text into text."""

from __future__ import annotations

from collections.abc import Iterator

from tools.golden.seamless import taught
from tools.golden.write import Clip

HEADER = {
    "task": "translation",
    "version": 1,
    "language": "mul",
    "tier": "smoke",
    "domain": "open",
    "licence": "CC0-1.0",
    "source": "written for this project, by python -m tools.golden mt_smoke_v1",
    "limits": {"success_rate": 1.0},
    "settings": {"tokeniser": "char"},  # the one that does for all nine languages with no download
}


def clips() -> Iterator[Clip]:
    """Out of English first, then into it."""
    for lesson in taught().written():
        source, target = lesson.source_language, lesson.target_language
        row = {"source": lesson.source, "reference": lesson.target}
        languages = {"source_language": source, "target_language": target}
        yield Clip(f"{lesson.name}_{target}", None, {**row, **languages})
