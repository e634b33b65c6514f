"""Notices are told once, and no warnings."""

from icl_repro.storage.notices import tell, told


def test_each_is_told_once_in_order_and_logged(caplog):
    for message in ("first of this test", "second of this test", "first of this test"):
        tell(message)
    assert told()[-2:] == ["first of this test", "second of this test"]
    assert [record.getMessage() for record in caplog.records] == told()[-2:]
    told().clear()
    assert told()[-2:] == ["first of this test", "second of this test"]
