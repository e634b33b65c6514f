"""What the claims train: specs by name, and rules that choose runs by what was measured."""
