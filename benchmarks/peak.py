"""The peak floating-point rate of one thread: a float32 matrix product in TensorFlow.

python peak.py > peak.json
"""

import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

SIZE = 2048
REPEATS = 10


def main() -> None:
    """Print the best rate of several products, in GFLOP/s."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    left, right = (tf.random.normal((SIZE, SIZE), seed=seed) for seed in (1, 2))
    product = tf.function(tf.matmul)
    seconds = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        product(left, right).numpy()
        seconds.append(time.perf_counter() - started)
    json.dump({"gflops": 2 * SIZE**3 / min(seconds[1:]) / 1e9}, sys.stdout)


if __name__ == "__main__":
    main()
