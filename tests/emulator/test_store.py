"""The store: transactions, ids, lists, due instants, several threads and several processes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import portal.emulator.store
from portal.emulator.app import Emulator
from portal.emulator.instants import TEST_CLOCK, Due
from portal.emulator.store import Store
from tests.emulator.conftest import WallClock
from tests.emulator.raw import Raw

NOW = 1_800_000_000


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    path = str(tmp_path / "emulator.db") if request.param == "file" else None
    return Store(path, seed=1, wall_clock=WallClock(NOW))


def _thing(object_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": object_id, "object": "thing", "created": NOW, "customer": None, **fields}


def test_what_was_put_can_be_got_and_is_a_copy(store: Store) -> None:
    with store.transaction() as tx:
        assert tx.put(_thing("a", items=[1])) is True
        assert tx.put(_thing("a", items=[1, 2])) is False
        found = tx.get("thing", "a")
        assert found is not None
        found["items"].append(3)
        assert tx.get("thing", "a") == _thing("a", items=[1, 2])
        assert tx.get("other", "a") is None


def test_a_failed_block_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as tx:
            tx.put(_thing("a"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with store.transaction(write=False) as tx:
        assert tx.count("thing") == 0


def test_transactions_do_not_nest(store: Store) -> None:
    with store.transaction(), pytest.raises(RuntimeError, match="already open"), store.transaction():
        pass


def test_what_is_kept_aside_survives_updates_and_is_not_shown(store: Store) -> None:
    with store.transaction() as tx:
        tx.put(_thing("a"), private={"secret": "x"})
        tx.put(_thing("a", status="new"))
        assert tx.private("thing", "a") == {"secret": "x"}
        assert tx.get("thing", "a") == _thing("a", status="new")
        assert tx.private("thing", "none") == {}


def test_ids_repeat_with_the_seed_and_differ_without() -> None:
    def some(seed: int | None) -> list[str]:
        with Store(seed=seed).transaction() as tx:
            return [tx.new_id("sub"), tx.new_id("sub"), tx.new_id("cus", 14)]

    assert some(5) == some(5) != some(6)
    assert some(None) != some(None)
    assert [len(made) for made in some(5)] == [28, 28, 18]


def test_lists_compare_columns_nested_fields_nulls_and_choices(store: Store) -> None:
    with store.transaction() as tx:
        tx.put(_thing("a", customer="cus_1", status="open", nested={"kind": "x"}))
        tx.put(_thing("b", customer="cus_1", status="paid", nested={"kind": None}, live=True))
        tx.put(_thing("c", status="open", deleted=True))
        found = {
            "customer": [o["id"] for o in tx.all("thing", {"customer": "cus_1"})],
            "choice": [o["id"] for o in tx.all("thing", {"status": ["open", "void"]})],
            "nested": [o["id"] for o in tx.all("thing", {"nested.kind": "x"})],
            "null": [o["id"] for o in tx.all("thing", {"nested.kind": None})],
            "boolean": [o["id"] for o in tx.all("thing", {"live": True})],
            "all": tx.count("thing"),
        }
        with pytest.raises(ValueError, match="not a field name"):
            tx.all("thing", {"x') --": 1})
    assert found == {
        "customer": ["a", "b"], "choice": ["a"], "nested": ["a"], "null": ["b"], "boolean": ["b"], "all": 2
    }  # fmt: skip


def test_what_is_due_comes_in_time_order_apart_for_each_clock(store: Store) -> None:
    with store.transaction() as tx:
        clock = {"id": "clock_1", "object": TEST_CLOCK, "created": NOW, "frozen_time": NOW}
        tx.put(clock)
        tx.put({"id": "cus_1", "object": "customer", "created": NOW, "test_clock": "clock_1"})
        tx.put(_thing("late"), due_at=NOW + 20)
        tx.put(_thing("early"), due_at=NOW + 10)
        tx.put(_thing("elsewhere", customer="cus_1"), due_at=NOW + 5)
        tx.put(_thing("real", customer="cus_1"), due_at=NOW + 30, in_wall_time=True)
        assert tx.next_due(NOW + 5, None) is None
        assert tx.next_due(NOW + 30, None) == Due(NOW + 10, "thing", "early")
        assert tx.next_due(NOW + 30, "clock_1") == Due(NOW + 5, "thing", "elsewhere")
        tx.put(_thing("early", status="done"))
        assert tx.next_due(NOW + 30, None) == Due(NOW + 10, "thing", "early")
        tx.set_due("thing", "early", None)
        assert tx.next_due(NOW + 30, None) == Due(NOW + 20, "thing", "late")


def test_the_time_that_applies_is_the_test_clocks(store: Store) -> None:
    with store.transaction() as tx:
        clock = {"id": "clock_1", "object": TEST_CLOCK, "created": NOW, "frozen_time": NOW + 500}
        tx.put(clock)
        tx.put({"id": "cus_1", "object": "customer", "created": NOW, "test_clock": "clock_1"})
        tx.put({"id": "cus_2", "object": "customer", "created": NOW, "test_clock": None})
        assert [tx.now_for("cus_1"), tx.now_for("cus_2"), tx.now_for(None)] == [NOW + 500, NOW, NOW]
        assert tx.now(clock) == tx.now({"customer": "cus_1"}) == NOW + 500


def test_a_file_keeps_its_state(tmp_path: Path) -> None:
    path = str(tmp_path / "emulator.db")
    raw = Raw(Emulator(path, seed=None))
    made = raw.post("/v1/customers", {"name": "Ada"})[1]["id"]
    again = Raw(Emulator(path, seed=None))
    assert again.get(f"/v1/customers/{made}")[1]["name"] == "Ada"
    assert again.post("/v1/customers")[1]["id"] != made


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_several_threads_lose_nothing(kind: str, tmp_path: Path) -> None:
    emulator = Emulator(str(tmp_path / "emulator.db") if kind == "file" else None)
    raw = Raw(emulator)
    customer = raw.post("/v1/customers")[1]["id"]

    def credit() -> None:
        for _ in range(10):
            raw.post(f"/v1/customers/{customer}/balance_transactions", {"amount": "-1", "currency": "usd"})

    threads = [threading.Thread(target=credit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raw.get(f"/v1/customers/{customer}")[1]["balance"] == -40


def test_several_processes_may_write_at_once(tmp_path: Path) -> None:
    path = str(tmp_path / "emulator.db")
    script = (
        "import sys; from portal.emulator.app import Emulator\n"
        "emulator = Emulator(sys.argv[1], seed=None)\n"
        "for _ in range(20):\n"
        "    answer = emulator.handle('POST', '/v1/customers', '', b'', {'Authorization': 'Bearer sk_test_1'})\n"
        "    assert answer.status == 200, answer.body\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, path]) for _ in range(2)]
    assert [process.wait(30) for process in running] == [0, 0]
    with Store(path).transaction(write=False) as tx:
        assert (tx.count("customer"), tx.count("event")) == (40, 40)


def test_a_snapshot_goes_from_one_store_to_another(store: Store) -> None:
    with store.transaction() as tx:
        tx.put(_thing("a"), private={"x": 1}, due_at=NOW)
    other = Store()
    other.restore(store.snapshot())
    with other.transaction(write=False) as tx:
        assert (tx.get("thing", "a"), tx.private("thing", "a")) == (_thing("a"), {"x": 1})
        assert tx.next_due(NOW, None) == Due(NOW, "thing", "a")


def test_what_was_under_way_when_the_process_was_killed_never_was(tmp_path: Path) -> None:
    path = str(tmp_path / "emulator.db")
    script = (
        "import sys; from portal.emulator.app import Emulator\n"
        "emulator = Emulator(sys.argv[1])\n"
        "while True:\n"
        "    emulator.handle('POST', '/v1/customers', '', b'', {'Authorization': 'Bearer sk_test_1'})\n"
        "    print('made', flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        answered = [process.stdout.readline() for _ in range(20)]
        process.kill()
    with Store(path).transaction() as tx:
        assert tx.count("customer") == tx.count("event") >= len(answered)
        assert tx.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_who_waits_too_long_for_the_store_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Fifteen seconds are long for a test.
    monkeypatch.setattr(portal.emulator.store, "_BUSY_SECONDS", 0.01)
    path = str(tmp_path / "emulator.db")
    raw = Raw(Emulator(path))
    with Store(path).transaction():
        assert raw.get("/v1/customers")[0] == 200
        refused = [raw.post("/v1/customers"), raw.get("/v1/credit_notes/preview", "invoice=in_1")]
    assert [(status, answer["error"]["code"]) for status, answer in refused] == [(429, "lock_timeout")] * 2
    assert raw.post("/v1/customers")[0] == 200


@pytest.mark.parametrize("table", [None, 5, [], [5], [["a"]]])
def test_what_is_no_snapshot_leaves_the_store_as_it_was(store: Store, table: object) -> None:
    with store.transaction() as tx:
        tx.put(_thing("a"))
    tables = {**json.loads(store.snapshot()), "settings": table}
    with pytest.raises(ValueError, match="not a snapshot"):
        store.restore(json.dumps(tables))
    with store.transaction() as tx:
        assert tx.count("thing") == 1
        assert tx.new_id("x") != tx.new_id("x")
