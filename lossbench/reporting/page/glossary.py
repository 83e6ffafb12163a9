"""Terms of the report in plain words, and where its statistics come from."""

from collections.abc import Sequence

from lossbench.comparison import Comparison
from lossbench.reporting.captions import MEANING
from lossbench.reporting.columns import WORDS

VERDICTS = {
    "CLEARLY_BETTER": "a difference was shown, and that it is larger than delta",
    "BETTER": "a difference was shown; whether it is larger than delta is open",
    "BETTER_NEGLIGIBLE": "a difference was shown, and that it is smaller than delta",
    "EQUIVALENT": "it was shown that the difference is smaller than delta, either way",
    "INCONCLUSIVE": (
        "neither a difference nor equivalence was shown: with these seeds nothing can be said"
    ),
    "WORSE_NEGLIGIBLE": "as better, but worse, and by less than delta",
    "WORSE": "as better, but worse",
    "CLEARLY_WORSE": "as better, but worse, and by more than delta",
    "NO_DATA": "fewer than three pairs, or no baseline",
    "BASELINE": "what all others are compared with",
}
"""What each verdict says."""

TERMS = {
    "seed": (
        "a number that fixes what is random in a training: first weights, order of the images, "
        "noise. Runs of one seed share all of it and form a block."
    ),
    "paired difference": (
        "metric with a loss minus metric with the baseline in the same seed; positive is better, "
        "also where a lower metric is better."
    ),
    "delta": "the smallest difference that matters in practice; at best declared before the runs",
    "alpha": "how often a test may claim a difference where there is none: 0.05 is one in twenty",
    "CI": (
        "confidence interval: in 95 of 100 repetitions of the experiment, with new seeds, a 95% CI "
        "contains the true mean difference"
    ),
    "p": "how rarely chance alone gives a difference as large as this, if there is none",
    "Holm": (
        "p-values are made larger, because of several losses one may look better by chance alone; "
        "then alpha holds for all of them together"
    ),
    "TOST": "two one-sided t-tests, which show equivalence: that the difference is within delta",
    "PI": (
        "probability of improvement: share of the seeds in which a level beats the baseline; ties "
        "count half, a failed run loses"
    ),
    "MDE": (
        "minimum detectable effect: the difference that so many seeds with this spread detect in "
        "80 of 100 experiments"
    ),
    "regret": "what is missing to the best possible score, where that is known",
    "worth of a paired seed": (
        "how many seeds without pairing tell as much as one with it; below 1 pairing did not help"
    ),
    "common metric": (
        "the metric that judges all losses alike; the value of a loss itself never ranks losses, "
        "as each has a scale of its own"
    ),
}
"""Terms of the tables."""

_ALWAYS = (
    "Student 1908, Biometrika 6:1-25: the t interval and the paired t-test.",
    "Holm 1979, Scandinavian Journal of Statistics 6:65-70: several levels.",
    "Schuirmann 1987; Lakens 2017, doi:10.1177/1948550617697177: equivalence by two one-sided "
    "tests.",
    "Murphy & Myors 1999: test of a difference beyond delta.",
    "Fisher 1935: exact sign-flip test, which checks the t-test.",
    "Wilson 1927: intervals of shares.",
    "Cohen 1988, section 2.4: power, and the difference that a design detects.",
    "Bouthillier et al. 2021, arXiv:2103.03098: variation between seeds, probability of "
    "improvement.",
)
_OVERLAP = "Nadeau & Bengio 2003, doi:10.1023/A:1024068626366: resampled test sets that overlap."
_ONE_SEED = (
    "McNemar 1947; Fagerland et al. 2013, doi:10.1186/1471-2288-13-91; Efron & Tibshirani 1993: "
    "two trained networks on the same test examples."
)
_TUNING = (
    "Dodge et al. 2019, arXiv:1909.03004; Tang et al. 2020, arXiv:2004.13705: expected best value "
    "after some trials of tuning."
)
_RANKS = (
    "Friedman 1937; Wilcoxon 1945; Demsar 2006, JMLR 7:1-30; Benavoli et al. 2016, "
    "arXiv:1505.02288: ranks over data sets."
)


def terms() -> list[tuple[str, str]]:
    """Return all terms with their meaning: of the tables, of verdicts, of flags."""
    return [
        *TERMS.items(),
        *((WORDS[code], text) for code, text in VERDICTS.items()),
        *MEANING.items(),
    ]


def references(comparisons: Sequence[Comparison], *, ranked: bool) -> list[str]:
    """Return where the statistics come from that these comparisons use.

    Args:
        comparisons: all of the report.
        ranked: whether levels are ranked over data sets.
    """
    used = {
        _OVERLAP: any(one.overlap for one in comparisons),
        _ONE_SEED: any(one.one_seed for one in comparisons),
        _TUNING: any(row.trials for one in comparisons for row in one.rows),
        _RANKS: ranked,
    }
    return [*_ALWAYS, *(text for text, is_used in used.items() if is_used)]
