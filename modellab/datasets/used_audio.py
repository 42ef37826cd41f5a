"""Whether the audio that a run hears is that of its dataset, looked at file by file as rows are used.

Rows in Parquet hold the hash of their audio, so a large dataset is loaded without a look at any of its files. A row's
file is looked at before it is heard: one of the size and time that it had when it was hashed costs a look-up, any other
is hashed again.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from modellab.audio import stretch
from modellab.datasets.audio_hashes import AudioHashes
from modellab.types import Row
from modellab.units import counted

KEY = "digest_checked"  # of a result's provenance
ALL, USED, NONE = "all", "used", "none"
MISSING = "missing"


class UsedAudio:
    """What was looked at in one run. `stale` holds, by row, the hash of audio that is not the dataset's."""

    def __init__(self) -> None:
        self._hashes: AudioHashes | None = None
        self._last = (Path(), "")  # the stretches of one recording come together
        self.seen = self.unknown = 0
        self.stale: dict[str, str] = {}

    def see(self, row: Row) -> None:
        """Look at a row's audio, which is about to be heard."""
        if "audio" not in row:
            return
        self.seen += 1
        if not (wanted := row.get("sha256")):
            self.unknown += 1
        elif (actual := self._hash(stretch.parsed(row["audio"]).file)) != wanted:
            self.stale[str(row["id"])] = actual

    def _hash(self, file: Path) -> str:
        if file != self._last[0]:
            self._hashes = self._hashes or AudioHashes()
            try:
                self._last = file, self._hashes.of(file)
            except OSError:
                self._last = file, MISSING  # the model's process says why
        return self._last[1]

    def close(self) -> None:
        """Remember what was hashed."""
        if self._hashes:
            self._hashes.close()
            self._hashes = None

    @property
    def checked(self) -> str:
        """Of how much audio the hash was compared."""
        return NONE if self.seen and self.unknown == self.seen else USED

    def digest(self, dataset: str) -> str:
        """The digest of what was heard: the dataset's, or another one where some audio is not the dataset's."""
        if not self.stale:
            return dataset
        heard = json.dumps([dataset, sorted(self.stale.items())])
        return f"sha256:{hashlib.sha256(heard.encode()).hexdigest()}"

    def told(self) -> list[str]:
        """A sentence for each kind of thing that is not as the dataset says."""
        sentences = []
        if self.stale:
            which, some = counted(len(self.stale), "row"), ", ".join(list(self.stale)[:3])
            sentences.append(
                f"the audio of {which} is not that of its dataset any more ({some}): see `modellab datasets verify`"
            )
        if self.unknown:
            which = counted(self.unknown, "row")
            sentences.append(
                f"its dataset has no hash for the audio of {which}, so nobody sees a change of it: "
                "`modellab datasets lock` writes them"
            )
        return sentences
