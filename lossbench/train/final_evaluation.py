"""What a finished training is measured by: the one look at the test set."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from lossbench import metrics, store
from lossbench.catalog.losses import CLASSIFICATION, SEGMENTATION
from lossbench.catalog.metrics import metric_row
from lossbench.train import evaluation, recording
from lossbench.train.cross_loss import CrossLosses
from lossbench.train.evaluation import Answer, Evaluation
from lossbench.train.feeding import IndexFed
from lossbench.train.job_files import write_predictions
from lossbench.train.loop import State
from lossbench.train.regret import best_values, with_regret
from lossbench.train.settling import Setting


def measure(folder: Path, fed: IndexFed, setting: Setting, state: State) -> dict[str, Any]:
    """Evaluate the last and the selected weights, write predictions, return the numbers.

    This is the one time that the test set is looked at: counted before it begins, so that an
    attempt whose result is lost counts, too.
    """
    splits = setting.splits
    count = store.count_test_evaluation(folder)
    cross = CrossLosses(setting, fed.network)
    is_last = state.selected == state.epoch

    def at(name: str, scores: Any) -> Evaluation:
        return evaluation.evaluate(
            fed,
            setting.data.resident,
            setting.answers,
            at=name,
            reading=setting.reading,
            validation_scores=scores,
            look=cross.look if is_last or name == "selected" else None,
        )

    at_last = at("last", state.last_scores)
    if is_last:
        rows = [row | {"at": "selected"} for row in at_last.rows]
        selected = replace(at_last, rows=rows)
    else:
        fed.network.set_weights(list(state.best_weights))
        selected = at("selected", state.best_scores)
    write_predictions(folder / "predictions.npz", setting, selected)
    better = metric_row(setting.job["metric"]).higher_is_better
    found = {
        "metrics": with_regret(selected.rows + at_last.rows, best_values(setting.answers)),
        "temperature": selected.temperature,
        **({"thresholds": selected.threshold} if selected.thresholds else {}),
        "collapsed": any(_collapsed(answer, selected) for answer in setting.answers),
        "train_validation_gap": recording.train_validation_gap(
            selected.rows, setting.job["metric"], higher_is_better=bool(better)
        ),
        "test_eval_count": count,
        "cross_loss": cross.rows(),
    }
    if not splits.outputs:
        return found | _classes(setting.answers[0], selected)
    each = (
        {
            "output": answer.output.name,
            "task": answer.splits.task,
            "n_scores": answer.output.n_scores,
            **_classes(answer, selected),
        }
        for answer in setting.answers
        if answer.output is not None
    )
    return found | {"per_output": list(each)}


def _collapsed(answer: Answer, selected: Evaluation) -> bool:
    """Return whether an output's predictions on validation say nothing."""
    scores = answer.own(selected.scores["validation"])
    splits = answer.splits
    return bool(metrics.collapsed(splits.task, splits.validation.targets, scores))


def _classes(answer: Answer, selected: Evaluation) -> dict[str, Any]:
    """Return what is told of each class or label of an output on the test."""
    splits, scores = answer.splits, answer.own(selected.scores["test"])
    is_classes = splits.task in (CLASSIFICATION | SEGMENTATION) - {"retrieval"}
    tell = {"multilabel": metrics.per_label, "segmentation": metrics.per_class}.get(splits.task)
    return {
        "class_names": list(splits.class_names),
        "confusion": evaluation.confusion(splits.test, scores) if is_classes else None,
        "per_label": tell(splits.test.targets, scores) if tell else None,
    }
