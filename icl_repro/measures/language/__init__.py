"""What is measured on language models: scores, changes, paths and completions."""
