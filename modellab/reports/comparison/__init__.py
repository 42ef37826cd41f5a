"""Stored results held against each other: pairs of cases, what differs between them, and what of it may be chance.

    Pick, Pick --pairing--> Meeting ... --duel--> Duel (lines of quality, speed, memory; error classes; utterances)
    Pick, Pick, Pick ... --ranking--> Ranking (standings with ties, pair by pair)

- `pairing`   which case of A meets which of B, and which must not
- `quality`   paired difference, interval, test, wins and losses of one metric
- `pace`      times of the same utterances, and memory, held to what sessions differ by
- `holm`      many comparisons, one chance of a false one
- `words`     what kind of word was got wrong; `classes` their rates side by side
- `changed`   the utterances that changed most
- `ranking`   many contestants, all pairs, ties
- `library`   the cases behind stored utterances, as far as the dataset is still the one that was measured

Nothing here runs a model or writes a file.
"""
