"""What in schedules and training controls cannot work together, or not in a run of its length."""

from collections.abc import Iterator, Mapping
from typing import Any

from lossbench.catalog.schedules import in_epochs
from lossbench.config.entries import Entry


def wrong_times(schedule: Entry, epochs: int) -> Iterator[tuple[str, str]]:
    """Yield the times of a schedule that a run of so many epochs does not have.

    Yields:
        The parameter at fault, and what is wrong with it and what is accepted.
    """
    warmup = schedule.params.get("warmup", 0.0)
    if in_epochs(warmup, epochs) >= epochs:
        text = f"{warmup:g} epochs of warm-up leave none of the {epochs} in train.epochs"
        yield "warmup", f"{text}; fewer, or a fraction of the run, are accepted"
    times = schedule.params.get("epochs", ())
    found = [in_epochs(time, epochs) for time in times]
    if not found and "epochs" in schedule.params:
        yield "epochs", "an empty list; a rising list of epochs > 0, or of fractions of the run"
    for i, time in enumerate(found):
        if time >= epochs:
            text = f"{times[i]:g} is no epoch before the end, train.epochs is {epochs}"
            yield "epochs", f"{text}; epochs before the last, or fractions of the run, are accepted"
        elif i and time <= found[i - 1]:
            text = f"{times[i - 1]:g}, {times[i]:g} does not rise in a run of {epochs} epochs"
            yield "epochs", f"{text}; each time must be later than the one before"


def wrong_stopping(controls: Mapping[str, Any], epochs: int) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with `train.early_stopping` in a run of so many epochs.

    Yields:
        The key at fault inside it, "" for itself, and what is wrong and accepted.
    """
    rule = controls["early_stopping"]
    if rule is None:
        return
    if controls["stages"]:
        text = "is not for a training in stages, each of which has its epochs; leave one of the two"
        yield "", f"{text} out"
    if rule.get("min_epochs", 1) > epochs:
        text = f"{rule['min_epochs']} is more than the {epochs} in train.epochs; at most {epochs}"
        yield "min_epochs", f"{text} is accepted"
