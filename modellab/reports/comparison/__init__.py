"""Stored results held against each other: pairs of cases, what differs between them, and what of it may be chance.

    two SelectedResults --pairing--> CasePairs --two_systems--> quality, speed, memory, error classes, utterances
    three or more       --ranking--> Ranking (standings with ties, pair by pair)

- `pairing`   which case of A meets which of B, and which must not
- `quality`   paired difference, interval, test, wins and losses of one metric
- `speed`     times of the same utterances, and memory, held to what sessions differ by
- `word_errors`  what kind of word was got wrong; `error_classes` their rates side by side
- `changed_utterances`  the utterances that changed most
- `ranking`   many systems, all pairs, ties
- `references`  the samples behind stored utterances, as far as the dataset is still the one that was measured

Nothing here runs a model or writes a file.

Start reading at `compare.py`.
"""
