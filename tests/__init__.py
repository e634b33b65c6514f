"""The tests of the package, folder by folder."""

import os

# Tests compile much and run little. (Those of training on the golden data compile as users do.)
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
# The emitters of fusions give faster programs on a processor, and take twice as long to compile.
if "xla_cpu_use_fusion_emitters" not in (flags := os.environ.get("XLA_FLAGS", "")):
    os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_use_fusion_emitters=false".strip()

# Not in processes that a test starts, which are sessions as a user has them.
if "PYTEST_CURRENT_TEST" not in os.environ:
    from tests.support.shapes_checked import check_shapes

    check_shapes()
