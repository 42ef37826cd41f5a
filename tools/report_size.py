"""How long the HTML report of many results takes, how large it is, and whether a browser opens it without complaint.

    python -m tools.report_size                        # 10 models, 5 datasets, 300 utterances, 3 sessions
    python -m tools.report_size --output docs/performance/report.md

It makes a project with datasets and a ledger in a temporary folder: sentences of 4 to 20 words, answers with errors at
each model's own rate, scored by the task itself. Then it runs `modellab report --html` as a process of its own, so that
starting Python and reading the ledger are in the time. Chromium, where there is one, opens the file at 1280 and at
400 px without a network; what it logs of the page is an error here.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml

from modellab import datasets, text
from modellab.results.entry import Entry, pooled
from modellab.results.ledger import Ledger
from modellab.system.machine import Commit
from modellab.tasks import asr
from modellab.types import CaseId, Result, Status, Utterance

TEXT = """\
the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one
you were all her she there would their we him been has when who will more no if out so said what up its about into than
them can only other new some could time these two may then do first any my now such like our over man me even most made
after also did many before must through back years where much your way well down should because
"""
WORDS = TEXT.split()
LIMIT_S, LIMIT_BYTES = 20.0, 15_000_000
WIDTHS = (1280, 400)
OPEN_S = 120
COMPLAINT = re.compile(r"CONSOLE|Uncaught|Refused to|net::ERR")
READINGS = {
    "load_s": 0.5, "first_call_s": 0.2, "other_cores": 0.0, "cores": 2.0, "latency_p50_s": 0.1, "latency_p95_s": 0.2,
    "latency_p99_s": 0.3,
}  # fmt: skip


def golden(folder: Path, count: int, chance: random.Random) -> datasets.Dataset:
    """A dataset of `count` sentences of 20 speakers in four conditions; the audio is a click."""
    (folder / "audio").mkdir(parents=True)
    rows = []
    for number in range(count):
        sentence = " ".join(chance.choice(WORDS) for _ in range(chance.randint(4, 20)))
        soundfile.write(folder / "audio" / f"{number:04}.wav", np.full(16, 0.1 * chance.random()), 16_000)
        rows.append({
            "id": f"{number:04}", "audio": f"audio/{number:04}.wav", "text": sentence,
            "duration_s": 0.4 * len(sentence.split()), "speaker": f"speaker {number % 20:02}",
            "condition": ("clean", "noise", "room", "telephone")[number % 4],
        })  # fmt: skip
    header = {
        "task": "asr", "version": 1, "language": "en", "tier": "full", "licence": "CC0-1.0", "source": "made",
        "normaliser": "basic",
    }  # fmt: skip
    (folder / "dataset.yaml").write_text(yaml.safe_dump({**header, "cases": rows}, sort_keys=False))
    datasets.write_digest(folder)
    return datasets.load(folder)


def heard(words: list[str], rate: float, chance: random.Random) -> str:
    """A sentence with substitutions, deletions and insertions, a third of `rate` each."""
    hypothesis: list[str] = []
    for word in words:
        drawn = chance.random()
        if drawn < rate / 3:
            continue
        hypothesis.append(chance.choice(WORDS) if drawn < 2 * rate / 3 else word)
        if drawn > 1 - rate / 3:
            hypothesis.append(chance.choice(WORDS))
    return " ".join(hypothesis)


def result(data: datasets.Dataset, model: int, chance: random.Random) -> Result:
    """What model number `model` makes of a dataset: the higher, the faster and the worse."""
    key = CaseId("asr", data.name, f"model_{model:02}", "base", "cpu", "int8")
    rate, resources = 0.02 * 1.25**model, 0.4 * 0.7**model
    utterances = []
    for row in data.rows:
        case = asr.read(row, data.options)
        output = {"text": heard(case.reference.split(), rate, chance), "language": "en", "segments": []}
        wall_s = case.duration_s * resources * chance.lognormvariate(0, 0.2)
        counts = asr.score(case, output)
        utterances.append(Utterance(case.id, counts, output, wall_s, wall_s, case.duration_s, cluster=case.speaker))
    rtf = sum(u.wall_s for u in utterances) / sum(u.duration_s for u in utterances)
    readings = {**READINGS, "rtf": rtf, "rtf_cpu": rtf, "peak_rss_bytes": 2e8 * 1.3 ** (10 - model)}
    provenance = {
        "dataset_digest": data.digest,
        "normaliser": str(text.get("basic")),
        "weights": f"w{model}",
        "threads": "1",
    }
    return Result(key, tuple(utterances), readings, "a-cpu-2c-1t", provenance)


def fill(root: Path, models: int, datasets: int, utterances: int, sessions: int) -> None:
    """The project: golden/, an empty table in pyproject.toml and the ledger."""
    chance = random.Random(20240229)
    (root / "pyproject.toml").write_text('[tool.modellab.scorecard.prices]\n"a-cpu-*" = 0.05\n')
    data = [golden(root / "golden" / f"made_{i}_v1", utterances, chance) for i in range(datasets)]
    for session in range(sessions):
        ledger = Ledger(root / "mlruns", f"20261121t10000{session}-made")
        for dataset in data:
            for model in range(models):
                measured = result(dataset, model, chance)
                at = f"2026-11-21T1{session}:00:00.000000+00:00"
                fields: dict[str, Any] = {
                    "result": measured,
                    "values": pooled(measured),
                    "finished_at": at,
                    "started_at": at,
                }
                commit = Commit(f"{session:07}" + "a" * 33, session, "main")
                ledger.append(
                    Entry(measured.key, Status.PASS, ledger.session, commit=commit, weights=f"w{model}", **fields)
                )


def timed(root: Path, file: Path) -> tuple[float, float]:
    """Wall and CPU seconds of `modellab report --html`, Python's start and the ledger included."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "modellab", "report", "--html", str(file)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu_s


def opened(file: Path, width: int) -> tuple[str, float]:
    """What a browser says of the page ("no complaint", its complaints, "no browser"), and the seconds it took."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        return "no browser here", float("nan")
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
            "--disable-background-networking", f"--user-data-dir={profile}", f"--window-size={width},2000",
            "--dump-dom", file.as_uri(),
        ]  # fmt: skip
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, timeout=OPEN_S, check=False)
        took_s = time.perf_counter() - began
    complaints = [line for line in done.stderr.splitlines() if COMPLAINT.search(line)]
    if "</html>" not in done.stdout:
        complaints.append(f"no page came back (status {done.returncode})")
    return "; ".join(complaints) or "no complaint", took_s


def main() -> None:
    """Make, time, open, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, default in (("models", 10), ("datasets", 5), ("utterances", 300), ("sessions", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--keep", type=Path, help="put the HTML file there")
    parser.add_argument("--output", type=Path, help="write the table into this Markdown file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root, lines = Path(folder), []
        fill(root, given.models, given.datasets, given.utterances, given.sessions)
        first = timed(root, root / "r.html")
        size = (root / "r.html").stat().st_size
        again = timed(root, root / "again.html")
        same = (root / "again.html").read_bytes() == (root / "r.html").read_bytes()
        lines += [
            f"| built | {min(first[0], again[0]):.1f} s | < {LIMIT_S:.0f} s |",
            f"| of that CPU time | {min(first[1], again[1]):.1f} s | |",
            f"| size | {size / 1e6:.1f} MB | < {LIMIT_BYTES / 1e6:.0f} MB |",
            f"| built twice, the same bytes | {'yes' if same else 'no'} | yes |",
        ]
        for width in WIDTHS:
            outcome, took_s = opened(root / "r.html", width)
            lines.append(f"| Chromium at {width} px, from the file | {outcome}, {took_s:.1f} s | no complaint |")
        if given.keep:
            shutil.copy(root / "r.html", given.keep)
    what = (
        f"{given.models} models, {given.datasets} datasets of {given.utterances} utterances, {given.sessions} sessions"
    )
    table = "\n".join([f"| HTML report of {what} | measured | wanted |", "|---|---|---|", *lines])
    print(table)
    if given.output:
        given.output.parent.mkdir(parents=True, exist_ok=True)
        given.output.write_text(
            f"# The HTML report's size and time\n\nMade by `python -m tools.report_size`.\n\n{table}\n"
        )


if __name__ == "__main__":
    main()
