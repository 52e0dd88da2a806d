"""An S3 server on a bad day: it is busy, silent, breaks off, refuses, loses its bucket. Work goes on, or one sentence says why.

The server is the embedded one, or any that `CACO_TEST_S3_ENDPOINT` names, behind a front that spoils what it is told to.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread

import botocore.auth
import pytest
from faulty_front import Fault, FaultyFront, busy, cut, done_and_lost, error, reset, silent, skewed

from caco_tasks.errors import StoreError, StoreUnreachableError
from caco_tasks.store import s3_client, s3_store
from caco_tasks.store.s3_client import ATTEMPTS
from caco_tasks.store.s3_store import PART_BYTES, S3Store
from caco_tasks.store.store import StoreSettings

DATA = b"0123456789abcdef" * 4096


@pytest.fixture
def front(s3_settings: StoreSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyFront]:
    """A front whose clients make no pauses."""
    monkeypatch.setattr(s3_store, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.01)
    with FaultyFront(str(s3_settings.endpoint_url)) as opened:
        yield opened


@pytest.fixture
def store(front: FaultyFront, s3_settings: StoreSettings) -> S3Store:
    """The store behind the front."""
    return S3Store(s3_settings.model_copy(update={"endpoint_url": front.url}))


@pytest.fixture
def direct(s3_settings: StoreSettings) -> S3Store:
    """The same store past the front."""
    return S3Store(s3_settings)


PASSING = {"busy": busy, "reset": reset, "silent": silent, "broken": error(500, "InternalError")}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_what_passes_is_waited_for(
    store: S3Store, front: FaultyFront, direct: S3Store, method: str, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fault is silent:
        monkeypatch.setattr(s3_client, "READ_SECONDS", 2)
    direct.put("runs/a", DATA)
    front.spoil(method, fault, times=1 if fault is silent else ATTEMPTS - 1)
    store.put("runs/b", DATA)
    assert store.get("runs/a") == store.get("runs/b") == DATA


@pytest.mark.parametrize("fault", [busy, reset], ids=["busy", "reset"])
def test_what_does_not_pass_ends_after_some_attempts_as_an_error_that_may(
    store: S3Store, front: FaultyFront, fault: Fault
) -> None:
    front.spoil("PUT", fault, times=99)
    with pytest.raises(StoreUnreachableError, match=rf"The S3 server {front.url} .*: "):
        store.put("runs/a", DATA)
    assert front.count("PUT") == ATTEMPTS


def test_a_body_that_breaks_off_is_asked_for_again(store: S3Store, front: FaultyFront, tmp_path: Path) -> None:
    store.put("runs/a", DATA)
    for read in ("get", "open", "get_file"):
        front.spoil("GET", cut, times=2)
        if read == "get":
            assert store.get("runs/a") == DATA
        elif read == "get_file":
            store.get_file("runs/a", tmp_path / "a")
            assert (tmp_path / "a").read_bytes() == DATA
        else:
            file = store.open("runs/a")
            assert file is not None
            with file:
                assert file.read() == DATA


def test_a_body_that_always_breaks_off_is_an_error_that_may_pass(
    store: S3Store, front: FaultyFront, tmp_path: Path
) -> None:
    store.put("runs/a", DATA)
    front.spoil("GET", cut, times=99)
    with pytest.raises(StoreUnreachableError, match="breaks off as it sends runs/a"):
        store.get("runs/a")
    assert front.count("GET") == ATTEMPTS
    with pytest.raises(StoreUnreachableError, match="breaks off as it sends runs/a"):
        store.get_file("runs/a", tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_listing_that_breaks_off_is_asked_for_again(store: S3Store, front: FaultyFront) -> None:
    for number in range(3):
        store.put(f"runs/{number}", b"")
    front.spoil("GET", cut, times=1)
    assert store.list("runs") == ["runs/0", "runs/1", "runs/2"]


def test_a_put_whose_answer_was_lost_is_repeated_and_is_there_once(store: S3Store, front: FaultyFront) -> None:
    front.spoil("PUT", done_and_lost, times=1)
    store.put("runs/a", DATA)
    assert store.list("runs") == ["runs/a"]
    assert store.get("runs/a") == DATA


def test_a_large_file_survives_parts_that_fail(store: S3Store, front: FaultyFront, tmp_path: Path) -> None:
    sparse = tmp_path / "large"
    with sparse.open("wb") as file:
        file.truncate(65 << 20)
        file.write(b"begin")
        file.seek(64 << 20)
        file.write(b"end")
    front.spoil("PUT", busy, times=2)
    front.spoil("PUT", reset, times=1)
    store.put_file("models/m/weights", sparse)
    assert front.count("PUT") == -(-(65 << 20) // PART_BYTES) + 3
    front.spoil("GET", cut, times=1)
    store.get_file("models/m/weights", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == sparse.read_bytes()


def test_a_large_file_whose_parts_always_fail_leaves_no_object(
    store: S3Store, front: FaultyFront, direct: S3Store, tmp_path: Path
) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(PART_BYTES + 1)
    front.spoil("PUT", busy, times=99)
    with pytest.raises(StoreUnreachableError, match=f"The S3 server {front.url} failed on models/m"):
        store.put_file("models/m", large)
    assert direct.list("models") == []


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_silent_server_is_no_fault_of_the_file(
    store: S3Store,
    front: FaultyFront,
    direct: S3Store,
    method: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(s3_client, "READ_SECONDS", 1)
    monkeypatch.setattr(s3_client, "ATTEMPTS", 1)
    direct.put("models/m", DATA)
    (tmp_path / "file").write_bytes(DATA)
    front.spoil(method, silent, times=99)
    with pytest.raises(StoreUnreachableError, match=f"The S3 server {front.url} (does not answer|breaks off)"):
        store.put_file("models/m", tmp_path / "file") if method == "PUT" else store.get_file("models/m", tmp_path / "b")


def test_a_clock_that_is_wrong_is_said_to_be(
    s3_settings: StoreSettings, monkeypatch: pytest.MonkeyPatch, front: FaultyFront, store: S3Store
) -> None:
    truly = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *all_: truly(*all_) - timedelta(hours=1))
    with pytest.raises(StoreError, match="clocks differ by more than 15 minutes: set the clock right"):
        S3Store(s3_settings).get("runs/a")  # the server itself says so
    monkeypatch.undo()
    front.spoil("HEAD", skewed, times=1)
    with pytest.raises(StoreError, match="clocks differ"):  # no body names the reason, but the date does
        store.exists("runs/a")
    front.spoil("HEAD", error(403, "Forbidden"), times=1)
    with pytest.raises(StoreError, match="refuses access"):
        store.exists("runs/a")


def test_a_bucket_that_vanishes_is_named_by_whatever_comes_next(
    no_bucket_settings: StoreSettings, tmp_path: Path
) -> None:
    store, large = S3Store(no_bucket_settings), tmp_path / "large"
    store.ensure_bucket()
    store.put("runs/a", DATA)
    assert store.get("runs/a") == DATA
    with large.open("wb") as file:
        file.truncate(PART_BYTES + 1)
    store.delete("runs/a")
    store._client.delete_bucket(Bucket=store._bucket)
    for use in (
        lambda: store.put("runs/a", DATA),
        lambda: store.put_file("runs/a", large),
        lambda: store.get("runs/a"),
        lambda: store.open("runs/a"),
        lambda: store.exists("runs/a"),
        lambda: store.list("runs"),
        lambda: store.delete("runs/a"),
    ):
        with pytest.raises(StoreError, match=f"There is no bucket '{store._bucket}'"):
            use()


def test_of_two_writers_of_one_key_one_wins_whole(store: S3Store) -> None:
    contents, start = [letter * 300_000 for letter in (b"a", b"b")], Barrier(2)

    def write(data: bytes) -> None:
        start.wait()
        S3Store(store._settings).put("runs/a", data)

    writers = [Thread(target=write, args=(data,)) for data in contents]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert store.get("runs/a") in contents
