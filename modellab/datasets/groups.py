"""Which group each row is of: what people are compared by, from the row's `group`, or one of its own keys."""

from __future__ import annotations

from collections.abc import Iterable

from modellab.types import Row

MOST = 60  # values of a key; more are names, and no groups


def labels(rows: Iterable[Row]) -> dict[str, dict[str, str]]:
    """For each key of the rows' `group` that parts them, by id the value; a row that says nothing is missing."""
    by_key: dict[str, dict[str, str]] = {}
    for row in rows:
        for key, value in row.get("group", {}).items():
            if value:
                by_key.setdefault(str(key), {})[str(row["id"])] = str(value)
    return {key: values for key, values in sorted(by_key.items()) if 2 <= len(set(values.values())) <= MOST}


def of(rows: Iterable[Row], key: str) -> dict[str, str]:
    """By id the value of one key, of the rows' `group` or of the rows themselves."""
    values = {str(row["id"]): str(row.get("group", {}).get(key) or row.get(key) or "") for row in rows}
    return {id: value for id, value in values.items() if value}
