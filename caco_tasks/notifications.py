"""What people are told of a run that failed or is late: a sentence, its funnel and where to look, as mail or JSON.

`plugins/caco/notify.py` finds out whom to tell. What is told holds no secret: addresses lose their passwords and queries,
and whatever is named a key, a token or a password loses its value.
"""

import html
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal
from urllib.request import Request, urlopen

from caco_tasks.errors import CacoError

if TYPE_CHECKING:
    from caco_tasks.ledger.lookups import FunnelRow

MAX_SENTENCE_CHARS = 500
SEND_SECONDS = 10.0

_SECRETS = (
    (re.compile(r"(\w+://)[^\s/]+@"), r"\1…@"),  # up to the last one: a password may hold it
    (re.compile(r"(\w+://[^\s?]+)\?[^\s):]+"), r"\1?…"),
    (re.compile(r"(?i)\b(bearer|basic) [\w.~+/=-]{8,}"), r"\1 …"),
    (re.compile(r"(?i)(\w*(?:password|passwd|secret|token|api[_-]?key|credential)\w*['\"]?\s*[:=]\s*)\S+"), r"\1…"),
    (re.compile(r"\bsk-[\w-]{6,}"), "…"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A task that failed for good, or a run that is late.

    >>> Notice(kind="failed", dag="caco_seeds", run="manual__1", task="plan", sentence="No such config.", link="http://h/").text
    'caco_seeds: plan failed in run manual__1: No such config. http://h/'
    >>> Notice(kind="late", dag="caco_nightly", run="manual__1", sentence="It runs.", funnel="Funnel: …", link="http://h/").text
    'caco_nightly: late in run manual__1: It runs. Funnel: … http://h/'
    """

    kind: Literal["failed", "late"]
    dag: str
    run: str  # of Airflow
    task: str = ""  # with its place where it is mapped, as "funnel.judge (shard 3)"; empty: the run as a whole
    sentence: str
    funnel: str = ""  # `describe_funnel`; empty: nothing is on record of the run
    link: str  # of the task's log, or of the run

    @property
    def subject(self) -> str:
        """The title of a mail."""
        return f"{self.dag}: {self.task} {self.kind}" if self.task else f"{self.dag}: {self.kind}"

    @property
    def text(self) -> str:
        """All of it in one line."""
        told = (f"{self.subject} in run {self.run}: {self.sentence}", self.funnel, self.link)
        return " ".join(part for part in told if part)

    @property
    def html(self) -> str:
        """The body of a mail."""
        told = {
            "DAG": self.dag,
            "Run": self.run,
            "Task": self.task,
            "What happened": self.sentence,
            "So far": self.funnel,
        }
        rows = "".join(f"<p><b>{name}</b>: {html.escape(value)}</p>" for name, value in told.items() if value)
        link = html.escape(self.link, quote=True)
        return f'{rows}<p><a href="{link}">{link}</a></p>'


def describe_funnel(rows: "Iterable[FunnelRow]") -> str:
    """The funnel of a run as one line: passed of read, by stage; empty where no stage has finished a shard."""
    stages = [
        f"{row.stage} {row.passed:,} of {row.read:,}" + (f" ({row.unknown:,} unknown)" if row.unknown else "")
        for row in rows
    ]
    return f"Funnel, passed of read: {', '.join(stages)}." if stages else ""


def describe_error(error: BaseException | str | None) -> str:
    """An error as one line without secrets; None: the task was killed, or lost.

    >>> describe_error(ValueError("cannot reach postgresql://ada:pw@host/db"))
    'ValueError: cannot reach postgresql://…@host/db'
    """
    if error is None:
        return "The task was killed, or its worker was lost."
    if isinstance(error, str | CacoError):
        return _without_secrets(str(error))
    return _without_secrets(f"{type(error).__name__}: {error}".removesuffix(": "))


def post_notice(url: str, notice: Notice, *, key: str | None = None) -> None:
    """Sends a notice to a webhook, as JSON with its fields and, for chats, the whole in `text`.

    Raises:
        OSError: the webhook does not answer, or refuses.
        ValueError: `url` is not one of HTTP.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError("the webhook's address does not begin with http:// or https://")
    data = json.dumps({"text": notice.text, **asdict(notice)}).encode()
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
    with urlopen(Request(url, data=data, headers=headers, method="POST"), timeout=SEND_SECONDS):
        pass


def _without_secrets(text: str) -> str:
    line = " ".join(text[: 10 * MAX_SENTENCE_CHARS].split())
    for pattern, shown in _SECRETS:
        line = pattern.sub(shown, line)
    return line if len(line) <= MAX_SENTENCE_CHARS else line[: MAX_SENTENCE_CHARS - 1] + "…"
