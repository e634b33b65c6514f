"""Statistics of the ground floor, thin over SciPy: intervals, tests and rank correlations."""
