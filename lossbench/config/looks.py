"""What is wrong with the numbers of seeds at which results are to be looked at."""

import itertools
from collections.abc import Iterator, Sequence

from lossbench.config.wording import KeyPath


def wrong_looks(looks: Sequence[int], n_seeds: int) -> Iterator[tuple[KeyPath, str]]:
    """Yield what is wrong with declared looks and the number of seeds beside them.

    Looks rise. There are as many seeds as one of the looks says, or fewer than the first says:
    nothing is tested before it. In between, and beyond the last, would be a look of its own.

    Args:
        looks: numbers of seeds.
        n_seeds: the seeds of the file; 0 where they are wrong themselves.

    Yields:
        The key path at fault, and what is wrong with it and what is accepted.
    """
    rising = True
    for i, (before, look) in enumerate(itertools.pairwise(looks), start=1):
        if look <= before:
            rising = False
            text = f"{look} is not above {before}, the look before; a rising list is accepted"
            yield ("protocol", "looks", i), text
    if rising and n_seeds >= looks[0] and n_seeds not in looks:
        yield (
            ("seeds",),
            (
                f"{n_seeds} seeds, but results are looked at with {' and '.join(map(str, looks))} "
                f"(protocol.looks); one of these numbers is accepted, or fewer than {looks[0]}"
            ),
        )
