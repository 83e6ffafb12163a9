"""A plan as text: data, grid, skips and the number of jobs."""

from collections.abc import Sequence

from lossbench.catalog import DATASETS, LOSSES, MODELS, OPTIMIZERS, Facts
from lossbench.config import Experiment
from lossbench.plan import Plan


def plan_text(experiment: Experiment, facts: Sequence[Facts], plan: Plan) -> str:
    """Return what an experiment will do, for people."""
    train = experiment.train
    seeds = len(experiment.seeds)
    lines = [f"experiment {experiment.name}"]
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        what = f"{known.n_classes} classes" if known.n_classes else f"{known.n_targets} targets"
        shape = " x ".join(map(str, known.image_shape))
        lines += [
            f"  data       {dataset.display(DATASETS)}: {known.task}, {what}, images {shape}",
            f"             {known.n_train} train, {known.n_validation} validation, "
            f"{known.n_test} test",
        ]
        if known.needs_download:
            lines.append("             not on this machine; fetched when the experiment runs")
    for title, entries, table in (
        ("models", experiment.models, MODELS),
        ("optimizers", experiment.optimizers, OPTIMIZERS),
        ("losses", experiment.losses, LOSSES),
    ):
        lines.append(f"  {title:<11}" + ", ".join(entry.display(table) for entry in entries))
    lines += [
        f"  seeds      {seeds}: {', '.join(map(str, experiment.seeds))}",
        f"  training   {train.epochs} epochs, batches of {train.batch_size}",
    ]
    for skip in plan.skips:
        lines.append(f"  skipped    {skip.reason} ({skip.model}, {skip.optimizer})")
    lines.append(f"{len(plan.jobs)} jobs")
    return "\n".join(lines) + "\n"
