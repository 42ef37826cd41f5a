"""Whether workers of every executor say what one process says: each model that runs here, in each of its tasks.

    python -m tools.scale_identity --executors local:1 local:2 ray:1 ray:2 ray:4 queue:2 [--cases faster_whisper]

Compares all of an utterance but its clocks. Tasks about time are never shared, so they are left out; so are cases with
several seeds: workers set the seed before each utterance, so their outputs are as good and not the same. A table in the
end; exit status 1 where one differs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from modellab import datasets, tasks
from modellab.errors import ModellabError
from modellab.plan.availability import why_not
from modellab.plan.matrix import Case, Matrix
from modellab.plan.settings import Project
from modellab.results import serialization
from modellab.runner.distributed import choice, parts, quality_pass
from modellab.runner.distributed.executor import Executor
from modellab.runner.distributed.quality_pass import PassOptions
from modellab.runner.distributed.shard_worker import without_clocks
from modellab.runner.evaluate import evaluate
from modellab.runner.pool import Pool
from modellab.runner.worker import Worker
from modellab.tasks import Task
from modellab.types import Utterance

THREADS, SHARD_AUDIO_S = 1, 20.0
EXECUTORS = ["local:1", "local:2", "ray:1", "ray:2", "ray:4", "queue:2"]


def main() -> None:
    """The command."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--executors", nargs="+", default=EXECUTORS)
    asked.add_argument("--cases", default="", help="part of the names of the cases")
    given = asked.parse_args()
    matrix = Matrix(Project.of(Path()))
    cases = [case for case in chosen(matrix) if given.cases in str(case.key)]
    same: dict[str, dict[str, int]] = {name: {} for name in given.executors}
    with tempfile.TemporaryDirectory(prefix="scale-identity-") as name:
        folder = Path(name)
        (folder / "queue").mkdir()
        alone = {str(case.key): by_one(case, str(folder / "audio")) for case in cases}
        for executor in given.executors:
            with pullers(matrix.project.root, folder / "queue", executor), closed(made(executor, folder)) as workers:
                for case in (case for case in cases if alone[str(case.key)]):
                    lines = by_workers(case, workers, folder, executor)
                    pairs = zip(alone[str(case.key)], lines, strict=True)
                    same[executor][str(case.key)] = sum(one == other for one, other in pairs)
                    print(f"{executor}: {case.key}: {same[executor][str(case.key)]} of {len(lines)}", flush=True)
    print(f"\n| case | utterances | {' | '.join(same)} |\n|---|--:|{'--:|' * len(same)}")
    for case_name, lines in alone.items():
        counts = [str(per_case.get(case_name, "-")) for per_case in same.values()]
        print(f"| {case_name} | {len(lines) or 'it raised'} | {' | '.join(counts)} |")
    differ = [name for per_case in same.values() for name, count in per_case.items() if count != len(alone[name])]
    print(f"{len(cases)} cases, {len(differ)} differences")
    raise SystemExit(bool(differ))


def chosen(matrix: Matrix) -> Iterator[Case]:
    """Of each model in each task the first case that runs here, on a smoke dataset where there is one."""
    for task in (name for name in tasks.names() if not isinstance(tasks.get(name), tasks.Paced)):
        seen: set[str] = set()
        every = [case for case in matrix.cases(task) if isinstance(case, Case) and case.key.device == "cpu"]
        for case in sorted(every, key=lambda case: ("smoke" not in case.key.dataset, str(case.key))):
            is_new = case.key.model not in seen and not case.chain
            if is_new and case.model.seeds_for(case.key.variant) == 1 and not why_not(case):
                seen.add(case.key.model)
                yield case


def made(name: str, folder: Path) -> Executor:
    """The executor of a name of this tool."""
    kind, _, count = name.partition(":")
    full = {"local": name, "ray": "ray:new", "queue": f"queue:{folder / 'queue'}"}[kind]
    return choice.executor(full, int(count) if kind == "ray" else None)


@contextmanager
def closed(executor: Executor) -> Iterator[Executor]:
    """The executor, stopped in the end."""
    try:
        yield executor
    finally:
        executor.stop()


def by_one(case: Case, keep: str) -> list[str]:
    """What one process says; nothing where the case cannot be measured here."""
    data, task = datasets.load(case.dataset), tasks.get(case.key.task)
    with closing(Pool(Worker, THREADS)) as pool:
        try:
            loaded = pool.get(case)
            loaded.keep = keep
            lines = told(task, evaluate(task, case, data, loaded, THREADS, "").utterances)
        except ModellabError as error:
            print(f"alone: {case.key}: {str(error).splitlines()[0]}", flush=True)
            return []
    print(f"alone: {case.key}: {len(lines)}", flush=True)
    return lines


def by_workers(case: Case, executor: Executor, folder: Path, name: str) -> list[str]:
    """What workers say."""
    data, task = datasets.load(case.dataset), tasks.get(case.key.task)
    path = folder / name.replace(":", "") / "parts" / f"{case.key}.jsonl"
    path.parent.parent.mkdir(exist_ok=True)
    kept = parts.Parts(path, quality_pass.identity(case, data, THREADS))
    options = PassOptions(str(Path.cwd()), f"identity-{name}", THREADS, shard_audio_s=SHARD_AUDIO_S)
    keep = str(folder / "audio")
    try:
        passed = quality_pass.run(task, case, data, executor, kept, options, lambda _: None, lambda: False, keep)
    finally:
        kept.close()
    return told(task, passed.runs[0])


def told(task: Task, utterances: Sequence[Utterance]) -> list[str]:
    """All but the clocks, as text."""
    encoded = (serialization.encode_utterance(utterance) for utterance in utterances)
    return [serialization.dumps(without_clocks(utterance, task.METRICS)) for utterance in encoded]


@contextmanager
def pullers(root: Path, queue: Path, name: str) -> Iterator[None]:
    """The workers of a shared folder, for an executor that has one."""
    kind, _, count = name.partition(":")
    command = [sys.executable, "-m", "modellab", "worker", "--queue", str(queue)]
    workers = [
        subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL)
        for _ in range(int(count) if kind == "queue" else 0)
    ]
    try:
        yield
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()


if __name__ == "__main__":
    main()
