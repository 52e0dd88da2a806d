"""Recall: everything that descends from a bad ancestor, how near it is, and what to do about it."""
