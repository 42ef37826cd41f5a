"""python -m tools.performance.references [--share 0.1] [NAME...]: our metrics against the reference implementations.

Each check draws random inputs, asks both sides and lists every disagreement; docs/metrics.md tells what is promised.
The tests run the same checks on a fraction of the inputs.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from modellab.metrics import diarization
from modellab.metrics.edit_distance import Alignment, EditCounts, align, wil_rate
from modellab.types import Metric, Region, Turn
from tools.performance import draws, scores
from tools.performance.check import EXACT, Check, Reference
from tools.performance.draws import Recording

BATCH = 1000


# ---------------------------------------------------------------------------- words and characters


def jiwers_counts(n: int) -> Check:
    """Errors, hits and lengths of each pair, in words and in characters, and the pooled rates of each thousand."""
    import jiwer

    faults: list[str] = []
    worst = 0.0
    for pairs in itertools.batched(draws.texts(n), BATCH):
        references, hypotheses = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        ours = [align(*pair) for pair in pairs]
        both = jiwer.process_words(references, hypotheses), jiwer.process_characters(references, hypotheses)
        for unit, output in zip(("words", "characters"), both, strict=True):
            theirs = map(_counted, output.alignments)
            mine = (getattr(alignment, unit) for alignment in ours)
            faults += _unlike(pairs, mine, theirs, f"jiwer's {unit}")
        worst = max(worst, *(abs(one - other) for one, other in _pooled(ours, *both)))
    faults += [f"a pooled rate is {worst:g} off"] if worst > EXACT else []
    return Check(n, worst, tuple(faults))


def kaldis_errors(n: int) -> Check:
    """S + D + I of each pair, in words and in characters; how they part differs where alignments of one cost do."""
    import kaldialign

    faults: list[str] = []
    parted = 0
    for reference, hypothesis in draws.texts(n, seed=2):
        ours = align(reference, hypothesis)
        theirs = kaldialign.edit_distance(reference.split(), hypothesis.split())
        letters = kaldialign.edit_distance(list(reference), list(hypothesis))
        if (ours.words.errors, ours.characters.errors) != (theirs["total"], letters["total"]):
            faults.append(
                f"{reference!r} {hypothesis!r}: {ours.words} {ours.characters}, kaldialign {theirs} {letters}"
            )
        parted += ours.words.substitutions != theirs["sub"]
    return Check(n, float(bool(faults)), tuple(faults), f"{parted / n:.1%} part into other S, D and I")


def _counted(alignment: Sequence[Any]) -> EditCounts:
    """jiwer's chunks of one pair, added up."""
    counts = dict.fromkeys(("substitute", "delete", "insert", "equal"), 0)
    for chunk in alignment:
        counts[chunk.type] += max(chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx)
    return EditCounts(*counts.values())


def _unlike(
    pairs: Iterable[tuple[str, str]], ours: Iterable[EditCounts], theirs: Iterable[EditCounts], what: str
) -> Iterator[str]:
    """Pairs whose errors or lengths differ."""
    for pair, one, other in zip(pairs, ours, theirs, strict=True):
        facts = [(side.errors, side.reference_length, side.hypothesis_length) for side in (one, other)]
        if facts[0] != facts[1]:
            yield f"{pair}: {one}, {what} {other}"


def _pooled(ours: Sequence[Alignment], words: Any, characters: Any) -> Iterator[tuple[float, float]]:
    """Our corpus values beside jiwer's; the rates that need hits depend on which of the best alignments is taken."""
    wer, cer = (Metric(name, unit="ratio", better="lower") for name in ("wer", "cer"))
    yield wer.value(alignment.wer() for alignment in ours), words.wer
    yield cer.value(alignment.cer() for alignment in ours), characters.cer
    if sum(alignment.words.hits for alignment in ours) == words.hits:
        wil = Metric("wil", unit="ratio", better="lower", rate=wil_rate)
        yield wer.value(alignment.mer() for alignment in ours), words.mer
        yield wil.value(alignment.wil() for alignment in ours), words.wil


# ---------------------------------------------------------------------------- who speaks when


def pyannotes_seconds(n: int) -> Check:
    """Speech, miss, false alarm, confusion in seconds and JER of each recording, in both collar conventions.

    Where several mappings have the longest common time, pyannote.metrics' JER must be that of one of them, and ours
    the least of them.
    """
    faults: list[str] = []
    worst, ties = 0.0, 0
    for recording in draws.recordings(n):
        compared, (der, jer) = ours(recording), _theirs(recording)
        mine = compared.speech_s, compared.miss_s, compared.false_alarm_s, compared.confusion_s
        theirs = (der[part] for part in ("total", "missed detection", "false alarm", "confusion"))
        error = max(abs(one - other) for one, other in zip(mine, theirs, strict=True))
        off = abs(compared.jer().top - jer["speaker error"])
        if off > EXACT and (least := _tied(recording, jer["speaker error"])) is not None:
            ties, off = ties + 1, abs(compared.jer().top - least)
        worst = max(worst, error, off)
        if max(error, off) > EXACT or len(compared.jaccard_errors) != jer["speaker count"]:
            faults.append(f"{recording}: {compared}, pyannote.metrics {der} {jer}")
    return Check(n, worst, tuple(faults), f"{ties} with several best mappings, where ours has the least JER")


def ours(recording: Recording) -> diarization.Diarization:
    """Scored with the collar in NIST's convention, which is half of pyannote's; both give the same."""
    within = diarization.scored(recording.uem, recording.reference, recording.collar_s / 2, "nist")
    if within != diarization.scored(recording.uem, recording.reference, recording.collar_s, "pyannote"):
        raise AssertionError(f"the two conventions of a collar disagree on {recording}")
    return diarization.compare(recording.reference, recording.hypothesis, within, skip_overlap=recording.skip_overlap)


def _theirs(recording: Recording) -> tuple[dict[str, float], dict[str, float]]:
    """The parts of DER and of JER."""
    metrics, core = pyannote()
    uem = core.Timeline([core.Segment(*region) for region in recording.uem])
    sides = [annotation(turns) for turns in (recording.reference, recording.hypothesis)]
    options = {"collar": recording.collar_s, "skip_overlap": recording.skip_overlap}
    kinds = metrics.DiarizationErrorRate, metrics.JaccardErrorRate
    der, jer = (kind(**options)(*sides, uem=uem, detailed=True) for kind in kinds)
    return der, jer


def annotation(turns: Iterable[Turn]) -> Any:
    """Turns as pyannote's Annotation."""
    _, core = pyannote()
    filled = core.Annotation(uri="clip")
    for number, (start_s, end_s, speaker) in enumerate(turns):
        filled[core.Segment(start_s, end_s), number] = speaker
    return filled


def pyannote() -> tuple[Any, Any]:
    """Its modules of diarization metrics and of annotations."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, at import
        from pyannote import core
        from pyannote.metrics import diarization as metrics
    return metrics, core


def _tied(recording: Recording, theirs: float) -> float | None:
    """The least sum of JER over mappings with the longest common time, if `theirs` is that of one of them."""
    within = diarization.scored(recording.uem, recording.reference, recording.collar_s, "pyannote")
    alone = _alone(recording, within)
    references = sorted({ref for ref, _ in alone})
    hypotheses: list[str] = sorted({hyp for _, hyp in alone})
    errors: dict[float, set[float]] = {}
    for names in itertools.permutations([*hypotheses, *[""] * len(references)], len(references)):
        pairs = [alone.get(pair, (0.0, 1.0)) for pair in zip(references, names, strict=True)]
        errors.setdefault(round(sum(pair[0] for pair in pairs), 6), set()).add(sum(pair[1] for pair in pairs))
    best = errors[max(errors)]
    return min(best) if any(abs(error - theirs) < EXACT for error in best) else None


def _alone(recording: Recording, within: Sequence[Region]) -> dict[tuple[str, str], tuple[float, float]]:
    """Common seconds and JER of each pair of speakers; time with several reference speakers is no longer there."""
    everyone = diarization.compare(recording.reference, [], within, skip_overlap=recording.skip_overlap)
    if recording.skip_overlap:
        within = _without_overlap(recording.reference, within)
    by_pair: dict[tuple[str, str], tuple[float, float]] = {}
    for ref, hyp in itertools.product(everyone.jaccard_errors, {turn.speaker for turn in recording.hypothesis}):
        sides = ((recording.reference, ref), (recording.hypothesis, hyp))
        theirs, ours = ([turn for turn in turns if turn.speaker == who] for turns, who in sides)
        pair = diarization.compare(theirs, ours, within)
        by_pair[ref, hyp] = (pair.speech_s - pair.miss_s, pair.jer().top)
    return by_pair


def _without_overlap(turns: Sequence[Turn], within: Iterable[Region]) -> list[Region]:
    """What of a merged list has at most one speaker."""
    from modellab.metrics.vad import intersect, merge, subtract

    pairs = itertools.combinations(turns, 2)
    both = (common for one, other in pairs for common in intersect([Region(*one[:2])], [Region(*other[:2])]))
    return subtract(list(within), merge(both))


# ---------------------------------------------------------------------------- the command

REFERENCES = {
    "words": Reference("jiwer", "jiwer", 100_000, jiwers_counts),
    "errors": Reference("kaldialign", "kaldialign", 100_000, kaldis_errors),
    "seconds": Reference("pyannote.metrics", "pyannote.metrics", 10_000, pyannotes_seconds),
    "meetings": Reference("meeteval", "meeteval", 2_000, scores.meetevals_errors),
    "translations": Reference("sacrebleu", "sacrebleu", 1_000, scores.sacrebleus_scores),
    "area": Reference("sklearn", "scikit-learn", 1_000, scores.sklearns_area),
}


def main() -> int:
    """Run the checks; exit status 1 where one disagrees."""
    parser = argparse.ArgumentParser(prog="python -m tools.performance.references", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*REFERENCES, []], metavar="NAME", help=", ".join(REFERENCES))
    parser.add_argument("--share", type=float, default=1.0, help="of the promised number of inputs")
    asked = parser.parse_args()
    failed = 0
    for name in asked.names or REFERENCES:
        reference = REFERENCES[name]
        if not reference.is_here:
            print(f"{name}: {reference.package} is not installed")
            continue
        began = time.perf_counter()
        check = reference.run(max(1, round(reference.inputs * asked.share)))
        took_s = time.perf_counter() - began
        print(f"{name}: {check.inputs} inputs against {reference.version}: {len(check.faults)} disagree", end="")
        print(f", largest deviation {check.worst:.1e}{check.note and f', {check.note}'} ({took_s:.0f} s)")
        print("".join(f"  {fault}\n" for fault in check.faults[:5]), end="")
        failed += bool(check.faults)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
