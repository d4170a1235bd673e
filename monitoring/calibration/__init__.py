"""Thresholds of the two levels from series in which every alert is false. NumPy and SciPy only, no Django."""
