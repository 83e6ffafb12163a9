"""Losses of soft counts: how well what is predicted and what is there overlap.

Over a batch the sums run over the batch's examples, label by label, and the loss is the mean over
labels; every example gets that value, whose mean, and so whose gradient, is the batch's. Over an
example the sums run over its labels. Masks, [batch, height, width, outputs], are taken as well:
over a batch all pixels of an output are summed, over an example all its pixels. Data with
masks give the logit of class 1, or of more classes the log-odds of each but the background: see
`pixels.py`.
"""

from typing import Any, Literal

from keras import ops

from lossbench.losses.targets import Tensor, binary_targets

Over = Literal["batch", "example"]


def _targets(labels: Tensor, logits: Tensor) -> Any:
    """Return labels in the logits' shape and dtype; masks have it already."""
    labels = ops.convert_to_tensor(labels)
    if len(logits.shape) > 2 and tuple(labels.shape) == tuple(logits.shape):
        return ops.cast(labels, logits.dtype)
    return binary_targets(labels, logits)


def _outcomes(labels: Tensor, logits: Tensor) -> tuple[Any, Any, Any]:
    """Return how far each answer is a hit, a false alarm and a miss, in the logits' shape."""
    targets = _targets(labels, logits)
    yes, no = ops.sigmoid(logits), ops.sigmoid(-logits)  # 1 - yes would round to 0
    return targets * yes, (1.0 - targets) * yes, targets * no


def _total(values: Any, over: Over) -> Any:
    """Return sums over the batch, [outputs], or over each example, [batch]."""
    rank = len(values.shape)
    return ops.sum(values, axis=tuple(range(rank - 1) if over == "batch" else range(1, rank)))


def _distance(hits: Any, wrong: Any, smooth: float) -> Any:
    """Return 1 - (hits + smooth) / (hits + wrong + smooth), without cancellation near 0."""
    return wrong / (hits + wrong + smooth)


def _per_example(values: Any, logits: Tensor, over: Over) -> Any:
    """Return one value per example, [batch]: over a batch, the labels' mean for each of them."""
    return (
        values if over == "example" else ops.broadcast_to(ops.mean(values), ops.shape(logits)[:1])
    )


def dice(labels: Tensor, logits: Tensor, *, squared: bool, smooth: float, over: Over) -> Tensor:
    """Measure how little predicted and true positives overlap, by the soft Dice coefficient.

    loss = 1 - (2 sum p y + smooth) / (sum p + sum y + smooth),   p = sigmoid(logits);
    squared: sum p^2 + sum y^2 below the line

    Args:
        labels: 0 or 1, [batch] or [batch, outputs]; or masks in the logits' shape.
        logits: log-odds of the positive class, float [batch, outputs] or [batch, ..., outputs].
        squared: whether the sums below the line are of squares, as for V-Net; true or false.
        smooth: added above and below the line, in examples (for masks: pixels), above 0.
        over: "batch" (for each label, then the mean over labels) or "example": what is summed over.

    Returns:
        Loss per example, dimensionless, float [batch], in [0, 1]; over a batch the same for all.

    Raises:
        ShapeError: labels and logits do not fit together.

    Use when:
        Positives are so rare that correct rejections mean nothing, and F1 or Dice is the measure
        in the end.

    Avoid when:
        Probabilities are wanted: outputs go to 0 or 1 whatever the true probability is. Or batches
        are so small that many hold no positive.

    Traps:
        A batch without positives costs nearly 1 whatever is predicted and teaches nothing. With a
        single output and over "example", a negative costs nearly 1 until p falls below smooth. The
        value depends on the batch size, so that training and validation values do not compare.
        Three different losses go by this name: with and without squares, with smooth from 1e-7 to
        1, and with sums over the batch or over each image.

    Source:
        Milletari et al. 2016, arXiv:1606.04797, section 3 (squared); Sudre et al. 2017,
        arXiv:1707.03237, section 2 (not squared). Departures: smooth, as in Keras; the papers have
        none or another one; for labels of whole images, examples stand in for pixels.
    """
    hit, extra, missed = _outcomes(labels, logits)
    # Per answer p + y - 2 p y, or p^2 + y^2 - 2 p y, written without cancellation.
    wrong = ops.square(extra - missed) if squared else extra + missed
    distance = _distance(2.0 * _total(hit, over), _total(wrong, over), smooth)
    return _per_example(distance, logits, over)


def jaccard(labels: Tensor, logits: Tensor, *, smooth: float, over: Over) -> Tensor:
    """Measure how little predicted and true positives overlap, by soft intersection over union.

    loss = 1 - (sum p y + smooth) / (sum p + sum y - sum p y + smooth),   p = sigmoid(logits)

    Args:
        labels: 0 or 1, [batch] or [batch, outputs]; or masks in the logits' shape.
        logits: log-odds of the positive class, float [batch, outputs] or [batch, ..., outputs].
        smooth: added above and below the line, in examples (for masks: pixels), above 0.
        over: "batch" (for each label, then the mean over labels) or "example": what is summed over.

    Returns:
        Loss per example, dimensionless, float [batch], in [0, 1]; over a batch the same for all.

    Raises:
        ShapeError: labels and logits do not fit together.

    Use when:
        Intersection over union is the measure in the end and positives are rare.

    Avoid when:
        Probabilities are wanted, or batches are so small that many hold no positive.

    Traps:
        For one set of sums it orders models as dice does: with D dice's loss, it is
        2 D / (1 + D) (for smooth near 0); only the gradients' sizes differ. A batch without
        positives costs nearly 1 whatever is predicted.

    Source:
        Rahman & Wang 2016, "Optimizing intersection-over-union in deep neural networks for image
        segmentation". Departures: smooth, which the paper has not; for labels of whole images,
        examples stand in for pixels.
    """
    hit, extra, missed = _outcomes(labels, logits)
    distance = _distance(_total(hit, over), _total(extra + missed, over), smooth)
    return _per_example(distance, logits, over)


def tversky(
    labels: Tensor, logits: Tensor, *, alpha: float, beta: float, smooth: float, over: Over
) -> Tensor:
    """Measure how little predicted and true positives overlap, false alarms and misses weighted.

    loss = 1 - (TP + smooth) / (TP + alpha FP + beta FN + smooth),   p = sigmoid(logits),
    TP = sum p y,   FP = sum p (1 - y),   FN = sum (1 - p) y

    Args:
        labels: 0 or 1, [batch] or [batch, outputs]; or masks in the logits' shape.
        logits: log-odds of the positive class, float [batch, outputs] or [batch, ..., outputs].
        alpha: weight of false alarms (FP), dimensionless, at least 0.
        beta: weight of misses (FN), dimensionless, at least 0.
        smooth: added above and below the line, in examples (for masks: pixels), above 0.
        over: "batch" (for each label, then the mean over labels) or "example": what is summed over.

    Returns:
        Loss per example, dimensionless, float [batch], in [0, 1]; over a batch the same for all.

    Raises:
        ShapeError: labels and logits do not fit together.

    Use when:
        Positives are rare and a miss costs more than a false alarm (beta above alpha), or less.

    Avoid when:
        Probabilities are wanted, or batches are so small that many hold no positive.

    Traps:
        Which of alpha and beta belongs to misses differs between programs and papers: Keras 3.15
        gives alpha to misses against its documentation, and so do Abraham & Khan on purpose. With
        alpha 0 it is 1 - recall, and yes to everything is perfect; with beta 0 it is
        1 - precision, and yes to the surest example alone is.

    Source:
        Salehi et al. 2017, arXiv:1706.05721, section 2. Departures: smooth, which the paper has
        not; one sigmoid in place of a softmax over two classes; for labels of whole images,
        examples stand in for pixels.
    """
    return _per_example(_tversky(labels, logits, alpha, beta, smooth, over), logits, over)


def _tversky(
    labels: Tensor, logits: Tensor, alpha: float, beta: float, smooth: float, over: Over
) -> Any:
    hit, extra, missed = (_total(outcome, over) for outcome in _outcomes(labels, logits))
    return _distance(hit, alpha * extra + beta * missed, smooth)


def focal_tversky(
    labels: Tensor,
    logits: Tensor,
    *,
    gamma: float,
    alpha: float,
    beta: float,
    smooth: float,
    over: Over,
) -> Tensor:
    """Measure the Tversky loss with a power that keeps nearly solved labels from fading.

    loss = (1 - (TP + smooth) / (TP + alpha FP + beta FN + smooth))^(1 / gamma),
    p = sigmoid(logits),   TP = sum p y,   FP = sum p (1 - y),   FN = sum (1 - p) y

    Args:
        labels: 0 or 1, [batch] or [batch, outputs]; or masks in the logits' shape.
        logits: log-odds of the positive class, float [batch, outputs] or [batch, ..., outputs].
        gamma: reciprocal of the power, dimensionless, above 0; 1 is tversky. Above 1 small losses
            weigh more, below 1 large ones.
        alpha: weight of false alarms (FP), dimensionless, at least 0.
        beta: weight of misses (FN), dimensionless, at least 0.
        smooth: added above and below the line, in examples (for masks: pixels), above 0.
        over: "batch" (for each label, then the mean over labels) or "example": what is summed over.

    Returns:
        Loss per example, dimensionless, float [batch], in [0, 1]; over a batch the same for all.

    Raises:
        ShapeError: labels and logits do not fit together.

    Use when:
        tversky works but its gradient dies before small or rare things are found.

    Avoid when:
        Probabilities are wanted, or batches are so small that many hold no positive.

    Traps:
        "Focal" misleads: for gamma above 1 the power is below 1 and favours what is nearly solved;
        for weight on the hard, take gamma below 1. Many programs call the power itself gamma
        (0.75 there is 4/3 here), and the authors give alpha to misses: their alpha 0.7 is beta 0.7
        here. Their program has smooth 1, which hides the small counts of a batch of labels.

    Source:
        Abraham & Khan 2018, arXiv:1810.07842, section 2. Departures: alpha and beta as in tversky,
        the other way round than in the paper; mean over labels in place of a sum; smooth 1e-7 in
        place of 1.
    """
    distance = _tversky(labels, logits, alpha, beta, smooth, over)
    # At 0 the power's slope is infinite: the floor cuts it off where nothing is left to gain.
    powered = ops.power(ops.maximum(distance, 1e-30), 1.0 / gamma)
    return _per_example(powered, logits, over)


def soft_f1(
    labels: Tensor, logits: Tensor, *, average: Literal["macro", "micro"], smooth: float
) -> Tensor:
    """Measure how far the batch's F1 score, counted with probabilities, is from 1.

    loss = 1 - mean_k (2 TP_k + smooth) / (2 TP_k + FP_k + FN_k + smooth),   p = sigmoid(logits),
    TP_k = sum p y,   FP_k = sum p (1 - y),   FN_k = sum (1 - p) y over the batch, for label k

    Args:
        labels: 0 or 1, [batch] or [batch, outputs]; or masks in the logits' shape.
        logits: log-odds of the positive class, float [batch, outputs] or [batch, ..., outputs].
        average: "macro": the mean of the labels' scores; "micro": one score of all labels' counts.
        smooth: added above and below the line, in examples (for masks: pixels), above 0.

    Returns:
        Loss of the batch, dimensionless, a scalar in [0, 1].

    Raises:
        ShapeError: labels and logits do not fit together.

    Use when:
        F1 is the measure in the end, the threshold stays at one half, and batches are large.

    Avoid when:
        Probabilities are wanted, or a threshold is chosen afterwards (then bce does as well). Or
        rare labels are absent from most batches.

    Traps:
        A label that a batch lacks costs nearly 1 / outputs whatever is predicted and teaches
        nothing. The mean of batches' F1 is not the F1 of the data. "macro" is dice over the batch;
        the class "no" does not count, unlike in programs that average the F1 of both.

    Source:
        Bénédict et al. 2021, arXiv:2108.10566. Departures: the plain sigmoid, without the paper's
        slope and offset; smooth, which the paper has not.
    """
    hit, extra, missed = _outcomes(labels, logits)
    hits, wrong = _total(hit, "batch"), _total(extra + missed, "batch")
    if average == "micro":
        hits, wrong = ops.sum(hits), ops.sum(wrong)
    return ops.mean(_distance(2.0 * hits, wrong, smooth))


def lovasz_hinge(labels: Tensor, logits: Tensor, *, over: Over) -> Tensor:
    """Measure the convex surface through the Jaccard losses of all sets of mistakes.

    loss = sum_i max(0, m_i) (J_i - J_(i-1)),   m = 1 - s z sorted from the largest,
    s = +1 for a positive and -1 for a negative,
    J_i = 1 - intersection over union where exactly the first i are mistaken,   J_0 = 0

    Args:
        labels: 0 or 1, [batch] or [batch, outputs]; or masks in the logits' shape.
        logits: scores z, float [batch, outputs] or [batch, ..., outputs].
        over: "batch" (for each label, then the mean over labels) or "example": what is sorted.

    Returns:
        Loss per example in units of the scores, float [batch], at least 0; over a batch the same
        for all.

    Raises:
        ShapeError: labels and logits do not fit together.

    Use when:
        Intersection over union is the measure in the end, best to finish what bce has begun.

    Avoid when:
        Probabilities are wanted: it is a hinge. Or training starts from scratch: negatives that
        lie on the right side by more than every positive does have no gradient.

    Traps:
        Without positives only the single worst example has a gradient. A single output over
        "example" is binary_hinge. Sorting makes the gradient jump when two examples change places.
        The authors' program sorts each image or the whole batch, as `per_image` says.

    Source:
        Berman et al. 2018, arXiv:1705.08790, algorithm 1. Departures: for labels
        of whole images, examples stand in for pixels.
    """
    targets = _targets(labels, logits)
    margins = 1.0 - (2.0 * targets - 1.0) * logits
    order = ops.argsort(-_rows(margins, over), axis=-1)
    margins = ops.take_along_axis(_rows(margins, over), order, axis=-1)
    targets = ops.take_along_axis(_rows(targets, over), order, axis=-1)
    positives = ops.sum(targets, axis=-1, keepdims=True)
    intersection = positives - ops.cumsum(targets, axis=-1)
    union = positives + ops.cumsum(1.0 - targets, axis=-1)
    distances = 1.0 - intersection / union
    steps = ops.concatenate([distances[:, :1], distances[:, 1:] - distances[:, :-1]], axis=-1)
    return _per_example(ops.sum(ops.relu(margins) * steps, axis=-1), logits, over)


def _rows(values: Any, over: Over) -> Any:
    """Return what is sorted together as one row: each output's values, or each example's."""
    if over == "batch":
        return ops.transpose(ops.reshape(values, (-1, values.shape[-1])))
    return ops.reshape(values, (ops.shape(values)[0], -1))
