"""The attention-only transformer, every activation a named site."""
