"""How fast things are. Never a test: nothing here fails because a machine is slow."""
