"""The words, numbers and tables of the report."""
