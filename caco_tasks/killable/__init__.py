"""Worker processes for texts that nobody trusts to end: `process_pool` is the caller's side, `serving` the worker's."""
