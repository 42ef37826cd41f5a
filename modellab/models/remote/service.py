"""A cloud recogniser with an API of its own: what each of them does alike. The adapter says what is asked and read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from modellab.errors import ServerError, did_you_mean
from modellab.models import server_names
from modellab.models.remote import reading
from modellab.models.remote.client import Answer, Client
from modellab.types import Audio, Segment, Setting, Transcript, Word
from modellab.types.speech import Confidence

EVERY = (server_names.SERVER, "model", "language", "patience_s")


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer says: the text, its words with times in s, how sure each is where that is told, the language."""

    text: str
    words: tuple[Segment, ...] = ()
    confidences: tuple[Confidence, ...] = ()
    language: str = ""


class Service(ABC):
    """A recogniser; each subclass is one service."""

    OPTIONS: ClassVar[Mapping[str, Any]] = {}  # of its own, with their defaults

    def __init__(self, setting: Setting, **more: Any) -> None:
        known = (*EVERY, *self.OPTIONS)
        if unknown := next((name for name in setting.options if name not in known), ""):
            raise ValueError(f"{setting.model} has no option {unknown!r}: {did_you_mean(unknown, known)}")
        self.setting = setting
        self.options = {**self.OPTIONS, **setting.options}
        self.model = server_names.model_name(str(setting.options["model"]))
        self.client = Client.of(setting, authorise=self.authorised, **more)
        self.meter, self.facts = self.client.meter, self.client.facts

    @staticmethod
    @abstractmethod
    def authorised(key: str) -> Mapping[str, str]:
        """The headers that carry the key."""

    @abstractmethod
    def heard(self, audio: Audio, language: str) -> Heard:
        """What the service says to a sound, which is not empty."""

    def another(self, limit_s: float) -> Self:
        """A caller of its own, on the same bill, that asks once and never again."""
        return type(self)(self.setting, patience_s=limit_s, again=False, meter=self.meter)

    def transcribe(self, audio: Audio) -> Transcript:
        """Any rate; nothing at all gives an empty transcript, and asks nobody."""
        heard = self._asked(audio)
        return Transcript(heard.text, language=heard.language, confidences=heard.confidences)

    def align(self, audio: Audio, text: str) -> list[Word]:  # noqa: ARG002  (recognised, not forced)
        """The words that it hears, with the service's times; `text` is not used."""
        return reading.words(self._asked(audio).words)

    def _asked(self, audio: Audio) -> Heard:
        if not len(audio.samples):
            return Heard("")
        heard = self.heard(audio, audio.language or str(self.options.get("language", "")))
        self.meter.billed(audio.duration_s)
        return heard


def sure(rows: Iterable[Any], key: str) -> tuple[Confidence, ...]:
    """How sure a service is of each word; nothing where one of them has no number between 0 and 1."""
    confidences = [
        Confidence(str(row.get(key, "")).strip(), float(row["confidence"]))
        for row in rows
        if isinstance(row.get("confidence"), int | float)
    ]
    whole = len(confidences) == sum(1 for _ in rows) and all(
        0 <= confidence.probability <= 1 for confidence in confidences
    )
    return tuple(confidences) if whole else ()


def path(answer: Answer, value: Any, *keys: str | int) -> Any:
    """What is at a place in an answer; ServerError where there is no such place."""
    for key in keys:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            raise ServerError(answer.odd(f"{'.'.join(map(str, keys))} in JSON")) from None
    return value
