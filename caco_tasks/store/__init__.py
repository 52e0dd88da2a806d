"""Shards and manifests on `s3://` and `file://`, one behaviour."""

from caco_tasks.store.manifest import Manifest, RunRecord
from caco_tasks.store.store import Store, open_store

__all__ = ["Manifest", "RunRecord", "Store", "open_store"]
