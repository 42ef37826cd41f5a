"""Teaches the tiny checkpoint its lessons with the library's own loss, and keeps what it learnt in `taught/`.

`python -m modellab.models.taught modellab/models/lfm2_5_audio tiny`: less than a minute on one core.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
import torchaudio
from liquid_audio import ChatState, LFM2AudioModel, LFM2AudioProcessor, LFMModality
from liquid_audio.data.types import LFM2AudioModelInput

from modellab import audio, models
from modellab.models import taught
from modellab.types import Audio

from . import make_lessons as lessons
from . import make_voice
from .make import CONFIG, HERE, MODEL, SEED, VOICE, begun, save

LAB_HZ = 16_000
STEPS, ENOUGH = 300, 0.003  # at most so many steps; the mean loss at which to stop
LEARNING_RATE = 6e-3
IM_END, AUDIO_START, TEXT_END, END_OF_AUDIO = 7, 128, 130, 2048
T, A = LFMModality.TEXT, LFMModality.AUDIO_OUT
FROZEN = ("embedding.weight", "to_logits.weight")  # of the codes; nine tenths of all weights stay as they are drawn


def teach(name: str, folder: Path) -> Path:
    """Fit model and detokenizer; returns the file of what they learnt."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        model, voice, exact = begun(place)
        torch.manual_seed(SEED)
        speech = {sentence: _speech(sentence) for sentence in lessons.SENTENCES}
        with torch.no_grad():
            make_voice.fit(voice, speech.values())
        save(model, place)  # the processor reads a whole folder
        make_voice.save(voice, place / "audio_detokenizer")
        processor = LFM2AudioProcessor.from_pretrained(place, device="cpu").eval()
        codes = {sentence: codes for sentence, (codes, _) in speech.items()}
        _fit(model, list(Lessons(processor, models.config(HERE).options, codes)))
    return taught.write(folder, name, {MODEL: model, VOICE: voice}, exact, whole=(f"{VOICE}lin.",))


def _sound(name: str) -> Audio:
    return audio.read(lessons.FOLDER / f"{name}.flac", LAB_HZ)


def _asked(exchange: lessons.Exchange) -> str | Audio:
    return _sound(exchange.asked.sound) if exchange.asked.sound else exchange.asked.text


def _speech(name: str) -> make_voice.Sound:
    """Codes drawn for a sentence, and its sound at 24 kHz, padded to whole frames."""
    given = _sound(name)
    samples = torchaudio.functional.resample(torch.from_numpy(given.samples), given.rate_hz, make_voice.RATE_HZ)
    n_frames = -(-len(samples) // make_voice.FRAME)
    samples = torch.nn.functional.pad(samples, (0, n_frames * make_voice.FRAME - len(samples)))
    return torch.randint(0, make_voice.N_CODES, (make_voice.CODEBOOKS, n_frames)), samples


class Lessons:
    """Each lesson as the library's training input: a dialogue of which the last answer alone is supervised."""

    def __init__(
        self, processor: LFM2AudioProcessor, options: Mapping[str, Any], codes: Mapping[str, torch.Tensor]
    ) -> None:
        self.processor, self.options = processor, options
        self.codes = {
            name: torch.nn.functional.pad(frames, (0, 1), value=END_OF_AUDIO) for name, frames in codes.items()
        }

    def __iter__(self) -> Iterator[LFM2AudioModelInput]:
        for name in lessons.HEARD:
            yield self._written(_sound(f"heard_{name}"), [*self._tokens(name), IM_END])
        for i, level in enumerate(lessons.NOISE_LEVELS):
            yield self._written(Audio((level * torch.randn((i + 1) * LAB_HZ)).numpy(), LAB_HZ), [IM_END])
        for name, text in lessons.SENTENCES.items():
            chat, frames = self._begun("tts", text), self.codes[name]
            yield self._lesson(chat, [AUDIO_START, IM_END], frames, [T, *[A] * frames.shape[1], T])
        for talk in lessons.dialogues():
            chat = self._begun("chat", _asked(talk[0]))
            for before, after in pairwise(talk):
                self._answer(chat, before.answer)
                self._ask(chat, _asked(after))
            tokens, order = self._interleaved(talk[-1].answer)
            yield self._lesson(chat, [*tokens, IM_END], self.codes[talk[-1].answer], [*order, T])

    def _written(self, given: Audio, text: Sequence[int]) -> LFM2AudioModelInput:
        return self._lesson(self._begun("asr", given), text, None, [T] * len(text))

    def _begun(self, mode: str, asked: str | Audio) -> ChatState:
        chat = ChatState(self.processor, codebooks=make_voice.CODEBOOKS, dtype=torch.float32)
        chat.new_turn("system")
        chat.add_text(self.options[mode]["system"])
        chat.end_turn()
        self._ask(chat, asked)
        return chat

    def _ask(self, chat: ChatState, asked: str | Audio) -> None:
        chat.new_turn("user")
        if isinstance(asked, str):
            chat.add_text(asked)
        else:
            chat.add_audio(torch.from_numpy(asked.samples)[None], asked.rate_hz)
        chat.end_turn()
        chat.new_turn("assistant")

    def _answer(self, chat: ChatState, name: str) -> None:
        text, order = self._interleaved(name)
        chat.append(torch.tensor([text]), self.codes[name], torch.tensor([order]))
        chat.end_turn()

    def _tokens(self, name: str) -> list[int]:
        ids: list[int] = self.processor.text.encode(lessons.SENTENCES[name], add_special_tokens=False)
        return ids

    def _interleaved(self, name: str) -> tuple[list[int], list[LFMModality]]:
        """The tokens of an answer, and the order of text and audio in which the library's generator gives them."""
        text, n_frames = [*self._tokens(name), TEXT_END], self.codes[name].shape[1]
        order: list[LFMModality] = []
        while order.count(T) < len(text):
            order += [T] * min(CONFIG["interleaved_n_text"], len(text) - order.count(T))
            order += [A] * min(CONFIG["interleaved_n_audio"], n_frames - order.count(A))
        return text, order + [A] * (n_frames - order.count(A))

    def _lesson(
        self, chat: ChatState, text: Sequence[int], frames: torch.Tensor | None, order: Sequence[LFMModality]
    ) -> LFM2AudioModelInput:
        n_given = chat.modality_flag.shape[1]
        chat.append(torch.tensor([text]), chat.audio_out[:, :0] if frames is None else frames, torch.tensor([order]))
        supervised = torch.arange(chat.modality_flag.shape[1])[None] >= n_given
        return LFM2AudioModelInput(**chat, supervision_mask=supervised)


def _fit(model: LFM2AudioModel, given: Sequence[LFM2AudioModelInput]) -> None:
    """Fit all lessons at once; raises ValueError where the loss stays too high."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not name.endswith(FROZEN))
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=LEARNING_RATE)
    model.train()
    for _ in range(STEPS):
        total = 0.0
        for lesson in given:
            loss = model(lesson).loss
            loss.backward()
            total += loss.item()
        if total / len(given) < ENOUGH:
            model.eval()
            return
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimiser.step()
        optimiser.zero_grad()
    raise ValueError(f"the loss is still {total / len(given):.3f} after {STEPS} steps, expected {ENOUGH}")
