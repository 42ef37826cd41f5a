"""Stored results, found by a selector: what a person calls them.

    [MODEL[:VARIANT]][/DEVICE[-PRECISION]][@WHEN]

| WHEN | takes |
|---|---|
| `latest`, or nothing | the newest result of each case |
| `baseline` | what is accepted in `baselines/` |
| a session, or how it begins | its results: `20261121T0928` |
| a commit, or anything git knows | the newest results measured there: `1a2b3c4`, `main`, `HEAD~3` |
| `LIBRARY=VERSION` | the newest results measured with it: `ctranslate2=4.5` |

A case's id as pytest shows it stands in place of all before the @: `whisper:lab-asr_smoke_v1-cpu-float32@main`.
`faster_whisper`, `whisper:lab@main`, `whisper_cpp:lab/cpu-q8_0`, `@HEAD~1`. A word alone that is no model is a WHEN.
Where audio was preprocessed, the name of the chain belongs to the precision: `/cpu-float32-highpass-da91a462`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from modellab.errors import ConfigError, did_you_mean
from modellab.results import baselines_as_entries, ledger
from modellab.results.entry import UNREAD, Entry, is_unread
from modellab.system import machine
from modellab.types import CaseId

LATEST, BASELINE = "latest", "baseline"
SPEC = re.compile(
    r"(?P<model>[^:/@]*)(:(?P<variant>[^/@]+))?(/(?P<device>[^-@]+)(-(?P<precision>[^@]+))?)?(@(?P<when>.+))?"
)
SHORTEST_HASH = 4
NEWEST = 5  # commits or sessions named when one has no results
SAME_DATA = ("dataset_digest", "normaliser")


@dataclass(frozen=True, slots=True)
class SelectedResults:
    """What a selector (`spec`) takes: one entry with a result for each case, sorted by case.

    `failed` are the cases whose newest run there ended in an ERROR, whether an older one has a result or not. `not_run`
    are those of which nothing is known, as a run was stopped before their turn; if all are, they failed.
    """

    spec: str
    entries: tuple[Entry, ...]
    failed: tuple[Entry, ...] = ()
    not_run: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class StoredResults:
    """Every stored result of a project, oldest first, and a sentence for each line that is none."""

    root: Path
    baselines: Path
    entries: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()

    @classmethod
    def read(
        cls, root: Path, mlruns: Path, baselines: Path, more: Iterable[Entry] = (), *, private: bool = False
    ) -> StoredResults:
        """The ledger in `mlruns`, of the project at `root`; `more` are from elsewhere, such as an MLflow server.

        `private` as `ledger.read` has it.
        """
        own, warnings = ledger.read(mlruns, private=private)
        elsewhere = (ledger.confined(entry, mlruns)[0] for entry in more)  # its sounds are not here
        every = {entry.id: entry for entry in (*elsewhere, *own)}
        ordered = sorted(every.values(), key=lambda entry: (entry.finished_at, entry.id))
        return cls(root, baselines, tuple(ordered), tuple(warnings))

    @property
    def accepted(self) -> tuple[Entry, ...]:
        """What is accepted, in the form of results, without what cannot be read."""
        return self._accepted_and_damaged[0]

    @property
    def damaged(self) -> tuple[str, ...]:
        """A sentence for each baseline that cannot be read: its case alone is left out of what is accepted."""
        return self._accepted_and_damaged[1]

    @cached_property
    def _accepted_and_damaged(self) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
        damaged: list[str] = []
        return tuple(baselines_as_entries.entries(self.baselines, damaged)), tuple(damaged)

    def select(self, spec: str = LATEST, *, errors: bool = False) -> SelectedResults:
        """The results that a selector takes; ConfigError where that is nothing, with what there is.

        With `errors` cases without any result are enough: what a report says of them is that they failed.
        """
        fitting, pool, model, variant = self._fitting(spec)
        return self._taken(spec, fitting, pool, model, variant, errors=errors)

    def every(self, spec: str) -> list[Entry]:
        """All results that a selector names, oldest first, not only the newest of each case; ConfigError for none."""
        fitting, pool, model, variant = self._fitting(spec)
        if not fitting:
            raise ConfigError(f"nothing fits {spec!r}: {_there(pool, model, variant)}")
        return fitting

    def _fitting(self, spec: str) -> tuple[list[Entry], Sequence[Entry], str, str]:
        """What a selector names, among which results it was looked for, and the model and variant (or case) in it."""
        case, _, when = spec.strip().partition("@")
        if case in self._cases:
            pool = self._at(when or LATEST)
            return [entry for entry in pool if str(entry.key) == case], pool, case, ""
        match = SPEC.fullmatch(spec.strip())
        if match is None or not spec.strip():
            raise ConfigError(
                f"{spec!r} names no results: expected [MODEL[:VARIANT]][/DEVICE[-PRECISION]][@WHEN], such as"
                " whisper:lab, whisper:lab@main or @HEAD~1"
            )
        named = match.groupdict()
        if named["model"] and named["model"] not in self._models:
            if any(named[part] for part in ("variant", "device", "when")) or not self._knows(named["model"]):
                raise ConfigError(
                    f"there are no results of {named['model']!r}: {did_you_mean(named['model'], self._models)}"
                )
            named = dict.fromkeys(named, None) | {"when": spec.strip()}
        pool = self._at(named.pop("when") or LATEST)
        fitting = [e for e in pool if all(not value or _part(e.key, part) == value for part, value in named.items())]
        return fitting, pool, named["model"] or "", named["variant"] or ""

    def _taken(
        self, spec: str, fitting: Sequence[Entry], pool: Sequence[Entry], model: str, variant: str = "", *, errors: bool
    ) -> SelectedResults:
        """The newest of each case that fits; ConfigError where there is none, with what there is in the pool."""
        newest = {entry.key: entry for entry in fitting if entry.result}
        last = {e.key: e for e in fitting if e.was_tried}.values()
        failed = {e.key: e for e in last if e.result is None and not _was_fixed_later(e, self.entries)}
        known = newest.keys() | failed.keys()
        untried = {e.key: e for e in fitting if not e.was_tried and e.key not in known}
        if not newest and not failed:
            failed, untried = untried, {}
        if fitting and not newest and not (errors and failed):
            raise ConfigError(f"no run of {spec!r} has a result, the newest ended with: {_why(fitting[-1])}")
        if not newest and not (errors and failed):
            raise ConfigError(f"nothing fits {spec!r}: {_there(pool, model, variant)}")
        return SelectedResults(spec, _sorted(newest), _sorted(failed), _sorted(untried))

    @cached_property
    def _cases(self) -> set[str]:
        return {str(entry.key) for entry in (*self.entries, *self.accepted)}

    @cached_property
    def _models(self) -> set[str]:
        return {entry.key.model for entry in (*self.entries, *self.accepted)}

    def _knows(self, when: str) -> bool:
        try:
            return bool(self._at(when))
        except ConfigError:
            return False

    def _at(self, when: str) -> Sequence[Entry]:
        """The entries that a WHEN takes, oldest first; ConfigError for one that has none."""
        if when == LATEST:
            return self.entries
        if when == BASELINE:
            return self.accepted
        if "=" in when:
            library, _, version = when.partition("=")
            return self._those(when, lambda entry: _is_version(entry.versions.get(library, ""), version))
        if any(_begins(entry.session, when) for entry in self.entries):
            return self._those(when, lambda entry: _begins(entry.session, when))
        known = re.fullmatch(r"[0-9a-f]+", when) and len(when) >= SHORTEST_HASH
        if known and any(entry.commit.hash.startswith(when) for entry in self.entries):
            return self._those(when, lambda entry: entry.commit.hash.startswith(when))
        hash = machine.resolve(self.root, when)
        if not hash:
            sessions = list(dict.fromkeys(entry.session for entry in self.entries))[-NEWEST:]
            there = ", ".join(sessions) or "none"
            raise ConfigError(f"{when!r} is no session, commit, `baseline` or `latest`; the newest sessions: {there}")
        return self._those(f"{when} ({hash[:7]})", lambda entry: entry.commit.hash == hash)

    def _those(self, what: str, fits: Callable[[Entry], bool]) -> list[Entry]:
        fitting = [entry for entry in self.entries if fits(entry)]
        if not fitting:
            commits = list(dict.fromkeys(entry.commit.short for entry in self.entries))[-NEWEST:]
            raise ConfigError(f"no results of {what}; there are of the commits {', '.join(commits) or '(none)'}")
        return fitting


def _why(entry: Entry) -> str:
    """How a run without a result ended: the first line of its error."""
    return entry.error.partition("\n")[0] or "an ERROR"


def unfair(a: Entry, b: Entry) -> str:
    """Why the quality of two results must not be compared; '' where it may."""
    if a.result is None or b.result is None:
        failed = a if a.result is None else b
        return f"{failed.key} ended in an ERROR: it has no result"
    if a.key.task != b.key.task:
        return f"{a.key} is of the task {a.key.task}, {b.key} of {b.key.task}"
    if not {item.id for item in a.result.utterances} & {item.id for item in b.result.utterances}:
        return f"{a.key} and {b.key} share no utterance: are they of one dataset?"
    for name in SAME_DATA:
        ours, theirs = (entry.result.provenance.get(name, "") for entry in (a, b) if entry.result)
        if ours != theirs:
            what = "normaliser" if name == "normaliser" else f"content of {a.key.dataset}"
            way = (
                "--rescore scores both alike from their stored outputs"
                if what == "normaliser"
                else "measure one of them anew"
            )
            return f"{a.key} and {b.key} differ in the {what} ({ours or 'unknown'}, {theirs or 'unknown'}): {way}"
    return ""


def _begins(session: str, when: str) -> bool:
    return session.lower().startswith(when.lower())


def _is_version(there: str, wanted: str) -> bool:
    return there == wanted or there.startswith(f"{wanted}.")


def _was_fixed_later(failed: Entry, entries: Sequence[Entry]) -> bool:
    """Whether a model, dataset or file of tests that could not be read has a case in a later session.

    Of a file of tests neither is known: any case of a later session says that it was fixed.
    """
    if not is_unread(failed.key):
        return False
    of_a_file = failed.key.model == failed.key.dataset == UNREAD
    return any(
        of_a_file or {entry.key.model, entry.key.dataset} & {failed.key.model, failed.key.dataset}
        for entry in entries
        if entry.session != failed.session and entry.finished_at > failed.finished_at and not is_unread(entry.key)
    )


def _part(key: CaseId, part: str) -> str:
    """A part of a case as a selector names it: the precision with the preprocessing behind it."""
    return key.place.removeprefix(f"{key.device}-") if part == "precision" else str(getattr(key, part))


def _name(key: CaseId) -> str:
    return f"{key.model}:{key.variant}"


def _there(pool: Sequence[Entry], model: str, variant: str) -> str:
    """What a selector could have named: the devices of a variant that is there, else the variants that are."""
    if not pool:
        return "there are no results yet, `modellab run` makes some"
    keys = [entry.key for entry in pool if entry.result and entry.key.model == model]
    if devices := {f"{_name(key)}/{key.place}" for key in keys if variant in ("", key.variant)}:
        return f"there are {', '.join(sorted(devices))}"
    names = {_name(entry.key) for entry in pool}
    return did_you_mean(f"{model}:{variant}", names) if variant else f"there are {', '.join(sorted(names))}"


def _sorted(by_case: Mapping[CaseId, Entry]) -> tuple[Entry, ...]:
    return tuple(by_case[key] for key in sorted(by_case, key=_order))


def _order(key: CaseId) -> tuple[str, str, str]:
    return key.task, key.dataset, str(key)
