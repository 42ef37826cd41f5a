"""From when on results count, as a person says it: a day, a moment, or how long ago."""

from __future__ import annotations

import datetime
import re

from modellab.errors import ConfigError

AGO = re.compile(r"(\d{1,6})\s*(min|h|d|w)")
SECONDS = {"min": 60, "h": 3600, "d": 86_400, "w": 604_800}
FORM = "%Y-%m-%dT%H:%M:%S.%f+00:00"  # as the ledger has it: sorts as text


def moment(text: str, now: datetime.datetime | None = None) -> str:
    """`2026-11-20`, `2026-11-20T08:00`, `7d`, `12h`, `30min` or `2w` -> UTC in ISO 8601, as entries have it.

    A day or moment without a zone is UTC. ConfigError for anything else.

    >>> moment("2026-11-20"), moment("2d", datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC))
    ('2026-11-20T00:00:00.000000+00:00', '2026-11-18T00:00:00.000000+00:00')
    """
    try:
        if ago := AGO.fullmatch(text.strip()):
            present = now or datetime.datetime.now(datetime.UTC)
            return (present - datetime.timedelta(seconds=int(ago[1]) * SECONDS[ago[2]])).strftime(FORM)
        given = datetime.datetime.fromisoformat(text.strip())
        return (given.astimezone(datetime.UTC) if given.tzinfo else given).strftime(FORM)
    except (ValueError, OverflowError) as error:  # OverflowError: before the year 1
        raise ConfigError(f"{text!r} is no time: expected 2026-11-20, 2026-11-20T08:00, or 12h, 7d, 2w ago") from error
