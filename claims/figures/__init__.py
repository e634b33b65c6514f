"""How the figures of the paper are drawn from our runs, over the published ones."""
