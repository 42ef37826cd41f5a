"""The page docs/performance/overhead.md, from the figures: each with what it is, its target, and whether it is met."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psutil
from tabulate import tabulate

from modellab.system.machine import machine_class, versions

USED = ("modellab", "numpy", "pytest", "openai-whisper", "pyannote.metrics")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; `most` or `least` is its target, None where there is none."""

    name: str
    unit: str
    what: str
    most: float | None = None
    least: float | None = None

    @property
    def target(self) -> str:
        """As the page shows it."""
        if self.most is None and self.least is None:
            return "-"
        return f"<= {self.most:g}" if self.most is not None else f">= {self.least:g}"

    def met(self, value: float) -> bool:
        """Whether a value is on the right side of the target."""
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)


FIGURES = (
    Figure("suite_over_bare", "x", "wall time of the suite over a bare loop's, ten minutes of audio", most=1.02),
    Figure("controller_rss_mb", "MB", "peak memory of pytest's own process with 20,000 utterances", most=300),
    Figure("controller_growth_mb", "MB", "how much more that is than with 100 utterances", most=15),
    Figure("per_case_ms", "ms", "one more case among 500 of a trivial model, one clip each", most=10),
    Figure("import_s", "s", "`import modellab` in a fresh Python", most=0.2),
    Figure("help_s", "s", "`modellab --help`", most=0.5),
    Figure(
        "collect_10k_ratio", "x", "collecting 10,000 cases over as many parametrised tests of plain pytest", most=1.5
    ),
    Figure("whisper_en_speedup", "x", "OpenAI's English normaliser over `whisper_en`, 2,620 sentences", least=5),
    Figure("wer_2620_ms", "ms", "WER with alignments of 2,620 pairs", most=50),
    Figure("wer_10k_words_s", "s", "WER and CER of one pair of 10,000 words", most=0.3),
    Figure("wer_10k_words_mb", "MB", "memory of a fresh process for that", most=100),
    Figure("der_speedup", "x", "pyannote.metrics over our DER, an hour with 3,000 turns", least=20),
)
KEYS = tuple(figure.name for figure in FIGURES)  # of overhead.json
HEADINGS = ("figure", "measured", "target", "met", "what")

HOW = """\
- The bare loop is `tools/performance/bare.py`: load the model, decode each clip, call the model. The suite does that
  and starts pytest, collects, warms up, measures the reference workload, scores, judges, and keeps the result in ledger
  and MLflow. One thread each, bytecode there for both; the median of four pairs.
  `ledger_over_bare` is the same without MLflow.
- Memory is the peak of pytest's process, with a baseline of as many utterances; models live in another one.
- Cases, collection and memory are measured with a model that always says the same.
- Of `per_case_ms`, `case_fsync_ms` is until this disk has the ledger's line (a result is safe before anybody is told of
  it), and `case_reference_ms` the fixed workload that tells how fast the machine is just now. The rest is pytest's own,
  the reading of a dataset, the worker's five messages, and the judging of some 45 metrics."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Where and when."""

    date: str
    machine: str
    cores: int
    python: str
    versions: Mapping[str, str]
    scale: float = 1.0

    @classmethod
    def here(cls, date: str, scale: float) -> Facts:
        """Of this machine; the date is told by who measures."""
        cores = psutil.cpu_count() or 0
        libraries = {name: text for name, text in versions(USED).items() if name != "python"}
        return cls(date, machine_class(1, "cpu"), cores, platform.python_version(), libraries, scale)


def missed(known: Mapping[str, float]) -> list[str]:
    """A sentence for each target that is not met."""
    return [
        f"{figure.name} is {known[figure.name]:.4g} {figure.unit}, the target is {figure.target}"
        for figure in FIGURES
        if figure.name in known and not figure.met(known[figure.name])
    ]


def text(known: Mapping[str, float], facts: Facts) -> str:
    """The whole page."""
    return "\n".join(_lines(known, facts)) + "\n"


def _lines(known: Mapping[str, float], facts: Facts) -> Iterator[str]:
    yield "# What the harness costs\n"
    yield "Written by `make performance`; do not edit. Ratios are of runs in turn on one machine, so that both sides"
    yield "feel the same load.\n"
    rows = [
        (
            f"`{figure.name}`",
            f"{known[figure.name]:.4g} {figure.unit}",
            figure.target,
            _state(figure, known),
            figure.what,
        )
        for figure in FIGURES
        if figure.name in known
    ]
    yield tabulate(
        rows, headers=["figure", "measured", "target", "met", "what"], tablefmt="github", disable_numparse=True
    )
    if others := sorted(known.keys() - set(KEYS)):
        yield "\nMeasured beside them:\n"
        yield tabulate(
            [(f"`{name}`", f"{known[name]:.4g}") for name in others],
            headers=["figure", "measured"],
            tablefmt="github",
            disable_numparse=True,
        )
    day = f"{facts.date}, " if facts.date else ""
    packages = ", ".join(f"{name} {version}" for name, version in facts.versions.items())
    yield f"\nMeasured {day}on `{facts.machine}` ({facts.cores} logical cores), Python {facts.python}, {packages}."
    yield "Command: `make performance`." if facts.scale == 1 else f"A trial with {facts.scale:g} of the work."
    yield "\n## How\n"
    yield HOW


def _state(figure: Figure, known: Mapping[str, float]) -> str:
    if figure.target == "-":
        return "-"
    return "yes" if figure.met(known[figure.name]) else "**no**"
