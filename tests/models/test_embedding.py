"""A real model as an embedder: the same text at any place and in any batch has the same vector."""

import numpy as np
import pytest

from caco_tasks.check_settings import NeighbourSettings
from caco_tasks.errors import EngineError
from caco_tasks.llm.embedding import TextEmbedder
from caco_tasks.llm.local_models import LocalModels

TEXTS = ["3 pens cost 4 coins each.", "", "A potter fires seven cups, and then she fires some more of them.", "3 pens"]


def embedder_of(**changes: int) -> TextEmbedder:
    settings = NeighbourSettings(embedder="nano:judge", **changes)
    return TextEmbedder(settings, folder=LocalModels().find(settings.embedder), model_id="nano:judge@1")


def test_a_vector_depends_on_its_text_alone() -> None:
    together, alone = embedder_of().embed(TEXTS), embedder_of(batch_rows=1).embed(TEXTS[::-1])[::-1]
    assert together.shape[0] == len(TEXTS)
    assert np.allclose(together, alone, atol=1e-4)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-4)
    assert (together @ together.T)[0, 2] < 0.999


def test_a_long_text_is_looked_at_up_to_its_limit() -> None:
    long, cut = embedder_of(max_tokens=8).embed([TEXTS[2] + " Why?", TEXTS[2] + " When?"])
    assert np.allclose(long, cut, atol=1e-5)


def test_an_embedder_that_is_not_there_is_an_error() -> None:
    with pytest.raises(EngineError, match="cannot be loaded"):
        TextEmbedder(NeighbourSettings(embedder="x"), folder="/nowhere/at/all", model_id="x")
