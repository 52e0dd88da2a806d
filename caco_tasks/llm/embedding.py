"""Texts as vectors, by a model of the Transformers library: the average of its last hidden states."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from caco_tasks.check_settings import EmbedderSettings
from caco_tasks.errors import EngineError
from caco_tasks.llm.transformers_engine import unloadable
from caco_tasks.model_settings import ModelSettings

Vectors = NDArray[np.float32]  # [texts, width], each of length 1


class Embedder(Protocol):
    """A loaded model that turns texts into vectors: the nearer in meaning, the greater their product."""

    model_id: str

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts, in their order."""


class TextEmbedder:
    """An encoder, or a causal language model, whose states are averaged over the tokens of a text."""

    def __init__(self, settings: EmbedderSettings, *, folder: str, model_id: str) -> None:
        """Loads the model in `folder`, or of that name on the Hub.

        Raises:
            EngineError: it cannot be loaded, or the device is not here.
        """
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        self.model_id = model_id
        self._settings = settings
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, revision=settings.revision)
            dtype = getattr(torch, settings.dtype)
            model: Any = AutoModel.from_pretrained(folder, revision=settings.revision, dtype=dtype)
            self._model = model.to(settings.device).eval()
        except (OSError, ValueError, RuntimeError, SafetensorError) as exc:
            raise EngineError(unloadable(folder, exc)) from exc
        self._pad = self._tokenizer.pad_token_id or self._tokenizer.eos_token_id or 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts, in their order; texts of like length are computed together."""
        limit = self._settings.max_tokens
        tokens = [self._tokenizer(text or " ", truncation=True, max_length=limit)["input_ids"] for text in texts]
        tokens = [ids or [self._pad] for ids in tokens]
        by_length = sorted(range(len(texts)), key=lambda place: len(tokens[place]))
        size = self._settings.batch_rows
        batches = [by_length[start : start + size] for start in range(0, len(by_length), size)]
        vectors = np.empty((len(texts), self._model.config.hidden_size), dtype=np.float32)
        for batch in batches:
            vectors[batch] = self._embed_batch([tokens[place] for place in batch])
        return vectors

    def _embed_batch(self, tokens: Sequence[list[int]]) -> Vectors:
        import torch

        width = max(map(len, tokens))
        ids = torch.tensor([one + [self._pad] * (width - len(one)) for one in tokens], device=self._settings.device)
        mask = torch.tensor([[1] * len(one) + [0] * (width - len(one)) for one in tokens], device=self._settings.device)
        with torch.inference_mode():
            states = self._model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        weights = mask.unsqueeze(-1)
        means = (states * weights).sum(dim=1) / weights.sum(dim=1)
        found: Vectors = torch.nn.functional.normalize(means, dim=-1).cpu().numpy()
        return found


def embedder_settings(settings: EmbedderSettings) -> ModelSettings:
    """The embedding model as any other one is named, for its identity."""
    return ModelSettings(model=settings.embedder, revision=settings.revision, prompt="embedder")
