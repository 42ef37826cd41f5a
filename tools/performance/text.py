"""How fast texts are normalised and aligned, beside the originals: `python -m tools.performance.text`.

whisper_en_speedup   OpenAI's EnglishTextNormalizer over ours, on 2,620 different sentences; ours begins with nothing
                     remembered, times are of this process's CPU, the least of several runs each
wer_2620_ms          WER with the alignment of every pair of as many, word by word as lists of steps
wer_10k_words_s      WER and CER of one pair of 10,000 words with 12 % errors, with its alignment
wer_10k_words_mb     the most memory that a fresh process took for that, its imports included
compounds_10k_words_s, _mb       the same with `compounds: merge`
wer_3h_s, wer_3h_mb              a transcript of three hours, 30,000 words
rescore_10_models_s  10 results of 2,620 utterances under another normaliser, from entry to entry on disk

`--fuzz N` compares N generated sentences with the original as well, and N pairs of texts with kaldialign.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tools.performance.sentences import misheard, mixed, read_speech

SENTENCES = 2620  # of LibriSpeech's test-clean
LONG, THREE_HOURS = 10_000, 30_000  # words
RUNS = 5
PIECES = "a b ab ba aba aa c abc ice cream icecream can not cannot to day today é éa"


@cache
def original() -> Callable[[str], str] | None:
    """OpenAI's EnglishTextNormalizer, loaded without the rest of its package (torch); None where it is missing."""
    package = importlib.util.find_spec("whisper")
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent / "normalizers"
    spec = importlib.util.spec_from_file_location(
        "openai_normalizers", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes, a file left open: theirs
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        normalise: Callable[[str], str] = module.EnglishTextNormalizer()
    return normalise


def measure() -> dict[str, float]:
    """All figures; NaN for the speed-up where openai-whisper is not installed. Takes about 20 s."""
    return {
        "whisper_en_speedup": speedup(),
        "wer_2620_ms": 1000 * pairs_s(),
        **long_pairs(),
        "rescore_10_models_s": rescoring_s(),
    }


def speedup() -> float:
    """The original's time over ours, interleaved."""
    from modellab import text
    from modellab.text.quick import Quick

    theirs = original()
    if theirs is None:
        return float("nan")
    sentences, rules = read_speech(SENTENCES), text._openai_english()
    times = [(_cpu_s(lambda: [theirs(sentence) for sentence in sentences]),
              _cpu_s(lambda: list(map(Quick(rules), sentences))))
             for _ in range(RUNS)]  # fmt: skip
    return min(slow for slow, _ in times) / min(fast for _, fast in times)


def pairs_s() -> float:
    """Seconds for WER and steps of all pairs: the least of several runs."""
    from modellab.metrics.edit_distance import align

    dice = random.Random(5)
    pairs = [(sentence, misheard(sentence, dice)) for sentence in read_speech(SENTENCES)]

    def score() -> None:
        for pair in pairs:
            alignment = align(*pair)
            alignment.wer()
            assert alignment.steps

    return min(_cpu_s(score) for _ in range(RUNS))


def long_pairs() -> dict[str, float]:
    """Time and peak memory of long pairs, each in a fresh process."""
    figures: dict[str, float] = {}
    for name, words, compounds in (("wer_10k_words", LONG, ""), ("compounds_10k_words", LONG, "merge"),
                                   ("wer_3h", THREE_HOURS, "")):  # fmt: skip
        command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, "--pair", str(words), compounds]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
        figures |= {f"{name}_{what}": value for what, value in json.loads(done.stdout).items()}
    return figures


def one_pair(words: int, compounds: bool) -> dict[str, float]:
    """One long pair, scored in this process: seconds, and the peak of its memory in MB."""
    from modellab.metrics.edit_distance import align

    dice = random.Random(7)
    reference = " ".join(" ".join(read_speech(words // 15)).split()[:words])
    hypothesis = _split(misheard(reference, dice, 0.12), dice) if compounds else misheard(reference, dice, 0.12)

    def score() -> None:
        alignment = align(reference, hypothesis, compounds=compounds)
        assert alignment.steps
        alignment.wer(), alignment.cer(), alignment.wil()

    seconds = min(_cpu_s(score) for _ in range(3))
    return {"s": seconds, "mb": _peak_mb()}


def _peak_mb() -> float:
    """The peak of this process in MB (10^6 bytes). Not `ru_maxrss`: a process begins with its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def rescoring_s() -> float:
    """Seconds to score ten stored results of the ASR task anew and to append them to a ledger."""
    from modellab.datasets import Dataset
    from modellab.datasets.manifest import Header
    from modellab.rescoring.entry import rescored
    from modellab.results.entry import Entry
    from modellab.results.ledger import Ledger
    from modellab.types import CaseId, Result, Status, Utterance

    header = {"task": "asr", "version": 1, "language": "en", "tier": "full", "licence": "CC0-1.0", "source": "made up"}
    sentences = read_speech(SENTENCES)
    rows = tuple(
        {"id": f"{i:04}", "audio": f"{i}.flac", "text": sentence, "duration_s": 7.4}
        for i, sentence in enumerate(sentences)
    )
    data = Dataset("read", Path("read"), Header(**header, normaliser="whisper_en"), rows, "sha256:0")  # type: ignore[arg-type]
    entries = []
    for model in range(10):
        dice, key = random.Random(model), CaseId("asr", "read", f"model{model}", "one", "cpu", "float32")
        texts = ({"text": misheard(sentence, dice)} for sentence in sentences)
        heard = (Utterance(f"{i:04}", {}, text, 1.0, 1.0, 7.4) for i, text in enumerate(texts))
        result = Result(key, tuple(heard), {}, "here", {"dataset_digest": "sha256:0", "normaliser": "basic@1#0"})
        entries.append(Entry(key, Status.PASS, "s", result=result))
    with tempfile.TemporaryDirectory() as folder:
        ledger, start_s = Ledger(Path(folder), "rescored"), time.process_time()
        for entry in entries:
            ledger.append(rescored(entry, data))
        return time.process_time() - start_s


def fuzz(count: int) -> list[str]:
    """Sentences that the fast normaliser treats unlike the original, and pairs that kaldialign counts otherwise."""
    import kaldialign

    from modellab import text
    from modellab.metrics.edit_distance import align

    theirs = original()
    assert theirs is not None, "openai-whisper is not installed: pip install 'modellab[whisper]'"
    faults = [sentence for sentence in mixed(count) if theirs(sentence) != text.quick_whisper_en(sentence)]
    dice, pool = random.Random(9), PIECES.split()
    for _ in range(count):
        reference = dice.choices(pool, k=dice.randint(0, 14))
        hypothesis = _split(misheard(" ".join(reference), dice, 0.2), dice, 0.3).split()
        errors = align(" ".join(reference), " ".join(hypothesis), compounds=True).words.errors
        if errors != kaldialign.edit_distance(reference, hypothesis, merge_compounds=True)["total"]:
            faults.append(f"{reference} {hypothesis}")
    return faults


def _split(text: str, dice: random.Random, share: float = 0.01) -> str:
    """The text with some words in two pieces, and some together with the next."""
    pieces = (f"{word[:2]} {word[2:]}" if dice.random() < share else word for word in text.split())
    return "".join(word + ("" if dice.random() < share else " ") for word in pieces)


def _cpu_s(work: Callable[[], object]) -> float:
    start_s = time.process_time()
    work()
    return time.process_time() - start_s


def main() -> None:
    """Print the figures, and what a comparison of generated texts found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fuzz", type=int, default=0, metavar="N")
    parser.add_argument("--pair", nargs=2, metavar=("WORDS", "COMPOUNDS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.pair:
        print(json.dumps(one_pair(int(options.pair[0]), bool(options.pair[1]))))
        return
    if options.fuzz:
        wrong = fuzz(options.fuzz)
        print(f"{options.fuzz} sentences and {options.fuzz} pairs: {len(wrong)} differ from the originals")
        print(*wrong[:5], sep="\n")
        sys.exit(bool(wrong))
    for name, value in measure().items():
        print(f"{name:24}{value:10.3f}")


if __name__ == "__main__":
    main()
