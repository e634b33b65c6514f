"""Measurements over whole sets of episodes and over checkpoints."""
