"""What stands above the table of a comparison: what is compared, on what, and how."""

from lossbench.catalog.axes import plural, shown, title, told
from lossbench.comparison import Comparison
from lossbench.reporting.sentences import delta_text, level_of_tests, others_of


def title_of(comparison: Comparison) -> str:
    """Return what all runs of a comparison share, after the factor where that is not the loss."""
    shared = " / ".join(told(comparison.names(), without=comparison.factor))
    lead = "" if comparison.factor == "loss" else f"comparing {plural(comparison.factor)}: "
    epochs = f"{comparison.epochs} epoch{'' if comparison.epochs == 1 else 's'}"
    return f"{lead}{shared}, {epochs}"


def header(comparison: Comparison) -> tuple[list[str], list[str]]:
    """Return what is compared and how, as short items: of the data first, then of the tests."""
    points = " in points" if comparison.bounded else ""
    better = "higher is better" if comparison.higher_is_better else "lower is better"
    epoch = "epoch chosen on validation" if comparison.at == "selected" else "at the last epoch"
    declared = "" if comparison.delta_declared else " (default)"
    first = [
        title_of(comparison),
        f"{comparison.metric} on test{points}, {better}",
        epoch,
        f"{comparison.seeds} paired seed{'' if comparison.seeds == 1 else 's'}",
        _against(comparison),
    ]
    second = [
        _protocol(comparison),
        _tuning(comparison),
        _alpha(comparison),
        f"delta {delta_text(comparison)}{declared}",
    ]
    return [*filter(None, first)], [*filter(None, second)]


def _against(comparison: Comparison) -> str:
    base = comparison.baseline and shown(comparison.factor, comparison.baseline)
    if comparison.against == "best" and base:
        end = "highest" if comparison.higher_is_better else "lowest"
        return f"against: {base}, the {end} mean"
    return f"baseline: {base or 'missing'}"


def _protocol(comparison: Comparison) -> str:
    digits = comparison.protocol_sha256[:6]
    if comparison.exploratory:
        return f"protocol {digits}: EXPLORATORY" if digits else "protocol: EXPLORATORY"
    return f"protocol {digits}: declared" if digits else ""


def _tuning(comparison: Comparison) -> str:
    trials = sorted({row.trials for row in comparison.rows})
    factor = title(comparison.factor)
    if not trials or trials[-1] == 0:
        return "tuning: none" if "LR_SHARED" in comparison.flags else ""
    track = f", track {comparison.track}" if comparison.track else ""
    if len(trials) > 1:
        return f"tuning: UNEQUAL, {trials[0]} to {trials[-1]} trials per {factor}{track}"
    return f"tuning: {trials[0]} trials per {factor}{track}"


def _alpha(comparison: Comparison) -> str:
    others = others_of(comparison)
    of_factor = title(comparison.factor) if others == 1 else plural(comparison.factor)
    looks = f"{comparison.alpha:g} over {len(comparison.looks)} looks; " if comparison.looks else ""
    return f"alpha {level_of_tests(comparison):.4g} ({looks}Holm, {others} {of_factor})"
