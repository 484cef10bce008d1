"""Suites, the runner, the run store, scoring and comparison."""
