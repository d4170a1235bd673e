"""Classical readings: the published rules beside the engine, for the patient page and as baselines of the benchmark."""
