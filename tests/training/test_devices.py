"""Each accelerator is used by one process, and who gets none keeps to the processor."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from icl_repro.training import devices

IDS = ("GPU-aa", "GPU-bb")


@pytest.fixture
def driver(tmp_path: Path, monkeypatch) -> Path:
    """A driver that knows two devices, and a JAX that could use them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(devices, "_PLUGINS", ("json",))
    monkeypatch.setattr(devices, "_held", [])
    monkeypatch.setattr(devices, "_POLL_SECONDS", 0.01)
    monkeypatch.setattr(devices.sys, "modules", {})  # JAX is not to be told
    for number, name in enumerate(IDS):
        folder = tmp_path / "driver" / f"0000:{number}"
        folder.mkdir(parents=True)
        (folder / "information").write_text(f"Model: \t A card\nGPU UUID: \t {name}\n")
    return tmp_path / "driver"


def taken_by_another_process(
    driver: Path, number: int, monkeypatch, processes: int = 6
) -> dict[str, str]:
    """What a further process of a session of six finds in its environment."""
    environment: dict[str, str] = {}
    held, devices._held[:] = list(devices._held), []
    may_train = devices.take(number, processes, environment=environment, driver=driver)
    ours, devices._held[:] = list(devices._held), held
    monkeypatch.setattr(devices, "kept", [*getattr(devices, "kept", []), *ours], raising=False)
    return environment | {"may train": str(may_train)}


SHARE = {"XLA_CLIENT_MEM_FRACTION": "0.22", "may train": "True"}
NONE = {"JAX_PLATFORMS": "cpu", "may train": "False"}


@pytest.fixture
def two_shares(monkeypatch) -> None:
    monkeypatch.setattr(devices, "SHARES", 2)


def taken(driver: Path, numbers: Iterable[int], monkeypatch) -> list[dict[str, str]]:
    return [taken_by_another_process(driver, number, monkeypatch) for number in numbers]


def test_the_shares_of_all_devices_are_taken_and_who_is_left_only_measures(
    driver, two_shares, monkeypatch
):
    first, second = (SHARE | {"CUDA_VISIBLE_DEVICES": name} for name in IDS)
    assert taken(driver, range(6), monkeypatch) == [first, second, first, second, NONE, NONE]


def test_who_only_measures_takes_nothing_whoever_comes_first(driver, two_shares, monkeypatch):
    """Else one that is to train would wait for it, and the session for that one, for ever."""
    found = taken(driver, [5, 4, 3, 2, 1, 0], monkeypatch)
    assert [one["may train"] for one in found] == ["False"] * 2 + ["True"] * 4


def test_together_the_shares_are_less_than_the_memory():
    assert devices.SHARES * devices.SHARE_OF_MEMORY < 1


@pytest.mark.parametrize("name", ["XLA_CLIENT_MEM_FRACTION", "XLA_PYTHON_CLIENT_MEM_FRACTION"])
def test_how_much_memory_the_user_gives_to_jax_stays(driver, name):
    environment = {name: "0.1"}
    assert devices.take(0, environment=environment, driver=driver)
    assert environment == {name: "0.1", "CUDA_VISIBLE_DEVICES": "GPU-aa"}


def test_who_comes_in_the_place_of_a_dead_process_takes_its_device(driver, monkeypatch):
    monkeypatch.setattr(devices, "SHARES", 1)
    taken(driver, range(2), monkeypatch)
    assert taken_by_another_process(driver, 6, monkeypatch) == NONE
    devices.kept[0].release()
    assert taken_by_another_process(driver, 7, monkeypatch)["CUDA_VISIBLE_DEVICES"] == "GPU-aa"


def test_a_session_waits_for_a_device_that_another_has(driver, monkeypatch):
    monkeypatch.setattr(devices, "SHARES", 1)
    taken(driver, range(2), monkeypatch)
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        devices.kept[1].release()

    environment: dict[str, str] = {}
    assert devices.take(0, 4, tell, environment, driver)
    assert told == ["waiting for an accelerator that another session uses"]
    assert environment["CUDA_VISIBLE_DEVICES"] == "GPU-bb"


def test_what_the_user_leaves_to_jax_is_all_that_is_taken(driver):
    assert devices.present({}, driver) == list(IDS)
    assert devices.present({"CUDA_VISIBLE_DEVICES": "1"}, driver) == ["1"]
    assert devices.present({"CUDA_VISIBLE_DEVICES": ""}, driver) == []
    assert devices.present({"JAX_PLATFORMS": "cpu"}, driver) == []
    environment = {"JAX_PLATFORMS": "cpu"}
    assert devices.take(0, environment=environment, driver=driver)
    assert environment == {"JAX_PLATFORMS": "cpu"}


def test_without_a_device_or_what_uses_it_one_sentence_says_so(driver, tmp_path, monkeypatch):
    assert devices.why_none(driver) == ""
    assert "no NVIDIA driver" in devices.why_none(tmp_path / "none")
    monkeypatch.setattr(devices, "_PLUGINS", ("no_such_module",))
    assert "pip install 'jax[cuda13]'" in devices.why_none(driver)
    assert devices.present({}, driver) == []
