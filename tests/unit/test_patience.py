"""Waiting for a ledger or store that is away for a moment."""

import logging

import pytest

from caco_tasks import patience
from caco_tasks.errors import (
    CacoError,
    ConfigError,
    LedgerError,
    LedgerUnreachableError,
    StoreError,
    StoreUnreachableError,
)
from caco_tasks.patience import patience_in, repeated_while_unreachable


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other quickly."""
    monkeypatch.setattr(patience, "FIRST_PAUSE_SECONDS", 0.001)


def failing(*errors: CacoError, seconds: float = 10.0) -> list[str]:
    """What came of work that meets these errors, one at each attempt, and then succeeds."""
    waiting, attempts = list(errors), list[str]()

    @repeated_while_unreachable(lambda: seconds)
    def work(word: str) -> None:
        attempts.append(word)
        if waiting:
            raise waiting.pop(0)

    work("done")
    return attempts


@pytest.mark.parametrize("error", [LedgerUnreachableError("away"), StoreUnreachableError("away")])
def test_what_is_away_is_waited_for(error: CacoError, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert failing(error, error) == 3 * ["done"]
    assert [record.message.partition(" Trying")[0] for record in caplog.records] == ["away", "away"]


@pytest.mark.parametrize("error", [LedgerError("no such role"), StoreError("no bucket"), ConfigError("wrong")])
def test_what_refuses_is_not_waited_for(error: CacoError) -> None:
    with pytest.raises(type(error)):
        failing(error)


def test_patience_ends() -> None:
    with pytest.raises(LedgerUnreachableError):
        failing(*(LedgerUnreachableError("away") for _ in range(20)), seconds=0.05)
    with pytest.raises(LedgerUnreachableError):
        failing(LedgerUnreachableError("away"), seconds=0.0)


def test_the_outermost_alone_repeats() -> None:
    attempts = []

    @repeated_while_unreachable(lambda: 0.02)
    def inner() -> None:
        attempts.append("inner")
        raise LedgerUnreachableError("away")

    @repeated_while_unreachable(lambda: 0.02)
    def outer() -> None:
        attempts.append("outer")
        inner()

    with pytest.raises(LedgerUnreachableError):
        outer()
    assert attempts == ["outer", "inner"] * (len(attempts) // 2)
    assert 4 <= len(attempts) <= 2 * 7  # pauses of 1, 2, 4, 8 and 16 ms


@pytest.mark.parametrize(("given", "seconds"), [(None, 0), ("", 0), ("180", 180), ("0.5", 0.5)])
def test_patience_comes_from_the_environment(given: str | None, seconds: float) -> None:
    assert patience_in({} if given is None else {"CACO_PATIENCE_SECONDS": given}) == seconds


@pytest.mark.parametrize("given", ["long", "-1", "1e9"])
def test_a_patience_that_is_no_number_is_one_sentence(given: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"^CACO_PATIENCE_SECONDS is '{given}': give a number of seconds, such as 180\.$"
    ):
        patience_in({"CACO_PATIENCE_SECONDS": given})
