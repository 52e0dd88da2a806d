"""Releases: the datasets that count for a week as one, chained by hashes."""
