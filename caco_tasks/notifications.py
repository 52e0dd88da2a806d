"""What people are told when a task failed: one sentence and where to look, as a message, a mail or JSON for a webhook.

`dags/caco_notify.py` finds out whom to tell. What is told holds no secret: addresses lose their passwords and queries,
and whatever is named a key, a token or a password loses its value.
"""

import html
import json
import re
from dataclasses import asdict, dataclass
from urllib.request import Request, urlopen

from caco_tasks.errors import CacoError

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
class Failure:
    """A task that failed for good.

    >>> Failure(dag="caco_seeds", run="manual__1", task="plan", sentence="No such config.", link="http://h/").subject
    'caco_seeds: plan failed'
    """

    dag: str
    run: str  # of Airflow
    task: str  # with its place where it is mapped, as "funnel.judge (shard 3)"
    sentence: str
    link: str  # of the task's log

    @property
    def subject(self) -> str:
        """The title of a mail."""
        return f"{self.dag}: {self.task} failed"

    @property
    def text(self) -> str:
        """All of it in one line."""
        return f"{self.subject} in run {self.run}: {self.sentence} {self.link}"

    @property
    def html(self) -> str:
        """The body of a mail."""
        told = {"DAG": self.dag, "Run": self.run, "Task": self.task, "What happened": self.sentence}
        rows = "".join(f"<p><b>{name}</b>: {html.escape(value)}</p>" for name, value in told.items())
        link = html.escape(self.link, quote=True)
        return f'{rows}<p><a href="{link}">{link}</a></p>'


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


def post_failure(url: str, failure: Failure, *, key: str | None = None) -> None:
    """Sends a failure to a webhook, as JSON with its fields and, for chats, the whole in `text`.

    Raises:
        OSError: the webhook does not answer, or refuses.
        ValueError: `url` is not one of HTTP.
    """
    if not url.startswith(("http://", "https://")):
        raise ValueError("the webhook's address does not begin with http:// or https://")
    data = json.dumps({"text": failure.text, **asdict(failure)}).encode()
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
    with urlopen(Request(url, data=data, headers=headers, method="POST"), timeout=SEND_SECONDS):
        pass


def _without_secrets(text: str) -> str:
    line = " ".join(text[: 10 * MAX_SENTENCE_CHARS].split())
    for pattern, shown in _SECRETS:
        line = pattern.sub(shown, line)
    return line if len(line) <= MAX_SENTENCE_CHARS else line[: MAX_SENTENCE_CHARS - 1] + "…"
