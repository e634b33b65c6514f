"""The transformer written to be read: 64-bit numpy, one episode, head and position at a time."""

import math

import jax
import numpy as np


def in_64_bits(model):
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), model)


def slow_norm(norm, x):
    if not hasattr(norm, "weight"):
        return x
    centred = x - np.mean(x)
    return centred / np.sqrt(np.mean(centred**2) + 1e-5) * norm.weight + norm.bias


def slow_rotation(x, position):
    """Neighbouring channels as complex numbers, turned by position / 10000^(2i/d) radians."""
    pairs = x[0::2] + 1j * x[1::2]
    frequency = 10_000.0 ** (-2 * np.arange(len(pairs)) / len(x))
    turned = pairs * np.exp(1j * position * frequency)
    return np.stack([turned.real, turned.imag], axis=1).ravel()


def slow_embeddings(model, exemplars, labels):
    """The tokens of an episode, from its exemplar vectors (three) and its labels (two)."""
    shown = [model.exemplar_weight @ vector + model.exemplar_bias for vector in exemplars]
    named = [model.label_embedding[:, label] for label in labels]
    pairs = [token for pair in zip(shown[:-1], named, strict=True) for token in pair]
    return [*pairs, shown[-1]]


def slow_comparison(layer, stream):
    """Normed tokens, and the queries, keys, scores and patterns of each head."""
    normed = [slow_norm(layer.norm, token) for token in stream]
    seen = {"normed": normed, "query": [], "key": [], "scores": [], "pattern": []}
    channels, n = len(stream[0]) // layer.heads, len(stream)
    for head in range(layer.heads):
        rows = slice(head * channels, (head + 1) * channels)
        queries = [slow_rotation(layer.query[rows] @ x, p) for p, x in enumerate(normed)]
        keys = [slow_rotation(layer.key[rows] @ x, p) for p, x in enumerate(normed)]
        scores, pattern = np.zeros((n, n)), np.zeros((n, n))
        for q in range(n):
            for k in range(n):
                scores[q, k] = np.dot(queries[q], keys[k]) / math.sqrt(channels)
            weights = [math.exp(scores[q, k]) for k in range(q + 1)]
            pattern[q, : q + 1] = np.array(weights) / sum(weights)
        for name, value in (("query", queries), ("key", keys), ("scores", scores)):
            seen[name].append(value)
        seen["pattern"].append(pattern)
    return seen


def slow_mixture(layer, stream, patterns):
    """The values of each head, what it reads by its pattern, and what the layer writes."""
    normed = [slow_norm(layer.norm, token) for token in stream]
    seen = {"value": [], "mixed": []}
    channels = len(stream[0]) // layer.heads
    for head, pattern in enumerate(patterns):
        values = [layer.value[head * channels : (head + 1) * channels] @ x for x in normed]
        seen["value"].append(values)
        seen["mixed"].append(
            [sum(pattern[q, k] * values[k] for k in range(q + 1)) for q in range(len(stream))]
        )
    by_position = np.swapaxes(seen["mixed"], 0, 1).reshape(len(stream), -1)
    return seen | {"output": [layer.output @ heads for heads in by_position]}


def slow_mlp(mlp, stream):
    """What an MLP reads, what it computes inside and what it writes."""
    normed = [slow_norm(mlp.norm, token) for token in stream]
    hidden = []
    for token in normed:
        into = mlp.into @ token + mlp.into_bias
        # The approximation by a hyperbolic tangent that JAX takes for GELU.
        bent = np.tanh(math.sqrt(2 / math.pi) * (into + 0.044715 * into**3))
        hidden.append(into * (1 + bent) / 2)
    output = [mlp.out @ inside + mlp.out_bias for inside in hidden]
    return {"normed": normed, "hidden": hidden, "output": output}


def slow_transformer(model, exemplars, labels):
    """Activations of one episode by site."""
    model = in_64_bits(model)
    stream = slow_embeddings(model, exemplars, labels)
    seen = {
        "embedding.exemplars": stream[0::2],
        "embedding.labels": stream[1::2],
        "embedding": stream,
    }
    for index, layer in enumerate(model.layers):
        of_layer = slow_comparison(layer, stream)
        of_layer |= slow_mixture(layer, stream, of_layer["pattern"])
        stream = [token + added for token, added in zip(stream, of_layer["output"], strict=True)]
        seen |= {f"layers.{index}.attention.{leaf}": value for leaf, value in of_layer.items()}
        if layer.mlp is not None:
            of_mlp = slow_mlp(layer.mlp, stream)
            stream = [token + added for token, added in zip(stream, of_mlp["output"], strict=True)]
            seen |= {f"layers.{index}.mlp.{leaf}": value for leaf, value in of_mlp.items()}
        seen[f"layers.{index}.residual.post"] = stream
    seen["final.normed"] = [slow_norm(model.norm, token) for token in stream]
    seen["logits"] = slow_logits(model, stream)
    return seen


def slow_logits(model, stream):
    return model.unembedding_weight @ slow_norm(model.norm, stream[-1]) + model.unembedding_bias


def in_our_layout(site, activation):
    """Our arrays have width or channels first, then positions, but for scores and patterns."""
    activation = np.asarray(activation)
    if site.endswith(("scores", "pattern", "logits")):
        return activation
    return np.swapaxes(activation, -1, -2)
