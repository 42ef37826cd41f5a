"""Any recogniser of Hugging Face transformers: CTC, transducers, encoder-decoders, and language models that hear."""

from __future__ import annotations

import inspect
import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import torch

from modellab import audio as sound
from modellab.models import token_probabilities
from modellab.streaming.protocol import Stream
from modellab.text import languages
from modellab.types import Audio, Setting, Transcript, Word

from . import family, windows
from . import words as timing
from .asking import Asking
from .emissions import Kept

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
SHORTEST_S = 0.2  # the convolutions of some encoders need as much; what is shorter gets silence after it
MOST_TOKENS = 440  # of a window of 30 s, where neither the options nor the checkpoint say: Whisper takes 448
DRAWING = {"vibevoice_asr"}  # whose encoder draws random numbers: in a batch, others for each place in it
STREAMING = {"nemotron_asr_streaming", "nemotron3_5_asr", "moonshine_streaming"}  # made to hear as audio comes
# into padding, behind their mask
LOOKING = {"data2vec-audio", "dots3_note", "fun_asr_nano", "moonshine", "moonshine_streaming"}
CLEANED = {"return_format": "transcription_only", "strip_prefix": True}  # options of some processors' decode


class Heard(NamedTuple):
    """What was heard in a window: a text, its words with times where tokens have some, and how sure each word is."""

    text: str
    words: list[Word]
    sure: list[tuple[str, float]] | None  # None where the tokens do not spell the text, or nobody asked


class TransformersAsr:
    """A folder that `save_pretrained` wrote, for a class of transformers' own lists of recognisers.

    Long audio is cut where it is quiet, into windows of at most `window_s`; `batch_size` of them go together.
    """

    def __init__(self, setting: Setting) -> None:
        if setting.precision not in DTYPES:
            raise ValueError(f"precision {setting.precision!r} is none of this adapter's: {', '.join(DTYPES)}")
        assert setting.weights is not None, "its weights never come in a package"
        torch.set_num_threads(setting.threads)
        self.dtype, self.device = DTYPES[setting.precision], setting.device
        self.family, model, self.processor = family.load(setting.weights, self.dtype)
        if not model.config.is_encoder_decoder:  # what is written follows what was asked, without padding between
            self.processor.tokenizer.padding_side = "left"
        self.model: Any = model.to(self.device)
        self.number = 0
        options = dict(setting.options)
        self.language = str(options.pop("language", None) or "")
        prompt = str(options.pop("prompt", None) or "")
        self.is_asked_how_sure = bool(options.pop(token_probabilities.OPTION, False))
        self.window_s, self.batch_size = float(options.pop("window_s", 30)), int(options.pop("batch_size", 1))
        if model.config.model_type in DRAWING:
            self.batch_size = 1
        if (lookahead := options.pop("lookahead", None)) is not None:
            if not hasattr(self.processor, "set_num_lookahead_tokens"):
                raise ValueError(f"{model.config.model_type} has no option 'lookahead': only cache-aware streaming has")
            self.processor.set_num_lookahead_tokens(int(lookahead))
        self.decoding = options if self.family == family.TRANSDUCER else {"do_sample": False, "num_beams": 1} | options
        if options and self.family == family.CTC:
            raise ValueError(f"a CTC checkpoint generates nothing, so it has no option {sorted(options)[0]!r}")
        extractor = getattr(self.processor, "feature_extractor", None) or self.processor.audio_processor
        self.rate_hz = int(getattr(extractor, "sampling_rate", 16_000))
        self.extractor = extractor
        self.asking = Asking(self.processor, self.model, self.rate_hz, prompt, str(setting.weights))
        known = inspect.signature(self.processor.decode).parameters
        self.cleaned = {name: value for name, value in CLEANED.items() if name in known}
        self.is_alone = self._is_changed_by_company()

    def transcribe(self, audio: Audio) -> Transcript:
        """Audio of any length and rate; nothing at all gives an empty transcript."""
        return self.transcribe_batch([audio])[0]

    def transcribe_batch(self, every: Sequence[Audio]) -> list[Transcript]:
        """Several recordings, their windows decoded `batch_size` at a time; the same transcripts as one by one."""
        languages_told = [self._told(recording) for recording in every]
        parts = [(i, window) for i, recording in enumerate(every) for window in self._windows(recording)]
        heard: list[list[tuple[Heard, windows.Window]]] = [[] for _ in every]
        for together in self._batches(parts, languages_told):
            language = languages_told[together[0][0]]
            hearings = self._hear([window for _, window in together], language)
            for (i, window), hearing in zip(together, hearings, strict=True):
                heard[i].append((hearing, window))
        return [
            Transcript.of(map(self._segment, own), language, every[i].duration_s, _sure(own))
            for i, (own, language) in enumerate(zip(heard, languages_told, strict=True))
        ]

    def align(self, audio: Audio, text: str) -> list[Word]:  # noqa: ARG002  (recognised, not forced)
        """The words it hears with the times of their tokens; `text` is not used.

        ValueError for an encoder-decoder or a language model, whose tokens have no times.
        """
        if self.family not in {family.CTC, family.TRANSDUCER}:
            raise ValueError(f"a checkpoint of the family {self.family} gives no times: only CTC and transducers do")
        parts = [(0, window) for window in self._windows(audio)]
        batches = self._batches(parts, [self._told(audio)])
        hearings = (self._hear([window for _, window in batch], self._told(audio)) for batch in batches)
        return [word for hearing in itertools.chain.from_iterable(hearings) for word in hearing.words]

    def seed(self, number: int) -> None:
        """Called before each pass over a dataset, for a checkpoint that draws at random."""
        self.number = number

    def _told(self, audio: Audio) -> str:
        """The language as a short code, '' where nobody says it."""
        language = audio.language or self.language
        return languages.code(language) if language else ""

    def _windows(self, audio: Audio) -> Iterator[windows.Window]:
        there = audio if audio.rate_hz == self.rate_hz else sound.resample(audio, self.rate_hz)
        return windows.cut(there.samples, self.rate_hz, self.window_s, SHORTEST_S)

    def _batches(self, parts: Sequence[Any], languages_told: Sequence[str]) -> Iterator[Sequence[Any]]:
        """Windows that are decoded together: in order, of one language, of one length where company would count."""

        def kind(part: Any) -> tuple[str, int]:
            i, window = part
            return languages_told[i], len(window.samples) if self.is_alone else 0

        for _, alike in itertools.groupby(parts, kind):
            yield from itertools.batched(alike, self.batch_size)

    def _is_changed_by_company(self) -> bool:
        """Whether padding changes what the network makes of a sound; then only equally long ones go together.

        It does with one mean over all frames, without a mask, and with convolutions that look behind the mask.
        """
        masked = getattr(self.extractor, "return_attention_mask", True)
        config, waves = self.model.config, type(self.extractor).__name__ == "Wav2Vec2FeatureExtractor"
        return (
            config.model_type in LOOKING
            or getattr(getattr(config, "encoder", config), "feat_extract_norm", "") == "group"
            or (waves and not masked)
        )

    def _hear(self, heard: Sequence[windows.Window], language: str) -> list[Heard]:
        """Text and timed words of some windows, decoded together."""
        given = {
            name: self._placed(value)
            for name, value in self.asking.inputs([window.samples for window in heard], language).items()
        }
        torch.manual_seed(self.number)  # some encoders draw: what was heard before shall not change what is heard now
        with torch.inference_mode():
            if self.family == family.CTC:
                return list(self._of_frames(given, heard))
            if self.family == family.TRANSDUCER:
                return list(self._of_emissions(given, heard))
            logits = {"return_dict_in_generate": True, "output_logits": True} if self.is_asked_how_sure else {}
            told = self.asking.told(language)
            output = self.model.generate(**given, **told, **logits, **self._limit(), **self.decoding)
        asked = 0 if self.model.config.is_encoder_decoder or "input_ids" not in given else given["input_ids"].shape[1]
        texts = [self._text(ids[asked:].tolist()) for ids in getattr(output, "sequences", output)]
        if not logits or getattr(output, "logits", None) is None:  # some types generate in a way of their own
            return [Heard(text, [], None) for text in texts]
        tokens = token_probabilities.generated(output)
        return [Heard(text, [], self._how_sure(own, text)) for own, text in zip(tokens, texts, strict=True)]

    def _of_frames(self, given: dict[str, Any], heard: Sequence[windows.Window]) -> Iterator[Heard]:
        """CTC: the most probable token of each frame."""
        chances, best = (tensor.cpu() for tensor in self.model(**given).logits.float().softmax(-1).max(-1))
        blank = int(self.model.config.pad_token_id)
        for i, (length, window) in enumerate(zip(self._lengths(given, best.shape[1]), heard, strict=True)):
            tokens = timing.collapsed(best[i, :length].tolist(), blank, chances[i, :length].tolist())
            yield self._written(tokens, window, length)

    def _of_emissions(self, given: dict[str, Any], heard: Sequence[windows.Window]) -> Iterator[Heard]:
        """Transducer: what it emitted, and how many frames each emission moved on.

        In a batch the library goes on with a sound that has ended until the longest has; that is left out here.
        """
        config = self.model.config
        durations = range(config.vocab_size, config.vocab_size + len(getattr(config, "durations", ())))
        # TDT scores durations beside tokens; checkpoints whose generation_config.json does not keep them apart exist
        apart = {"suppress_tokens": list(durations)} if durations else {}
        kept = Kept(config.vocab_size)
        given |= {"logits_processor": [kept]} if self.is_asked_how_sure else {}
        output = self.model.generate(**given, return_dict_in_generate=True, **(apart | self.decoding))
        silent = {int(config.blank_token_id), int(config.pad_token_id)}
        numbers, steps = output.sequences.tolist(), output.durations.tolist()
        for i, (length, window) in enumerate(zip(self._lengths(given, None), heard, strict=True)):
            tokens = timing.advanced(numbers[i], steps[i], silent, length, kept.of(i, numbers[i]))
            yield self._written(tokens, window, 0)

    def _written(self, heard: Iterable[timing.Token], window: windows.Window, n_frames: int) -> Heard:
        """Tokens as text, as words with their times in the recording, and how sure they are where that was asked."""
        tokens, how = list(heard), timing.ungrouped(self.processor.tokenizer)
        text = self._text([token.number for token in tokens], **how)
        sure = None
        if self.is_asked_how_sure:
            sure = self._how_sure([(token.number, token.probability) for token in tokens], text, **how)
        return Heard(text, self._timed(tokens, window, n_frames), sure)

    def _how_sure(self, tokens: Sequence[tuple[int, float]], text: str, **how: bool) -> list[tuple[str, float]] | None:
        """The words of a text with their confidences; None where the tokens do not spell them."""
        tokenizer = self.processor.tokenizer
        return token_probabilities.confidences(tokens, tokenizer, lambda ids: self._text(ids, **how), text)

    def _timed(self, tokens: Sequence[timing.Token], window: windows.Window, n_frames: int) -> list[Word]:
        """Words with their times in the recording."""
        length_s = len(window.samples) / self.rate_hz
        end_s = window.start_s + length_s
        frame_s = length_s / n_frames if n_frames else self._frame_s
        return timing.words(tokens, self.processor.tokenizer, frame_s, window.start_s, end_s)

    @property
    def _frame_s(self) -> float:
        """How long a frame of a transducer's encoder lasts; 0 where the checkpoint does not say."""
        hop = getattr(self.extractor, "hop_length", 0)
        factor = getattr(getattr(self.model.config, "encoder_config", None), "subsampling_factor", 0)
        return float(hop * factor / self.rate_hz)

    def _lengths(self, given: dict[str, Any], n_frames: int | None) -> list[int]:
        """How many frames of each sound are none of padding, as far as there is a mask over it."""
        mask = given.get("attention_mask")
        if mask is None:
            return [sys.maxsize if n_frames is None else n_frames] * len(next(iter(given.values())))
        if hasattr(self.model, "_get_output_attention_mask"):
            kept = self.model._get_output_attention_mask(mask, target_length=n_frames)
        else:
            kept = self.model._get_feature_vector_attention_mask(n_frames, mask)
        return [int(length) for length in kept.sum(-1)]

    def _text(self, ids: Sequence[int], **how: bool) -> str:
        options = {"skip_special_tokens": True} | self.cleaned | how
        if "strip_prefix" in self.cleaned:  # these take a single text apart letter by letter
            return str(self.processor.decode([ids], **options)[0]).strip()
        return str(self.processor.decode(ids, **options)).strip()

    def _limit(self) -> dict[str, int]:
        """A limit on what is generated, where neither options nor checkpoint have one."""
        known = self.model.generation_config
        if self.model.config.model_type == "whisper" or {"max_new_tokens", "max_length"} & self.decoding.keys():
            return {}
        return {} if known.max_new_tokens or (known.max_length or 20) != 20 else {"max_new_tokens": MOST_TOKENS}

    def _placed(self, value: Any) -> Any:
        """A tensor on the model's device, numbers with a point in the model's precision."""
        if not isinstance(value, torch.Tensor):
            return value
        return value.to(self.device, self.dtype) if value.is_floating_point() else value.to(self.device)

    def _segment(self, heard: tuple[Heard, windows.Window]) -> tuple[str, float, float]:
        """A window's text, from its first word to its last where they have times."""
        (text, words, _), window = heard
        end_s = window.start_s + len(window.samples) / self.rate_hz
        return (text, words[0].start_s, words[-1].end_s) if words else (text, window.start_s, end_s)


def _sure(heard: Sequence[tuple[Heard, windows.Window]]) -> list[tuple[str, float]]:
    """The confidences of a recording's words; none where a window has none."""
    every = [hearing.sure for hearing, _ in heard]
    return [] if None in every else [word for words in every for word in words or ()]


class StreamingAsr(TransformersAsr):
    """One whose network was made to hear as audio comes."""

    def open_stream(self, rate_hz: int) -> Stream:
        """A stream of audio at the checkpoint's rate, mostly 16 kHz; ValueError for another."""
        if rate_hz != self.rate_hz:
            raise ValueError(f"this checkpoint streams audio at {self.rate_hz} Hz, got {rate_hz}")
        if self.family == family.TRANSDUCER:
            from .transducer_stream import TransducerStream

            told = {"language": self._told_language} if self._told_language else {}
            ungrouped = timing.ungrouped(self.processor.tokenizer)
            return TransducerStream(self.model, self.processor, lambda ids: self._text(ids, **ungrouped), told)
        from .utterance_stream import UtteranceStream

        return UtteranceStream(self.model, self._generated, SHORTEST_S)

    @property
    def _told_language(self) -> str:
        """The option `language`, for a checkpoint that is told one."""
        known = inspect.signature(self.processor.__call__).parameters
        return languages.code(self.language) if self.language and "language" in known else ""

    def _generated(self, encoded: Any) -> str:
        """What the decoder writes of an utterance that is encoded."""
        output = self.model.generate(encoder_outputs=encoded, **self._limit(), **self.decoding)
        return self._text(output[0].tolist())


def load(setting: Setting) -> TransformersAsr:
    """The recogniser in a folder, with streams of its own where its network was made for them."""
    assert setting.weights is not None, "its weights never come in a package"
    return (StreamingAsr if family.model_type(setting.weights) in STREAMING else TransformersAsr)(setting)
