"""Synthetic cohorts in lung-cancer follow-up, for calibration and benchmarks. NumPy and SciPy only, no Django."""
