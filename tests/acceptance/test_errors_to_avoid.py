"""Twenty-six ways to fool oneself with a comparison: each is tried, and prevented or flagged.

The codes E01 to E26 are those of the list in docs/statistics.md.
"""

import csv
import math
import shutil

import numpy as np
import pytest
from scipy import stats as oracle
from sklearn.metrics import accuracy_score

from lossbench import comparison, metrics, store
from lossbench.errors import LossbenchError, StoreError
from lossbench.reporting.terminal import as_text
from tests.acceptance.conftest import Command

BASE = [0.9120, 0.9084, 0.9151, 0.9052, 0.9103, 0.9075, 0.9139, 0.9098]
NEW = [0.9168, 0.9121, 0.9170, 0.9136, 0.9098, 0.9129, 0.9172, 0.9151]

REAL = """
name: real
dataset: {name: mnist_mini, subset: 300, imbalance: {type: exponential, ratio: 4}}
model: {name: tiny_cnn, dropout: 0.3}
losses: [cross_entropy, {name: label_smoothing, smoothing: 0.2}, ldam]
optimizer: {name: adam, learning_rate: 0.01}
seeds: 3
train: {epochs: 3, batch_size: 32, augment: [{name: shift, pixels: 1}, {name: mixup, alpha: 0.4}]}
protocol: {metric: accuracy, delta: 0.02, head_controls: false}
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A folder with a real experiment: nine trainings with augmentation, dropout and imbalance."""
    command = Command(tmp_path_factory.mktemp("real"))
    command.write("e.yaml", REAL)
    command("run", "e.yaml")
    return command


@pytest.fixture(scope="module")
def varied(tmp_path_factory):
    """A folder with one seed of losses of several kinds."""
    command = Command(tmp_path_factory.mktemp("varied"))
    command.write(
        "e.yaml",
        "name: varied\ndataset: {name: mnist_mini, subset: 300}\nmodel: tiny_cnn\n"
        "losses: [cross_entropy, crammer_singer, center]\nseeds: 1\n"
        "train: {epochs: 2, batch_size: 32}\nprotocol: {metric: accuracy, delta: 0.02}\n",
    )
    command("run", "e.yaml")
    return command


def compared(*folders, **options):
    return comparison.compare([store.read_experiment(folder) for folder in folders], **options)


def row_of(found, level):
    return next(row for row in found.rows if row.level == level)


def results_of(folder):
    return [run.result for run in store.read_experiment(folder).runs]


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_e01_ranking_by_the_losses_own_value(lossbench, make_runs):
    lossbench.write("e.yaml", REAL.replace("metric: accuracy", "metric: val_loss"))
    _, err = lossbench("validate", "e.yaml", code=2)
    assert "a loss is never judged by its own value" in err
    with pytest.raises(LossbenchError):
        compared(make_runs({"cross_entropy": BASE, "focal": NEW}), metric="loss")


def test_e02_more_observations_than_trainings(make_runs):
    first = make_runs({"cross_entropy": BASE, "focal": NEW}, name="first")
    twice = make_runs({"cross_entropy": BASE, "focal": NEW}, name="second")
    with pytest.raises(StoreError, match="both claim"):
        compared(first, twice)
    (same,) = compared(first, first)
    assert row_of(same, "focal").n == 8, "the same folder given twice adds nothing"


def test_e02_epochs_are_no_observations(real):
    (found,) = compared(real.cwd / "runs" / "real")
    assert {row.n for row in found.rows} == {3}, "three seeds of three epochs are three blocks"


def test_e03_no_test_number_before_the_end(real):
    folder = real.cwd / "runs" / "real"
    assert {row["split"] for row in table(folder / "epochs.csv")} == {"train", "validation"}
    for result in results_of(folder):
        assert result["test_eval_count"] == 1
        tested = [row for row in result["metrics"] if row["split"] == "test"]
        assert {row["at"] for row in tested} == {"selected", "last"}


def test_e04_the_best_of_epochs_or_seeds_is_not_the_result(real, make_runs):
    folder = real.cwd / "runs" / "real"
    (found,) = compared(folder)
    curves = table(folder / "epochs.csv")
    for row in found.rows:
        runs = [run for run in store.read_experiment(folder).runs if run.loss == row.level]
        assert row.mean == pytest.approx(
            np.mean([_test_value(run.result, "accuracy", "selected") for run in runs])
        )
        for run in runs:
            curve = [
                float(one["value"])
                for one in curves
                if (one["job_id"], one["metric"], one["split"])
                == (run.job_id, "accuracy", "validation")
            ]
            assert run.result["selected_epoch"] == 1 + int(np.argmax(curve)), "validation chooses"


def _test_value(result, metric, at):
    return next(
        row["value"]
        for row in result["metrics"]
        if (row["split"], row["at"], row["stage"], row["metric"]) == ("test", at, "raw", metric)
    )


def test_e05_a_learning_rate_that_all_losses_share_is_said(make_runs):
    (found,) = compared(make_runs({"cross_entropy": BASE, "focal": NEW}))
    assert "LR_SHARED" in found.flags
    assert "at that learning rate" in as_text([found], 400)


def test_e05_unequal_tuning_fails_under_strict(lossbench, make_runs):
    folder = make_runs({"cross_entropy": BASE, "focal": NEW})
    write_trials(folder, {"cross_entropy": 3, "focal": 5})
    out, err = lossbench("compare", folder, "--strict", code=3)
    assert "3" in out and "5" in out
    assert "trained unequally often" in err


def write_trials(folder, counts):
    rows = [
        {
            "job_id": f"t{loss}{i}",
            "dataset": "mnist_mini",
            "model": "seed_cnn",
            "optimizer": "adam",
            "schedule": "constant",
            "backend": "tensorflow",
            "loss": loss,
            "batch_size": 128,
            "track": "default",
            "trial": i,
            "stage": "search",
            "seed": 1_000_000,
            "learning_rate": 0.001,
            "parameters": "{}",
            "epochs": 3,
            "seconds": 2.0,
            "status": "ok",
            "metric": "accuracy",
            "value": 0.9,
            "edge": "",
            "chosen": "yes" if i == 0 else "",
        }
        for loss, count in counts.items()
        for i in range(count)
    ]
    store.write_whole(folder / "tuning.csv", store.csv_text(store.TUNING_COLUMNS, rows))
    plan = table(folder / "plan.csv")
    rows = [{**row, "tracks": "default"} for row in plan]
    store.write_whole(folder / "plan.csv", store.csv_text(store.PLAN_COLUMNS, rows))


def test_e06_tuning_on_the_seeds_that_judge(lossbench):
    tune = "tune: {space: {learning_rate: [0.001, 0.01]}, trials: 2, seeds: [1]}\n"
    lossbench.write("e.yaml", REAL + tune)
    _, err = lossbench("validate", "e.yaml", code=2)
    assert "tune.seeds" in err


@pytest.mark.parametrize("field", ["init_sha256", "order_sha256", "split_sha256", "label_sha256"])
def test_e07_runs_that_did_not_start_alike(lossbench, make_runs, field):
    scores = {"cross_entropy": BASE[:3], "focal": [*NEW[:2], {field: "other"}]}
    folder = make_runs(scores)
    _, err = lossbench("compare", folder, code=2)
    assert field in err and "made-mnist_mini-focal-2" in err
    out, _ = lossbench("compare", folder, "--allow-unmatched")
    assert "UNMATCHED" in out


def test_e08_an_interval_says_what_it_is(make_runs):
    (found,) = compared(make_runs({"cross_entropy": BASE, "focal": NEW}))
    text = as_text([found], 400)
    assert "95% CI" in text and "±" not in text.replace("±δ", "")
    new = row_of(found, "focal")
    want = oracle.ttest_rel(NEW, BASE).confidence_interval(0.95)
    assert (new.ci_low, new.ci_high) == pytest.approx((want.low, want.high))


def test_e09_one_of_many_is_below_five_percent(make_runs):
    rng = np.random.default_rng(3)
    scores = {f"loss{i}": list(0.9 + 0.01 * rng.standard_normal(8)) for i in range(12)}
    folder = make_runs({"cross_entropy": BASE, **scores}, protocol={"metric": "accuracy"})
    (found,) = compared(folder)
    raw = [row.p for row in found.rows if row.level != "cross_entropy"]
    holm = [row.p_holm for row in found.rows if row.level != "cross_entropy"]
    assert min(holm) == pytest.approx(min(1, 12 * min(raw)))


def test_e09_another_metric_is_exploratory(real):
    (found,) = compared(real.cwd / "runs" / "real", metric="balanced_accuracy")
    assert found.exploratory and "EXPLORATORY" in found.flags


def test_e10_not_significant_is_not_equal(make_runs):
    noisy = list(np.add(BASE[:5], [0.012, -0.009, 0.004, 0.015, -0.006]))
    (found,) = compared(
        make_runs({"cross_entropy": BASE[:5], "focal": noisy}, protocol={"delta": 0.002})
    )
    new = row_of(found, "focal")
    assert new.verdict == "INCONCLUSIVE" and new.p > 0.5
    text = as_text([found], 400)
    assert "detect" in text and "no difference" not in text and "EQUIVALENT" not in text


def test_e11_significant_is_not_important(make_runs):
    tiny = [0.0006, 0.0009, 0.0004, 0.0011, 0.0007, 0.0008, 0.0010, 0.0005]
    better = list(np.add(BASE, tiny))
    (found,) = compared(
        make_runs({"cross_entropy": BASE, "focal": better}, protocol={"delta": 0.002})
    )
    new = row_of(found, "focal")
    assert new.p < 0.001 and new.verdict == "BETTER_NEGLIGIBLE"


def test_e12_five_seeds_cannot_pass_the_exact_test(make_runs):
    better = list(np.add(BASE[:5], [0.010, 0.011, 0.012, 0.013, 0.014]))
    (found,) = compared(make_runs({"cross_entropy": BASE[:5], "focal": better}))
    new = row_of(found, "focal")
    assert new.p_sign_flip == pytest.approx(2 / 2**5), "the floor"
    assert "FEW_SEEDS" in new.flags
    text = as_text([found], 400)
    assert "FEW_SEEDS" in text and "Wilcoxon" not in text


def test_e13_failed_runs_stay_in(make_runs):
    nan = math.nan
    scores = {"cross_entropy": BASE, "focal": [*np.add(NEW[:6], 0.01), nan, nan]}
    (found,) = compared(make_runs(scores))
    new = row_of(found, "focal")
    assert (new.failed, new.n, new.wins, new.blocks) == (2, 6, 6, 8)
    assert new.pi == 6 / 8, "a failed run loses its block"
    assert "FAILURES" in new.flags
    assert found.rows[0].level != "focal", "what fails in a quarter of its runs is not listed first"
    assert "failed in 2 of 8" in as_text([found], 400)


def test_e13_a_failure_is_not_trained_again_until_it_works(lossbench):
    text = REAL.replace("learning_rate: 0.01", "learning_rate: 1.0e+30").replace(
        "seeds: 3", "seeds: 1"
    )
    lossbench.write("e.yaml", text.replace(", ldam", "").replace("adam", "sgd"))
    lossbench("run", "e.yaml")
    folder = lossbench.cwd / "runs" / "real"
    before = results_of(folder)
    assert {result["status"] for result in before} <= {"nan", "diverged"}
    out, _ = lossbench("run", "e.yaml", "--retry", "failed")
    assert "0 trained now" in out
    assert results_of(folder) == before


def test_e14_seeds_that_are_added_after_a_look(real, tmp_path):
    """Three seeds were looked at; a fourth is added without looks having been declared."""
    command = Command(tmp_path)
    shutil.copytree(real.cwd / "runs", tmp_path / "runs")
    (before,) = compared(tmp_path / "runs" / "real")
    assert "EXPLORATORY" not in before.flags
    command.write("e.yaml", REAL)
    out, _ = command("run", "e.yaml", "--set", "seeds=4")
    assert "EXPLORATORY" in out
    (after,) = compared(tmp_path / "runs" / "real")
    assert "EXPLORATORY" in after.flags and after.exploratory


def test_e15_accuracy_on_imbalanced_classes(make_runs):
    counts = [[880, 20], [60, 40]]
    ours, theirs = (
        [{"value": v, "task": "binary", "outputs": 2, "confusion": counts} for v in values]
        for values in (BASE, NEW)
    )
    (found,) = compared(make_runs({"cross_entropy": ours, "focal": theirs}))
    text = as_text([found], 400)
    assert "always predicting the largest of 2 classes has 90 points" in text


def test_e16_random_streams_are_the_same_for_every_loss(real):
    results = [r for r in results_of(real.cwd / "runs" / "real")]
    by_seed = {}
    for run in store.read_experiment(real.cwd / "runs" / "real").runs:
        by_seed.setdefault(run.seed, []).append(run.result)
    for block in by_seed.values():
        for field in ("order_sha256", "augmentation_sha256", "init_sha256", "split_sha256"):
            assert len({result[field] for result in block}) == 1, field
    assert len({result["order_sha256"] for result in results}) == 3, "and differ between seeds"


def test_e17_scores_that_are_no_probabilities_have_no_calibration(varied):
    for run in store.read_experiment(varied.cwd / "runs" / "varied").runs:
        raw = {row["metric"] for row in run.result["metrics"] if row["stage"] == "raw"}
        after = {row["metric"] for row in run.result["metrics"] if row["stage"] == "temperature"}
        assert ("nll" in raw) == (run.loss != "crammer_singer")
        assert {"nll", "ece", "ece_floor"} <= after, "every loss is calibrated by one temperature"


def test_e17_an_expected_calibration_error_has_its_floor():
    rng = np.random.default_rng(1)
    logits = rng.standard_normal((400, 5))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(5, p=p) for p in shares])
    found = {
        m.metric: m.value for m in metrics.measure("multiclass", labels, logits, probabilistic=True)
    }
    assert found["ece_floor"] > 0
    assert found["ece"] < 3 * found["ece_floor"], "perfectly calibrated, and still not 0"


def test_e18_times_leave_out_compiling_and_other_devices(real, make_runs):
    for result in results_of(real.cwd / "runs" / "real"):
        assert result["seconds_compile"] > 0
        assert result["step_ms_median"] < 1000 * result["seconds_compile"]
    other = [{"value": v, "device": "GPU", "step_ms_median": 1.0} for v in NEW]
    same = [{"value": v, "device": "CPU", "step_ms_median": 2.0} for v in BASE]
    folder = make_runs({"cross_entropy": same, "focal": other})
    with pytest.raises(StoreError, match="device"):
        compared(folder)
    (found,) = compared(folder, allow_unmatched=True)
    assert math.isnan(row_of(found, "focal").step_ratio)


def test_e19_what_is_switched_on_for_one_loss_only(lossbench, make_runs):
    train = {"epochs": 3, "sampling": "shuffled"}
    plain = [{"value": v, "config": {"train": train}} for v in BASE]
    balanced = {"train": train | {"sampling": "class_balanced"}}
    folder = make_runs(
        {"cross_entropy": plain, "focal": [{"value": v, "config": balanced} for v in NEW]}
    )
    _, err = lossbench("compare", folder, code=2)
    assert "train.sampling: class_balan" in err and "instead of shuffled" in err


def test_e20_metrics_see_the_labels_as_they_are(real):
    """Label smoothing and mixup soften what the loss sees, not what the metric sees."""
    folder = real.cwd / "runs" / "real"
    for run in store.read_experiment(folder).runs:
        with np.load(store.job_folder(folder, run.job_id) / "predictions.npz") as file:
            truth, scores = file["y_true"], file["scores"]
        assert truth.dtype.kind in "iu"
        own = accuracy_score(truth, scores.argmax(axis=1))
        assert _test_value(run.result, "accuracy", "selected") == pytest.approx(own)


def test_e21_one_seed_says_two_networks_and_not_two_losses(varied):
    out, _ = varied("compare", "runs/varied", "--predictions")
    assert "these two trained networks" in out
    assert "not testable" in out, "the losses themselves cannot be compared"


def test_e22_ranks_depend_on_no_third_loss(make_runs):
    """Over six data sets and more, pairs are tested by themselves and not by mean ranks."""
    rng = np.random.default_rng(5)
    folders, fewer = [], []
    for i in range(7):
        base = 0.8 + 0.01 * rng.standard_normal(4)
        scores = {
            "cross_entropy": list(base),
            "focal": list(base + 0.01 + 0.002 * rng.standard_normal(4)),
            "brier": list(base - 0.02 * rng.random(4)),
        }
        folders.append(make_runs(scores, name=f"all{i}", dataset=f"data{i}"))
        fewer.append(
            make_runs(
                {k: scores[k] for k in ("cross_entropy", "focal")},
                name=f"two{i}",
                dataset=f"data{i}",
            )
        )
    (wide,), (narrow,) = (
        comparison.across_datasets(compared(*given)) for given in (folders, fewer)
    )
    (alone,) = narrow.pairs
    both = {"cross_entropy", "focal"}
    among = next(one for one in wide.pairs if {one.better, one.worse} == both)
    assert among.p == alone.p == 2 / 2**7, "of this pair alone, by Wilcoxon's exact test"


def test_e23_unlike_metrics_are_not_averaged(make_runs):
    one = make_runs({"cross_entropy": BASE, "focal": NEW}, name="a", dataset="first")
    other = make_runs(
        {"cross_entropy": BASE, "focal": NEW}, name="b", dataset="second", metric="macro_f1"
    )
    (pooled,) = comparison.across_datasets(compared(one, other))
    assert pooled.scale == "error_reduction", "points of accuracy and of F1 are not averaged"


def test_e24_what_validation_chose_is_reported_on_test_alone(real):
    (found,) = compared(real.cwd / "runs" / "real")
    (check,) = (check for check in found.audit if check.code == "E24")
    assert check.outcome == "pass" and "validation chose the epoch" in check.text
    row = found.rows[0]
    runs = [run for run in store.read_experiment(real.cwd / "runs" / "real").runs]
    mine = [run.result for run in runs if run.loss == row.level]
    assert row.mean == pytest.approx(
        np.mean([_test_value(r, "accuracy", "selected") for r in mine])
    )


def test_e24_a_test_set_that_was_used_twice_is_flagged(make_runs):
    twice = [{"value": v, "test_eval_count": 2} for v in NEW]
    (found,) = compared(make_runs({"cross_entropy": BASE, "focal": twice}))
    assert "TEST_REUSED" in row_of(found, "focal").flags


def test_e25_parameters_of_the_loss_itself_are_counted(varied):
    (found,) = compared(varied.cwd / "runs" / "varied")
    plain, center = (row_of(found, level).params for level in ("cross_entropy", "center"))
    assert center > plain, "ten class centres are trained, too"
    (check,) = (check for check in found.audit if check.code == "E25")
    assert check.outcome == "warn" and f"{center:,}" in check.text


def test_e26_a_seed_repeated_gives_the_same_number(real, tmp_path):
    command = Command(tmp_path)
    command.write("e.yaml", REAL.replace("seeds: 3", "seeds: [1]"))
    command("run", "e.yaml")
    again = {run.loss: run.result for run in store.read_experiment(tmp_path / "runs" / "real").runs}
    for run in store.read_experiment(real.cwd / "runs" / "real").runs:
        if run.seed == 1:
            assert run.result["metrics"] == again[run.loss]["metrics"]
