"""The form of a key: relative, with `/`, and never out of its root."""

from caco_tasks.errors import StoreError

# what lies below a root is one of these; everything else there is somebody else's
FOLDERS = (
    *("runs", "outputs", "replies", "models", "datasets", "draws", "audits"),
    *("diversity", "recalls", "ablations", "reverifications", "selectors"),
)


def is_key(key: str) -> bool:
    """Whether a name that a listing shows can be one of ours: other tools leave `runs/` and `a//b` behind.

    >>> is_key("runs/a/b.json"), is_key("runs/"), is_key("a//b"), is_key("../a")
    (True, False, False, False)
    """
    is_text = key.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in key)  # a file's name may be no text
    return "\0" not in key and is_text and not any(part in ("", ".", "..") for part in key.split("/"))


def is_ours(key: str) -> bool:
    """Whether a key can be that of something that the platform wrote; other tools leave hidden files in every folder.

    >>> is_ours("runs/2026-01-02/a/run.json"), is_ours("runs/.DS_Store"), is_ours("photos/a.jpg")
    (True, False, False)
    """
    return is_key(key) and key.split("/")[0] in FOLDERS and "/." not in key


def check_key(key: str) -> str:
    """Returns `key` as it is.

    Raises:
        StoreError: it is empty, absolute, no text, holds a NUL byte or a part that is empty, `.` or `..`.
    """
    if not is_key(key):
        raise StoreError(f"The key {key!r} is not a relative path of plain names: give one like 'runs/a/b.json'.")
    return key


def check_prefix(prefix: str) -> str:
    """The prefix with one `/` at its end, or nothing for the whole root.

    Raises:
        StoreError: it is no key.
    """
    stripped = prefix.rstrip("/")
    return f"{check_key(stripped)}/" if stripped else ""
