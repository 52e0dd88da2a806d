"""A worker process that checks texts; see `killable.serving`. The set-up is the config, a request is a record."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from caco_tasks.config import RunConfig
from caco_tasks.killable.serving import serve
from caco_tasks.records import Outcome
from caco_tasks.text_checks.checks import look
from caco_tasks.text_checks.results import CHECKER_FAILED, CheckResult


def make_checker(setup: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The function of a record to its result, by the rules of a config."""
    config = RunConfig.model_validate(setup)

    def check(record: dict[str, Any]) -> dict[str, Any]:
        try:
            return asdict(look(record, config))
        except Exception as exc:  # whatever a text does to a check costs its own line only
            return asdict(CheckResult(Outcome.UNKNOWN, CHECKER_FAILED, f"{type(exc).__name__}: {exc}"[:200]))

    return check


if __name__ == "__main__":
    serve(make_checker)
