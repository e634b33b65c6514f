"""Networks that are to differ in the order of the data differ in nothing else."""

import pytest

from claims.networks import data_order
from claims.networks.data_order import ANOTHER_ORDER, IN_TWO_ORDERS, ONE_ORDER, ORDERS, name_of
from claims.networks.data_properties import PARTS
from claims.networks.transplanted import learners, learners_of_one_source

SEED = 5


@pytest.fixture
def two_orders(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(data_order, "fastest_head", lambda runs: 3)
    assert IN_TWO_ORDERS.then is not None
    return IN_TWO_ORDERS.then(SEED, {})


@pytest.mark.parametrize("part", PARTS)
def test_a_pair_differs_in_the_seed_of_the_data(two_orders, part):
    one, other = (two_orders[name_of(part, order)] for order in (ONE_ORDER, ANOTHER_ORDER))
    assert one != other
    assert one == other.with_(data_seed=one.data_seed)


def test_nine_orders_are_those_of_one_source_of_layer_0():
    nine = data_order.in_nine_orders(SEED)
    assert [spec.data_seed for spec in nine.values()] == list(range(9))
    assert len({spec.with_(data_seed=0).key for spec in nine.values()}) == 1
    assert [spec.key for spec in nine.values()] == [
        spec.key for spec in list(learners_of_one_source(SEED).values())[1:]
    ]


def test_the_control_has_three_sources_with_three_orders_each():
    three = data_order.in_three_orders(SEED)
    assert list(three) == list(ORDERS)
    assert set(three.values()) <= set(learners(SEED).values())
    assert len({spec.with_(data_seed=0).key for spec in three.values()}) == 3
