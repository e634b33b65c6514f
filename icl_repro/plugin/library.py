"""What trains runs, stores them and keeps what is measured on them, imported when first needed; and
what runs can be made from, which is light.
"""

from __future__ import annotations

from types import SimpleNamespace

from icl_repro import threads
from icl_repro.ingredients import CHOICES as CHOICES
from icl_repro.ingredients import Ingredients as Ingredients
from icl_repro.ingredients import chosen as chosen
from icl_repro.ingredients import taken_up as taken_up


def engine() -> SimpleNamespace:
    """The parts of the library that the plugin uses, which are heavy."""
    threads.use_one()
    from icl_repro.measures.kept import keep_in
    from icl_repro.storage.programs import reuse_compiled_programs
    from icl_repro.training.cluster import NoCluster
    from icl_repro.training.cost import times_in, units_per_second, work_of
    from icl_repro.training.dask_executor import DaskExecutor
    from icl_repro.training.executors import UNIT, More
    from icl_repro.training.local_executor import LocalExecutor
    from icl_repro.training.methods import methods
    from icl_repro.training.plan import Plan, with_sources
    from icl_repro.training.store import DivergedRun, MissingRun, RunStore

    return SimpleNamespace(
        UNIT=UNIT,
        methods=methods,
        LocalExecutor=LocalExecutor,
        DaskExecutor=DaskExecutor,
        NoCluster=NoCluster,
        More=More,
        Plan=Plan,
        with_sources=with_sources,
        RunStore=RunStore,
        MissingRun=MissingRun,
        DivergedRun=DivergedRun,
        reuse_compiled_programs=reuse_compiled_programs,
        keep_measurements_in=keep_in,
        work_of=work_of,
        times_in=times_in,
        units_per_second=units_per_second,
    )


def clusters() -> SimpleNamespace:
    """What finds and starts clusters, without what trains."""
    from icl_repro.training.cluster import LocalCluster, NoCluster, connected

    return SimpleNamespace(LocalCluster=LocalCluster, NoCluster=NoCluster, connected=connected)


def devices() -> SimpleNamespace:
    """What knows of accelerators, without what uses them."""
    from icl_repro.training.devices import keep_to_processor, present, take, why_none

    return SimpleNamespace(
        keep_to_processor=keep_to_processor, present=present, take=take, why_none=why_none
    )
