"""The words, numbers and tables of the report, and the documents made of them."""
