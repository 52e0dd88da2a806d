"""Stored outputs judged again by newer checks or settings, without asking a model: what `caco reverify` does."""
