import json
from dataclasses import replace

import pytest

from lossbench import config, datasets
from lossbench.plan import make_plan

REGRESSION = "dataset: synthetic_regression\nmodel: tiny_cnn\nlosses: [mse]\nseeds: [0]\n"
BASE = "dataset: mnist_mini\nmodel: tiny_cnn\nlosses: [cross_entropy]\nseeds: [0]\n"


def plan(tmp_path, text=BASE, *overrides, sources=None):
    path = tmp_path / "e.yaml"
    path.write_text(text)
    experiment = config.load(path, overrides).checked()
    facts = [datasets.describe(d.name, d.params) for d in experiment.datasets]
    return make_plan(experiment, facts, sources)


def only_id(*args, **kwargs):
    (job,) = plan(*args, **kwargs).jobs
    return job.id


def test_every_value_that_can_change_a_number_changes_the_id(tmp_path):
    changes = [
        "seeds=[1]",
        "train.epochs=11",
        "train.batch_size=64",
        "model=seed_cnn",
        "losses=[brier]",
        "losses=[{name: focal, gamma: 1}]",
        "optimizer=sgd",
        "optimizer.learning_rate=0.1",
        "dataset.subset=100",
        "dataset.label_noise={type: symmetric, rate: 0.2}",
        "dataset.label_noise={type: symmetric, rate: 0.2, validation: clean}",
        "dataset.imbalance={type: step, ratio: 5}",
        "dataset.split=resample",
        "protocol.metric=nll",
        "train.augment=[flip]",
        "train.augment=[flip, crop]",
        "train.augment=[crop, flip]",
        "train.augment=[{name: crop, padding: 2}, flip]",
    ]
    ids = [only_id(tmp_path), *(only_id(tmp_path, BASE, change) for change in changes)]
    assert len(set(ids)) == len(ids)


def test_what_cannot_change_a_number_leaves_the_id(tmp_path):
    same = [
        "name=other",
        "losses=[{name: ce, label: shown}]",
        "optimizer={name: adam, learning_rate: 0.001}",
        "protocol.delta=0.1",
        "protocol.metric=accuracy",
        "dataset={name: mnist_mini, subset: null}",
        "dataset.split=fixed",
        "dataset={name: mnist_mini, label_noise: null, imbalance: null}",
        "train.augment=[]",
        "execution.memory_budget=0",
    ]
    assert {only_id(tmp_path, BASE, change) for change in same} == {only_id(tmp_path)}


IDS = {
    "adam": "c1d00efd7065",
    "sgd": "a2ab585dd43f",
    "rmsprop": "2a21de374bad",
    "{name: sgd, learning_rate: 0.1, momentum: 0.9, nesterov: true}": "0512281ab708",
    "{name: adam, beta_2: 0.99}": "044906c92df3",
    "{name: rmsprop, rho: 0.5}": "8e2b36a35ce2",
}
"""Ids of jobs from before optimizers had weight decay and clipping, and runs had schedules."""


def test_ids_outlive_new_parameters_of_optimizers(tmp_path):
    assert {one: only_id(tmp_path, BASE, f"optimizer={one}") for one in IDS} == IDS
    rare = "optimizer={name: adam, amsgrad: false, weight_decay: null, clipnorm: null}"
    usual = ["schedule={name: constant, warmup: 0}", "train.l2=0", "train.precision=float32"]
    assert only_id(tmp_path, BASE, rare, *usual) == IDS["adam"]


def test_every_training_control_changes_the_id_and_rates_alone_share_a_graph(tmp_path):
    def only_job(change):
        (job,) = plan(tmp_path, BASE, *change).jobs
        return job

    rates = [
        ["schedule=cosine"],
        ["schedule={name: step, epochs: [3]}"],
        ["schedule={name: constant, warmup: 1}", "optimizer.learning_rate=0.1"],
    ]
    others = [
        [],
        ["optimizer.weight_decay=0.1"],
        ["optimizer.clipnorm=1"],
        ["train.l2=0.1"],
        ["train.early_stopping={patience: 3}"],
        ["train.precision=mixed_bfloat16"],
    ]
    assert len({only_job(change).id for change in rates + others}) == len(rates + others)
    assert len({only_job(change).trace_key for change in rates}) == 1
    assert len({only_job(change).trace_key for change in rates + others}) == 1 + len(others)


def test_the_source_of_a_custom_loss_is_part_of_the_id_and_its_place_is_not(tmp_path):
    ids = set()
    for folder, text in (
        ("a", "def f(y, z):\n    return z\n"),
        ("b", "def f(y, z):\n    return z\n"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.py").write_text(text)
        change = "losses=[{name: custom, target: 'm.py:f'}]"
        target = str(tmp_path / folder / "m.py") + ":f"
        ids.add(only_id(tmp_path / folder, BASE, change, sources={target: "same"}))
        other = only_id(tmp_path / folder, BASE, change, sources={target: "other"})
        assert other not in ids
    assert len(ids) == 1


def test_the_source_of_a_custom_network_is_part_of_the_id_and_its_place_is_not(tmp_path):
    ids = {}
    for folder, source in (("a", "same"), ("b", "same"), ("c", "other")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "m.py").write_text("def f(shape, outputs, n=1): ...\ng = f\n")
        change = "model={name: custom, target: 'm.py:f'}"
        target = f"{tmp_path / folder / 'm.py'}:f"
        (job,) = plan(tmp_path / folder, BASE, change, sources={target: source}).jobs
        ids[folder] = job.id
        assert job.record()["content"] == {"model_source_sha256": source}
    assert ids["a"] == ids["b"] != ids["c"]
    wider = "model={name: custom, target: 'm.py:f', params: {n: 2}}"
    assert (
        only_id(tmp_path / "a", BASE, wider, sources={f"{tmp_path}/a/m.py:f": "same"}) != ids["a"]
    )


def test_another_function_of_the_same_file_is_another_network(tmp_path):
    (tmp_path / "m.py").write_text("def f(shape, outputs): ...\ndef g(shape, outputs): ...\n")
    one, two = (
        only_id(
            tmp_path,
            BASE,
            f"model={{name: custom, target: 'm.py:{name}'}}",
            sources={f"{tmp_path}/m.py:{name}": "same"},
        )
        for name in "fg"
    )
    assert one != two


@pytest.mark.parametrize(
    ("text", "loss", "says"),
    [
        (BASE, "gce", None),
        (BASE, "bce", None),  # which has reasons of its own
        (REGRESSION, "huber", "on synthetic_regression huber has other outputs (targets)"),
        (
            BASE.replace("mnist_mini", "synthetic_multilabel"),
            "bce",
            "bce has other outputs (binary)",
        ),
        (
            BASE.replace("mnist_mini", "digit_position"),
            "{name: heads, heads: {digit: cross_entropy, position: huber}}",
            "has other outputs (per_output)",
        ),
    ],
)
def test_softmax_before_the_loss_needs_outputs_of_classes(tmp_path, text, loss, says):
    change = "model={name: tiny_cnn, output_activation: softmax}"
    found = [str(p) for p in plan(tmp_path, text, change, f"losses=[{loss}]").problems]
    told = [one for one in found if "output_activation: softmax is for losses of one output" in one]
    assert bool(told) == (says is not None), found
    assert says is None or says in told[0]


FIRST_IDS = {
    ("cross_entropy", "mnist_mini"): "c1d00efd7065",
    (
        "{name: focal, gamma: 1, alpha: [1, 2, 1, 1, 1, 1, 1, 1, 1, 1]}",
        "mnist_mini",
    ): "bb35aff92a65",
    ("{name: label_smoothing, label: L}", "mnist_mini"): "888dde76ee3e",
    ("{name: huber, delta: 0.5}", "synthetic_regression"): "2d5cbfefdd5c",
    ("{name: weighted_bce, pos_weight: 3}", "synthetic_imbalanced"): "e8c4f62f7b17",
    (
        "{name: custom, target: 'm.py:f', params: {under: 1.5}, task: regression}",
        "synthetic_regression",
    ): "fec32f26a2ef",
}
"""Ids as the first release gave them; another one makes every earlier run start again."""


@pytest.mark.parametrize(("loss", "dataset"), FIRST_IDS)
def test_ids_stay_what_they_were(tmp_path, loss, dataset):
    (tmp_path / "m.py").write_text("def f(y, z, under): ...\n")
    sources = {f"{tmp_path}/m.py:f": "0" * 64}
    text = BASE.replace("mnist_mini", dataset)
    assert only_id(tmp_path, text, f"losses={loss}", sources=sources) == FIRST_IDS[loss, dataset]


def test_ids_of_damaged_data(tmp_path):
    def id_of(noise):
        return only_id(tmp_path, BASE, f"dataset.label_noise={noise}")

    assert id_of("{type: pair, rate: 1}") == id_of("{rate: 1.0, type: pair}")
    assert id_of("{type: symmetric, rate: 0.4}") == "4fe46b928b9c"


def test_ids_of_augmented_jobs(tmp_path):
    def id_of(augment):
        return only_id(tmp_path, BASE, f"train.augment={augment}")

    assert id_of("[crop]") == id_of("{name: random_crop, padding: 4}") == "6f11d58338da"


def test_ids_of_losses_made_of_losses(tmp_path):
    def id_of(loss):
        return only_id(tmp_path, BASE, f"losses=[{loss}]")

    same = [
        "class_balanced",
        "{name: CB, base: CE}",
        "{name: class_balanced, base: {name: ce, label: shown}, beta: 0.999}",
    ]
    assert len({id_of(loss) for loss in same}) == 1
    sums = ["{loss: ce}, {loss: gce, weight: 1}", "{loss: {name: ce, label: x}}, {loss: gce}"]
    assert len({id_of(f"{{name: sum, terms: [{terms}]}}") for terms in sums}) == 1
    keras = "name: keras, class_name: CategoricalFocalCrossentropy"
    configs = ["{}", "{gamma: 2, from_logits: true}"]
    assert len({id_of(f"{{{keras}, config: {config}}}") for config in configs}) == 1
    different = [
        "cross_entropy",
        "class_balanced",
        "{name: class_balanced, base: focal}",
        "{name: class_balanced, base: {name: focal, gamma: 1}}",
        "drw",
        "{name: sum, terms: [{loss: ce}]}",
        "{name: sum, terms: [{loss: ce}, {loss: gce}]}",
        "{name: sum, terms: [{loss: gce}, {loss: ce}]}",
        "{name: sum, terms: [{loss: ce}, {loss: gce, weight: 2}]}",
        f"{{{keras}}}",
        f"{{{keras}, config: {{gamma: 1}}}}",
    ]
    assert len({id_of(loss) for loss in different}) == len(different)
    heads = ["a: mse, b: mae", "b: mae, a: mse", "a: mse, b: huber", "a: mse, c: mae"]
    experiments = [f"losses=[{{name: heads, heads: {{{inside}}}}}]" for inside in heads]
    assert len({only_id(tmp_path, REGRESSION, change) for change in experiments}) == 4


def test_sources_of_functions_inside_are_part_of_the_id(tmp_path):
    (tmp_path / "m.py").write_text("def f(y, z): ...\ndef g(y, z): ...\n")
    one, two = (f"{{loss: {{name: custom, target: 'm.py:{name}'}}}}" for name in "fg")
    f, g = f"{tmp_path}/m.py:f", f"{tmp_path}/m.py:g"

    def id_of(terms, sources):
        return only_id(tmp_path, BASE, f"losses=[{{name: sum, terms: [{terms}]}}]", sources=sources)

    assert id_of(one, {f: "a"}) != id_of(one, {f: "b"})
    assert id_of(f"{one}, {two}", {f: "a", g: "b"}) != id_of(f"{one}, {two}", {f: "a", g: "c"})
    assert id_of(one, {f: "a"}) == id_of(one, {f: "a", g: "b"})


def test_the_record_is_plain_and_says_how_outputs_are_read(tmp_path):
    loss = (
        "{name: class_balanced, base: {name: sigmoid_bce, reduce_classes: mean}, beta: 0.9, "
        "label: x}"
    )
    (job,) = plan(tmp_path, BASE, f"losses=[{loss}]").jobs
    record = job.record()
    assert record == json.loads(json.dumps(record))
    base = {"name": "sigmoid_bce", "params": {"reduce_classes": "mean", "shift_bias": True}}
    assert record["loss"] == {"name": "class_balanced", "params": {"base": base, "beta": 0.9}}
    assert (record["head"], record["decode"]) == ("classes", "shifted_sigmoid")
    assert record["decode_params"] == base["params"]
    assert "keras" not in record


def test_the_record_says_what_an_object_of_keras_gets(tmp_path):
    terms = ", ".join(
        f"{{loss: {{name: keras, class_name: {name}}}}}"
        for name in ("CategoricalCrossentropy", "KLDivergence")
    )
    (job,) = plan(tmp_path, BASE, f"losses=[{{name: sum, terms: [{terms}]}}]").jobs
    assert job.record()["keras"] == [
        "CategoricalCrossentropy(outputs, from_logits=True)",
        "KLDivergence(softmax)",
    ]


def test_jobs_of_a_seed_stand_together(tmp_path):
    jobs = plan(tmp_path, BASE, "losses=[ce, focal]", "seeds=2").jobs
    assert [(job.seed, job.loss.name) for job in jobs] == [
        (0, "cross_entropy"),
        (0, "focal"),
        (1, "cross_entropy"),
        (1, "focal"),
    ]


TWO = BASE.replace("mnist_mini", "[mnist_mini, synthetic_imbalanced, synthetic_regression]")


def test_a_loss_runs_where_it_suits_and_is_skipped_elsewhere(tmp_path):
    found = plan(tmp_path, TWO, "losses=[cross_entropy, weighted_bce, mae]")
    ran = {(j.dataset.name, j.loss.name) for j in found.jobs}
    assert ran == {
        ("mnist_mini", "cross_entropy"),
        ("synthetic_imbalanced", "cross_entropy"),
        ("synthetic_imbalanced", "weighted_bce"),
        ("synthetic_regression", "mae"),
    }
    assert not found.problems
    reasons = {(s.dataset, s.loss): s.reason for s in found.skips}
    assert len(reasons) == 5
    assert reasons[("mnist_mini", "mae")] == ("mae is for regression; mnist_mini is classification")
    assert "needs two classes; mnist_mini has 10" in reasons[("mnist_mini", "weighted_bce")]


@pytest.mark.parametrize(
    ("text", "changes", "says"),
    [
        (BASE, ["losses=[mae]"], "loss 'mae' is for regression, but the data pose classification"),
        (TWO, ["losses=[ce]"], "no loss is left to train on synthetic_regression"),
        (BASE, ["losses=[bce, binary_hinge]"], "no loss is left to train on mnist_mini"),
        (BASE, ["losses=[{name: focal, alpha: [1, 2]}]"], "alpha has 2 values"),
        (
            BASE,
            ["losses=[{name: class_balanced, base: {name: focal, alpha: [1, 2]}}]"],
            "losses[0].base: alpha has 2 values, but mnist_mini has 10 classes",
        ),
        (
            BASE,
            ["losses=[{name: sum, terms: [{loss: {name: weighted_ce, weights: [1, 2]}}]}]"],
            "losses[0].terms[0].loss: weights has 2 values, but mnist_mini has 10 classes",
        ),
        (
            BASE,
            ["losses=[{name: sum, terms: [{loss: ce}, {loss: crammer_singer}]}]"],
            "losses[0]: the terms of a sum must read outputs alike: cross_entropy as softmax, "
            "crammer_singer as margins.",
        ),
        (
            BASE,
            ["losses=[{name: sum, terms: [{loss: ce}, {loss: mse}]}]"],
            "the terms of a sum need the same head: cross_entropy has classes, mse has targets.",
        ),
        (
            BASE,
            ["losses=[{name: sum, terms: [{loss: l2_weights}]}]"],
            "a sum of l2_weights alone looks at no label; add a loss.",
        ),
        (
            BASE,
            ["losses=[{name: class_balanced, base: mse}]"],
            "no kind of data suits every loss in class_balanced.",
        ),
        (
            BASE,
            ["losses=[{name: sum, terms: [{loss: mae}]}]"],
            "loss 'sum' is for regression, but the data pose classification",
        ),
        (BASE, ["losses=[coral]"], "coral needs classes that have an order; those of mnist_mini"),
        (
            REGRESSION,
            ["losses=[{name: heads, heads: {a: mse, b: mae}}]"],
            "heads has 2 heads for 1 columns of targets in synthetic_regression",
        ),
        (
            REGRESSION,
            ["losses=[{name: heads, heads: {a: mse, b: ce}}]"],
            "each head has one column of regression targets, and cross_entropy is for "
            "classification.",
        ),
        (
            REGRESSION,
            ["losses=[{name: heads, heads: {a: mse}, weights: [1, 2]}]"],
            "weights has 2 values for 1 heads; null or a list of one number > 0 per head.",
        ),
        (
            BASE,
            ["protocol.metric=nll", "losses=[{name: sum, terms: [{loss: crammer_singer}]}]"],
            "'nll' needs probabilities, and sum[crammer_singer] gives none",
        ),
        (BASE, ["protocol.metric=rmse"], "'rmse' does not apply to mnist_mini"),
        (BASE, ["protocol.metric=top5_accuracy"], "does not apply"),
        (BASE, ["protocol.metric=quadratic_kappa"], "does not apply"),
        (BASE, ["protocol.metric=few_recall"], "'few_recall' does not apply to mnist_mini"),
        (BASE, ["protocol.metric=nll", "losses=[crammer_singer]"], "needs probabilities"),
        (
            "dataset: synthetic_regression\nmodel: tiny_cnn\nlosses: [mse]\n",
            ["protocol.metric=bias"],
            "cannot rank losses",
        ),
        (BASE, ["protocol.delta=0.0009"], "finer than mnist_mini can measure"),
        (BASE, ["train.batch_size=4501"], "more than the 4500 training images"),
        (
            BASE.replace("mnist_mini", "{name: synthetic_imbalanced, image_size: 8}"),
            ["model=seed_cnn"],
            "seed_cnn reads images of 10 pixels or more",
        ),
    ],
)
def test_impossible_combinations_are_problems(tmp_path, text, changes, says):
    problems = plan(tmp_path, text, *changes).problems
    assert any(says in str(p) for p in problems), problems


def test_a_custom_loss_cannot_have_what_the_data_lack(tmp_path):
    (tmp_path / "m.py").write_text(
        "def f(y, z, class_counts): ...\ndef g(y, z, target_range): ...\n"
    )
    for text, name, says in (
        (REGRESSION, "f", "f needs the sizes of classes; synthetic_regression has none."),
        (BASE, "g", "g needs the range of numeric targets; mnist_mini has none."),
    ):
        change = f"losses=[{{name: custom, target: 'm.py:{name}'}}]"
        (problem,) = plan(tmp_path, text, change).problems
        assert problem.text == says


def test_a_custom_loss_may_state_its_task(tmp_path):
    (tmp_path / "m.py").write_text("def f(y, z):\n    return z\n")
    entry = "{{name: custom, target: 'm.py:f', task: {}}}"
    text = BASE.replace("[cross_entropy]", "[" + entry.format("regression") + "]")
    assert "is for regression" in str(plan(tmp_path, text).problems)
    two = text.replace("mnist_mini", "synthetic_imbalanced")
    (job,) = plan(tmp_path, two.replace("regression", "binary")).jobs
    assert (job.record()["head"], job.record()["decode"]) == ("binary", "sigmoid")
    (job,) = plan(tmp_path, two.replace("regression", "null")).jobs
    assert (job.record()["head"], job.record()["decode"]) == ("classes", "softmax")


def test_soft_labels_need_losses_that_take_them(tmp_path):
    path = tmp_path / "e.yaml"
    path.write_text(BASE)
    experiment = config.load(path, ["losses=[kl, crammer_singer]"]).checked()
    facts = datasets.describe("mnist_mini", {"subset": None})
    found = make_plan(experiment, [replace(facts, soft_targets=True)])
    assert [skip.loss for skip in found.skips] == ["crammer_singer"]
    assert "those of mnist_mini are distributions" in found.skips[0].reason


def facts_of(name, **changes):
    return replace(datasets.describe(name, {"subset": None}), **changes)


def test_ordinal_losses_need_classes_with_an_order(tmp_path):
    path = tmp_path / "e.yaml"
    path.write_text(BASE)
    experiment = config.load(path, ["losses=[ce, emd]", "dataset=[mnist_mini, mnist]"]).checked()
    unordered = facts_of("mnist_mini")
    ordered = facts_of("mnist_mini", ordered=True)
    found = make_plan(experiment, [ordered, unordered])
    assert [(skip.dataset, skip.loss) for skip in found.skips] == [("mnist", "emd")]
    assert found.problems == ()
    problems = [str(p) for p in make_plan(experiment, [unordered, unordered]).problems]
    assert len(problems) == 1
    assert "emd needs classes that have an order; those of mnist_mini have none." in problems[0]


@pytest.mark.parametrize(
    ("loss", "least", "zero", "whole", "refused"),
    [
        ("mape", 0.0, True, False, "mape needs targets other than 0"),
        ("mape", -1.0, False, False, None),
        ("msle", -1.0, False, False, "msle needs targets >= 0"),
        ("msle", 0.0, True, False, None),
        ("gamma_deviance", 0.0, True, False, "gamma_deviance needs targets > 0"),
        ("poisson", 0.0, True, False, "poisson needs targets that are whole numbers >= 0"),
        ("poisson", 0.0, True, True, None),
        ("mse", -1.0, True, False, None),
        ("{name: sum, terms: [{loss: smape}, {loss: mape}]}", 0.0, True, False, "other than 0"),
    ],
)
def test_some_losses_allow_certain_targets_only(tmp_path, loss, least, zero, whole, refused):
    path = tmp_path / "e.yaml"
    path.write_text(REGRESSION)
    experiment = config.load(path, [f"losses=[{loss}]"]).checked()
    known = datasets.describe("synthetic_regression", experiment.datasets[0].params)
    known = replace(known, target_min=least, has_zero_target=zero, whole_targets=whole)
    problems = " ".join(str(problem) for problem in make_plan(experiment, [known]).problems)
    assert refused in problems if refused else not problems


SEVERAL = (
    "dataset: {name: digit_position, subset: 200}\nmodel: tiny_cnn\nseeds: [0]\n"
    "losses: [{name: heads, heads: {digit: cross_entropy, position: huber}}]\n"
)


def heads_of(inside, more=""):
    return f"losses=[{{name: heads, heads: {{{inside}}}{more}}}]"


def test_several_outputs_are_judged_by_the_first_or_by_the_declared_metric(tmp_path):
    (job,) = plan(tmp_path, SEVERAL).jobs
    assert (job.task, job.metric) == ("multioutput", "digit.accuracy")
    assert [output.name for output in job.outputs] == ["digit", "position"]
    record = job.record()
    assert (record["head"], record["decode"]) == ("per_output", "per_output")
    assert [(one["output"], one["decode"]) for one in record["heads"]] == [
        ("digit", "softmax"),
        ("position", "identity"),
    ]
    (job,) = plan(tmp_path, SEVERAL, "protocol.metric=position.MAE").jobs
    assert job.metric == "position.mae"


def test_losses_of_one_output_are_skipped_beside_others(tmp_path):
    found = plan(
        tmp_path,
        SEVERAL,
        "dataset=[mnist_mini, {name: digit_position, subset: 200}]",
        "losses=[cross_entropy, {name: heads, heads: {digit: ce, position: huber}}]",
    )
    assert not found.problems
    assert {(skip.dataset, skip.reason) for skip in found.skips} == {
        (
            "digit_position[subset=200]",
            "cross_entropy is for one output; digit_position[subset=200] has several outputs; "
            "use {name: heads, heads: {digit: ..., position: ...}}",
        ),
        (
            "mnist_mini",
            "heads[digit=cross_entropy,position=huber] is for several outputs; mnist_mini is "
            "classification",
        ),
    }


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            [heads_of("digti: ce, position: mse")],
            ["has no output 'digti'; its outputs are digit, position. Did you mean 'digit'?"],
        ),
        ([heads_of("digit: ce")], ["no loss is given for output 'position'; digit_position"]),
        (
            [heads_of("digit: mse, position: poisson")],
            [
                "mse is for regression; output 'digit' of digit_position[subset=200] is "
                "classification.",
                "poisson needs targets that are whole numbers >= 0; output 'position' of "
                "digit_position[subset=200] has others.",
            ],
        ),
        (
            [heads_of("digit: bce, position: mse")],
            ["bce needs two classes; output 'digit' of digit_position[subset=200] has 10"],
        ),
        (
            [heads_of("digit: cosface, position: mse")],
            ["all heads share one linear layer, and cosface, the loss of 'digit'"],
        ),
        (
            [heads_of("digit: {name: focal, alpha: [1, 2]}, position: mse", ", weights: [1]")],
            [
                "weights has 1 values for 2 heads",
                "alpha has 2 values, but output 'digit' of digit_position[subset=200] has 10",
            ],
        ),
        (
            ["losses=[mse]"],
            [
                "loss 'mse' is for one output; digit_position[subset=200] has several outputs; "
                "use {name: heads, heads: {digit: ..., position: ...}}."
            ],
        ),
        (["protocol.metric=positon.mae"], ["accepted: digit.accuracy", "mean 'position.mae'?"]),
        (["protocol.metric=accuracy"], ["'accuracy' does not apply", "mean 'digit.accuracy'?"]),
        (
            ["protocol.metric=position.accuracy"],
            ["'position.accuracy' does not apply to digit_pos"],
        ),
        (["protocol.metric=position.bias"], ["cannot rank losses"]),
        (
            ["protocol.metric=digit.nll", heads_of("digit: crammer_singer, position: mse")],
            ["'digit.nll' needs probabilities, and heads[digit=crammer_singer"],
        ),
        (["protocol.delta=0.0001"], ["finer than digit_position[subset=200] can measure"]),
    ],
)
def test_mistakes_with_several_outputs(tmp_path, changes, says):
    problems = [problem.text for problem in plan(tmp_path, SEVERAL, *changes).problems]
    for part in says:
        assert any(part in text for text in problems), problems


def test_a_metric_of_an_output_needs_data_with_that_output(tmp_path):
    (problem,) = plan(tmp_path, BASE, "protocol.metric=digit.nll").problems
    assert "'digit.nll' does not apply to mnist_mini (multiclass); accepted: acc" in problem.text


def test_probabilities_are_asked_of_the_head_that_is_measured(tmp_path):
    changes = [heads_of("digit: ce, position: huber"), "protocol.metric=digit.nll"]
    assert not plan(tmp_path, SEVERAL, *changes).problems


MASKS = (
    "dataset: {name: synthetic_segmentation, n: 200, n_test: 20}\nmodel: unet_small\n"
    "losses: [bce]\nseeds: [0]\n"
)
FOUR = MASKS.replace("n_test: 20", "n_test: 20, classes: 4")


def test_losses_that_cannot_see_pixels_are_skipped_with_the_reason(tmp_path):
    names = "center, triplet, pairwise_auc, arcface, cross_entropy, soft_f1"
    found = plan(tmp_path, MASKS, f"losses=[bce, {names}]")
    assert [job.loss.name for job in found.jobs] == ["bce", "cross_entropy", "soft_f1"]
    assert {skip.loss: skip.reason.partition("; ")[0] for skip in found.skips} == {
        "center": "center reads one embedding an image",
        "triplet": "triplet needs another kind of head (embedding), one an image",
        "pairwise_auc": "pairwise_auc gives one value for the whole batch of images",
        "arcface": "arcface needs another kind of head (cosine), one an image",
    }
    assert all(skip.reason.endswith("has a class for each pixel") for skip in found.skips)
    assert found.problems == ()


@pytest.mark.parametrize(
    ("text", "changes", "says"),
    [
        (MASKS, ["losses=[mse]"], "loss 'mse' is for regression, but the data pose segmentation; "
         "`lossbench list losses --task segmentation` shows those that fit. Did you mean 'brier'?"),
        (MASKS, ["losses=[zlpr]"], "is for several labels at once, but the data pose segmentation"),
        (MASKS, ["losses=[coral]"], "coral needs classes that have an order"),
        (MASKS, ["losses=[center]"], "no loss is left to train on synthetic_segmentation[n=200,"
         "n_test=20]: center reads one embedding an image"),
        (MASKS, ["losses=[{name: drw, base: dice}]"], "drw weighs single pixels, and dice "
         "compares whole masks"),
        (MASKS, ["model=resnet20"], "resnet20 gives outputs for an image, and the targets of "
         "synthetic_segmentation[n=200,n_test=20] are of each pixel; accepted: unet_small, "
         "custom."),
        (BASE, ["model=unet_small"], "unet_small gives outputs for each pixel, and the targets of "
         "mnist_mini are of an image; `lossbench list models --task multiclass` shows those that "
         "fit."),
        (FOUR, [], "bce needs two classes; synthetic_segmentation[n=200,n_test=20,classes=4] has "
         "4; for more, cross_entropy is the usual loss of pixels."),
        (FOUR, ["losses=[{name: sum, terms: [{loss: bce}, {loss: dice}]}]"], "needs two classes"),
        (MASKS, ["protocol.metric=accuracy"], "accepted: dice_score, mean_iou, pixel_accuracy"),
        (TWO, ["losses=[ce]", "dataset=[synthetic_segmentation]"], "tiny_cnn gives outputs"),
    ],
)  # fmt: skip
def test_mistakes_with_masks(tmp_path, text, changes, says):
    found = [str(problem) for problem in plan(tmp_path, text, *changes).problems]
    assert any(says in problem for problem in found), found


@pytest.mark.parametrize(
    "loss",
    [
        "dice",
        "cross_entropy",
        "{name: class_balanced, base: focal}",
        "{name: sum, terms: [{loss: cross_entropy}, {loss: dice, weight: 0.5}]}",
        "{name: sum, terms: [{loss: lovasz_hinge}, {loss: focal}, {loss: l2_weights}]}",
    ],
)
def test_losses_of_several_classes_of_pixels(tmp_path, loss):
    found = plan(tmp_path, FOUR, f"losses=[{loss}]")
    assert (found.problems, found.skips, len(found.jobs)) == ((), (), 1)


def test_a_sum_that_suits_masks_alone_is_skipped_elsewhere(tmp_path):
    text = BASE.replace("mnist_mini", "[synthetic_imbalanced, synthetic_segmentation]")
    loss = "{name: sum, terms: [{loss: cross_entropy}, {loss: dice}]}"
    found = plan(tmp_path, text, f"losses=[bce, {loss}]", "model=[tiny_cnn]")
    (skip,) = found.skips
    assert "need the same head: cross_entropy has classes, dice has binary" in skip.reason


def test_a_fine_difference_of_dice_can_be_declared(tmp_path):
    assert plan(tmp_path, MASKS, "protocol.delta=0.001").problems == ()
