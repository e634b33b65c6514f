"""Statistics of the ground floor: intervals, shares, means and ranks, thin over SciPy."""
