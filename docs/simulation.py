"""Write docs/simulation.md: how often verdicts are wrong where the truth is known.

python docs/simulation.py > docs/simulation.md
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lossbench import stats
from lossbench.stats.verdicts import ANSWERS

Array = NDArray[np.float64]
Truth = NDArray[np.bool_]

DRAWS = 20_000
SEED = 7
ALPHA = 0.05
BLOCKS = (3, 5, 8, 10)
LOSSES = (1, 5)
CRASH_RATE, CRASH_DEPTH = 0.1, 8.0
NEAR, FAR, ABOVE = 1.0, 3.0, 2.0
"""Two deltas, and a difference above the first, in standard deviations of the differences."""
MOST_WRONG, LEAST_COVERED = 0.056, 0.944
"""What normal noise may show: 5 and 95 % and four standard errors of 20,000 draws."""

DIFFERENT = [code for code, answer in ANSWERS.items() if answer in ("better", "worse")]
BETTER = [code for code, answer in ANSWERS.items() if answer == "better"]
INSIDE = ["EQUIVALENT", "BETTER_NEGLIGIBLE", "WORSE_NEGLIGIBLE"]
CLEARLY = ["CLEARLY_BETTER", "CLEARLY_WORSE"]


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return normal noise of every run, differences of which have a standard deviation of 1."""
    return rng.standard_normal(shape) / np.sqrt(2)


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return exponential noise, centred, with its long side down; differences are Laplace's."""
    return (1 - rng.standard_exponential(shape)) / np.sqrt(2)


def skewed_losses(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return exponential noise of the losses and none of the baseline: exponential differences."""
    noise = 1 - rng.standard_exponential(shape)
    noise[:, 0] = 0
    return noise


NOISES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Array]] = {
    "normal": normal,
    "exponential": skewed,
    "exponential, losses alone": skewed_losses,
}
CRASHES = ("none", "recorded", "unnoticed")


@dataclass(frozen=True)
class Cell:
    """One setting: how runs spread and fail, and how many there are."""

    noise: str
    crashes: str
    blocks: int
    losses: int

    def rng(self) -> np.random.Generator:
        """Return the cell's own generator, whatever other cells there are."""
        place = (list(NOISES).index(self.noise), CRASHES.index(self.crashes))
        return np.random.default_rng([SEED, *place, self.blocks, self.losses])


@dataclass(frozen=True)
class Rates:
    """How often what was said; the first five count families, the others losses.

    Attributes:
        false_difference: a BETTER or WORSE of any kind among losses that all equal the baseline.
        false_clearly: a CLEARLY among losses that differ by delta exactly.
        wrong_way: a BETTER of any kind of a loss that is worse by delta, or the reverse.
        equivalent_near: an EQUIVALENT or NEGLIGIBLE among losses that differ by delta exactly.
        equivalent_far: the same where delta is three times as large.
        coverage: intervals that hold the true difference, of those that there are.
        better: BETTER of any kind of a loss that is better by twice delta.
        clearly: CLEARLY_BETTER of it.
        equivalent: EQUIVALENT of a loss that equals the baseline.
        untestable: NO_DATA.
    """

    false_difference: float
    false_clearly: float
    wrong_way: float
    equivalent_near: float
    equivalent_far: float
    coverage: float
    better: float
    clearly: float
    equivalent: float
    untestable: float


def differences(cell: Cell, draws: int, rng: np.random.Generator) -> Array:
    """Return differences of true mean 0, [draws, losses, blocks]; NaN where a run failed.

    The runs of a block share what its seed does, which the difference takes away; all losses of a
    family share the baseline's runs, which correlates them.
    """
    of_seed = 2 * rng.standard_normal((draws, 1, cell.blocks))
    values = of_seed + NOISES[cell.noise](rng, (draws, cell.losses + 1, cell.blocks))
    if cell.crashes == "recorded":
        values[rng.random(values.shape) < CRASH_RATE] = np.nan
    if cell.crashes == "unnoticed":
        crashed = rng.random(values[:, 1:].shape) < CRASH_RATE
        values[:, 1:] += CRASH_DEPTH * (CRASH_RATE - crashed)  # the mean stays what it was
    return values[:, 1:] - values[:, :1]


def measure(cell: Cell, draws: int = DRAWS) -> Rates:
    """Return how often the verdicts on a cell's differences are right and wrong."""
    d = differences(cell, draws, cell.rng())
    sides = either_side(draws, cell.losses)
    equal = stats.family(d, NEAR, ALPHA)
    near = stats.family(d + NEAR * sides[..., None], NEAR, ALPHA)
    far = stats.family(d + FAR * sides[..., None], FAR, ALPHA)
    above = stats.family(d + ABOVE, NEAR, ALPHA)
    there = equal.n > 1
    covered = (equal.ci_low <= 0) & (equal.ci_high >= 0)
    said = said_of(near, DIFFERENT)
    return Rates(
        false_difference=in_families(said_of(equal, DIFFERENT)),
        false_clearly=in_families(said_of(near, CLEARLY)),
        wrong_way=in_families(said & (said_of(near, BETTER) != (sides > 0))),
        equivalent_near=in_families(said_of(near, INSIDE)),
        equivalent_far=in_families(said_of(far, INSIDE)),
        coverage=float(covered[there].mean()),
        better=float(said_of(above, BETTER).mean()),
        clearly=float(said_of(above, ["CLEARLY_BETTER"]).mean()),
        equivalent=float(said_of(equal, ["EQUIVALENT"]).mean()),
        untestable=float(said_of(equal, ["NO_DATA"]).mean()),
    )


def either_side(draws: int, losses: int) -> Array:
    """Return +1 and -1 by turns, [draws, losses]."""
    return 1.0 - 2.0 * (np.add.outer(np.arange(draws), np.arange(losses)) % 2)


def said_of(family: stats.Family, codes: list[str]) -> Truth:
    """Return for each loss whether its verdict is one of the codes, [draws, losses]."""
    return np.isin(family.verdict, codes)


def in_families(said: Truth) -> float:
    """Return the share of families of which it was said of a loss or more."""
    return float(said.any(axis=-1).mean())


@dataclass(frozen=True)
class Looks:
    """What two looks, at 5 and at 10 seeds, say wrongly in a family; a claim at either counts."""

    difference: float
    equivalent_near: float
    equivalent_far: float


def look_twice(losses: int, alphas: tuple[float, ...], draws: int = DRAWS) -> Looks:
    """Look at 5 and at 10 seeds of normal noise, at one level each; or at 10 alone."""
    cell = Cell("normal", "none", 10, losses)
    d = differences(cell, draws, cell.rng())
    sides = either_side(draws, losses)[..., None]
    seeds = (5, 10)[-len(alphas) :]

    def claimed(table: Array, delta: float, codes: list[str]) -> float:
        found = [
            said_of(stats.family(table[..., :n], delta, alpha), codes)
            for n, alpha in zip(seeds, alphas, strict=True)
        ]
        return in_families(np.logical_or.reduce(found))

    return Looks(
        claimed(d, NEAR, DIFFERENT),
        claimed(d + NEAR * sides, NEAR, INSIDE),
        claimed(d + FAR * sides, FAR, INSIDE),
    )


SINGLE = [
    ("normal", 3, 0.050, 0.0),
    ("normal", 5, 0.057, 0.0),
    ("normal", 8, 0.050, 0.047),
    ("normal", 10, 0.052, 0.050),
    ("Student t, 3 df", 5, 0.039, 0.0),
    ("Student t, 3 df", 10, 0.040, 0.046),
    ("exponential", 5, 0.118, 0.0),
    ("exponential", 10, 0.101, 0.096),
    ("10 % crashes of -8 sd", 5, 0.165, 0.0),
    ("10 % crashes of -8 sd", 10, 0.217, 0.215),
]
"""Kind of difference, how many, and what the methodology says of t and sign flips."""


def single(kind: str, n: int, draws: int = DRAWS) -> tuple[float, float]:
    """Return how often the t-test and the sign-flip test reject a mean difference of 0."""
    rng = np.random.default_rng([SEED, n, *kind.encode()])
    if kind == "exponential":
        d = rng.standard_exponential((draws, 1, n)) - 1
    elif kind == "Student t, 3 df":
        d = rng.standard_t(3, (draws, 1, n))
    else:
        d = rng.standard_normal((draws, 1, n))
    if "crashes" in kind:
        d += CRASH_DEPTH * (CRASH_RATE - (rng.random(d.shape) < CRASH_RATE))
    found = stats.family(d, NEAR, ALPHA)
    return float((found.p_t <= ALPHA).mean()), float((found.p_sign_flip <= ALPHA).mean())


NOISE_TEXT = {
    "normal": "In every run.",
    "exponential": "In every run: differences are symmetric, with long tails.",
    "exponential, losses alone": "The baseline has no noise: differences are exponential.",
}
CRASH_TEXT = {
    "none": "No run crashes.",
    "recorded": "One run in ten crashes and is known to have failed: its blocks are lost.",
    "unnoticed": "One run in ten of the losses crashes and counts as a result.",
}
COLUMNS = {
    "false BETTER / WORSE": "false_difference",
    "wrong CLEARLY": "false_clearly",
    "wrong side": "wrong_way",
    "wrong EQUIVALENT": "equivalent_near",
    "wrong EQUIVALENT, wide": "equivalent_far",
    "interval covers": "coverage",
    "finds BETTER": "better",
    "finds CLEARLY_BETTER": "clearly",
    "finds EQUIVALENT": "equivalent",
    "not testable": "untestable",
}
TOP = f"""# How often verdicts are wrong

Written by `docs/simulation.py`, `make simulation`: about a minute. All numbers are in percent.

## What was done

{DRAWS:,} families were drawn for each line below and judged by `stats.family`, which judges the
runs of `lossbench compare`, too: t intervals, the paired t-test, equivalence and minimum-effect
tests, Holm over the family, level 5 %. The truth was known, as the program drew it:

- The value of a run is what its seed does to every loss (standard deviation 2), plus noise of its
  own, plus the loss's true difference. The 1 or 5 losses of a family share the runs of the
  baseline, so that the noise of their differences is correlated by a half. A difference has a
  standard deviation of 1, which is the unit of what follows.
- Exponential noise has its long tail on the bad side. It is in every run, or in those of the losses
  alone: then the baseline has none, and nothing is correlated.
- Each family was judged four times: with all losses equal to the baseline; with all of them
  delta = {NEAR:.0f} away from it, better and worse by turns; the same with delta = {FAR:.0f}, which
  is *wide*; and with all of them better by {ABOVE:.0f} where delta is {NEAR:.0f}.
- Crashes are none; recorded, where one run in ten of baseline and losses alike is known to have
  failed and its block is lost; or unnoticed, where one run in ten of the losses ends
  {CRASH_DEPTH:.0f} standard deviations down and counts as a result; the mean is put back, so that
  the true mean difference stays what is said.

## How to read it

- *false BETTER / WORSE*: families of equal losses in which a loss was called better or worse in any
  way. *wrong CLEARLY*: of losses that differ by delta exactly one was called better or worse by
  more than that. *wrong side*: one of them was called better where it is worse, or the reverse.
  *wrong EQUIVALENT*: one of them was called equivalent, or better or worse by less than delta.
  These count families, and 5 % is what the method promises at most.
- *interval covers*: 95 % intervals that hold the true difference, of all losses with two blocks or
  more.
- *finds ...*: losses of which the right thing was said: the power, which nobody promises. BETTER
  of any kind and CLEARLY_BETTER where the true difference is {ABOVE:.0f}, EQUIVALENT where it is 0.
  *not testable*: losses with fewer than 3 complete blocks.
- Chance: a share p of {DRAWS:,} draws has a standard error of sqrt(p (1 - p) / {DRAWS:,}), which is
  0.15 points at 5 % and at 95 %, 0.35 at 50 %. Two of them are nothing to wonder at; four are what
  a test of this program allows under normal noise: at most {100 * MOST_WRONG:.1f} % wrong, at least
  {100 * LEAST_COVERED:.1f} % covered.
"""


def lines(cells: Mapping[Cell, Rates]) -> Iterator[str]:
    """Yield the page."""
    yield TOP
    yield "## The worst of 3 to 10 seeds and 1 to 5 losses\n"
    yield from table(
        ["noise", "crashes", "false BETTER / WORSE", "wrong EQUIVALENT", "interval covers"],
        worst(cells),
    )
    yield reading(cells)
    for noise, of_noise in NOISE_TEXT.items():
        for crashes, of_crashes in CRASH_TEXT.items():
            yield f"\n## Noise: {noise}; crashes: {crashes}\n\n{of_noise} {of_crashes}\n"
            mine = {c: r for c, r in cells.items() if (c.noise, c.crashes) == (noise, crashes)}
            rows = (
                [c.losses, c.blocks, *(getattr(r, name) for name in COLUMNS.values())]
                for c, r in mine.items()
            )
            yield from table(["losses", "seeds", *COLUMNS], rows)
    yield from looks_section()
    yield from single_section()


def reading(cells: Mapping[Cell, Rates]) -> str:
    """Return what the tables say, in sentences."""
    alone, among = (cells[Cell("normal", "none", 3, losses)].better for losses in LOSSES)
    return f"""
- Under normal noise the promises are kept with any number of seeds and losses, and they are kept
  where crashes are recorded: a lost block costs power, not truth.
- Long tails on both sides make the tests careful. A long tail on one side does harm: of one loss
  the t-test is wrong about twice as often as promised, of five losses four times as often, and
  more seeds help slowly. No test about a mean knows better.
- Crashes that nobody notices ruin every answer. Therefore a run that diverged or gave NaN is
  recorded as failed, counted apart and never averaged, and runs that collapsed are warned of.
- With 3 seeds a difference of {ABOVE:.0f} standard deviations is found {100 * alone:.0f} times in
  100 with one loss, {100 * among:.0f} times with five."""


def worst(cells: Mapping[Cell, Rates]) -> Iterator[list[object]]:
    """Yield for each noise and kind of crash the worst rates over seeds and losses."""
    for noise in NOISES:
        for crashes in CRASHES:
            mine = [r for c, r in cells.items() if (c.noise, c.crashes) == (noise, crashes)]
            yield [
                noise,
                crashes,
                max(r.false_difference for r in mine),
                max(max(r.equivalent_near, r.equivalent_far) for r in mine),
                min(r.coverage for r in mine),
            ]


def looks_section() -> Iterator[str]:
    """Yield what looking twice does."""
    yield "\n## Two looks at the results\n"
    yield "Normal noise. Somebody judges after 5 seeds and, with 5 more, again after 10, and"
    yield "believes what either look says. Declared as `looks: [5, 10]`, each look is judged at"
    yield "half the level.\n"
    plans = {"10 seeds, one look": (ALPHA,), "two looks, each at 5 %": (ALPHA, ALPHA)}
    plans["two looks, each at 2.5 %"] = (ALPHA / 2, ALPHA / 2)
    found = {
        (losses, plan): look_twice(losses, alphas)
        for losses in LOSSES
        for plan, alphas in plans.items()
    }
    rows = (
        [losses, plan, r.difference, r.equivalent_near, r.equivalent_far]
        for (losses, plan), r in found.items()
    )
    yield from table(["losses", "plan", *(list(COLUMNS)[i] for i in (0, 3, 4))], rows)


def single_section() -> Iterator[str]:
    """Yield false alarms of t-test and sign-flip test on one loss."""
    yield "\n## The t-test and the sign-flip test on one loss\n"
    yield "How often a 5 % test rejects a true mean difference of 0, beside what the project's"
    yield "methodology found in 4,000 draws. Sign flips reach 5 % with 6 seeds or more.\n"
    rows = (
        [kind, n, *np.ravel(list(zip(single(kind, n), (t, flip), strict=True)))]
        for kind, n, t, flip in SINGLE
    )
    yield from table(
        ["differences", "seeds", "t", "t, 4,000 draws", "sign-flip", "sign-flip, 4,000 draws"], rows
    )


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Yield a Markdown table; shares are shown in percent."""
    head = list(head)
    yield "| " + " | ".join(head) + " |"
    yield "|---" * len(head) + "|"
    for row in rows:
        cells = (f"{100 * v:.1f}" if isinstance(v, float) else str(v) for v in row)
        yield "| " + " | ".join(cells) + " |"


def all_cells() -> list[Cell]:
    """Return every setting."""
    return [
        Cell(noise, crashes, blocks, losses)
        for noise in NOISES
        for crashes in CRASHES
        for losses in LOSSES
        for blocks in BLOCKS
    ]


if __name__ == "__main__":
    print("\n".join(lines({cell: measure(cell) for cell in all_cells()})))
