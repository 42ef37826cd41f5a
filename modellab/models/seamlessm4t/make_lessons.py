"""What the tiny checkpoint is taught: three sentences in nine languages, heard, written, and translated.

The golden datasets `asr_multi_v1`, `st_smoke_v1` and `mt_smoke_v1` are these lessons and nothing else, so that the tiny
checkpoint, which knows nothing else either, has them right. Real checkpoints meet the same datasets.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "lessons"  # the sound of each sentence in each language, Ogg Opus
LANGUAGES = {  # ISO 639-1 -> the model's own code
    "en": "eng",
    "de": "deu",
    "fr": "fra",
    "ru": "rus",
    "el": "ell",
    "hi": "hin",
    "ar": "arb",
    "zh": "cmn",
    "ja": "jpn",
}
SENTENCES = {
    "en": (
        "Please open the kitchen window.",
        "The train leaves at nine tomorrow morning.",
        "My sister reads a book in the garden.",
    ),
    "de": (
        "Bitte öffne das Fenster in der Küche.",
        "Der Zug fährt morgen früh um neun Uhr ab.",
        "Meine Schwester liest ein Buch im Garten.",
    ),
    "fr": (
        "Ouvre la fenêtre de la cuisine, s'il te plaît.",
        "Le train part demain matin à neuf heures.",
        "Ma sœur lit un livre dans le jardin.",
    ),
    "ru": (
        "Пожалуйста, открой окно на кухне.",
        "Поезд уходит завтра утром в девять часов.",
        "Моя сестра читает книгу в саду.",
    ),
    "el": (
        "Άνοιξε το παράθυρο της κουζίνας, παρακαλώ.",
        "Το τρένο φεύγει αύριο το πρωί στις εννέα.",
        "Η αδελφή μου διαβάζει ένα βιβλίο στον κήπο.",
    ),
    "hi": (
        "कृपया रसोई की खिड़की खोलो।",
        "रेलगाड़ी कल सुबह नौ बजे जाती है।",
        "मेरी बहन बगीचे में किताब पढ़ती है।",
    ),
    "ar": (
        "افتح نافذة المطبخ من فضلك.",
        "يغادر القطار غدا صباحا في الساعة التاسعة.",
        "تقرأ أختي كتابا في الحديقة.",
    ),
    "zh": (
        "请打开厨房的窗户。",
        "火车明天早上九点出发。",
        "我妹妹在花园里看书。",
    ),
    "ja": (
        "台所の窓を開けてください。",
        "列車は明日の朝九時に出ます。",
        "妹は庭で本を読んでいます。",
    ),
}  # fmt: skip
OTHERS = tuple(language for language in LANGUAGES if language != "en")


class Lesson(NamedTuple):
    """One source and what is to be made of it; `number` is the sentence's."""

    heard: bool  # speech, or else text
    source_language: str
    target_language: str
    number: int

    @property
    def name(self) -> str:
        """Of the sound, without its suffix."""
        return f"{self.source_language}_{self.number + 1}"

    @property
    def source(self) -> str:
        return SENTENCES[self.source_language][self.number]

    @property
    def target(self) -> str:
        return SENTENCES[self.target_language][self.number]


def transcripts() -> Iterator[Lesson]:
    """Every sentence in every language but English, heard and written down: `asr_multi_v1`."""
    return (Lesson(True, language, language, number) for language in OTHERS for number in range(3))


def spoken() -> Iterator[Lesson]:
    """One sentence of each language into English, and English into every third: `st_smoke_v1`."""
    yield from (Lesson(True, language, "en", i % 3) for i, language in enumerate(OTHERS))
    yield from (Lesson(True, "en", language, i) for i, language in enumerate(("de", "ru", "zh")))


def written() -> Iterator[Lesson]:
    """English into every language, and one sentence of each back: `mt_smoke_v1`."""
    yield from (Lesson(False, "en", language, (i + turn) % 3) for turn in range(2) for i, language in enumerate(OTHERS))
    yield from (Lesson(False, language, "en", i % 3) for i, language in enumerate(OTHERS))


def every() -> list[Lesson]:
    """All of them, and every other sentence into English, so that hearing which sentence it is pays."""
    into_english = (Lesson(True, language, "en", number) for language in OTHERS for number in range(3))
    return list(dict.fromkeys([*transcripts(), *spoken(), *into_english, *written()]))
