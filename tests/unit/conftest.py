"""Unit tests need nothing, and so they load nothing that takes seconds to load."""

import sys
from collections.abc import Iterator

import pytest

HEAVY = {"accelerate", "airflow", "datasets", "tokenizers", "torch", "transformers", "trl", "vllm"}


@pytest.fixture(autouse=True)
def _stays_light() -> Iterator[None]:
    """A test that is the first to load a heavy library belongs into tests/models or further up."""
    before = HEAVY & sys.modules.keys()
    yield
    assert (HEAVY & sys.modules.keys()) - before == set(), "move this test to tests/models"
