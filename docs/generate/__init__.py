"""The pages of the site that are made from code and records when it is built."""
