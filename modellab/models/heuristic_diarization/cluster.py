"""Which windows are one voice: agglomerative clustering of embeddings by cosine distance, average linkage."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


def grouped(
    voices: Floats, num_speakers: int | None, *, max_distance: float, min_windows: int, min_share: float
) -> Labels:
    """A speaker 0, 1, ... for each embedding, shape (n,), in order of appearance.

    With `num_speakers` the tree is cut into so many groups. Without, where groups are further apart than `max_distance`
    (cosine, mean over pairs); then the smallest group joins its nearest one as long as it has fewer than `min_windows`
    windows or less than `min_share` of all: a window that falls between two voices makes a group of its own. At the end
    each window goes to the group whose mean is nearest.
    """
    if len(voices) < 2:
        return np.zeros(len(voices), np.int64)
    tree = linkage(voices.astype(np.float64), method="average", metric="cosine")
    if num_speakers is not None:
        labels = fcluster(tree, num_speakers, "maxclust")
    else:
        labels = fcluster(tree, max_distance, "distance")
        labels = _without_small(voices, labels, max(min_windows, min_share * len(voices)))
    names, means = _means(voices, labels)
    return _by_appearance(names[(voices @ means.T).argmax(axis=1)])


def _without_small(voices: Floats, labels: Labels, fewest: float) -> Labels:
    """The smallest group joined to its nearest one until each is large enough, or one is left."""
    while True:
        names, means = _means(voices, labels)
        sizes = np.array([(labels == name).sum() for name in names])
        smallest = int(sizes.argmin())
        if len(names) == 1 or sizes[smallest] >= fewest:
            return labels
        nearness = means @ means[smallest]
        nearness[smallest] = -np.inf
        labels = np.where(labels == names[smallest], names[nearness.argmax()], labels)


def _means(voices: Floats, labels: Labels) -> tuple[Labels, Floats]:
    """The names of the groups, shape (k,), and the direction of their means, shape (k, 256)."""
    names = np.unique(labels)
    means = np.stack([voices[labels == name].mean(axis=0) for name in names])
    return names, means / (np.linalg.norm(means, axis=1, keepdims=True) + 1e-12)


def _by_appearance(labels: Labels) -> Labels:
    names, firsts = np.unique(labels, return_index=True)
    rank = {name: i for i, name in enumerate(names[np.argsort(firsts)])}
    return np.array([rank[label] for label in labels], np.int64)
