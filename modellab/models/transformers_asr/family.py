"""What kind of recogniser a checkpoint is: told by transformers' own lists, from config.json's `model_type`."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import transformers
from transformers.models.auto import feature_extraction_auto as extraction
from transformers.models.auto import modeling_auto as auto

from modellab.errors import WeightsError
from modellab.system import installer

CTC, TRANSDUCER, SEQ2SEQ, CHAT = "ctc", "transducer", "seq2seq", "chat"
FAMILIES = (  # in this order: some types are in several lists
    (CTC, "AutoModelForCTC", "MODEL_FOR_CTC_MAPPING_NAMES"),
    (TRANSDUCER, "AutoModelForTDT", "MODEL_FOR_TDT_MAPPING_NAMES"),
    (TRANSDUCER, "AutoModelForRNNT", "MODEL_FOR_RNNT_MAPPING_NAMES"),
    (SEQ2SEQ, "AutoModelForSpeechSeq2Seq", "MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES"),
    (CHAT, "AutoModelForMultimodalLM", "MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES"),
    (CHAT, "AutoModelForSeq2SeqLM", "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES"),
)
ASKED_THROUGH = {"voxtral": "mistral_common", "voxtral_realtime": "mistral_common"}  # else each utterance is an error
OTHER_TASKS = {"dia", "pop2piano", "vibevoice"}  # listed as seq2seq, and they speak or play
# Omni models are loaded without the half that speaks; it would take memory, and `generate` other options
HEARING = {
    "qwen2_5_omni": "Qwen2_5OmniThinkerForConditionalGeneration",
    "qwen3_omni_moe": "Qwen3OmniMoeThinkerForConditionalGeneration",
}


def of(folder: Path) -> tuple[str, Any]:
    """The family of a checkpoint and the auto class that loads it. Raises WeightsError."""
    kind = model_type(folder)
    for family, loader, names in FAMILIES:
        if kind in _listed(names) and (family != CHAT or _hears(kind)):
            return family, getattr(transformers, HEARING.get(kind, loader))
    raise WeightsError(
        f"{folder} is of the type {kind!r}, which transformers {transformers.__version__} lists as no recogniser: "
        "is it newer than the library, or for another task?"
    )


def known() -> list[str]:
    """Every type of the installed release that hears speech and writes it down. It reads a hundred configs: seconds."""
    listed = {kind for family, _, names in FAMILIES if family != CHAT for kind in _listed(names)}
    several = {kind for family, _, names in FAMILIES if family == CHAT for kind in _listed(names)}
    return sorted(listed | set(filter(_hears, several)))


def _listed(names: str) -> set[str]:
    return set(getattr(auto, names, {})) - OTHER_TASKS


def _hears(kind: str) -> bool:
    """Whether a language model, which may read or see instead, has an extractor or a part for sound."""
    config = transformers.CONFIG_MAPPING[kind]
    parts = getattr(config, "sub_configs_defaults", None) or getattr(config, "sub_configs", {})
    return kind in extraction.FEATURE_EXTRACTOR_MAPPING_NAMES or any("audio" in part for part in parts)


def model_type(folder: Path) -> str:
    """What config.json says that the checkpoint is. Raises WeightsError."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return str(config["model_type"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{folder / 'config.json'} names no model_type ({type(error).__name__}: {error}), expected the folder of a "
            "transformers checkpoint: is it another library's format?"
        ) from error


def load(folder: Path, dtype: Any) -> tuple[str, Any, Any]:
    """Family, model and processor. Raises WeightsError where weights are missing or the processor cannot be made.

    A head that is not in the file would be drawn at random by the library, and the transcripts be noise.
    """
    family, loader = of(folder)
    if (kind := model_type(folder)) in ASKED_THROUGH and importlib.util.find_spec(ASKED_THROUGH[kind]) is None:
        name = ASKED_THROUGH[kind].replace("_", "-")
        raise WeightsError(f"{folder} is of the type {kind!r}, whose requests {name} writes: {installer.command(name)}")
    whole = {"local_files_only": True}
    with _told("processor", folder):
        processor = transformers.AutoProcessor.from_pretrained(str(folder), **whole)
    if not hasattr(processor, "tokenizer"):
        raise WeightsError(
            f"{folder} has no tokenizer ({type(processor).__name__} was found), so nothing can be written down: was it "
            "never tuned for recognition?"
        )
    with _told("model", folder):
        model, report = loader.from_pretrained(str(folder), dtype=dtype, output_loading_info=True, **whole)
    if missing := sorted(report["missing_keys"]):
        raise WeightsError(
            f"{folder} lacks {len(missing)} of the tensors that {type(model).__name__} needs, such as {missing[0]}: "
            "was it saved from another class, or never tuned for recognition?"
        )
    return family, model.eval(), processor


@contextlib.contextmanager
def _told(what: str, folder: Path) -> Iterator[None]:
    """What the library says where a part cannot be made, as WeightsError: mostly of a package that is not installed."""
    try:
        yield
    except (ImportError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        lacks = "needs a package" if isinstance(error, ImportError) else "cannot be made"
        raise WeightsError(f"the {what} of {folder} {lacks}: {reason}") from error
