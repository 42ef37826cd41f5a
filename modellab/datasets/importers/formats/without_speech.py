"""Audio in which nobody speaks: noises and music, for what a model makes up. Asked for by its name alone."""

from __future__ import annotations

from collections.abc import Iterator

from modellab.datasets.importers.places import Place, deeply, is_audio
from modellab.datasets.importers.records import Guess, Item, Options, Record, Sound

NAME = "without_speech"
TITLE = "audio files in which nobody speaks, by --as alone: no folder says that of itself"


def detect(place: Place) -> Guess | None:
    """Nothing tells that nobody speaks."""
    del place
    return None


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each audio file below the place."""
    del options
    for file in deeply(place.folder):
        if is_audio(file.name):
            kind = file.parent.name if file.parent != place.folder else ""
            group = {"kind": kind} if kind else {}
            yield Record(file.stem, str(file), Sound(file), text="", group=group, without_speech=True)
