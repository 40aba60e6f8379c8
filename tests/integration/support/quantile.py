"""Quantiles of what was measured."""


def quantile(values, p):
    """Between the two nearest, in proportion."""
    ordered = sorted(values)
    h = (len(ordered) - 1) * p
    low = int(h)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (h - low) * (ordered[high] - ordered[low])
