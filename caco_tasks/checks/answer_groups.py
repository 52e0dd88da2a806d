"""What several answers to one question say together: which are the expected one, and which one most of them are.

Answers are grouped by the grader and not by their text, for `0.5` and `1/2` are one answer. The idea is self-consistency
(arXiv 2203.11171).

>>> with Grader(GradingSettings()) as grader:
...     [found] = group_answers([("12", ["13", "12", "12.0"])], grader.compare)
>>> found.majority, found.majority_count
('12', 2)
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from caco_tasks.grading import Comparison
from caco_tasks.records import Outcome

Compare = Callable[[Iterable[tuple[str, str]]], Iterator[Comparison]]  # `Grader.compare`


@dataclass(slots=True)
class AnswerGroups:
    """The answers to one question."""

    expected: str
    counts: Counter[str]  # how often each was given, as it is written
    comparisons: dict[str, Comparison] = field(default_factory=dict)  # of each with the expected one
    majority: str | None = None  # the most frequent answer, as it is mostly written; of two, the expected, or the first
    majority_count: int = 0

    @property
    def majority_share(self) -> float | None:
        """The share of the answers that are the most frequent one; None where there is no answer."""
        return self.majority_count / self.counts.total() if self.counts else None

    def take(self, answers: Sequence[str]) -> None:
        """Takes answers that are equal; more of them than of any before are the majority."""
        count = sum(self.counts[answer] for answer in answers)
        if count > self.majority_count:
            self.majority, self.majority_count = max(answers, key=self.counts.__getitem__), count


def group_answers(questions: Iterable[tuple[str, Iterable[str]]], compare: Compare) -> list[AnswerGroups]:
    """Groups the answers to each question, given as its expected answer and those that came.

    An answer that could not be compared with the expected one in time is in no group. All questions are compared
    together, round by round, so that the grader's workers stay busy.
    """
    found = [AnswerGroups(expected, Counter(answers)) for expected, answers in questions]
    asked = [(groups, answer) for groups in found for answer in groups.counts]
    compared = compare((groups.expected, answer) for groups, answer in asked)
    for (groups, answer), comparison in zip(asked, compared, strict=True):
        groups.comparisons[answer] = comparison
    for groups in found:
        groups.take([answer for answer, comparison in groups.comparisons.items() if comparison.verdict.kept])
    _group_others(found, compare)
    return found


def _group_others(found: Sequence[AnswerGroups], compare: Compare) -> None:
    """Groups the answers that are not the expected one, as long as there may be a larger group among them."""
    left = [_differing(groups) for groups in found]
    while True:
        asked: list[tuple[int, str, str]] = []  # question, the answer that stands for a new group, another one
        members: dict[int, list[str]] = {}
        for number, answers in enumerate(left):
            if answers.total() > found[number].majority_count:
                standard = answers.most_common(1)[0][0]
                members[number] = [standard]
                asked += [(number, standard, other) for other in answers if other != standard]
        if not members:
            return
        compared = compare((standard, other) for _, standard, other in asked)
        for (number, _, other), comparison in zip(asked, compared, strict=True):
            if comparison.verdict.kept:
                members[number].append(other)
        for number, equal in members.items():
            found[number].take(equal)
            for answer in equal:
                del left[number][answer]


def _differing(groups: AnswerGroups) -> Counter[str]:
    """The answers that are surely not the expected one, with their numbers."""
    outcomes = {answer: comparison.verdict.outcome for answer, comparison in groups.comparisons.items()}
    return Counter({answer: count for answer, count in groups.counts.items() if outcomes[answer] is Outcome.FAIL})
