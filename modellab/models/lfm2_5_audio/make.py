"""Makes the tiny checkpoint: the library's own classes, small, fitted to `make_lessons.py` by the library's own loss.

`python -m modellab.models.made modellab/models/lfm2_5_audio tiny FOLDER` makes it by hand, in seconds. It knows nothing
but its lessons, so its error rates say only that the code path works from audio to audio.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
import torchaudio
from liquid_audio import ChatState, LFM2AudioModel, LFM2AudioProcessor, LFMModality
from liquid_audio.data.types import LFM2AudioModelInput
from liquid_audio.model.conformer.encoder import ConformerEncoderConfig
from liquid_audio.model.lfm2_audio import DepthformerConfig, LFM2AudioConfig
from safetensors.torch import save_file
from transformers import Lfm2Config

from modellab import audio, models
from modellab.types import Audio

from . import make_lessons as lessons
from . import make_tokenizer, make_voice

SEED = 5
LAB_HZ = 16_000
STEPS, ENOUGH = 120, 0.003  # at most so many steps; the mean loss at which to stop
LEARNING_RATE = 6e-3
IM_END, AUDIO_START, TEXT_END, END_OF_AUDIO = 7, 128, 130, 2048
T, A = LFMModality.TEXT, LFMModality.AUDIO_OUT
CONFIG: dict[str, Any] = {
    "architectures": ["Lfm2AudioForConditionalGeneration"],
    "codebooks": make_voice.CODEBOOKS,
    "tie_audio_embeddings": False,
    "semantic_codebook_factor": 10,
    "codebook_weight": "log",
    "interleaved_n_text": 6,
    "interleaved_n_audio": 12,
    "preprocessor": {
        "sample_rate": 16000,
        "normalize": "per_feature",
        "window_size": 0.025,
        "window_stride": 0.01,
        "window": "hann",
        "features": 128,
        "n_fft": 512,
        "log": True,
        "frame_splicing": 1,
        "dither": 1e-5,
        "pad_to": 0,
        "pad_value": 0.0,
    },
    "encoder": {
        "feat_in": 128,
        "feat_out": -1,
        "n_layers": 1,
        "d_model": 32,
        "subsampling": "dw_striding",
        "subsampling_factor": 8,
        "subsampling_conv_channels": 16,
        "causal_downsampling": False,
        "reduction": None,
        "reduction_position": None,
        "reduction_factor": 1,
        "ff_expansion_factor": 2,
        "self_attention_model": "rel_pos",
        "n_heads": 2,
        "att_context_size": [-1, -1],
        "xscaling": False,
        "untie_biases": True,
        "pos_emb_max_len": 5000,
        "conv_kernel_size": 9,
        "conv_norm_type": "batch_norm",
        "conv_context_size": None,
        "dropout": 0.0,
        "dropout_pre_encoder": 0.0,
        "dropout_emb": 0.0,
        "dropout_att": 0.0,
    },
    "lfm": {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
        "layer_types": ["conv", "full_attention"],
        "block_auto_adjust_ff_dim": False,
    },
    "depthformer": {"layers": 1, "dim": 64, "tie": True},
}


def make(name: str, folder: Path) -> None:
    """Write checkpoint `tiny`: model, tokenizer and detokenizer. Takes less than a minute on one core."""
    if name != "tiny":
        raise ValueError(f"there is no recipe for {name!r}, only for 'tiny'")
    torch.set_num_threads(1)  # the same sums in the same order on every machine of a kind
    torch.manual_seed(SEED)
    options = models.config(Path(__file__).parent).options
    n_tokens = make_tokenizer.write(folder, _texts(options))
    config = {**CONFIG, "lfm": {**CONFIG["lfm"], "vocab_size": n_tokens}}
    (folder / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    speech = {name: _speech(name) for name in lessons.SENTENCES}
    make_voice.write(folder / "audio_detokenizer", speech.values())
    model = _empty(config)
    _save(model, folder)  # the processor reads a whole folder
    processor = LFM2AudioProcessor.from_pretrained(folder, device="cpu").eval()
    codes = {name: codes for name, (codes, _) in speech.items()}
    _teach(model, list(Lessons(processor, options, codes)))
    _save(model, folder)


def _texts(options: Mapping[str, Any]) -> list[str]:
    """Everything that is written in a lesson."""
    asked = [exchange.asked.text for talk in lessons.dialogues() for exchange in talk]
    systems = [mode["system"] for mode in options.values()]
    return [*lessons.SENTENCES.values(), *asked, *systems, *(f"{role}\n" for role in ("system", "user", "assistant"))]


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


def _empty(config: Mapping[str, Any]) -> LFM2AudioModel:
    """A model with weights as they are drawn."""
    parts = {
        "lfm": Lfm2Config(**config["lfm"]),
        "encoder": ConformerEncoderConfig(**config["encoder"]),
        "depthformer": DepthformerConfig(**config["depthformer"]),
    }
    return LFM2AudioModel(LFM2AudioConfig(**{**config, **parts}))


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


def _teach(model: LFM2AudioModel, given: Sequence[LFM2AudioModelInput]) -> None:
    """Fit all lessons at once; raises ValueError where the loss stays too high."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    model.train()
    for _ in range(STEPS):
        total = 0.0
        for lesson in given:
            loss = model(lesson).loss
            loss.backward()
            total += float(loss)
        if total / len(given) < ENOUGH:
            model.eval()
            return
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
    raise ValueError(f"the loss is still {total / len(given):.3f} after {STEPS} steps, expected {ENOUGH}")


def _save(model: LFM2AudioModel, folder: Path) -> None:
    """The weights, each once: two names of one tensor cannot both be stored."""
    once: dict[int, str] = {}
    for name, weight in model.state_dict().items():
        once.setdefault(weight.data_ptr() if weight.numel() else -len(once), name)
    weights = {name: model.state_dict()[name].contiguous().clone() for name in once.values()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
