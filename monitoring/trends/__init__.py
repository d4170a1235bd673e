"""The trend engine: batches of marker series in, frozen findings out. NumPy and SciPy only, no Django."""
