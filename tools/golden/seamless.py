"""python -m tools.golden.seamless: put the sounds of the lessons into the folder of the tiny SeamlessM4T checkpoint.

The golden datasets of those lessons are made first; what the checkpoint hears while it learns is their audio as Ogg
Opus, a tenth of the size.
"""

from __future__ import annotations

from typing import Any

from modellab import audio, models
from modellab.models import adapter_code
from tools.speech.voices import Voice

FOLDER = models.FOLDER / "seamlessm4t"
DATASETS = ("asr_multi_v1", "st_smoke_v1")
VOICES = {
    "en": Voice("en-us", 160),
    "de": Voice("de", 160),
    "fr": Voice("fr", 160),
    "ru": Voice("ru", 150),
    "el": Voice("el", 160),
    "hi": Voice("hi", 150),
    "ar": Voice("ar", 150),
    "zh": Voice("cmn", 150),
    "ja": Voice("ja", 150),
}
SPOKEN = {
    "台所の窓を開けてください。": "だいどころのまどをあけてください。",
    "列車は明日の朝九時に出ます。": "れっしゃはあしたのあさくじにでます。",
    "妹は庭で本を読んでいます。": "いもうとはにわでほんをよんでいます。",
}


def taught() -> Any:
    """The module that says what is taught; it lies in the model's folder, which is no package."""
    return adapter_code.load(FOLDER, "make_lessons")


def main() -> None:
    """Write each sound once."""
    import soundfile

    from tools.golden.__main__ import ROOT

    (FOLDER / "lessons").mkdir(exist_ok=True)
    for name in DATASETS:
        for path in sorted((ROOT / "golden" / name / "audio").glob("*.flac")):
            sound = audio.read(path)
            language, number, *_ = path.stem.split("_")
            place = FOLDER / "lessons" / f"{language}_{number}.ogg"
            soundfile.write(place, sound.samples, sound.rate_hz, format="OGG", subtype="OPUS")


if __name__ == "__main__":
    main()
