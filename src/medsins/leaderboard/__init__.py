"""The dynamic leaderboard: submissions, versions of the test set, honest ranks. Needs the extra ``board``."""
