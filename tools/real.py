"""python -m tools.real: bring what the tier `real` needs, once: checkpoints in four engines' formats, and its audio.

It says what is fetched and how large that is before it does so. Everything is kept: weights and packages in the cache
folder ($MODELLAB_CACHE or ~/.cache/modellab), audio beside the dataset.yaml that lies in this repository.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from modellab import datasets, models
from modellab.errors import WeightsError
from modellab.models import weights, wheels
from modellab.system import cache
from tools.speech import piper

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "golden"
VARIANTS = ("tiny.en", "base")
ENGINES = ("faster_whisper", "whisper", "distil_whisper", "whisper_cpp")
PRECISIONS = ("float32", "int8", "f16")  # of the engines on a CPU
DIARIZER = "campplus_diarization:zh-en"
DIARIZER_MB = 81  # of its package
TALKS = ("diar_smoke_v1", "diar_smoke_v2")  # who speaks when in them is what it is asked
FLOOR = "pocketsphinx:en-us"  # what every checkpoint has to beat; its weights are in its package
SIZE_MB = {"tiny.en": 71, "base": 133}  # of the packages
ARCHIVE_MB = 34


class Need(NamedTuple):
    """Something that is not here yet: what it is for a person, and the command that brings it."""

    what: str
    size_mb: int  # that come over the network
    command: tuple[str, ...]


def is_missing(engine: str, variant: str) -> bool:
    """Whether the weights of a variant are not on this disk."""
    return bool(weights.why_missing(_source(engine, variant)))


def needs(golden: Path = GOLDEN, is_missing: Callable[[str, str], bool] = is_missing) -> Iterator[Need]:
    """What is missing, in the order in which it is brought."""
    for variant in VARIANTS:
        for engine in ENGINES:
            if is_missing(engine, variant):
                fetched = engine == ENGINES[0]
                what = f"{engine}:{variant}" if fetched else f"{engine}:{variant}, converted here"
                yield Need(what, SIZE_MB[variant] if fetched else 0, _fetching(engine, variant))
    diarizer, _, weighed = DIARIZER.partition(":")
    if is_missing(diarizer, weighed):
        yield Need(DIARIZER, DIARIZER_MB, _fetching(diarizer, weighed))
    for folder in made(golden):
        making = (sys.executable, "-m", "tools.real", "--audio", folder.name)
        yield Need(f"audio of {folder.name}", _audio_mb(folder), making)


def made(golden: Path = GOLDEN) -> list[Path]:
    """The datasets whose audio has to be made and is not here."""
    return [folder for folder in datasets.available(golden) if datasets.why_silent(folder, datasets.header(folder))]


def selection() -> list[str]:
    """The options of `modellab run` that choose the cases."""
    chosen = [f"--model={engine}:{variant}" for variant in VARIANTS for engine in ENGINES]
    heard = [
        f"--dataset={folder.name}" for folder in datasets.available(GOLDEN) if datasets.header(folder).tier == "real"
    ]
    return [
        "--tier=real",
        *chosen,
        f"--model={FLOOR}",
        f"--model={DIARIZER}",
        *heard,
        *(f"--dataset={dataset}" for dataset in TALKS),
        "--device=cpu",
        *(f"--precision={precision}" for precision in PRECISIONS),
    ]


def bring_audio(name: str) -> None:
    """Make a dataset anew beside, and take its audio where its rows are those of the repository."""
    folder = GOLDEN / name
    with tempfile.TemporaryDirectory(prefix=".making-", dir=GOLDEN) as place:
        making = [sys.executable, "-m", "tools.golden", name, "--into", place]
        if subprocess.run(making, cwd=ROOT, check=False).returncode:
            raise SystemExit(1)  # what went wrong stands above
        new = Path(place) / name
        if fault := difference(folder, new):
            raise SystemExit(f"{name}: {fault}: was its recipe changed without its dataset.yaml, or the source?")
        shutil.move(new / "audio", folder / "audio")


def difference(ours: Path, new: Path) -> str:
    """How a dataset made anew differs from the one in the repository, lengths aside; '' where it does not."""
    (mine, theirs) = ({str(row["id"]): row for row in datasets.load(folder).rows} for folder in (ours, new))
    if mine.keys() != theirs.keys():
        return f"other rows: {', '.join(sorted(mine.keys() ^ theirs.keys())[:3])}"
    for id, row in mine.items():
        for key in ("text", "speaker", "condition", "sha256"):
            if row.get(key) != theirs[id].get(key):
                return f"{id} has another {key}"
    return ""


def _source(engine: str, variant: str) -> weights.Source:
    folder = models.FOLDER / engine
    model = models.config(folder)
    precision = next(offered for _, offered in model.device_precisions(variant) if offered in PRECISIONS)
    return model.variants[variant].source(precision, folder)


def _fetching(engine: str, variant: str) -> tuple[str, ...]:
    only = ("--precision", "f16") if engine == "whisper_cpp" else ()
    return (sys.executable, "-m", "modellab", "models", "fetch", f"{engine}:{variant}", *only)


def _audio_mb(folder: Path) -> int:
    """What has to be fetched for the audio of a dataset, in MB."""
    if "piper" in folder.name:
        return 0 if _has_voice() else piper.SIZE_MB
    return ARCHIVE_MB if datasets.header(folder).imported else 0


def _has_voice() -> bool:
    try:
        wheels.locate(piper.PLACE, piper.SHA256, download=False)
    except WeightsError:
        return False
    return True


def main(given: Sequence[str] | None = None, golden: Path = GOLDEN) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.real", description=__doc__)
    parser.add_argument("--audio", metavar="DATASET", help="make the audio of this dataset alone")
    parser.add_argument("--selection", action="store_true", help="print the options that choose the cases")
    asked = parser.parse_args(given)
    if asked.audio:
        bring_audio(asked.audio)
        return 0
    if asked.selection:
        print(*selection())
        return 0
    missing = list(needs(golden))
    if missing:
        total_mb = sum(need.size_mb for need in missing)
        print(f"missing, brought now and kept in {cache.home()} and golden/: {total_mb} MB to fetch")
    for need in missing:
        print(f"  {need.what}" + (f": {need.size_mb} MB" if need.size_mb else ""), flush=True)
    for need in missing:
        done = subprocess.run(need.command, cwd=ROOT, check=False)
        if done.returncode:
            print(f"{need.what} could not be brought: the reason stands above", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
