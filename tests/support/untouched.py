"""What an edit must leave as it was, to the bit."""

import numpy as np


def assert_untouched(edited, clean, table, site, heads=None, positions=None):
    """Everything computed before `site`, every head of the same layer but `heads`, and, in the
    whole network, every position before the first of `positions`.
    """
    order = list(table)
    for name, activation in edited.activations.items():
        before = order.index(name) < order.index(site)
        same_layer = name.rpartition(".")[0] == site.rpartition(".")[0]
        kept = np.full(table[name].shape, before)
        if heads and same_layer and "head" in table[name].axes:
            kept |= ~entries(table[name], heads, None)
        if positions:
            kept |= entries(table[name], None, range(min(positions)))
        if name == site:
            kept |= ~entries(table[name], heads, positions)
        if name.endswith("scores") and not before:  # those of later tokens come to nothing
            kept &= np.tri(5, dtype=bool)[:, :, None]
        assert (np.asarray(activation == clean[name]) | ~kept).all(), name


def entries(site, heads, positions):
    """Mask of the entries of a site that belong to the heads and the positions; None for all."""
    mask = np.ones(site.shape, bool)
    for chosen, names in ((heads, ("head",)), (positions, ("position", "query"))):
        axis = next((i for i, name in enumerate(site.axes) if name in names), None)
        if chosen is not None and axis is not None:
            hit = np.isin(np.arange(site.shape[axis]), list(chosen))
            mask &= hit.reshape([-1 if i == axis else 1 for i in range(mask.ndim)])
        elif chosen is not None and names != ("head",):
            mask[...] = False  # a site without positions has none of those
    return mask
