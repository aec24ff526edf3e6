"""vzvirt: OpenVZ-style system containers on today's kernels."""

__version__ = "0.1.0"
