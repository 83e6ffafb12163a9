"""Losses of soft counts: Dice, Jaccard, Tversky, F1, Lovasz."""

from typing import Literal

from lossbench.catalog.losses.kinds import YES_OR_NO, Limit, Loss
from lossbench.catalog.table import Parameter
from lossbench.catalog.types import NonNegative, Positive

_SMOOTH = Parameter(
    Positive, "smooth > 0", 1e-7, "keeps 0 / 0 away, in examples", origin="Keras 3, Dice"
)
_OVER = Parameter(
    Literal["batch", "example"], "'batch' or 'example'", "batch", "what is summed over"
)
_ALPHA = Parameter(
    NonNegative, "alpha >= 0", 0.3, "weight of false alarms", origin="Salehi et al. 2017"
)
_BETA = Parameter(NonNegative, "beta >= 0", 0.7, "weight of misses", origin="Salehi et al. 2017")

ROWS: tuple[Loss, ...] = (
    Loss(
        name="dice",
        target="overlap:dice",
        params={
            "squared": Parameter(
                bool, "true or false", False, "squares below the line", origin="Keras 3, Dice"
            ),
            "smooth": _SMOOTH,
            "over": _OVER,
        },
        aliases=("soft_dice",),
        tasks=YES_OR_NO,
        head="binary",
        masks=True,
        decode="sign",
        source="Milletari et al. 2016, arXiv:1606.04797",
    ),
    Loss(
        name="jaccard",
        target="overlap:jaccard",
        params={"smooth": _SMOOTH, "over": _OVER},
        aliases=("iou", "soft_iou", "soft_jaccard"),
        tasks=YES_OR_NO,
        head="binary",
        masks=True,
        decode="sign",
        source="Rahman & Wang 2016",
    ),
    Loss(
        name="tversky",
        target="overlap:tversky",
        params={"alpha": _ALPHA, "beta": _BETA, "smooth": _SMOOTH, "over": _OVER},
        tasks=YES_OR_NO,
        head="binary",
        masks=True,
        decode="sign",
        limits=(
            Limit(params={"alpha": 0.5, "beta": 0.5}, equals="dice", other={"smooth": 2e-7}),
            Limit(params={"alpha": 1.0, "beta": 1.0}, equals="jaccard"),
        ),
        source="Salehi et al. 2017, arXiv:1706.05721",
    ),
    Loss(
        name="focal_tversky",
        target="overlap:focal_tversky",
        params={
            "gamma": Parameter(
                Positive,
                "gamma > 0",
                4 / 3,
                "reciprocal of the power; 1 is tversky",
                origin="released code, as the power 0.75",
            ),
            "alpha": _ALPHA,
            "beta": _BETA,
            "smooth": _SMOOTH,
            "over": _OVER,
        },
        tasks=YES_OR_NO,
        head="binary",
        masks=True,
        decode="sign",
        limits=(Limit(params={"gamma": 1.0}, equals="tversky"),),
        source="Abraham & Khan 2018, arXiv:1810.07842",
    ),
    Loss(
        name="soft_f1",
        target="overlap:soft_f1",
        params={
            "average": Parameter(
                Literal["macro", "micro"],
                "'macro' or 'micro'",
                "macro",
                "mean of the labels' scores, or one score of all counts",
            ),
            "smooth": _SMOOTH,
        },
        aliases=("macro_soft_f1",),
        tasks=YES_OR_NO,
        head="binary",
        masks=True,
        decode="sign",
        batchwise=True,
        limits=(Limit(params={"average": "macro"}, equals="dice"),),
        source="Bénédict et al. 2021, arXiv:2108.10566",
    ),
    Loss(
        name="lovasz_hinge",
        target="overlap:lovasz_hinge",
        params={"over": _OVER},
        aliases=("lovasz",),
        tasks=YES_OR_NO,
        head="binary",
        masks=True,
        decode="sign",
        source="Berman et al. 2018, arXiv:1705.08790",
    ),
)
