"""Shared by several stages: prompting, few-shot examples, the items of an evaluation, the upload of models."""
