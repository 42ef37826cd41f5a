"""How sure a model of transformers is of its words: from the probabilities of the tokens that it wrote.

A word's confidence is the mean of its tokens' probabilities, as in Whisper's own libraries. Each is read off the logits
of the step that wrote the token, before anything was suppressed there.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any

OPTION = "word_confidences"  # of a variant in config.yaml


def generated(output: Any, n_tokens: int | None = None) -> list[list[tuple[int, float]]]:
    """Each sound's new tokens with their probabilities, of what `generate` returned with `output_logits`.

    The probabilities are those among the first `n_tokens` of the vocabulary, or among all. Beams are followed back.
    """
    beams = getattr(output, "beam_indices", None)
    n_steps = len(output.logits) if beams is None else beams.shape[1]
    written = output.sequences[:, output.sequences.shape[1] - n_steps :].cpu()
    by_sound: list[list[tuple[int, float]]] = [[] for _ in written]
    for step in range(n_steps):
        chances = output.logits[step][..., :n_tokens].float().softmax(-1).cpu()
        for i, tokens in enumerate(written):
            row, number = i if beams is None else int(beams[i, step]), int(tokens[step])
            if row >= 0 and number < chances.shape[-1]:  # a beam that has ended has the row -1
                by_sound[i].append((number, float(chances[row, number])))
    return by_sound


def grouped(numbers: Sequence[int], tokenizer: Any) -> list[list[int]]:
    """The places of the tokens that make each word; special tokens and delimiters are in none.

    A word begins after the tokenizer's delimiter (wav2vec2's `|`), or with a token of ▁ or Ġ (a space in front).
    """
    delimiter = getattr(tokenizer, "word_delimiter_token", None)
    special = {int(number) for number in getattr(tokenizer, "all_special_ids", ())}
    groups: list[list[int]] = []
    fresh = True
    for at, number in enumerate(numbers):
        piece = str(tokenizer.convert_ids_to_tokens(number))
        if piece == delimiter:
            fresh = True
        elif number not in special:
            if fresh or piece.startswith(("▁", "Ġ")):
                groups.append([])
            groups[-1].append(at)
            fresh = False
    return groups


def confidences(
    tokens: Sequence[tuple[int, float]], tokenizer: Any, decode: Callable[[list[int]], str], text: str
) -> list[tuple[str, float]] | None:
    """The words of `text` with their confidences; None where the tokens do not spell them, so that nobody can know.

    Words that were written in front of the text and taken off (some checkpoints name the language first) have none.
    """
    numbers = [number for number, _ in tokens]
    words = [
        (word, statistics.fmean(tokens[at][1] for at in group))
        for group in grouped(numbers, tokenizer)
        if (word := decode([numbers[at] for at in group]).strip())
    ]
    wanted = text.split()
    kept = words[len(words) - len(wanted) :]
    return kept if [word for word, _ in kept] == wanted else None
