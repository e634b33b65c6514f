"""What a session would do, told before it does: its cost, its power, and each claim in words."""
