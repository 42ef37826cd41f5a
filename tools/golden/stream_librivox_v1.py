"""stream_librivox_v1: the five sentences of librivox_v1 as a stream, with the times of their words.

The times are those of PocketSphinx's forced alignment, as its source package has them beside the recordings: another
recogniser's, to a hundredth of a second, and nobody listened. Of "a more a amiable", which was aligned there, the
second "a" is left out, as in librivox_v1.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from modellab import datasets
from tools.golden import borrow, librivox_v1
from tools.golden.write import Clip, write

HEARD = "librivox_v1"
# of each sentence its words with their ends, in seconds; a number before a word is where it begins, after a pause
TIMES = {
    "0870": "0.2 and .37 mister .63 john .98 dashwood 1.58 had 1.84 then 2.21 2.25 leisure 2.71 to 2.89 consider 3.44 "
    "how 3.95 4.0 much 4.33 there 4.52 might 4.79 be 4.94 prudently 5.46 in 5.56 his 5.75 power 6.04 to 6.14 do 6.35 "
    "for 6.61 them 6.79",
    "0880": ".21 he .33 was .56 not 1.06 1.13 an 1.3 ill 1.48 disposed 2.11 young 2.33 man 2.74",
    "0890": ".27 unless .59 to .7 be .86 rather 1.22 cold 1.74 hearted 2.22 and 2.39 rather 2.78 selfish 3.59 3.63 is "
    "3.88 to 3.98 be 4.16 ill 4.37 disposed 5.09",
    "0920": ".22 had .44 he .54 married .98 a 1.03 more 1.41 1.46 amiable 2.01 woman 2.49 he 2.71 might 3.0 have 3.19 "
    "been 3.36 made 3.69 still 4.07 more 4.25 respectable 5.0 than 5.13 he 5.21 was 5.83",
    "0930": ".21 he .38 might .64 even .92 have 1.07 been 1.33 made 1.7 amiable 2.27 himself 3.02",
}
HEADER = {
    "task": "streaming",
    "version": 1,
    "language": "en",
    "tier": "real",
    "licence": "LicenseRef-public-domain",
    "source": f"audio of {HEARD}; the times of the words are PocketSphinx's, from the same source package",
    "normaliser": "whisper_en",
    "rate_hz": 16000,
    "cluster": "utterance",
    "settings": {"step_s": 1.0},
    "made": "make real",
}


def clips() -> Iterator[Clip]:
    """The rows of librivox_v1 with their words."""
    for row in datasets.load(borrow.GOLDEN / HEARD).rows:
        name = str(row["id"]).rpartition("-")[2]
        kept = {key: row[key] for key in ("duration_s", "sha256", "size_bytes", "text")}
        yield Clip(name, None, {"audio": f"audio/{Path(row['audio']).name}", **kept, "words": words(TIMES[name])})


def words(line: str) -> list[tuple[str, float, float]]:
    """A line of `TIMES` as words with start and end, in seconds.

    >>> words(".2 and .37 so 1 1.5 on 2")
    [('and', 0.2, 0.37), ('so', 0.37, 1.0), ('on', 1.5, 2.0)]
    """
    parts = line.split()
    return [
        (part, float(before), float(after))
        for before, part, after in zip(parts, parts[1:], itertools.islice(parts, 2, None), strict=False)
        if part.isalpha()
    ]


def make(folder: Path) -> None:
    """The manifest, and the recordings as librivox_v1 has them; they are fetched where it has none yet."""
    write(folder, HEADER, clips())
    audio = borrow.GOLDEN / HEARD / "audio"
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder.parent) as place:
        if not audio.is_dir():
            librivox_v1.make(Path(place) / HEARD)
            audio = Path(place) / HEARD / "audio"
        shutil.copytree(audio, folder / "audio")
