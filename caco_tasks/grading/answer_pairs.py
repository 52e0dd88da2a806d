"""Two answers that differ, each short enough for one line."""

MAX_CHARS = 80
LEAD_CHARS = 20  # of what is alike, before the place where two long answers part


def shorten_pair(one: str, other: str) -> tuple[str, str]:
    """Both answers on one line, long ones cut so that what differs is seen.

    >>> shorten_pair("1\\n2", "")
    ('1 2', 'nothing')
    >>> shorten_pair("7" * 100 + "1", "7" * 100 + "2")[0]
    '…777777777777777777771'
    """
    one, other = " ".join(one.split()), " ".join(other.split())
    pairs = enumerate(zip(one, other, strict=False))
    alike = next((place for place, pair in pairs if pair[0] != pair[1]), min(len(one), len(other)))
    start = alike - LEAD_CHARS if alike > MAX_CHARS - LEAD_CHARS else 0
    return _cut(one, start), _cut(other, start)


def _cut(text: str, start: int) -> str:
    end = start + MAX_CHARS
    return f"{'…' if start else ''}{text[start:end]}{'…' if len(text) > end else ''}" or "nothing"
