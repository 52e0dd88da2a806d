"""The line that names a program's domain: written, read back, and left out where a model reads the program."""

from itertools import islice
from random import Random

import pytest

from caco_tasks.domain_tags import domain_of, tag_line, without_tag
from caco_tasks.ids import program_id
from caco_tasks.nano.data import TAGGED_SHARE, examples_of, training_problems

CODE = 'input = {"a": 2}\n'


@pytest.mark.parametrize("domain", ["algebra", "number_theory", "Counting & Probability", "geometry: solids"])
def test_what_is_written_is_read_back(domain: str) -> None:
    assert domain_of(tag_line(domain) + CODE) == domain


def test_a_seed_without_a_domain_teaches_no_domain() -> None:
    assert domain_of(tag_line(None) + CODE) is None


@pytest.mark.parametrize(
    "tag", ["# domain: algebra\n", "\n  # domain: algebra  \n", "# domain: unknown\n", "# domain:\n", ""]
)
def test_a_program_without_its_tag_is_the_same_program(tag: str) -> None:
    assert without_tag(tag + CODE) == CODE
    assert program_id(tag + CODE) == program_id(CODE)


@pytest.mark.parametrize(
    "code", [f"{CODE}# domain: algebra\n", "#domain algebra\n" + CODE, "# The domain: algebra\n" + CODE]
)
def test_other_comments_stay(code: str) -> None:
    assert without_tag(code) == code
    assert domain_of(code) is None


def test_the_bundled_codegen_learns_programs_with_and_without_their_domain() -> None:
    problems = list(islice(training_problems(1), 400))
    texts = [examples_of("codegen", problem, Random(place))[0].completion for place, problem in problems]
    tagged = [domain_of(text) for text in texts]
    assert all(domain in (None, problem.domain) for domain, (_, problem) in zip(tagged, problems, strict=True))
    assert abs(sum(domain is not None for domain in tagged) / len(tagged) - TAGGED_SHARE) < 0.1
