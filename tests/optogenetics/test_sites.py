"""The table of sites: every activation with its axes and shape."""

import pytest

from icl_repro.network.transformer import SITE_AXES, ModelSettings, site_axes
from icl_repro.optogenetics import sites, trace
from tests.support.random_networks import N_LABELS, SMALL, random_episodes, random_network

OF_A_LAYER = [
    "attention.normed",
    "attention.query",
    "attention.key",
    "attention.value",
    "attention.scores",
    "attention.pattern",
    "attention.mixed",
    "attention.output",
    "residual.post",
]

MLP_SITES = ["mlp.normed", "mlp.hidden", "mlp.output"]


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_sites_of_a_network_in_the_order_of_computation(layers):
    table = sites(random_network(0, ModelSettings(layers=layers, width=8, heads=2)))
    assert list(table) == [
        *("embedding.exemplars", "embedding.labels", "embedding"),
        *(f"layers.{layer}.{leaf}" for layer in range(layers) for leaf in OF_A_LAYER),
        *("final.normed", "logits"),
    ]
    named = {name.removeprefix("layers.0.") for name in table if "layers.1" not in name}
    elsewhere = {"token_logits", *MLP_SITES}  # of a language model, and of networks with MLPs
    assert named >= SITE_AXES.keys() - elsewhere


def test_an_mlp_comes_between_the_attention_and_what_the_layer_leaves():
    shape = ModelSettings(layers=2, width=8, heads=2, mlps=True)
    table = sites(random_network(0, shape))
    of_a_layer = [*OF_A_LAYER[:-1], *MLP_SITES, OF_A_LAYER[-1]]
    assert [name for name in table if name.startswith("layers.0.")] == [
        f"layers.0.{leaf}" for leaf in of_a_layer
    ]
    hidden = table["layers.1.mlp.hidden"]
    assert (hidden.axes, hidden.shape) == (("hidden", "position", "episode"), (32, 5, 1))


def test_every_axis_has_its_length():
    table = sites(random_network(0), n_episodes=3)
    sizes = {
        "width": SMALL.width,
        "head": SMALL.heads,
        "channel": SMALL.width // SMALL.heads,
        "position": 5,
        "query": 5,
        "key": 5,
        "exemplar": 3,
        "context": 2,
        "label": N_LABELS,
        "episode": 3,
    }
    for name, site in table.items():
        assert site.name == name
        assert site.axes == site_axes(name)
        assert site.shape == tuple(sizes[axis] for axis in site.axes)


def test_the_table_has_the_sites_and_shapes_that_a_trace_has():
    model, episodes = random_network(0), random_episodes(0)
    seen = trace(model, episodes).activations
    table = sites(model, episodes.size)
    assert {name: site.shape for name, site in table.items()} == {
        name: activation.shape for name, activation in seen.items()
    }
    assert list(table) == list(seen)
