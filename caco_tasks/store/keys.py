"""The form of a key: relative, with `/`, and never out of its root."""

from caco_tasks.errors import StoreError


def check_key(key: str) -> str:
    """Returns `key` as it is.

    Raises:
        StoreError: it is empty, absolute, holds a NUL byte or a part that is empty, `.` or `..`.
    """
    if "\0" in key or any(part in ("", ".", "..") for part in key.split("/")):
        raise StoreError(f"The key {key!r} is not a relative path of plain names: give one like 'runs/a/b.json'.")
    return key


def check_prefix(prefix: str) -> str:
    """The prefix with one `/` at its end, or nothing for the whole root.

    Raises:
        StoreError: it is no key.
    """
    stripped = prefix.rstrip("/")
    return f"{check_key(stripped)}/" if stripped else ""
