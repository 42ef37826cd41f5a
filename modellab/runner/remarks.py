"""What a person should know beside the verdicts of one case: sentences about a result and what was accepted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from modellab.datasets import Dataset, decoded_length, row_checks, sessions
from modellab.errors import did_you_mean
from modellab.gate.timing_validity import untrusted
from modellab.results import odd_times, without_speech
from modellab.system.machine import HARDWARE
from modellab.tasks import Task, Telling
from modellab.text import AS_WRITTEN, CUT
from modellab.text.quick import MOST_DIGITS, MOST_WORDS
from modellab.types import QualityBaseline, Result, Utterance, Verdict
from modellab.types.readings import SERVER
from modellab.types.utterances import clusters, raised

SETTINGS = "settings"  # of the header: each row has them when it is loaded
MOST_KEYS = 3  # unknown ones that are named
PROCESSORS = {"cuda": "GPU"}  # of the devices; any other is a CPU


def about(
    result: Result, accepted: QualityBaseline | None, changed: int | None, machines: Sequence[str]
) -> Iterator[str]:
    """Each sentence that holds; `changed` outputs differ, `machines` have accepted speed of the case."""
    now = result.provenance["weights"]
    if accepted and (then := accepted.header.get("weights", "unknown")) != now:
        yield f"the weights changed since the baseline: {then} -> {now}"
    if accepted and changed and (elsewhere := accepted_elsewhere(result, accepted, machines)):
        yield elsewhere
    if result.key.device == SERVER:
        yield from _of_server(result)
    if why := untrusted(result):
        yield f"its times prove nothing: {why}"
    if kept := result.provenance.get(AS_WRITTEN):
        yield f'figures and words are not folded for {kept}: "12" and the same number in words are an error'
    if cut := result.provenance.get(CUT):
        yield (
            f"whisper_en cut figures of more than {MOST_DIGITS:,} digits or numbers of more than {MOST_WORDS:,} words"
            f" in {cut} text{'s' if cut != '1' else ''}: OpenAI's own gives another text or fails"
        )
    if places := np.flatnonzero(raised(result.utterances)).tolist():
        first = result.utterances[places[0]].error.splitlines()[0]
        yield f"the model raised on {len(places)} of {len(result.utterances)} utterances: {first}"


def _of_server(result: Result) -> Iterator[str]:
    """How fast a server answered, what of that is its own time, and what it cost."""
    if result.key.task == "concurrency":
        return  # whose calls are levels of load, and which says itself how long answers took
    if result.provenance.get("answers") == "replayed":
        yield "its answers were recorded once and are played back: its times say nothing of the server"
        return
    read = result.readings
    took = f"answers took {read['latency_p50_s']:.3g} s (median), {read['latency_p95_s']:.3g} s (95 %)"
    own = ", with the network and the queue: this server does not tell its own time"
    if "server_p50_s" in read:
        around = f"{read['network_p50_s']:.3g} s around it (medians)"
        own = f"; {read['server_p50_s']:.3g} s by the server's own clock, {around}"
    again = f"; {read['retries']:.0f} tries more than answers, whose time is not counted" if read.get("retries") else ""
    cost = f"; USD {read['cost_usd']:.4g} by the price in config.yaml" if "cost_usd" in read else ""
    yield f"{took}{own}{again}{cost}"


def of_task(task: Task, data: Dataset, utterances: Sequence[Utterance]) -> Iterator[str]:
    """What the task itself has to say of every result; nothing of a private dataset."""
    if isinstance(task, Telling) and not data.is_private:
        samples = [task.read(row, data.options) for row in data.rows]
        yield from task.notes(samples, [None if utterance.error else utterance.output for utterance in utterances])


def of_dataset(task: Task, data: Dataset, utterances: Sequence[Utterance]) -> Iterator[str]:
    """What is not as the dataset says: a digest that is missing or stale, lengths that are not the files'."""
    if not data.header.digest:
        yield "its dataset has no digest, so nobody sees a change of it: `modellab datasets digest` writes one"
    elif data.header.digest != data.digest:
        yield "its dataset's digest is stale: cases or audio changed since it was written, see `datasets validate`"
    yield from _unknown_keys(task, data)
    if data.audio:
        yield from data.audio.told()
    yield from sessions.told(data.rows, data.options)
    if not sessions.are_scored(data.options):  # there the chunks but the last have no words either
        yield from without_speech.told(utterances)
    yield from odd_times.told(utterances, names=not data.is_private)
    yield from decoded_length.doubts(task, data.rows, data.options, utterances)


def unnamed_speakers(verdicts: Sequence[Verdict], data: Dataset, utterances: Sequence[Utterance]) -> Iterator[str]:
    """That a case is red by broken utterances of which nobody knows who said them."""
    broken = max((verdict.broken for verdict in verdicts if verdict.red), default=0)
    is_heard = "audio" in data.rows[0]
    if broken and is_heard and data.header.cluster != "utterance" and not any(clusters(utterances)):
        yield (
            f"{broken} of its {len(utterances)} utterances broke, and its dataset names no speakers: a model that hears"
            " each speaker differently in every run breaks that many by chance in 2 to 3 % of suites, not in 1 %; with"
            " `speaker` or `recording` in its rows that is counted"
        )


def _unknown_keys(task: Task, data: Dataset) -> Iterator[str]:
    """That rows have keys that nothing reads, which mostly are misspelt."""
    known = row_checks.known_keys(task.ROW)
    unknown = row_checks.unknown_keys(data.rows, (*task.ROW, SETTINGS))
    for key, count in sorted(unknown.items())[:MOST_KEYS]:
        yield f"nothing reads the key {key!r} of {count} of {len(data.rows)} rows: {did_you_mean(key, known)}"
    if len(unknown) > MOST_KEYS:
        yield f"nothing reads {len(unknown) - MOST_KEYS} further keys of its rows: `datasets validate` names them"


def accepted_elsewhere(result: Result, accepted: QualityBaseline, machines: Sequence[str]) -> str:
    """That the quality was accepted on another CPU or GPU, in a sentence; '' if it was not, or nobody knows.

    A baseline of old does not name its hardware: then the machine classes that have speed of the case tell it.
    """
    then, now = accepted.header.get(HARDWARE, ""), result.provenance.get(HARDWARE, "")
    if not then and machines and result.machine not in machines:
        then, now = ", ".join(machines), result.machine
    if not then or not now or then == now:
        return ""
    kind = PROCESSORS.get(result.key.device, "CPU")
    return (
        f"its quality was accepted on another {kind} ({then}, this is {now}), and outputs differ: the arithmetic of"
        f" another {kind} alone changes some, of int8 most"
    )
