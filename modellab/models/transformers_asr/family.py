"""What kind of recogniser a checkpoint is: told by transformers' own lists, from config.json's `model_type`."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import transformers
from transformers.models.auto import modeling_auto as auto

from modellab.errors import WeightsError

CTC, TRANSDUCER, SEQ2SEQ, CHAT = "ctc", "transducer", "seq2seq", "chat"
FAMILIES = (  # in this order: some types are in several lists
    (CTC, "AutoModelForCTC", "MODEL_FOR_CTC_MAPPING_NAMES"),
    (TRANSDUCER, "AutoModelForTDT", "MODEL_FOR_TDT_MAPPING_NAMES"),
    (TRANSDUCER, "AutoModelForRNNT", "MODEL_FOR_RNNT_MAPPING_NAMES"),
    (SEQ2SEQ, "AutoModelForSpeechSeq2Seq", "MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES"),
    (CHAT, "AutoModelForMultimodalLM", "MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES"),
)
ASKED_THROUGH = {"voxtral": "mistral_common", "voxtral_realtime": "mistral_common"}  # else each utterance is an error
OTHER_TASKS = {"dia", "pop2piano", "vibevoice", "speech-encoder-decoder"}  # listed as seq2seq, and no plain recognisers


def of(folder: Path) -> tuple[str, Any]:
    """The family of a checkpoint and the auto class that loads it. Raises WeightsError."""
    kind = model_type(folder)
    for family, loader, names in FAMILIES:
        if kind in getattr(auto, names, {}) and kind not in OTHER_TASKS:
            return family, getattr(transformers, loader)
    raise WeightsError(
        f"{folder} is of the type {kind!r}, which transformers {transformers.__version__} lists as no recogniser"
        f"; it lists {', '.join(known())}: is it newer than the library, or for another task?"
    )


def known() -> list[str]:
    """Every type that the installed release lists as a recogniser; not the language models that hear, too."""
    lists = [getattr(auto, names, {}) for family, _, names in FAMILIES if family != CHAT]
    return sorted({name for names in lists for name in names} - OTHER_TASKS)


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
        raise WeightsError(f"{folder} is of the type {kind!r}, whose requests {name} writes: pip install {name}")
    try:
        processor = transformers.AutoProcessor.from_pretrained(str(folder), local_files_only=True)
    except ImportError as error:
        raise WeightsError(f"the processor of {folder} needs a package: {' '.join(str(error).split())}") from error
    if not hasattr(processor, "tokenizer"):
        raise WeightsError(
            f"{folder} has no tokenizer ({type(processor).__name__} was found), so nothing can be written down: was it "
            "never tuned for recognition?"
        )
    model, report = loader.from_pretrained(str(folder), dtype=dtype, local_files_only=True, output_loading_info=True)
    if missing := sorted(report["missing_keys"]):
        raise WeightsError(
            f"{folder} lacks {len(missing)} of the tensors that {type(model).__name__} needs, such as {missing[0]}: "
            "was it saved from another class, or never tuned for recognition?"
        )
    return family, model.eval(), processor
