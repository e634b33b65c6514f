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


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_sites_of_a_network_in_the_order_of_computation(layers):
    table = sites(random_network(0, ModelSettings(layers=layers, width=8, heads=2)))
    assert list(table) == [
        *("embedding.exemplars", "embedding.labels", "embedding"),
        *(f"layers.{layer}.{leaf}" for layer in range(layers) for leaf in OF_A_LAYER),
        *("final.normed", "logits"),
    ]
    named = {name.removeprefix("layers.0.") for name in table if "layers.1" not in name}
    assert named >= SITE_AXES.keys() - {"token_logits"}  # that of a language model


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
