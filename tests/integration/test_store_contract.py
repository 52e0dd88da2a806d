"""What every store promises, tried on a folder and on a real S3 server alike; and what goes wrong, said clearly."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from caco_tasks.errors import ConfigError, StoreError
from caco_tasks.platform.ports import free_port
from caco_tasks.store.s3_store import PART_BYTES, S3Store
from caco_tasks.store.store import Store, StoreSettings, open_store


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest) -> Store:
    """One empty store of each kind."""
    return open_store(request.getfixturevalue(f"{request.param}_settings"))


def test_what_was_put_is_got_back(store: Store) -> None:
    store.put("runs/a/one.json", b"\x00binary\xff")
    assert store.get("runs/a/one.json") == b"\x00binary\xff"
    assert store.exists("runs/a/one.json")


def test_an_empty_object_is_an_object(store: Store) -> None:
    store.put("empty", b"")
    assert store.get("empty") == b""
    assert store.exists("empty")


def test_what_was_never_put_is_not_there(store: Store) -> None:
    assert store.get("runs/none") is None
    assert not store.exists("runs/none")
    assert store.list("runs") == []


@pytest.mark.parametrize("size", [0, 5, PART_BYTES + 1])
def test_an_object_is_read_as_a_file(store: Store, size: int) -> None:
    data = os.urandom(size)
    store.put("runs/file", data)
    file = store.open("runs/file")
    assert file is not None
    with file:
        assert file.read(3) == data[:3]
        file.seek(max(0, size - 2))
        assert file.read() == data[-2:]


def test_an_object_that_is_not_there_is_no_file(store: Store) -> None:
    store.put("runs/a/one", b"1")
    assert store.open("runs/none") is None
    assert store.open("runs/a/one/below") is None


def test_a_folder_is_no_object(store: Store) -> None:
    store.put("runs/a/one", b"1")
    assert store.get("runs/a/one/below") is None
    assert not store.exists("runs/a")


def test_a_second_put_replaces_the_first(store: Store) -> None:
    store.put("key", b"a longer first version")
    store.put("key", b"second")
    assert store.get("key") == b"second"


def test_a_listing_is_sorted_whole_and_stays_below_its_folder(store: Store) -> None:
    keys = ["runs/b/2", "runs/a/00000.parts/1", "runs/a/00000.parts2/1", "runs/a/1", "models/m"]
    for key in keys:
        store.put(key, b"x")
    assert store.list("runs") == sorted(keys[:4])
    assert store.list("runs/") == store.list("runs")
    assert store.list("runs/a/00000.parts") == ["runs/a/00000.parts/1"]
    assert store.list("") == sorted(keys)


def test_a_deleted_object_is_gone_and_deleting_again_is_no_error(store: Store) -> None:
    store.put("runs/a/one", b"1")
    store.delete("runs/a/one")
    store.delete("runs/a/one")
    assert not store.exists("runs/a/one")
    assert store.list("") == []


def test_a_large_file_goes_up_in_parts_and_comes_back_the_same(store: Store, tmp_path: Path) -> None:
    large, back = tmp_path / "large", tmp_path / "back"
    large.write_bytes(os.urandom(1 << 20) * 17)
    assert large.stat().st_size > PART_BYTES
    store.put_file("models/m/weights", large)
    store.get_file("models/m/weights", back)
    assert back.read_bytes() == large.read_bytes()


def test_fetching_a_file_that_is_not_there_names_it_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="models/none"):
        store.get_file("models/none", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_sending_a_file_that_is_not_there_names_it(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        store.put_file("models/m", tmp_path / "nowhere")
    assert not store.exists("models/m")


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../out", "a/../../out", "a//b", "a/./b", "a/\0b"])
@pytest.mark.parametrize("use", ["get", "exists", "delete", "put"])
def test_a_key_that_is_no_plain_relative_path_is_refused(store: Store, key: str, use: str) -> None:
    with pytest.raises(StoreError, match="not a relative path"):
        store.put(key, b"x") if use == "put" else getattr(store, use)(key)


def test_a_reader_never_sees_half_an_object(store: Store) -> None:
    versions = [bytes([number]) * 200_000 for number in range(8)]
    store.put("key", versions[0])
    seen: list[bytes | None] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.append(store.get("key"))

    reader = threading.Thread(target=read)
    reader.start()
    for version in versions:
        store.put("key", version)
    done.set()
    reader.join()
    assert seen
    assert set(seen) <= set(versions)


def test_keys_may_hold_spaces_and_letters_of_any_script(store: Store) -> None:
    store.put("datasets/ä b+c=1 %20/题.json", b"x")
    assert store.list("datasets") == ["datasets/ä b+c=1 %20/题.json"]
    assert store.get("datasets/ä b+c=1 %20/题.json") == b"x"


def test_a_listing_longer_than_a_page_is_whole(s3_settings: StoreSettings) -> None:
    store = S3Store(s3_settings)
    store._client.meta.events.register("before-parameter-build.s3.ListObjectsV2", _three_to_a_page)
    for number in range(8):
        store.put(f"runs/{number}", b"x")
    assert store.list("runs") == [f"runs/{number}" for number in range(8)]


def test_more_objects_than_the_protocol_lists_at_once_are_all_listed(store: Store) -> None:
    keys = [f"replies/m/{number:04d}" for number in range(1001)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: store.put(key, b""), keys))
    assert store.list("replies") == keys
    assert [found.bytes for found in store.look("replies/m")] == [0] * 1001


FOREIGN = ("runs/", "runs//a", "", "/runs/b", "runs/./c", "models/m/")


def test_objects_that_no_store_of_ours_writes_are_in_no_listing(s3_settings: StoreSettings) -> None:
    store = S3Store(s3_settings)
    store.put("runs/ours", b"x")
    for key in FOREIGN:  # a server may refuse such a key, or write it as another
        with contextlib.suppress(ClientError):
            store._client.put_object(Bucket=store._bucket, Key=f"{store._prefix}{key}", Body=b"")
    assert [key for key in store.list("") if key not in ("runs/a", "runs/b", "runs/c")] == ["runs/ours"]
    assert store.list("runs/") == store.list("runs")


def test_a_file_whose_name_is_no_text_is_in_no_listing(file_settings: StoreSettings) -> None:
    store = open_store(file_settings)
    store.put("runs/ours", b"x")
    (Path(store.root.removeprefix("file://")) / "runs" / os.fsdecode(b"caf\xe9")).write_bytes(b"")
    assert store.list("") == ["runs/ours"]


def _three_to_a_page(params: dict[str, object], **_: object) -> None:
    params["MaxKeys"] = 3


def test_a_bucket_is_made_once_and_making_it_again_is_no_error(no_bucket_settings: StoreSettings) -> None:
    store = S3Store(no_bucket_settings)
    store.ensure_bucket()
    store.put("key", b"kept")
    S3Store(no_bucket_settings).ensure_bucket()
    assert store.get("key") == b"kept"


ACTIONS: dict[str, Callable[[Store], object]] = {
    "put": lambda store: store.put("a/key", b"x"),
    "get": lambda store: store.get("a/key"),
    "exists": lambda store: store.exists("a/key"),
    "list": lambda store: store.list("a"),
    "delete": lambda store: store.delete("a/key"),
    "put_file": lambda store: store.put_file("a/key", Path(__file__)),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_a_missing_bucket_is_named(no_bucket_settings: StoreSettings, action: str) -> None:
    bucket = no_bucket_settings.root.split("/")[2]
    with pytest.raises(StoreError, match=f"no bucket '{bucket}'"):
        ACTIONS[action](open_store(no_bucket_settings))


@pytest.mark.parametrize("action", ACTIONS)
def test_a_wrong_secret_is_said_to_be_refused(s3_settings: StoreSettings, action: str) -> None:
    with pytest.raises(StoreError, match="refuses access to s3://"):
        ACTIONS[action](open_store(s3_settings.model_copy(update={"secret_key": "wrong"})))


def test_an_unreachable_server_is_named(s3_settings: StoreSettings, first_port: int) -> None:
    nobody = f"http://127.0.0.1:{free_port(first_port + 300)}"
    with pytest.raises(StoreError, match=f"{nobody} does not answer"):
        open_store(s3_settings.model_copy(update={"endpoint_url": nobody})).get("key")


FILL_A_SMALL_DISK = """
import sys
from caco_tasks.errors import StoreError
from caco_tasks.store import open_store
from caco_tasks.store.store import StoreSettings
store = open_store(StoreSettings(root="file://" + sys.argv[1]))
store.put("small", b"fits")
try:
    store.put("large", bytes(4 << 20))
except StoreError as exc:
    sys.stdout.write(str(exc))
sys.exit(0 if store.list("") == ["small"] and store.get("small") == b"fits" else 1)
"""


def test_a_full_disk_is_named_and_leaves_no_object(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=1m none "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    done = subprocess.run(
        [*command, str(tmp_path), sys.executable, FILL_A_SMALL_DISK],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no small file system can be mounted here")
    assert done.returncode == 0, done.stderr
    assert "The disk is full" in done.stdout
    assert "large" in done.stdout


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"file/store/key.*check the path"):
        open_store(StoreSettings(root=f"file://{tmp_path}/file/store")).put("key", b"x")


@pytest.mark.parametrize("root", ["", "bucket", "file://relative", "s3://", "ftp://host/x"])
def test_a_root_of_another_form_is_refused(root: str) -> None:
    with pytest.raises(ConfigError, match="neither s3"):
        open_store(StoreSettings(root=root))


def test_an_addressing_style_that_does_not_exist_is_refused(s3_settings: StoreSettings) -> None:
    with pytest.raises(ConfigError, match="sideways"):
        open_store(s3_settings.model_copy(update={"addressing_style": "sideways"})).get("key")


def test_a_look_tells_size_and_age_of_every_object(store: Store) -> None:
    begun = datetime.now(UTC) - timedelta(seconds=5)
    store.put("runs/b", b"12345")
    store.put("runs/a", b"")
    found = store.look("runs")
    assert [(each.key, each.bytes) for each in found] == [("runs/a", 0), ("runs/b", 5)]
    assert all(begun < each.changed_at < begun + timedelta(minutes=5) for each in found)
    assert store.look("models") == []


def test_a_finished_write_leaves_no_draft(store: Store) -> None:
    store.put("runs/a", b"1")
    assert store.drafts(datetime.now(UTC) + timedelta(days=1)) == []
