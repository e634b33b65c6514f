"""The history of sessions: a line each, appended to a file, and what can be read off many."""
