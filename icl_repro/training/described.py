"""The parts of a training run in words: a clamp, a setting that is not as usual."""

from __future__ import annotations

from collections.abc import Sequence

from icl_repro.optogenetics.clamps import (
    AblateHeads,
    Clamp,
    ClampCopy,
    ClampFirstLayer,
    ClampInduction,
    ClampMatch,
    ClampPreviousToken,
    TextClamp,
)

_SETTINGS: dict[str, str] = {
    "episodes.classes": "{} classes",
    "episodes.labels": "{} labels",
    "episodes.exemplars_per_class": "{} exemplars of each class",
    "episodes.test_classes": "{} classes kept for the test",
    "episodes.pairs": "{} pairs in context",
    "model.layers": "{} layers",
    "model.width": "residual stream of width {}",
    "model.heads": "{} heads in each layer",
    "text.vocabulary": "{} tokens to choose from",
    "text.length": "{} tokens a sequence",
    "text.repeats": "repeats {} of the text",
    "optimiser.learning_rate": "learning rate {}",
    "optimiser.batch": "batches of {}",
    "optimiser.momentum": "momentum {}",
    "optimiser.weight_decay": "weight decay {}",
    "data_seed": "data seed {}",
    "eval_seed": "evaluation seed {}",
    "neighbour": "neighbour {} by rounding",
    "streams": "streams {}",
}
_OF_ONE = {
    "classes": "class",
    "labels": "label",
    "exemplars": "exemplar",
    "pairs": "pair",
    "layers": "layer",
    "heads": "head",
    "tokens": "token",
}
"""What is counted there, where there is one."""

RULES = {"adam": "Adam", "sgd": "gradient descent", "adamw": "AdamW"}
"""What each optimiser is called."""
_SWITCHES = {
    "model.mlps": ("an MLP in each layer", "no MLPs"),
    "model.normalised": ("LayerNorm", "no LayerNorm"),
    "text.shuffled": ("repeats in random order", "repeats as they are"),
    "model.smeared_keys": ("smeared keys", "keys as they are"),
}
"""What a setting that is either on or off comes to, in words."""


def setting(name: str, value: object) -> str:
    """A setting that is not as usual, in words: ``("episodes.classes", 25)`` is ``25 classes``."""
    if name == "episodes.shuffled_labels":
        return "labels of queries drawn at random" if value else "labels of queries as they are"
    if name in _SWITCHES:
        return _SWITCHES[name][not value]
    if name == "optimiser.rule":
        return RULES[str(value)]
    told = _SETTINGS.get(name)
    if told and value == 1 and told.startswith("{} "):
        _, noun, *rest = told.split(" ")
        told = " ".join(["{}", _OF_ONE[noun], *rest])
    return told.format(value) if told else f"{name.replace('.', ' ').replace('_', ' ')} {value}"


def clamp_in_words(clamp: Clamp | TextClamp, heads: int) -> str:
    """One clamp or ablation of a network with so many heads in each layer."""
    if isinstance(clamp, ClampCopy):
        return f"copying by head {clamp.head} of layer {clamp.layer} clamped"
    if isinstance(clamp, ClampFirstLayer):
        return "layer 0 clamped"
    of = f"{_heads(clamp.heads)} of layer {clamp.layer}"
    if isinstance(clamp, AblateHeads):
        kept = [head for head in range(heads) if head not in clamp.heads]
        if kept and len(kept) < len(clamp.heads):
            return f"all heads of layer {clamp.layer} off but {listed(kept)}"
        return f"{of} off"
    if isinstance(clamp, ClampPreviousToken):
        before = "the token before" if clamp.shift == 1 else f"the token {clamp.shift} before"
        return f"{of} clamped to attend to {before}"
    if isinstance(clamp, ClampInduction):
        return f"{of} clamped to attend to what came next before"
    if isinstance(clamp, ClampMatch):
        weight = "" if clamp.strength == 1 else f" with weight {clamp.strength:g}"
        return f"{of} clamped to match{weight}"
    return f"{of} off with {listed([f'the {kept}' for kept in clamp.preserve])} preserved"


def _heads(heads: Sequence[int]) -> str:
    return f"{'head' if len(heads) == 1 else 'heads'} {listed(heads)}"


def listed(all_: Sequence[object]) -> str:
    """``a, b and c``."""
    *first, last = map(str, all_)
    return f"{', '.join(first)} and {last}" if first else last
