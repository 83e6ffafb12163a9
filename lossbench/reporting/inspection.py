"""What looking at a data set found, as text at 80 columns and as JSON."""

import json
import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from rich.cells import cell_len, set_cell_size

from lossbench.catalog import Facts
from lossbench.datasets.inspected import (
    Classes,
    Disagreement,
    Duplicates,
    Images,
    Inspection,
    LabelSet,
    Masks,
    Targets,
    Values,
)
from lossbench.store.files import finite

SCHEMA = 1
WIDTH = 80
_LABEL = 17
_NAME = 22
_BAR = 28
_MOST_CLASSES = 30
_MOST_COLUMNS = 6


def inspection_json(
    name: str, facts: Facts, seen: Inspection, suggests: Sequence[str]
) -> dict[str, Any]:
    """Return an inspection as plain data; a number that does not exist is null."""
    data = {
        "schema": SCHEMA,
        "dataset": name,
        "metric": facts.metric,
        **asdict(seen),
        "suggests": list(suggests),
    }
    return dict(finite(json.loads(json.dumps(data))))


def inspection_text(
    name: str, facts: Facts, seen: Inspection, suggests: Sequence[str], *, plain: bool = False
) -> str:
    """Return an inspection for people.

    Args:
        name: how the user wrote the data set.
        facts: what it says of itself.
        seen: what was measured.
        suggests: sentences that follow from it.
        plain: use ASCII characters for bars.
    """
    lines = [name, *_head(facts, seen)]
    bar = "#" if plain else "█"
    each = seen.outputs or {"": seen.targets}
    for output, targets in each.items():
        title = f"output {output}: {targets.task}" if output else ""
        lines += ["", title] if title else []
        known = {} if output else dict(getattr(facts, "optimum", None) or {})
        lines += _targets(replace(targets, optimum=known or targets.optimum), bar)
    lines += ["", "What this suggests"]
    for sentence in suggests:
        lines += textwrap.wrap(
            sentence, WIDTH, initial_indent="  - ", subsequent_indent="    ", **_WHOLE
        )
    return "\n".join(line.rstrip() for line in lines) + "\n"


_WHOLE: Any = {"break_long_words": False, "break_on_hyphens": False}


def row(title: str, text: str) -> list[str]:
    """Return a labelled paragraph."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"  {title:<{_LABEL - 2}}",
        subsequent_indent=" " * _LABEL,
        **_WHOLE,
    )


def _head(facts: Facts, seen: Inspection) -> Iterator[str]:
    yield from row("task", _task(facts))
    yield from row("images", _images(seen.images))
    sizes = ", ".join(f"{n:,} {part}" for part, n in seen.sizes.items())
    yield from row("sizes", sizes)
    for kind, damage in seen.damage.items():
        if kind != "seed":
            yield from row("damage", f"{kind} (declared): {_damage(damage)}")
    yield from row("duplicates", _duplicates(seen))
    constant = {part: n for part, n in seen.images.constant.items() if n}
    if constant:
        found = ", ".join(f"{n:,} in {part}" for part, n in constant.items())
        yield from row("constant", f"{found}: all pixels of an image are equal")
    unreadable = tuple(getattr(facts, "unreadable", ()))
    if unreadable:
        some = ", ".join(map(str, unreadable[:3])) + (", ..." if len(unreadable) > 3 else "")
        yield from row("unreadable", f"image files: {len(unreadable)} ({some})")


def _task(facts: Facts) -> str:
    if facts.outputs:
        names = ", ".join(f"{one.name} ({one.task})" for one in facts.outputs)
        return f"{facts.task}, {len(facts.outputs)} outputs: {names}"
    if facts.n_classes:
        kind = "labels" if facts.task == "multilabel" else "classes"
        order = ", ordered" if facts.ordered else ""
        return f"{facts.task}, {facts.n_classes} {kind}{order}"
    return f"{facts.task}, {facts.n_targets} target" + ("s" if facts.n_targets != 1 else "")


def _images(images: Images) -> str:
    shape = " x ".join(map(str, images.shape))
    text = (
        f"{shape}, {images.dtype}, values {short(images.low)} to {short(images.high)}, "
        f"mean {short(images.mean)}, standard deviation {short(images.deviation)}"
    )
    return text + f" (of {images.sampled:,} training images)"


def _damage(damage: Mapping[str, Any]) -> str:
    asked = ", ".join(f"{key} {_brief(value)}" for key, value in damage["asked"].items())
    done = damage["done"]
    train = done.get("train", done) if isinstance(done, Mapping) else {}
    if "flipped" in train:
        return f"{asked}; {sum(train['flipped']):,} training labels changed"
    if "up" in train:
        return f"{asked}; {train['up'] + train['down']:,} of {train['of']:,} training targets moved"
    if "wrong_votes" in train:
        return f"{asked}; {100 * train['wrong_votes']:.0f} % of the votes are wrong"
    if "after" in train:
        left = f"{sum(train['after']):,} of {sum(train['before']):,} in training left"
        return f"{asked}; {left}"
    return asked


def _brief(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else textwrap.shorten(str(value), 40)


def _duplicates(seen: Inspection) -> str:
    same: Duplicates = seen.duplicates
    found = [
        (same.test, "test images that stand in training or validation, too"),
        (same.validation, "validation images that stand in training, too"),
        (same.training, "training images that repeat another"),
        (same.within_test, "test images that repeat another"),
        (
            same.conflicts,
            f"sets of equal images with different targets (of {same.conflicting} images)",
        ),
    ]
    text = "; ".join(f"{what}: {n:,}" for n, what in found if n) or "none: no two images are equal"
    read, total = sum(seen.images.read.values()), sum(seen.sizes.values())
    if read < total:
        text += f" (among {read:,} of {total:,} images; there may be more)"
    return text


def _targets(targets: Targets, bar: str) -> Iterator[str]:
    if targets.optimum:
        best = ", ".join(f"{name} {value:.4g}" for name, value in targets.optimum.items())
        yield from row("best possible", f"{best}, on test")
    if targets.classes is not None:
        yield from _classes(targets.names, targets.classes, bar)
    if targets.labels is not None:
        yield from _labels(targets.names, targets.labels, bar)
    if targets.masks is not None:
        yield from _masks(targets.names, targets.masks, bar)
    for i, values in enumerate(targets.values[:_MOST_COLUMNS]):
        yield from _values(values, i if len(targets.values) > 1 else None, bar)
    if len(targets.values) > _MOST_COLUMNS:
        yield f"  and {len(targets.values) - _MOST_COLUMNS} columns more; --json has them"
    if targets.disagreement is not None:
        yield ""
        yield from row("wrong labels", disagreement_text(targets.disagreement))


def disagreement_text(told: Disagreement) -> str:
    """Return what a simple classifier says of wrong labels, and what it does not."""
    missed = f"a simple classifier misses {100 * told.training:.0f} % of the training labels"
    upper = "an upper bound, the overlap of the classes included"
    if told.noise is None or told.error is None:
        return f"not measured: {told.reason} ({missed}: {upper})"
    return (
        f"about {100 * told.noise:.0f} % (+- {200 * told.error:.0f}), an estimate for labels wrong "
        f"at random: {missed} and {100 * (told.test or 0.0):.0f} % of those of the test part, "
        f"which are taken to be right. At most {100 * told.training:.0f} %: {upper}. "
        f"{told.sampled:,} training images looked at"
    )


def _classes(names: Sequence[str], classes: Classes, bar: str) -> Iterator[str]:
    train = classes.counts["train"]
    yield ""
    yield f"  {'class':<{_NAME}} {'train':>8} {'share':>7} {'val.':>7} {'test':>7}"
    total, most = max(1, sum(train)), max(*train, 1)
    shown = _shown(train)
    for k in sorted(shown):
        parts = [classes.counts[part][k] for part in ("validation", "test")]
        yield (
            f"  {_named(names, k)} {train[k]:>8,} {100 * train[k] / total:>5.1f} % "
            f"{parts[0]:>7,} {parts[1]:>7,}  {_bar(train[k] / most, bar, 20)}"
        )
    if len(shown) < len(train):
        yield f"  and {len(train) - len(shown)} classes of sizes in between; --json has them"
    ratios = [("train", classes.ratio), ("test", classes.test_ratio)]
    text = ", ".join(
        f"{part} {ratio:.3g} to 1" if ratio is not None else f"{part} has an empty class"
        for part, ratio in ratios
        if sum(classes.counts[part])
    )
    yield ""
    yield from row("largest class", f"by smallest: {text}")
    if classes.soft is not None:
        yield from row(
            "soft labels",
            f"{100 * classes.soft:.0f} % are shares of several classes, mean entropy "
            f"{classes.entropy:.3g} nats; counted above by the largest share",
        )


def _shown(counts: Sequence[int]) -> list[int]:
    """Return the classes that are listed: all, or the largest and the smallest."""
    if len(counts) <= _MOST_CLASSES:
        return list(range(len(counts)))
    order = sorted(range(len(counts)), key=lambda k: -counts[k])
    return order[: _MOST_CLASSES // 2] + order[-(_MOST_CLASSES // 2) :]


def _named(names: Sequence[str], k: int) -> str:
    """Return a name in columns that fit, whatever its script."""
    name = names[k] if k < len(names) else str(k)
    printable = "".join(char if char.isprintable() else "?" for char in name)
    if cell_len(printable) > _NAME:
        printable = set_cell_size(printable, _NAME - 1).rstrip() + "…"
    return set_cell_size(printable, _NAME)


def _bar(share: float, bar: str, width: int) -> str:
    return bar * (max(1, round(width * share)) if share > 0 else 0)


def _labels(names: Sequence[str], labels: LabelSet, bar: str) -> Iterator[str]:
    yield ""
    yield f"  {'label':<{_NAME}} {'train':>8} {'share':>7} {'test':>7}"
    shown = _shown(labels.positives)
    for k in sorted(shown):
        test = f"{100 * labels.test_prevalence[k]:.1f} %" if labels.test_prevalence else "."
        share = labels.prevalence[k]
        yield (
            f"  {_named(names, k)} {labels.positives[k]:>8,} {100 * share:>5.1f} % {test:>7}  "
            f"{_bar(share, bar, _BAR)}"
        )
    if len(shown) < len(labels.prevalence):
        yield f"  and {len(labels.prevalence) - len(shown)} labels more; --json has them"
    yield ""
    text = f"{labels.mean:.2f} labels on average; {100 * labels.none:.0f} % have none"
    yield from row("an image has", text)
    for pair in labels.pairs[:3]:
        a, b = (_named(names, k).rstrip() for k in pair.labels)
        yield from row(
            "together",
            f"{a} and {b}: {100 * pair.share:.1f} % of the images, {pair.lift:.2g} times as often "
            f"as by chance (correlation {pair.correlation:+.2f})",
        )


def _masks(names: Sequence[str], masks: Masks, bar: str) -> Iterator[str]:
    yield ""
    yield f"  {'class':<{_NAME}} {'pixels':>8} {'images':>8}  (of {masks.sampled:,} masks)"
    for k, share in enumerate(masks.pixels):
        yield (
            f"  {_named(names, k)} {100 * share:>6.2f} % {100 * masks.images[k]:>6.1f} %  "
            f"{_bar(share, bar, _BAR)}"
        )


def _values(values: Values, column: int | None, bar: str) -> Iterator[str]:
    yield ""
    if column is not None:
        yield f"  target {column}"
    q = [short(value) for value in values.quantiles]
    yield from row(
        "targets",
        f"mean {short(values.mean)}, standard deviation {short(values.deviation)}, median {q[4]}",
    )
    yield from row(
        "quantiles",
        f"least {q[0]}; 1 % {q[1]}; 5 % {q[2]}; 25 % {q[3]}; 75 % {q[5]}; "
        f"95 % {q[6]}; 99 % {q[7]}; greatest {q[8]}",
    )
    if values.skewness is not None and values.kurtosis is not None:
        yield from row(
            "shape",
            f"skewness {values.skewness:.2g}, excess kurtosis "
            f"{values.kurtosis:.2g} (a normal distribution has 0 and 0)",
        )
    yield from row("outliers", outliers_text(values))
    kinds = [
        f"{100 * values.zeros:.2g} % are 0",
        f"{100 * values.negatives:.2g} % are negative",
        "all are whole numbers" if values.whole else "not all are whole numbers",
    ]
    yield from row("values", ", ".join(kinds))
    yield ""
    most = max(values.histogram)
    intervals = _intervals(values)
    wide = max(map(len, intervals))
    for interval, n in zip(intervals, values.histogram, strict=True):
        text = f"  {interval:>{wide}} {n:>8,}  "
        yield text + _bar(n / most, bar, WIDTH - len(text) - 1)


def _intervals(values: Values) -> list[str]:
    """Return the intervals of the histogram in words; of whole numbers those that lie in each."""
    pairs = list(zip(values.edges, values.edges[1:], strict=False))
    if values.whole:
        ends = [(math.ceil(low), math.ceil(high) - 1) for low, high in pairs]
        return [str(low) if low == high else f"{low} to {high}" for low, high in ends]
    wide = max(len(short(edge)) for edge in values.edges)
    return [f"{short(low):>{wide}} to {short(high):>{wide}}" for low, high in pairs]


def outliers_text(values: Values) -> str:
    """Return the outliers of a column of targets in words."""
    if values.outliers is None:
        return "not measured: at least half of the targets are equal"
    text = f"{100 * values.outliers:.2g} % lie more than 3.5 robust deviations from the median"
    if values.outliers:
        text += f", {100 * (values.above or 0.0):.2g} % above it"
    if values.log_outliers is not None:
        text += f"; of log(1 + target) {100 * values.log_outliers:.2g} %"
    if values.test_outliers is not None:
        text += f"; {100 * values.test_outliers:.2g} % of the test targets are as far off"
    return text


def short(value: float) -> str:
    """Return a number with at most four digits that count, without exponent where it is short."""
    return f"{float(f'{value:.4g}') + 0.0:g}"
