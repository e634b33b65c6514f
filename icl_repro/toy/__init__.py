"""The toy model of interacting vectors and its saddle (Section 4.2, Appendix F)."""
