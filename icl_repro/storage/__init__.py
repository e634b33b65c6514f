"""What is kept between sessions: whole files, sealed content, entries of results, locks.

Knows nothing of what it keeps, and imports no JAX.
"""
