"""Shards and manifests on `s3://` and `file://`, one behaviour."""

from caco_tasks.store.base import Store, open_store
from caco_tasks.store.manifest import Manifest, RunRecord

__all__ = ["Manifest", "RunRecord", "Store", "open_store"]
