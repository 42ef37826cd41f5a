"""`modellab export`: what our models said, for somebody else's scorer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modellab.cli import common
from modellab.errors import ConfigError

OWNER_ALONE = 0o600


def export(
    result: Annotated[str, typer.Argument(metavar="RESULT", help="Stored results, as `modellab report` names them.")],
    form: Annotated[
        str, typer.Option("--as", metavar="FORMAT", help="jsonl, nemo, table, kaldi, ctm, trn, rttm, seglst, stm.")
    ],
    dataset: Annotated[str, typer.Option(metavar="DATASET", help="Only the result on this dataset.")] = "",
    into: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the files go.")] = Path("exported"),
    as_written: Annotated[
        bool, typer.Option("--as-written", help="Texts as they are, not as they were compared (normalised).")
    ] = False,
    private: Annotated[
        bool, typer.Option("--private", help="Write texts of private datasets, too, for this machine alone.")
    ] = False,
) -> None:
    """Write references and hypotheses of stored results for another scorer.

    Texts are those that were compared, after the normaliser: a scorer that has none counts the same errors.
    """
    from modellab import datasets, tasks, units
    from modellab.rescoring.hypotheses import export as exporting
    from modellab.results.select import StoredResults

    project = common.project()
    stored = StoredResults.read(project.root, project.mlruns, project.baselines, private=private)
    entries = [entry for entry in stored.select(result).entries if dataset in ("", entry.key.dataset)]
    if not entries:
        raise ConfigError(
            f"{result!r} has no results{f' on {dataset}' if dataset else ''}: `modellab history` lists them"
        )
    for entry in entries:
        data = datasets.load(project.golden / entry.key.dataset)
        if data.is_private and not private:
            raise ConfigError(f"{data.name} is private: --private writes its texts, for this machine alone")
        metric = tasks.get(entry.key.task).METRICS[0]
        stem = str(entry.key).replace(":", "-")
        for ending, text in exporting.files(entry, data, form, as_written=as_written).items():
            common.write(into / f"{stem}.{ending}", text)
            if data.is_private:
                (into / f"{stem}.{ending}").chmod(OWNER_ALONE)
            common.say(f"written: {into / f'{stem}.{ending}'}")
        value = units.value(entry.values.get(metric.name), metric.unit)
        common.say(f"{metric.name} {value} here, under the normaliser {data.normaliser}")
