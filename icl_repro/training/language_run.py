"""A finished run of a language model."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

import equinox as eqx
import jax

from icl_repro.network.language_model import (
    LanguageModel,
    LanguageModelSettings,
    initialise_language_model,
)
from icl_repro.text import RepeatedTokens, TextSampler, TextSetName, text_samplers
from icl_repro.training.language_spec import LanguageSpec
from icl_repro.training.run import Run


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LanguageRun(Run):
    """A finished run of a language model: its curves are what
    :func:`~icl_repro.training.language_evaluation.evaluate_text` measured.
    """

    spec: LanguageSpec  # pyright: ignore[reportIncompatibleVariableOverride]

    def samplers(self) -> Mapping[TextSetName, TextSampler | RepeatedTokens]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Samplers of the evaluation sets."""
        return text_samplers(self.spec.text)

    def model(self, checkpoint: int = -1) -> LanguageModel:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The network at a checkpoint: the last by default.

        Raises:
            IndexError: there is no such checkpoint.
        """
        return self._with_weights(self._shape(), checkpoint)

    def models(self) -> LanguageModel:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The networks of all checkpoints in one, with an axis of checkpoints before the others."""
        return self._with_all_weights(self._shape())

    def _shape(self) -> LanguageModel:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _shape(self.spec.model, self.spec.text.vocabulary)


@functools.cache
def _shape(settings: LanguageModelSettings, vocabulary: int) -> LanguageModel:
    """A model with shapes in place of its weights."""
    begin = functools.partial(initialise_language_model, settings, vocabulary)
    return eqx.filter_eval_shape(begin, jax.random.key(0))
