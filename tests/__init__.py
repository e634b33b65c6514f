"""The tests of the package, folder by folder."""

import atexit
import os
import shutil
import tempfile

# Tests compile much and run little. (Those of training on the golden data compile as users do.)
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
# The emitters of fusions give faster programs on a processor, and take twice as long to compile;
# and a program that is cut up for several threads takes longer on the one that there is.
for flag in ("xla_cpu_use_fusion_emitters=false", "xla_cpu_parallel_codegen_split_count=1"):
    if flag.partition("=")[0] not in (flags := os.environ.get("XLA_FLAGS", "")):
        os.environ["XLA_FLAGS"] = f"{flags} --{flag}".strip()
# A program that several tests compile, in this process or in those that it starts, is compiled once
# in a session of tests. Nothing is kept from one session to the next.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    _compiled = tempfile.mkdtemp(prefix="compiled-for-tests-")
    atexit.register(shutil.rmtree, _compiled, ignore_errors=True)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = _compiled
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

# Not in processes that a test starts, which are sessions as a user has them.
if "PYTEST_CURRENT_TEST" not in os.environ:
    from tests.support.shapes_checked import check_shapes

    check_shapes()
