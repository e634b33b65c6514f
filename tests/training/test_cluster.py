"""Clusters that cannot be are refused before anything waits for them, and those that can be train
the same bits as one process does.
"""

from __future__ import annotations

import pytest

from icl_repro.training import LocalExecutor, Plan, cluster
from icl_repro.training.dask_executor import DaskExecutor
from tests.support.tiny import TINY, assert_same_run, store_with_exemplars

distributed = pytest.importorskip("distributed")


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("foo", "tcp://foo:8786"),
        ("127.0.0.1", "tcp://127.0.0.1:8786"),
        ("127.0.0.1:9000", "tcp://127.0.0.1:9000"),
        ("http://127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("tcp://node-7.cluster", "tcp://node-7.cluster:8786"),
        ("tcp://10.0.0.1:0", "tcp://10.0.0.1:1"),
        ("tcp://10.0.0.1:99999", "tcp://10.0.0.1:65535"),
        ("[::1]:9000", "tcp://[::1]:9000"),
        ("tls://10.0.0.1:8786", "tcp://10.0.0.1:8786"),
        ("tcp://10.0.0.1:8786/status", "tcp://10.0.0.1:8786"),
        ("tcp://", "tcp://10.0.0.1:8786"),
        ("", "tcp://10.0.0.1:8786"),
    ],
)
def test_what_is_no_address_is_refused_before_there_is_a_client(monkeypatch, address, meant):
    def client(*given: object, **named: object) -> None:
        raise AssertionError("a client that cannot connect waits, and fails again when it is lost")

    monkeypatch.setattr(distributed, "Client", client)
    with pytest.raises(cluster.NoCluster) as refused:
        cluster.connected(address)
    assert str(refused.value) == (
        f"{address!r} is not where a scheduler can be; write tcp://HOST:PORT, the one kind of "
        f"address that is supported, as in {meant}"
    )


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.1:8786", "tcp://node-7.cluster:1", "tcp://[fe80::1%25]:65535"]
)
def test_what_can_be_an_address_is_tried(monkeypatch, address):
    tried: list[str] = []
    monkeypatch.setattr(distributed, "Client", lambda address, **named: tried.append(address))
    cluster.connected(address)
    assert tried == [address]


def test_a_cluster_of_this_machine_trains_the_same_bits_as_this_process(tmp_path):
    specs = [TINY.with_(init_seed=seed) for seed in (5, 6)]
    here = store_with_exemplars(tmp_path / "here")
    there = store_with_exemplars(tmp_path / "there")
    LocalExecutor(here).carry_out(Plan.of(specs))
    workers = cluster.LocalCluster(1)
    try:
        outcome = DaskExecutor(there, workers.address).carry_out(Plan.of(specs))
    finally:
        workers.close()
    assert set(outcome.trained) == set(specs)
    for spec in specs:
        run = there.load(spec)
        assert len(set(run.curves["train.loss"])) == 3, "it has learned"
        assert_same_run(run, here.load(spec))
