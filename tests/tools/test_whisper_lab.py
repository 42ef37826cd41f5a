"""The recipe of the embedded model: its texts stay what they were, and each step of it runs at toy size."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics.edit_distance import align
from modellab.models.embedded import compact
from tools.speech.voices import Voice
from tools.whisper_lab import corpus, grammar
from tools.whisper_lab import vocabulary as v
from tools.whisper_lab.corpus import Spoken
from tools.whisper_lab.synthesis import Store, synthesise

SHIPPED = compact.WEIGHTS
SAID = [Spoken("turn on the light", Voice("en-us")), Spoken("the code is one two", Voice("en-us+f3"))] * 3


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    synthesise(folder, {"test": SAID[:2], "train": SAID}, processes=1)
    return folder


# ------------------------------------------------------------------------------------------------ texts


def test_the_trained_texts_are_those_of_the_shipped_weights() -> None:
    said = [*corpus.test_set(), *corpus.train_set()]
    facts = "\n".join(f"{text} {voice}" for text, voice in said)
    assert len(said) == 24_260
    assert (
        hashlib.sha256(facts.encode()).hexdigest() == "76fae4f3c4a181e034fb13ccb0ac7b3257c5ca87fa109b59fe64091b2a91b73c"
    )


def test_training_and_test_share_no_text() -> None:
    assert not {text for text, _ in corpus.test_set()} & {text for text, _ in corpus.train_set(2000)}


@given(st.integers(0, 10**9), st.sampled_from([None, *range(len(grammar.TEMPLATES))]))
def test_every_sentence_is_in_the_vocabulary(seed: int, template: int | None) -> None:
    assert set(grammar.sentence(Random(seed), template).split()) <= set(grammar.VOCABULARY)


@given(st.integers(0, 10**9))
def test_tokens_give_the_words_back(seed: int) -> None:
    text = grammar.utterance(Random(seed))
    assert v.text([v.START, *v.numbers(text), v.END, v.timestamp(1.0)]) == text


@pytest.mark.parametrize(("n", "words"), [(1, "one"), (13, "thirteen"), (40, "forty"), (99, "ninety nine"),
                                          (100, "one hundred"), (842, "eight hundred and forty two")])  # fmt: skip
def test_numbers_are_spelled(n: int, words: str) -> None:
    assert grammar.spell(n) == words


def test_the_vocabulary_adds_up_to_whispers() -> None:
    assert len(grammar.VOCABULARY) == 144
    assert (v.N_USED, v.N_USED + v.N_TIMESTAMPS + v.N_UNUSED) == (171, 51_865)
    assert [v.timestamp(time_s) - v.TIMESTAMP_0 for time_s in (-1, 0, 0.02, 30, 99)] == [0, 0, 1, 1500, 1500]


# ------------------------------------------------------------------------------------------------ audio


def test_the_store_gives_back_what_was_said(data: Path) -> None:
    store = Store(data, "train")
    assert [utterance.text for utterance in store.utterances] == [text for text, _ in SAID]
    assert [len(store.audio(i)) for i in store.by_length] == sorted(u.length for u in store.utterances)
    assert np.abs(store.audio(0)).max() == pytest.approx(0.5, abs=1e-4)


def test_the_result_does_not_depend_on_the_number_of_processes(data: Path, tmp_path: Path) -> None:
    for processes in (1, 2):
        synthesise(tmp_path / str(processes), {"train": SAID}, processes, piece=3)
    for name in ("train.i16", "train.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


# ------------------------------------------------------------------------------------------------ with torch


@pytest.mark.engine
def test_the_stored_form_survives_a_round_trip(tmp_path: Path) -> None:
    from tools.whisper_lab import model

    model.compact(model.load(SHIPPED), tmp_path / "again.npz")
    with np.load(SHIPPED) as shipped, np.load(tmp_path / "again.npz") as again:
        assert set(shipped.files) == set(again.files)
        assert all(np.array_equal(shipped[name], again[name]) for name in shipped.files)
    assert compact.expand(tmp_path / "again.npz").dims == compact.expand(SHIPPED).dims


@pytest.mark.engine
def test_a_grown_decoder_says_the_same_at_first(tmp_path: Path) -> None:
    import torch

    from tools.whisper_lab import model

    torch.manual_seed(0)
    small = model.LabWhisper(decoder_layers=2)
    model.save(small, tmp_path / "small.pt")
    grown = model.load(tmp_path / "small.pt", decoder_layers=3)
    mel, tokens = torch.randn(1, 80, 100), torch.tensor([[v.START, v.ENGLISH]])
    with torch.no_grad():
        before, after = (net.decode(tokens, net.encode(mel))[0] for net in (small, grown))
    assert torch.allclose(before, after, atol=1e-5)


@pytest.mark.engine
def test_a_checkpoint_of_another_shape_is_refused(tmp_path: Path) -> None:
    import torch

    from tools.whisper_lab import model

    torch.save({"rows": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="has no"):
        model.load(tmp_path / "other.pt", decoder_layers=2)


@pytest.mark.engine
@pytest.mark.parametrize("phase", ["first", "windows"])
def test_batches_fit_together(data: Path, phase: str) -> None:
    from tools.whisper_lab.batches import Batches
    from tools.whisper_lab.phases import PHASES

    for batch in Batches(data, replace(PHASES[phase], batch_size=4), seed=1, rank=0, n=6):
        n, n_frames = batch.mel.shape[0], batch.mel.shape[2] // 2
        assert batch.mel.shape[1:] == (80, 2 * n_frames)
        assert batch.words.shape == (n, n_frames)
        assert batch.tokens.shape == batch.targets.shape
        item, position, start, end = batch.guides.T
        assert (item < n).all()
        assert (position < batch.tokens.shape[1]).all()
        assert ((start < end) & (end <= n_frames)).all()
        learned = batch.targets[:, :-1] != -100
        told = (batch.targets[:, :-1] == batch.tokens[:, 1:]) | (batch.targets[:, :-1] == v.NO_SPEECH)
        assert told[learned].all()


@pytest.mark.engine
def test_the_shipped_weights_understand_these_utterances(data: Path) -> None:
    from tools.whisper_lab import evaluation, model

    store, said = Store(data, "test"), " ".join(text for text, _ in SAID[:2])
    for window_s in (None, 30.0):
        heard = " ".join(evaluation.transcribe(model.load(SHIPPED), store, [0, 1], window_s))
        assert align(said, heard).wer().top <= 1, heard


@pytest.mark.engine
def test_a_step_makes_the_loss_of_its_batch_smaller(data: Path) -> None:
    import torch

    from tools.whisper_lab.batches import Batches
    from tools.whisper_lab.model import LabWhisper
    from tools.whisper_lab.phases import PHASES
    from tools.whisper_lab.training import losses

    torch.manual_seed(0)
    net, phase = LabWhisper(), replace(PHASES["grow"], batch_size=4)
    batch = next(iter(Batches(data, phase, seed=1, rank=0, n=1)))
    before = losses(net, batch, phase)[0]
    before.backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        for parameter in net.parameters():
            assert parameter.grad is not None
            parameter.sub_(parameter.grad, alpha=0.01)
    assert losses(net, batch, phase)[0] < before


@pytest.mark.slow
@pytest.mark.engine
def test_two_ranks_go_on_from_the_shipped_weights(data: Path, tmp_path: Path) -> None:
    from tools.whisper_lab import model

    out, stored = tmp_path / "grow.pt", tmp_path / "stored.npz"
    where = ("--init", str(SHIPPED), "--data", str(data), "--out", str(out))
    train = ("train", "--phase", "grow", "--steps", "2", "--batch-size", "2", *where)
    command = [sys.executable, "-m", "tools.whisper_lab", *train]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "step 2: WER grammar" in said
    model.compact(model.load(out), stored)
    shipped, again = compact.expand(SHIPPED), compact.expand(stored)
    assert again.dims == shipped.dims
    changed = [name for name in shipped.tensors if not np.array_equal(shipped.tensors[name], again.tensors[name])]
    assert "decoder.token_embedding.weight" in changed
