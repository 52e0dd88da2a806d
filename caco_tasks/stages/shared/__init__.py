"""Shared by several stages: prompting, few-shot examples, what an evaluation asks, the upload of models."""
