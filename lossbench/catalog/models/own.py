"""Networks that the user builds in Python."""

from typing import Any

from lossbench.catalog.models.kinds import OF_ALL, Model
from lossbench.catalog.table import Parameter

OWN = (
    Model(
        name="custom",
        target="custom:build",
        params={
            "target": Parameter(
                str,
                "'file.py:name', the file relative to this one, or 'package.module:name'",
                help="the function, called as name(image_shape, outputs, **params); it returns a "
                "keras.Model",
                hashed=False,  # the source is
                path=True,
            ),
            "params": Parameter(
                dict[str, Any], "a mapping of the function's own parameters", {}, "its arguments"
            ),
            **OF_ALL,
        },
        smallest_image=1,
        per="any",
        source="a network that your own Python function builds, of images, series or pixels",
    ),
)
