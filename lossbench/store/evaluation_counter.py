"""How often the test part of a job's data was looked at, whatever became of what was seen."""

import json
from pathlib import Path

from lossbench.store.files import write_json

NAME = "test_evaluations.json"


def count_test_evaluation(job_folder: Path) -> int:
    """Count an evaluation of the test part, before it begins, and return how many that makes.

    The number outlasts attempts whose result was lost, and the removal of results that failed. A
    file that cannot be read counts as one evaluation.

    Args:
        job_folder: the job's folder; the caller holds its lease.

    Raises:
        StoreError: the folder cannot be written.
    """
    count = evaluations_so_far(job_folder) + 1
    write_json(job_folder / NAME, {"count": count})
    return count


def evaluations_so_far(job_folder: Path) -> int:
    """Return how often the test part was looked at so far; 0 where never."""
    try:
        return max(1, int(json.loads((job_folder / NAME).read_bytes())["count"]))
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, TypeError, KeyError):
        return 1
