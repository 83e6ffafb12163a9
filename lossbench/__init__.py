"""lossbench compares loss functions on convolutional networks, and says how sure it is."""

__version__ = "0.1.0"
