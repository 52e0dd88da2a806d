"""The reply cache: every reply of a model is kept in the store, and asked for once.

Below the store's root (why so: `docs/decisions/0007-replies-are-kept.md`):

    replies/{model}/{namespace}/{batch}/{sha256[:16]}.parquet    some hundred replies, in the order in which they came
    replies/{model}/{namespace}/index/{sha256[:16]}.parquet     which replies lie where, for all that one task kept so far

A namespace holds the requests that runs may share: those of one date for nightly runs, those of a pipeline for all others.
A batch is the hash of the requests asked together, so the next attempt of a killed task finds the replies of the first one
with one listing, before any index has them; all others find replies through the indexes, whatever batch they were part of.
An index is written before the part of an output that its replies went into: what is finished is never asked about again, so
nobody would come by to index what a task killed later has left.
Deleting `replies/` costs nothing but asking again.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from caco_tasks.errors import DamagedError
from caco_tasks.ids import content_id
from caco_tasks.llm.llm import Engine, Reply, Request
from caco_tasks.model_settings import PriceSettings
from caco_tasks.records import Generation
from caco_tasks.store.store import Store
from caco_tasks.work_log import counted

NAME_CHARS = 16

_TABLE = re.compile(rf"/[0-9a-f]{{{NAME_CHARS}}}\.parquet$")
MILLION = 1_000_000

BATCH = pa.schema(
    [
        pa.field("request_id", pa.string(), nullable=False),
        pa.field("paid_by", pa.string(), nullable=False),  # key of the output that asked for it
        pa.field("engine", pa.string(), nullable=False),
        pa.field("model_id", pa.string(), nullable=False),
        pa.field("prompt", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("finish_reason", pa.string(), nullable=False),
        pa.field("prompt_tokens", pa.int64(), nullable=False),
        pa.field("completion_tokens", pa.int64(), nullable=False),
        pa.field("seconds", pa.float64(), nullable=False),
        pa.field("logprobs", pa.list_(pa.float32())),
    ]
)
INDEX = pa.schema(
    [
        pa.field("half_id", pa.uint64(), nullable=False),  # the first 64 bits of a request's id
        pa.field("batch", pa.dictionary(pa.int32(), pa.string()), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedReply:
    """A reply, and the output that paid for it."""

    reply: Reply
    paid_by: str  # key of an output


class SharedEngine:
    """One engine for all outputs of a task, loaded when it is first asked and unloaded to make room for another."""

    def __init__(self, load: Callable[[], Engine]) -> None:
        self._load = load
        self._engine: Engine | None = None

    def get(self) -> Engine:
        """The engine, loaded."""
        if self._engine is None:
            self._engine = self._load()
        return self._engine

    def unload(self) -> None:
        """Frees the memory of the model, which is loaded again when it is next needed."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None


class CachingLlm:
    """A model that answers from the cache, on behalf of one output; only new requests reach the engine."""

    def __init__(
        self, engine: SharedEngine, replies: "ReplyCache", *, model_id: str, key: str, price: PriceSettings
    ) -> None:
        self.model_id = model_id
        self._engine, self._replies = engine, replies
        self._key, self._price = key, price

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply for each request, in the order of the requests; equal requests share one."""
        wanted = {request.request_id: request for request in requests}
        known = self._replies.find(list(wanted))
        missing = [request for request_id, request in wanted.items() if request_id not in known]
        for reply in self._ask(missing, list(wanted)):
            known[reply.generation.request_id] = CachedReply(reply=reply, paid_by=self._key)
        return list(self._share(requests, known))

    def cached(self, requests: Sequence[Request]) -> dict[str, Reply]:
        """The replies that are cached, by request id; nothing is asked."""
        found = self._replies.find([request.request_id for request in requests])
        return {request_id: cached.reply for request_id, cached in found.items()}

    def _ask(self, requests: Sequence[Request], batch: Sequence[str]) -> Iterator[Reply]:
        """Yields replies as they come; each is kept under its batch, unless it is an error."""
        if not requests:
            return
        engine = self._engine.get()
        with self._replies.keeping(batch, key=self._key) as keep:
            for _, reply in counted(engine.answers(requests), len(requests), f"replies of {self.model_id[:60]}"):
                keep(reply)
                yield reply

    def _share(self, requests: Sequence[Request], known: dict[str, CachedReply]) -> Iterator[Reply]:
        """Yields the reply of each request with what this output paid for it: nothing for a replayed one."""
        given: set[str] = set()
        for request in requests:
            cached = known[request.request_id]
            is_replayed = cached.paid_by != self._key or request.request_id in given
            given.add(request.request_id)
            made, price = cached.reply.generation, self._price
            cost = (made.prompt_tokens * price.prompt + made.completion_tokens * price.completion) / MILLION
            generation = replace(made, is_replayed=is_replayed, cost_usd=0.0 if is_replayed else cost)
            yield replace(cached.reply, generation=generation)


class ReplyCache:
    """The replies of one model in one namespace; `write_index` has others find those that were added."""

    def __init__(self, store: Store, *, model_id: str, namespace: str, engine: str, rows: int) -> None:
        """Names the namespace; an object holds `rows` replies. Nothing is read before the first `find`."""
        self._store, self._engine, self._rows = store, engine, rows
        self._folder = f"replies/{re.sub(r'[^A-Za-z0-9._@-]+', '-', model_id)}/{namespace}"
        self._index: pa.Table | None = None
        self._fresh: dict[str, str] = {}  # request id -> batch: kept or found here, and in no other task's index
        self._own_index: tuple[int, str] | None = None  # that was written here: how many of these it has, and its key

    def find(self, request_ids: Sequence[str]) -> dict[str, CachedReply]:
        """The cached replies to requests, by request id; requests without one are left out.

        Raises:
            StoreError: the store cannot be used.
            DamagedError: an object is not what was written.
        """
        wanted = set(request_ids)
        found = self._read(self._batches(wanted), wanted)
        if len(found) < len(wanted):
            found = (
                self._read(_list(self._store, self._batch_folder(request_ids)), wanted - set(found), is_fresh=True)
                | found
            )
        return found

    @contextmanager
    def keeping(self, request_ids: Sequence[str], *, key: str) -> Iterator[Callable[[Reply], None]]:
        """Yields a function that keeps a reply to one of `request_ids`; errors are not kept.

        Where an error ends the block, the replies that came before it are kept.
        """
        folder, waiting = self._batch_folder(request_ids), list[Reply]()

        def keep(reply: Reply) -> None:
            if reply.error is None:
                waiting.append(reply)
            if len(waiting) >= self._rows:
                self._write(folder, waiting, key)
                waiting.clear()

        try:
            yield keep
        finally:
            if waiting:
                self._write(folder, waiting, key)

    def write_index(self) -> None:
        """Writes an index of all replies that this cache has added, in place of the one that it wrote before."""
        count, before = self._own_index or (0, None)
        if count == len(self._fresh):
            return
        table = pa.table(
            {"half_id": _halves(self._fresh), "batch": pa.array(self._fresh.values()).dictionary_encode()},
            schema=INDEX,
        )
        self._own_index = len(self._fresh), _put(self._store, f"{self._folder}/index", table)
        if before is not None:
            self._store.delete(before)

    def _batch_folder(self, request_ids: Sequence[str]) -> str:
        return f"{self._folder}/{content_id('batch', *request_ids)}"

    def _batches(self, wanted: set[str]) -> list[str]:
        """The objects in which the indexes, or this task itself, have seen some of the requests."""
        fresh = {self._fresh[request_id] for request_id in wanted & self._fresh.keys()}
        if self._index is None:  # read once, all of the namespace: 12 bytes for each reply in memory
            self._index = pa.concat_tables([INDEX.empty_table(), *self._read_indexes().values()])
        # half an id is enough: another request with the same half costs one look into a batch in vain
        matching = self._index.filter(pc.is_in(self._index["half_id"], value_set=_halves(wanted)))
        return sorted(fresh | set(matching["batch"].to_pylist()))

    def _read_indexes(self) -> dict[str, pa.Table]:
        """All indexes by key; listed until none is new, for one that was listed may have given way to a larger one."""
        tables: dict[str, pa.Table] = {}
        while new := [key for key in _list(self._store, f"{self._folder}/index") if key not in tables]:
            tables |= {key: _get(self._store, key, INDEX) for key in new}
        return tables

    def _read(self, keys: Iterable[str], wanted: set[str], *, is_fresh: bool = False) -> dict[str, CachedReply]:
        found: dict[str, CachedReply] = {}
        for key in keys:
            for row in _get(self._store, key, BATCH).to_pylist():
                if is_fresh:
                    self._fresh.setdefault(row["request_id"], key)
                if row["request_id"] in wanted:
                    found.setdefault(row["request_id"], parse_row(row))
        return found

    def _write(self, folder: str, replies: Sequence[Reply], key: str) -> None:
        rows = [make_row(reply) | {"paid_by": key, "engine": self._engine} for reply in replies]
        uri = _put(self._store, folder, pa.Table.from_pylist(rows, schema=BATCH))
        self._fresh.update({reply.generation.request_id: uri for reply in replies})


def make_row(reply: Reply) -> dict[str, Any]:
    """A reply as a row of `BATCH`, without what all rows of a batch share."""
    made = reply.generation
    return {
        "request_id": made.request_id,
        "model_id": made.model_id,
        "prompt": made.prompt,
        "text": reply.text,
        "finish_reason": made.finish_reason,
        "prompt_tokens": made.prompt_tokens,
        "completion_tokens": made.completion_tokens,
        "seconds": made.seconds,
        "logprobs": reply.logprobs,
    }


def parse_row(row: Mapping[str, Any]) -> CachedReply:
    """Reads a row of `BATCH`."""
    names = ("request_id", "model_id", "prompt", "finish_reason", "prompt_tokens", "completion_tokens", "seconds")
    logprobs = None if row["logprobs"] is None else tuple(round(value, 6) for value in row["logprobs"])
    generation = Generation(**{name: row[name] for name in names})
    return CachedReply(reply=Reply(text=row["text"], generation=generation, logprobs=logprobs), paid_by=row["paid_by"])


def _halves(request_ids: Iterable[str]) -> pa.Array:
    return pa.array([int(request_id[:NAME_CHARS], 16) for request_id in request_ids], pa.uint64())


def _put(store: Store, folder: str, table: pa.Table) -> str:
    """Writes a table below `folder` under a name made of its content; returns its key."""
    buffer = BytesIO()
    pq.write_table(table, buffer, compression="zstd", version="2.6")
    key = f"{folder}/{hashlib.sha256(buffer.getvalue()).hexdigest()[:NAME_CHARS]}.parquet"
    store.put(key, buffer.getvalue())
    return key


def _list(store: Store, folder: str) -> list[str]:
    """The keys of the tables below a folder; other tools leave files there that are none."""
    return [key for key in store.list(folder) if _TABLE.search(key)]


def _get(store: Store, key: str, schema: pa.Schema) -> pa.Table:
    """The table under a key; an empty one where it was deleted meanwhile.

    Raises:
        DamagedError: it is not what was written.
    """
    data = store.get(key)
    if data is None:
        return schema.empty_table()
    if hashlib.sha256(data).hexdigest()[:NAME_CHARS] not in key:
        raise DamagedError(f"The replies in {key} are damaged: delete it, and what it held is asked again.")
    return pq.read_table(BytesIO(data), schema=schema, use_threads=False)
