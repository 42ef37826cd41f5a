"""A report as a long table: one row for each model, dataset and metric, with N, interval and origin.

Scores are rows as well: `metric` is "score" or "score/<part>", `dataset` names all of theirs. A part of a dataset has
its key and value in `key` and `part`, which are empty elsewhere. A case whose newest run ended in an ERROR has a row
with the metric "run", the verdict ERROR and no value; `error` says why.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from typing import Any

from modellab.reports.leaderboard.records import Measure, Origin, Report, System
from modellab.results import serialization
from modellab.stats.estimate import Estimate
from modellab.system import escape

COLUMNS = (
    "task", "model", "variant", "device", "precision", "preprocessing", "spec", "dataset", "key", "part", "metric",
    "kind", "better", "value", "n", "n_of", "low", "high", "unit", "verdict", "grade", "stage", "compared", "commit",
    "session", "finished_at", "machine", "normaliser", "dataset_digest", "weights", "error",
)  # fmt: skip
Row = dict[str, Any]
NUMBERS = ("value", "low", "high")


def rows(report: Report) -> list[Row]:
    """Every row, in a fixed order; a number that is missing is None."""
    every = [*_errors(report), *_measures(report), *_slices(report), *_groups(report), *_scores(report)]
    return [{column: serialization.plain(row.get(column, "")) for column in COLUMNS} for row in every]


def _errors(report: Report) -> Iterator[Row]:
    for finding in report.findings:
        if finding.verdict.status.is_unmeasured:
            yield {
                **_who(finding.who), **_number(Estimate(math.nan, unit="")), **_origin(finding.origin),
                "dataset": finding.dataset, "metric": finding.verdict.metric, "verdict": str(finding.verdict.status),
                "error": finding.error,
            }  # fmt: skip


def _measures(report: Report) -> Iterator[Row]:
    for measure in report.measures:
        yield {
            **_who(measure.who), **_number(measure.estimate), **_origin(measure.origin),
            "dataset": measure.dataset, "metric": measure.metric, "kind": measure.kind, "better": measure.better,
            "verdict": measure.verdict,
        }  # fmt: skip


def _slices(report: Report) -> Iterator[Row]:
    origins = {(measure.who, measure.dataset): measure for measure in report.measures}
    for part in report.slices:
        whole: Measure | None = origins.get((part.who, part.dataset))
        yield {
            **_who(part.who), **_number(part.estimate), **(_origin(whole.origin) if whole else {}),
            "dataset": part.dataset, "key": part.key, "part": part.value, "metric": part.metric, "kind": "quality",
            "better": whole.better if whole else "",
        }  # fmt: skip


def _groups(report: Report) -> Iterator[Row]:
    """Each metric of each group of people; without a number where it is too few to tell."""
    for group_gap in report.gaps:
        about = {
            **_who(group_gap.who),
            "dataset": group_gap.dataset,
            "key": group_gap.key,
            "metric": group_gap.groups.metric.name,
        }
        about |= {"kind": "group", "better": group_gap.groups.metric.better}
        for rate in group_gap.groups.rates:
            yield {**about, **_number(rate.estimate), "part": rate.name}
        yield {**about, **_number(group_gap.groups.gap), "part": "gap", "kind": "gap", "better": "lower"}


def _scores(report: Report) -> Iterator[Row]:
    for group in report.groups:
        for score in group.scores:
            about = {
                **_who(score.who), "dataset": " ".join(score.datasets), "kind": "score", "better": "higher",
                "stage": score.stage, "compared": score.compared,
            }  # fmt: skip
            yield {**about, **_number(score.points), "metric": "score", "grade": score.grade, "unit": "points"}
            for part in score.parts:
                yield {**about, **_number(part.points), "metric": f"score/{part.name}", "unit": "points"}


def _who(who: System) -> Row:
    names = ("task", "model", "variant", "device", "precision", "preprocessing", "spec")
    return {name: getattr(who, name) for name in names}


def _number(estimate: Estimate) -> Row:
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "n": estimate.n,
        "n_of": estimate.of,
        "unit": estimate.unit,
    }


def _origin(origin: Origin) -> Row:
    names = ("commit", "session", "finished_at", "machine", "normaliser", "weights")
    return {**{name: getattr(origin, name) for name in names}, "dataset_digest": origin.digest}


def render_csv(report: Report) -> str:
    """The table as CSV with a line of headings; a missing number is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows(report):
        writer.writerow({name: escape.cell(value) if isinstance(value, str) else value for name, value in row.items()})
    return text.getvalue()


def render_json(report: Report) -> str:
    """The table as a JSON list of objects, a line each."""
    body = ",\n".join(serialization.dumps(row) for row in rows(report))
    return f"[\n{body}\n]\n"


def render_parquet(report: Report) -> bytes:
    """The table as Parquet; numbers are float64 with nulls, `n` int64, `compared` a boolean, the rest text."""
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {**dict.fromkeys(NUMBERS, pa.float64()), "n": pa.int64(), "compared": pa.bool_()}
    schema = pa.schema([(column, kinds.get(column, pa.string())) for column in COLUMNS])
    made = [{**row, "compared": row["compared"] if isinstance(row["compared"], bool) else None} for row in rows(report)]
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(made, schema=schema), sink)
    return sink.getvalue()
