"""From the stored arrays to a whole Whisper."""

from __future__ import annotations

import numpy as np
import pytest

from modellab.models.embedded import compact, tokens
from tools.whisper_lab import grammar


@pytest.fixture(scope="module")
def whole() -> compact.Checkpoint:
    return compact.expand()


def test_the_shapes_are_those_of_the_sizes(whole: compact.Checkpoint) -> None:
    dims, tensors = whole.dims, whole.tensors
    assert (dims.n_mels, dims.n_vocab, dims.n_audio_state, dims.n_text_state) == (80, 51_865, 64, 64)
    assert tensors["encoder.positional_embedding"].shape == (dims.n_audio_ctx, dims.n_audio_state)
    assert tensors["decoder.positional_embedding"].shape == (dims.n_text_ctx, dims.n_text_state)
    assert tensors["decoder.token_embedding.weight"].shape == (dims.n_vocab, dims.n_text_state)
    assert tensors["encoder.conv1.weight"].shape == (dims.n_audio_state, dims.n_mels, 3)
    assert f"decoder.blocks.{dims.n_text_layer - 1}.mlp.2.bias" in tensors
    assert f"decoder.blocks.{dims.n_text_layer}.mlp.2.bias" not in tensors


def test_everything_is_finite_float16(whole: compact.Checkpoint) -> None:
    assert {array.dtype for array in whole.tensors.values()} == {np.dtype(np.float16)}
    assert all(np.isfinite(array).all() for array in whole.tensors.values())


def test_whisper_cpp_takes_two_decoder_layers_for_a_distilled_model(whole: compact.Checkpoint) -> None:
    assert whole.dims.n_text_layer != 2


def test_words_of_the_grammar_have_rows_of_their_own_and_the_rest_share_one(whole: compact.Checkpoint) -> None:
    table = whole.tensors["decoder.token_embedding.weight"][: tokens.N_TEXT]
    rows, counts = np.unique(table, axis=0, return_counts=True)
    shared = rows[counts.argmax()]
    known = {token for word in grammar.VOCABULARY for token in tokens.encode(" " + word)}
    assert {int(i) for i in np.flatnonzero((table != shared).any(axis=1))} == known


def test_timestamps_have_smooth_rows(whole: compact.Checkpoint) -> None:
    rows = whole.tensors["decoder.token_embedding.weight"][tokens.SPECIAL_IDS["<|0.00|>"] :].astype(float)
    step, spread = np.linalg.norm(np.diff(rows, axis=0), axis=1), np.linalg.norm(rows - rows.mean(axis=0), axis=1)
    assert len(rows) == 1501
    assert step.max() < spread.mean()


def test_alignment_heads_are_the_upper_half_of_the_decoder(whole: compact.Checkpoint) -> None:
    assert whole.dims.alignment_heads == [[1, 0], [1, 1], [2, 0], [2, 1]]


def test_sinusoids_start_at_sine_0_and_cosine_1() -> None:
    table = compact.sinusoids(3, 8)
    assert table[0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert table[1, 0] == pytest.approx(np.sin(1))
    assert table[2, 7] == pytest.approx(np.cos(2 / 10_000))
