"""Warnings that stay warnings, also where the user's settings make errors of them."""

WARNING_FILTERS = (
    # A compiled program that a killed process left half-written costs a compilation, no more.
    "default:Error (reading|writing) persistent compilation cache:UserWarning",
    # After a worker died, syrupy does not look for unused snapshots; raised as an error while the
    # session ends, this would take the summary with it.
    "default:syrupy. received .* xdist worker snapshot reports:UserWarning",
)
