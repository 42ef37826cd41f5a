"""LFM2.5-Audio on liquid-audio: speech recognition, speech synthesis, dialogue, and speech in answer to speech.

The library has two generators. The sequential one decides by itself when to speak (recognition, synthesis), the
interleaved one gives some text tokens and some audio frames in turn (dialogue). A frame is 8 codes, 80 ms of sound.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from liquid_audio import ChatState, LFM2AudioDetokenizer, LFM2AudioModel, LFM2AudioProcessor, LFMModality
from safetensors.torch import load_file
from transformers import Lfm2Config

from modellab.types import Audio, Reply, Setting, Transcript

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
RATE_HZ = 24_000  # of what it says
END_OF_AUDIO = 2048  # first code of the frame that ends a stretch of audio; no sound, decode() raises on it
IM_END = 7
VOICE = "Perform TTS. Use the {} voice."
FIRST_PIECE = 4  # frames
UNSETTLED = 960  # samples at the end of a piece that change when more frames come: the inverse transform overlaps them
WINDOW_S, SEARCH_S = 30.0, 5.0
SHORTEST_S = 0.1  # the encoder needs 9 frames of 10 ms; silence makes up for what is missing
PARTS = ("config.json", "tokenizer.json", "audio_detokenizer/config.json", "audio_detokenizer/model.safetensors")


class Lfm2Audio:
    """One checkpoint folder in the form of LFM2.5: with a detokenizer of its own rather than Mimi's."""

    def __init__(self, setting: Setting) -> None:
        if setting.precision not in DTYPES:
            raise ValueError(f"precision {setting.precision!r} is none of this adapter's: {', '.join(DTYPES)}")
        assert setting.weights is not None, "its weights never come in a package"
        _check(setting.weights)
        torch.set_num_threads(setting.threads)
        torch.manual_seed(0)  # audio codes are drawn at random unless the options say otherwise
        self.dtype = DTYPES[setting.precision]
        self.model = LFM2AudioModel.from_pretrained(setting.weights, device=setting.device, dtype=self.dtype).eval()
        self.processor = LFM2AudioProcessor.from_pretrained(setting.weights, device=setting.device).eval()
        # The inverse transform is in complex numbers, which Metal does in part: there it stays on the CPU.
        self.voice_device = "cpu" if setting.device == "mps" else setting.device
        self.processor._audio_detokenizer = _detokenizer(setting.weights).to(self.voice_device)
        self.options: Mapping[str, Any] = setting.options

    def transcribe(self, audio: Audio) -> Transcript:
        """16 kHz audio of any length; nothing at all gives an empty transcript."""
        heard = [Answer(self, "asr", self._asked("asr", window)).reply().text for window in windows(audio)]
        return Transcript(" ".join(text.strip() for text in heard if text.strip()), language="en")

    def speak(self, text: str, voice: str = "") -> Iterator[Audio]:
        """The text aloud, 24 kHz, in pieces as they are made; one of no samples where the model says nothing aloud."""
        pieces = Answer(self, "tts", self._asked("tts", text, voice)).pieces()
        yield next(pieces, Audio(np.zeros(0, np.float32), RATE_HZ))
        yield from pieces

    def converse(self) -> Conversation:
        """A dialogue from its beginning."""
        return Conversation(self)

    def respond(self, audio: Audio, language: str = "") -> Reply:
        """Speech in answer to speech, in the model's one language: the first turn of a dialogue."""
        if language not in {"", "en"}:
            raise ValueError(f"language {language!r} was asked for, LFM2.5-Audio speaks English (en) alone")
        return self.converse().say(audio)

    def begun(self, mode: str, voice: str = "") -> ChatState:
        """A chat that holds the system's prompt: the options', or the one that asks for a voice such as `UK female`."""
        chat = ChatState(self.processor, codebooks=self.model.codebooks, dtype=self.dtype)
        chat.new_turn("system")
        chat.add_text(VOICE.format(voice) if voice else self.options[mode]["system"])
        chat.end_turn()
        return chat

    def ask(self, chat: ChatState, turn: str | Audio) -> None:
        """Add a user's turn and open the assistant's."""
        chat.new_turn("user")
        if isinstance(turn, str):
            chat.add_text(turn)
        else:
            missing = max(0, math.ceil(SHORTEST_S * turn.rate_hz) - len(turn.samples))
            for part in windows(Audio(np.pad(turn.samples, (0, missing)), turn.rate_hz)):
                chat.add_audio(torch.from_numpy(part.samples)[None], part.rate_hz)
        chat.end_turn()
        chat.new_turn("assistant")

    def spoken(self, frames: Sequence[torch.Tensor]) -> npt.NDArray[np.float32]:
        """At least one frame of codes as sound: 1920 samples each, shape (n * 1920,)."""
        codes = torch.stack(list(frames), 1)[None].to(self.voice_device)
        samples: npt.NDArray[np.float32] = self.processor.decode(codes)[0].float().cpu().numpy()
        return samples

    def _asked(self, mode: str, turn: str | Audio, voice: str = "") -> ChatState:
        chat = self.begun(mode, voice)
        self.ask(chat, turn)
        return chat


@dataclass
class Answer:
    """One run of a generator, token by token, until the model stops or `max_new_tokens` is reached."""

    owner: Lfm2Audio
    mode: str
    chat: ChatState
    text: list[torch.Tensor] = field(default_factory=list)
    frames: list[torch.Tensor] = field(default_factory=list)  # those that end audio too
    order: list[LFMModality] = field(default_factory=list)
    first_token_s: float = math.nan  # from `started_s`
    started_s: float = field(default_factory=time.perf_counter)

    def reply(self) -> Reply:
        """The whole answer."""
        first_audio_s = math.nan
        pieces: list[npt.NDArray[np.float32]] = []
        for piece in self.pieces():
            if not pieces:
                first_audio_s = time.perf_counter() - self.started_s
            pieces.append(piece.samples)
        audio = Audio(np.concatenate(pieces), RATE_HZ) if pieces else None
        ids = torch.cat(self.text) if self.text else []
        text = self.owner.processor.text.decode(ids, skip_special_tokens=True)
        return Reply(text, audio, self.first_token_s, first_audio_s, self.stopped)

    def pieces(self) -> Iterator[Audio]:
        """The sound as it is made: a first piece of 0.3 s, then as much again as there was each time.

        The detokenizer looks back only, so what it made of the first frames holds when more come, up to the last
        samples, which wait for their successors. Doubling keeps all decoding below twice that of the whole.
        """
        sound: list[torch.Tensor] = []
        given, due = 0, FIRST_PIECE
        for frame in self._frames():
            sound.append(frame)
            if len(sound) == due:
                piece = self.owner.spoken(sound)[given:-UNSETTLED]
                yield Audio(piece, RATE_HZ)
                given, due = given + len(piece), 2 * due
        if sound:
            yield Audio(self.owner.spoken(sound)[given:], RATE_HZ)

    @property
    def stopped(self) -> bool:
        """Whether the model ended its turn: the sequential generator gives its last token, the other swallows it."""
        ended = bool(self.text) and self.order[-1] == LFMModality.TEXT and int(self.text[-1]) == IM_END
        return ended or len(self.order) < self.owner.options[self.mode]["max_new_tokens"]

    def remember(self) -> None:
        """Add the answer to the chat, codes and all, and end the assistant's turn."""
        text = torch.stack(self.text, 1) if self.text else self.chat.text[:, :0]
        frames = torch.stack(self.frames, 1) if self.frames else self.chat.audio_out[:, :0]
        if self.order:
            self.chat.append(text, frames, torch.tensor(self.order))
        self.chat.end_turn()

    def _frames(self) -> Iterator[torch.Tensor]:
        """Run the generator, keep everything, give the frames that are sound."""
        options = {name: value for name, value in self.owner.options[self.mode].items() if name != "system"}
        model = self.owner.model
        generate = model.generate_interleaved if self.mode == "chat" else model.generate_sequential
        for token in generate(**self.chat, **options):
            if not self.order:
                self.first_token_s = time.perf_counter() - self.started_s
            is_text = token.numel() == 1
            (self.text if is_text else self.frames).append(token)
            self.order.append(LFMModality.TEXT if is_text else LFMModality.AUDIO_OUT)
            if not is_text and int(token[0]) != END_OF_AUDIO:
                yield token


class Conversation:
    """A dialogue: what was said before, by both, is what the next answer goes on."""

    def __init__(self, owner: Lfm2Audio) -> None:
        self.owner, self.chat = owner, owner.begun("chat")

    def say(self, said: str | Audio) -> Reply:
        """The model's answer to a user's turn."""
        self.owner.ask(self.chat, said)
        answer = Answer(self.owner, "chat", self.chat)
        reply = answer.reply()
        answer.remember()
        return reply


def windows(audio: Audio) -> Iterator[Audio]:
    """Audio in parts of at most WINDOW_S: the encoder's attention grows with the square of the length.

    A cut is made where half a second is quietest, in the last SEARCH_S of a window.
    """
    samples, rate_hz = audio.samples, audio.rate_hz
    longest, search, step = int(WINDOW_S * rate_hz), int(SEARCH_S * rate_hz), int(rate_hz / 2)
    while len(samples) > longest:
        power = np.cumsum(np.square(samples[longest - search : longest], dtype=np.float64))
        quietest = int(np.argmin(power[step:] - power[:-step]))
        cut = longest - search + quietest + step // 2
        yield Audio(samples[:cut], rate_hz, audio.language)
        samples = samples[cut:]
    if len(samples):
        yield Audio(samples, rate_hz, audio.language)


def _check(folder: Path) -> None:
    """FileNotFoundError that names what a checkpoint folder lacks, rather than the library's AttributeError later."""
    missing = [part for part in PARTS if not (folder / part).is_file()]
    missing += [] if any(folder.glob("model*.safetensors")) else ["model.safetensors"]
    if missing:
        raise FileNotFoundError(
            f"{folder} is no LFM2.5-Audio checkpoint: {', '.join(missing)} missing; was the download cut short?"
        )


def _detokenizer(folder: Path) -> LFM2AudioDetokenizer:
    """As `LFM2AudioProcessor.audio_detokenizer` loads it, which has .cuda() written down."""
    config = Lfm2Config.from_pretrained(folder / "audio_detokenizer" / "config.json")
    config.layer_types = ["full_attention" if kind == "sliding_attention" else kind for kind in config.layer_types]
    voice = LFM2AudioDetokenizer(config)
    voice.load_state_dict(load_file(folder / "audio_detokenizer" / "model.safetensors"))
    voice.eval()
    return voice


load = Lfm2Audio
