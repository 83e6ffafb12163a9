"""Labels as annotators give them: shares of votes, sharpened or flattened by a temperature."""

import numpy as np

from lossbench.datasets.damage import noisy_labels, symmetric


def votes(
    labels: np.ndarray, annotators: int, rate: float, classes: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw the votes of annotators, each of whom errs on each example on their own.

    A vote is wrong with probability `rate`, and then for each other class as likely. With more
    annotators, the votes of the first ones stay as they were.

    Args:
        labels: class indices, int [n], on which annotators agree but for their mistakes.
        annotators: how many vote on every example, at least 1.
        rate: share of the votes that are wrong, in [0, 1].
        classes: number of classes, at least 2.
        rng: the generator.

    Returns:
        Votes for each class, int64 [n, classes]; rows sum to `annotators`.

    Source:
        Dawid & Skene, J. R. Stat. Soc. C 1979, with the same mistakes for all annotators.
    """
    counts = np.zeros((len(labels), classes), np.int64)
    transition, rows = symmetric(rate, classes), np.arange(len(labels))
    for _ in range(annotators):
        counts[rows, noisy_labels(labels, transition, rng)] += 1
    return counts


def softened(counts: np.ndarray, temperature: float) -> np.ndarray:
    """Return soft labels from votes.

    p_k = v_k^(1 / T) / sum_j v_j^(1 / T)

    T = 1 gives the shares of the votes; T towards 0 the majority, shared where it is tied.

    Args:
        counts: votes for each class, int [n, classes], at least one a row.
        temperature: T, > 0.

    Returns:
        float32 [n, classes]; rows sum to 1.

    Source:
        Hinton, Vinyals & Dean 2015, arXiv:1503.02531, section 2, on log shares in place of logits.
    """
    relative = counts / counts.max(axis=1, keepdims=True)  # so that no power overflows
    with np.errstate(under="ignore"):
        powers = relative ** (1 / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
