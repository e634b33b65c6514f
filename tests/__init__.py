"""The tests of the package, folder by folder."""

import os

# Tests compile much and run little. (Those of training on the golden data compile as users do.)
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")

# Not in processes that a test starts, which are sessions as a user has them.
if "PYTEST_CURRENT_TEST" not in os.environ:
    from tests.support.shapes_checked import check_shapes

    check_shapes()
