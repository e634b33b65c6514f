"""Times, speeds and shapes, read off curves."""
