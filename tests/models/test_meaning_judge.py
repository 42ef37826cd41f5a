"""A judge of meaning is a checkpoint on this disk, or one sentence says why there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import ConfigError, ExtraError
from modellab.models import meaning_judge

LABELS = ("contradiction", "neutral", "entailment")


def checkpoint(folder: Path, says: str, labels: tuple[str, ...] = LABELS) -> Path:
    """A tiny BERT that says one thing of all pairs of sentences."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"[UNK]": 0, "[PAD]": 1}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[assignment]
    fast: Any = PreTrainedTokenizerFast
    fast(tokenizer_object=words, unk_token="[UNK]", pad_token="[PAD]").save_pretrained(folder)
    config = BertConfig(
        vocab_size=2, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        id2label=dict(enumerate(labels)), label2id={label: i for i, label in enumerate(labels)},
    )  # fmt: skip
    model: Any = BertForSequenceClassification(config)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([10.0 * (label == says) for label in labels]))
    model.save_pretrained(folder)
    return folder


@pytest.mark.engine
@pytest.mark.parametrize(("says", "same"), [("entailment", True), ("neutral", False)])
def test_two_sentences_mean_the_same_where_each_follows_from_the_other(tmp_path: Path, says: str, same: bool) -> None:
    assert meaning_judge.judge(checkpoint(tmp_path, says))("call anna", "call hannah") is same


@pytest.mark.engine
def test_a_checkpoint_of_another_kind_says_its_labels(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, "good", ("bad", "good"))
    with pytest.raises(ConfigError, match="its labels are bad, good, expected one called entailment"):
        meaning_judge.judge(folder)


def test_what_is_no_checkpoint_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"is no judge of meaning: there is no config\.json in it"):
        meaning_judge.judge(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(ConfigError, match="is no judge of meaning: transformers cannot load it"):
        meaning_judge.judge(tmp_path)
    monkeypatch.setattr(meaning_judge, "find_spec", lambda name: None)
    with pytest.raises(ExtraError, match=r"which are not installed: pip install 'modellab\[transformers\]'"):
        meaning_judge.judge(tmp_path)
