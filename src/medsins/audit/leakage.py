"""Leakage: which training instances hold what a benchmark asks."""
