"""The back-test: the engine over a cohort in files, without a database (docs/backtest.md)."""
