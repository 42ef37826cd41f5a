"""`python -m tools.models_page`: write docs/models.md from the model folders and the accepted results.

An accepted result is one that somebody measured and committed, so it is what "verified" means here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from modellab import tasks, units
from modellab.lifecycle import stages
from modellab.models import Model
from modellab.models.weights import split
from modellab.plan.matrix import Broken, Case, Matrix
from modellab.plan.settings import Project
from modellab.results import baselines

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "models.md"
HOW = {
    "embedded": "embedded checkpoint",
    "made": "tiny checkpoint, made on the machine",
    "package": "the weights in its package",
}
REAL, SMALL, DECLARED = "●", "◐", "○"
HEAD = """# Models

Written by `python -m tools.models_page` from the model folders and the accepted results in `baselines/`: what is not
marked as measured was never run to the end by us. Each folder's README says more: licence, known defects, what was
verified and what was not.

{legend}
"""
LEGEND = (
    f"{REAL} measured with the weights that people use, {SMALL} measured with a small checkpoint that exercises the"
    f" same code, {DECLARED} declared in `config.yaml` and not measured here"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One model in one task on one device at one precision."""

    model: str
    task: str
    where: str  # device and precision
    mark: str
    how: str
    result: str = ""


def page(project: Project) -> str:
    """The whole page as Markdown."""
    matrix = Matrix(project)
    known = [entry for entry in matrix.models if not isinstance(entry, Broken)]
    lines = list(_lines(project, matrix))
    parts = [HEAD.format(legend=LEGEND), *_overview(project, known, lines)]
    for folder, model in known:
        own = [line for line in lines if line.model == folder.name]
        parts += ["", f"## {folder.name}", "", *_about(folder, model), "", *_table(own)]
    return "\n".join(parts) + "\n"


def _lines(project: Project, matrix: Matrix) -> Iterator[Line]:
    """Every case that could run, merged per model, task, device and precision: the best that is known of each."""
    best: dict[tuple[str, str, str], Line] = {}
    for name in tasks.names():
        for case in matrix.cases(name):
            if isinstance(case, Case):
                line = _line(project, case)
                place = (line.model, line.task, line.where)
                if place not in best or _rank(line) > _rank(best[place]):
                    best[place] = line
    yield from sorted(best.values(), key=lambda line: (line.model, line.task, line.where))


def _rank(line: Line) -> tuple[int, bool]:
    """Measured before declared, real weights before small ones, a smoke dataset before a longer one."""
    return f"{DECLARED}{SMALL}{REAL}".index(line.mark), "smoke" in line.result


def _line(project: Project, case: Case) -> Line:
    key = case.key
    where, scheme = f"{key.device} {key.precision}", split(case.source.name)[0]
    accepted = baselines.load(project.baselines, key)
    if accepted is None:
        return Line(key.model, key.task, where, DECLARED, "not measured")
    metric = tasks.get(key.task).METRICS[0]
    value = metric.value(counts[metric.name] for counts in accepted.counts.values())
    result = f"`{key.dataset}`: {metric.name} {units.value(value, metric.unit)}, {len(accepted.counts)} cases"
    mark = SMALL if scheme in {"embedded", "made"} else REAL
    how = f"{HOW.get(scheme, 'downloaded weights')}, {accepted.header.get('date', 'no date')}"
    return Line(key.model, key.task, where, mark, f"`{key.variant}`: {how}", result)


def _overview(project: Project, known: Iterable[tuple[Path, Model]], lines: list[Line]) -> Iterator[str]:
    """A row for each model, a column for each task."""
    names = tasks.names()
    yield f"| model | stage | {' | '.join(names)} |"
    yield f"|---|---|{'---|' * len(names)}"
    for folder, model in known:
        cases = [_marks([line for line in lines if (line.model, line.task) == (folder.name, task)]) for task in names]
        declared = [case or (DECLARED if task in model.tasks else "") for case, task in zip(cases, names, strict=True)]
        yield f"| [{folder.name}](#{folder.name}) | {_stage(project, folder, model)} | {' | '.join(declared)} |"


def _stage(project: Project, folder: Path, model: Model) -> str:
    """The stage of the model's config.yaml, and each variant that a record has put at another one."""
    records = stages.read(project.baselines, folder.name)
    moved = {name: records[name][-1].stage for name in model.variants if records.get(name)}
    return ", ".join([model.status, *(f"`{name}` {stage}" for name, stage in moved.items() if stage != model.status)])


def _marks(lines: list[Line]) -> str:
    """The best mark of each device, such as `◐ cpu, ○ cuda`."""
    best: dict[str, str] = {}
    for line in lines:
        device = line.where.split()[0]
        best[device] = max(best.get(device, DECLARED), line.mark, key=f"{DECLARED}{SMALL}{REAL}".index)
    return ", ".join(f"{mark} {device}" for device, mark in sorted(best.items()))


def _about(folder: Path, model: Model) -> Iterator[str]:
    place = folder.relative_to(ROOT)
    count = f"{len(model.variants)} variant{'' if len(model.variants) == 1 else 's'}"
    yield f"{model.summary}. {count}; [README](../{place}/README.md)."
    if model.environment == "own":
        yield "It runs in [an environment of its own](environments.md)."


def _table(lines: list[Line]) -> Iterator[str]:
    """The measured ones as a table, the rest in a sentence."""
    measured = [line for line in lines if line.mark != DECLARED]
    if measured:
        yield "| task | device, precision | | verified how | result |"
        yield "|---|---|---|---|---|"
        yield from (f"| {line.task} | {line.where} | {line.mark} | {line.how} | {line.result} |" for line in measured)
        yield ""
    rest: dict[str, list[str]] = {}
    for line in lines:
        if line.mark == DECLARED:
            rest.setdefault(line.task, []).append(line.where)
    if rest:
        yield f"Not measured: {'; '.join(f'{task} on {", ".join(places)}' for task, places in rest.items())}."


if __name__ == "__main__":
    PAGE.write_text(page(Project.at(ROOT)), encoding="utf-8")
    print(PAGE)
