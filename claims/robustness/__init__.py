"""The core claims of the paper under conditions that it did not try: where they hold and where they
stop.

Conditions are the rows of every claim's table (:mod:`claims.robustness.conditions`). All of it is
ours, and judged in the profile `matrix` alone.
"""
