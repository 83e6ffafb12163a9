"""Networks whose features come from elsewhere: a file, an earlier run, `keras.applications`."""

from lossbench.catalog.models.kinds import MODEL_PATH, OF_BACKBONES, Model

PRETRAINED = (
    Model(
        name="keras_file",
        target="keras_file:build",
        params={"path": MODEL_PATH, **OF_BACKBONES},
        smallest_image=1,
        backbone=True,
        source="the user's own file; what it ends in is pooled and read by a new head",
    ),
)
