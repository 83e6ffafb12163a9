"""How long an experiment will take, with how much memory and disk: told from earlier jobs.

    seconds of a job = fixed + trace + epochs x (steps x step time + evaluation)

The trace is paid once by all jobs that share a graph. The nearest evidence counts: jobs with the
same data, network and loss; else with the same data and network; else with the same network, scaled
by the number of pixels and images.
"""

from lossbench.forecast.evidence import finished_threads, image_pixels, planned_jobs, read_timings
from lossbench.forecast.measurement import measure
from lossbench.forecast.predicting import Forecast, Kind, Planned, Timing, predict, time_left

__all__ = [
    "Forecast",
    "Kind",
    "Planned",
    "Timing",
    "finished_threads",
    "image_pixels",
    "measure",
    "planned_jobs",
    "predict",
    "read_timings",
    "time_left",
]
