"""Which augmentations go together, whatever the data and the losses are."""

from collections.abc import Iterator, Sequence

from lossbench.catalog import AUGMENTATIONS
from lossbench.config.entries import Entry


def wrong_together(entries: Sequence[Entry], written: int) -> Iterator[tuple[int | None, str]]:
    """Yield what is wrong with augmentations that are each valid alone.

    Args:
        entries: the augmentations, in the file's order.
        written: how many the file says; a grid makes more of them.

    Yields:
        The place of the one at fault, or None for the list, and what is wrong.
    """
    if len(entries) != written:
        yield None, "a grid is not accepted here; one value each. Write one file for each setting."
        return
    seen: dict[str, int] = {}
    mixing = [entry.name for entry in entries if AUGMENTATIONS[entry.name].mixes]
    for i, entry in enumerate(entries):
        if entry.label is not None:
            yield i, f"{entry.name!r} has a label; an augmentation takes none. Leave it out."
        if entry.name in seen:
            first = f"train.augment[{seen[entry.name]}]"
            yield i, f"{entry.name!r} stands twice, first as {first}; each may stand once."
        seen.setdefault(entry.name, i)
        if not AUGMENTATIONS[entry.name].mixes:
            continue
        if entry.name != mixing[0]:
            yield i, f"{mixing[0]!r} mixes examples already; one of {_all_mixing()} is accepted."
        elif any(not AUGMENTATIONS[later.name].mixes for later in entries[i + 1 :]):
            yield i, f"{entry.name!r} mixes images that are finished; it is accepted as the last."


def _all_mixing() -> str:
    return " and ".join(row.name for row in AUGMENTATIONS if row.mixes)
