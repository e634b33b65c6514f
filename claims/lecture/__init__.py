"""The lecture slides, after Olsson et al. (2022), as executable claims on small language models.

The slides show the curves of their figures without numbers, and the published curves are not at
hand: nothing here is held against published values.
"""
