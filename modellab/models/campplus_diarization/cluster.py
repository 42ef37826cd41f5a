"""Which voices of different chunks are one person: agglomerative clustering, then an assignment within each chunk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import linear_sum_assignment

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


def people(
    vectors: Floats,
    clean_s: Floats,
    num_speakers: int | None,
    *,
    max_distance: float,
    min_clean_s: float,
    min_share: float,
) -> Floats:
    """How each person sounds: vectors of length 1, shape (people, size), from those of chunks, shape (n, size).

    Of `vectors`, which have length 1, those with at least `min_clean_s` seconds behind them are clustered by cosine
    distance, average linkage: into `num_speakers` groups, as far as there are so many, else cut where groups are
    further apart than `max_distance`. Then a group with less than `min_share` of the seconds of the largest is nobody.
    """
    sure = clean_s >= min(min_clean_s, float(clean_s.max()))
    voices, weight_s = vectors[sure], clean_s[sure]
    if len(voices) == 1:
        return voices
    tree = linkage(voices.astype(np.float64), method="average", metric="cosine")
    if num_speakers is not None:
        labels = fcluster(tree, num_speakers, "maxclust")
    else:
        labels = fcluster(tree, max_distance, "distance")
        spoken_s = np.bincount(labels, weights=weight_s)
        labels = np.where(spoken_s[labels] >= min_share * spoken_s.max(), labels, 0)
    means = np.stack([weight_s[labels == name] @ voices[labels == name] for name in np.unique(labels[labels > 0])])
    directions: Floats = means / np.linalg.norm(means, axis=1, keepdims=True)
    return directions


def assigned(vectors: Floats, chunks: Labels, means: Floats) -> Labels:
    """Who each voice is, shape (n,): who is nearest, no two voices of one chunk the same; -1 where people ran out."""
    nearness = vectors @ means.T
    labels = np.full(len(vectors), -1, np.int64)
    for chunk in np.unique(chunks):
        inside = np.flatnonzero(chunks == chunk)
        rows, columns = linear_sum_assignment(nearness[inside], maximize=True)
        labels[inside[rows]] = columns
    return labels
