"""In which form `modellab transcribe` gives what was heard, and where it goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modellab.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from modellab.runner.transcribe import Transcription

WORDS, JSON = "txt", "json"
SUBTITLES = ("srt", "vtt")
FORMS = (WORDS, *SUBTITLES, JSON)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form of transcripts, and their files; `output` is None for standard output, `is_folder` for one of each."""

    form: str = WORDS
    output: Path | None = None
    is_folder: bool = False

    @classmethod
    def of(cls, form: str, as_json: bool, output: Path | None, files: Sequence[Path]) -> Wanted:
        """What the options ask for; ConfigError where they contradict each other or two files would share a name."""
        suffix = output.suffix.removeprefix(".").lower() if output else ""
        form = form.lower() or (JSON if as_json else suffix if suffix in FORMS else WORDS)
        if form not in FORMS:
            raise ConfigError(f"--format is {form!r}: {did_you_mean(form, FORMS)}")
        if as_json and form != JSON:
            raise ConfigError(f"--json and --format {form} cannot both be had: give one of them")
        is_folder = output is not None and (output.is_dir() or len(files) > 1 or suffix not in FORMS)
        if is_folder and suffix in FORMS and output is not None and not output.is_dir():
            raise ConfigError(f"{len(files)} files cannot all go to {output}: --output takes a folder for several")
        if output and not is_folder and suffix != form:
            raise ConfigError(f"{output} is no name for {form}: expected .{form}")
        if form in SUBTITLES and len(files) > 1 and output is None:
            raise ConfigError(f"{len(files)} files as {form} need a folder: --output FOLDER")
        if is_folder and len(names := [file.stem for file in files]) != len(set(names)):
            twice = next(name for name in names if names.count(name) > 1)
            raise ConfigError(f"two files would become {twice}.{form}: give them one after the other")
        return cls(form, output, is_folder)

    def place(self, file: Path) -> Path | None:
        """Where the transcript of a file goes; None for standard output."""
        if self.output is None:
            return None
        return self.output / f"{file.stem}.{self.form}" if self.is_folder else self.output


def text(heard: Transcription, form: str) -> str:
    """What was heard, in a form of people: words, or subtitles."""
    from modellab.text import subtitles

    segments = [(segment["text"], segment["start_s"], segment["end_s"]) for segment in heard.segments]
    if form == "srt":
        return subtitles.srt(segments, heard.text, heard.duration_s)
    if form == "vtt":
        return subtitles.vtt(segments, heard.text, heard.duration_s)
    return f"{heard.text}\n"
