"""A first experiment file, with the reason of every choice as a comment."""

from collections.abc import Mapping, Sequence
from typing import Any

from lossbench.catalog import Facts
from lossbench.config.dumping import flow
from lossbench.recommend import Recommendation
from lossbench.recommend.sizes import Sizes
from lossbench.reporting.recommendation import comment, losses_block


def starter_text(
    name: str,
    file: str,
    dataset: str | Mapping[str, Any],
    facts: Facts,
    model: str,
    found: Recommendation,
    suggests: Sequence[str],
    sizes: Sizes,
) -> str:
    """Return the text of an experiment file.

    Args:
        name: the experiment's name.
        file: the name under which the text will be written, for the comments.
        dataset: the data set as the file has it.
        facts: what the data set says of itself.
        model: the network.
        found: the losses, and how to judge them.
        suggests: what stands out about the data.
        sizes: how long to train.
    """
    subset = {} if sizes.subset is None else {"subset": sizes.subset}
    data = {"name": dataset, **subset} if isinstance(dataset, str) else {**dataset, **subset}
    whole = dataset if isinstance(dataset, str) and not subset else data
    lines = [
        "# yaml-language-server: $schema=lossbench.schema.json",
        "#",
        *comment(
            f"Written by `lossbench init`: {facts.task}, {facts.n_train:,} training, "
            f"{facts.n_validation:,} validation and {facts.n_test:,} test images."
        ),
        *comment(f"What it does: lossbench plan {file}"),
        *comment(f"Run it:       lossbench run {file}"),
        *comment("Your editor completes keys after: lossbench schema -o lossbench.schema.json"),
        "#",
        *comment("What stands out about the data:"),
        *(line for text in suggests for line in comment(f"- {text}", hanging="  ")),
        f"name: {flow(name)}",
        "",
        *comment(_subset_text(sizes)),
        f"dataset: {flow(whole)}",
        f"model: {model}",
        "",
        *losses_block(found),
        "optimizer: {name: adam, learning_rate: 0.001}",
        "",
        *comment(
            f"{sizes.seeds} seeds are a first look; a verdict needs 8 or more, set before the "
            "results are seen."
        ),
        f"seeds: {sizes.seeds}",
        *comment(
            f"About {max(1, round(sizes.minutes))} min on one processor. More epochs where the "
            "curves still rise: some losses learn slowly."
        ),
        f"train: {{epochs: {sizes.epochs}, batch_size: {sizes.batch_size}}}",
        "",
        *_protocol(found),
    ]
    return "\n".join(lines) + "\n"


def _subset_text(sizes: Sizes) -> str:
    if sizes.subset is None:
        return "All images are used."
    return f"{sizes.subset:,} images, so that a first run takes minutes; later leave subset out."


def _protocol(found: Recommendation) -> list[str]:
    lines = [
        "protocol:",
        *comment(f"Chooses the epoch on validation, judges on test; {found.metric_reason}.", "  "),
        f"  metric: {found.metric}",
        f"  baseline: {flow(found.baseline)}",
    ]
    if found.delta is not None:
        lines += comment(
            "The smallest difference that matters, in units of the metric. A guess: yours to say.",
            "  ",
        )
        lines.append(f"  delta: {found.delta:g}")
    lines += comment(
        "To look at the results with 8 seeds and, if they are open, with 12, say so before: each "
        "look is then tested at half of alpha, and `lossbench run --more-seeds 4` adds the others.",
        "  ",
    )
    return [*lines, "  # looks: [8, 12]"]
