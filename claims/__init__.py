"""The claims of the paper, as tests that read like it."""
