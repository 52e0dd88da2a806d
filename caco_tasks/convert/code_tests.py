"""The tests of a code seed as its gold: a program that a model wrote is right when its function passes all of them.

A test may be a plain assertion (MBPP), a function `check(candidate)` (HumanEval), or functions and classes as pytest finds them
(KodCode). They run in the sandbox behind the program, which they find as the module `solution`. Whether they can be run there,
and whether they say anything, is not read off them but tried: the source's own code must pass, a function without a body
must not.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from caco_tasks.convert.annotation import annotation_of
from caco_tasks.convert.coded import MAX_CODE_CHARS, parse_code
from caco_tasks.ids import content_id
from caco_tasks.records import PASS, Outcome, Reason, Seed, Verdict, fail
from caco_tasks.sandbox import Job, ProgramResult, Sandbox

# What the tests need of pytest where it is not installed; whatever else they use of it makes the source's own code fail.
_RUNNER = """
def _run_the_tests(names, source, setup, entry):
    import sys
    import types

    class Raises:
        def __init__(self, kinds, match=None):
            self.kinds, self.match, self.value = kinds, match, None

        def __enter__(self):
            return self

        def __exit__(self, kind, error, trace):
            import re

            assert kind is not None, "nothing was raised"
            self.value = error
            return issubclass(kind, self.kinds) and (self.match is None or re.search(self.match, str(error)) is not None)

    class Approx:
        def __init__(self, value, rel=1e-6, abs=1e-12):
            self.value, self.rel, self.abs = value, rel or 1e-6, abs or 1e-12

        def __eq__(self, other):
            if isinstance(self.value, (list, tuple)):
                pairs = zip(self.value, other)
                return len(self.value) == len(other) and all(Approx(a, self.rel, self.abs) == b for a, b in pairs)
            return abs(other - self.value) <= max(self.abs, self.rel * abs(self.value))

    solution, pytest = types.ModuleType("solution"), types.ModuleType("pytest")
    solution.__dict__.update({name: value for name, value in names.items() if not name.startswith("__")})
    pytest.raises, pytest.approx = Raises, Approx
    sys.modules.update(solution=solution, pytest=pytest)
    space = {**solution.__dict__, "__name__": "tests", "candidate": names[entry]}
    exec(compile(setup, "setup", "exec"), space)
    exec(compile(source, "tests", "exec"), space)
    for name, found in list(space.items()):
        if found is solution.__dict__.get(name):
            continue
        if name.startswith("Test") and isinstance(found, type):
            for method in [each for each in dir(found) if each.startswith("test")]:
                getattr(found(), method)()
        elif name.startswith("test_") and isinstance(found, types.FunctionType):
            found()
    if "def check(candidate)" in source:
        space["check"](names[entry])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTests:
    """What a seed's source says of how its function must behave."""

    function: str  # under test
    code: str  # of the source, which passes
    source: str  # of the tests
    setup: str  # lines that the tests need first

    @property
    def passed(self) -> str:
        """What a program returns behind which the tests came to their end."""
        return f"passed {content_id('tests', self.source, self.setup)[:16]}"

    def behind(self, program: str) -> str:
        """A program that runs another one and then the tests of its function."""
        call = f"_run_the_tests(dict(globals()), {self.source!r}, {self.setup!r}, {self.function!r})"
        values = {"function": self.function}  # a program without input would be at fault
        return f"{program}\n{_RUNNER}\n{call}\ninput, output = {values!r}, {self.passed!r}\n"


def read_tests(seed: Seed) -> CodeTests | None:
    """The tests of a seed; None where it has none, or they test no function at the top level of its code."""
    annotation = annotation_of(seed)
    code, texts, function = (annotation.get(name) for name in ("code", "tests", "entry_point"))
    setup = annotation.get("setup")
    tree = parse_code(code)
    if tree is None or not isinstance(function, str) or not isinstance(texts, list):
        return None
    source = "\n".join(text for text in texts if isinstance(text, str))
    tests = parse_code(source)
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    if tests is None or function not in names or not _asserts(tests) or len(source) > MAX_CODE_CHARS:
        return None
    return CodeTests(function=function, code=str(code), source=source, setup=setup if isinstance(setup, str) else "")


def is_code_seed(seed: Seed) -> bool:
    """Whether a seed's source says by tests, and not by an answer, what is right."""
    return "tests" in annotation_of(seed)


def find_usable(found: Sequence[CodeTests], sandbox: Sandbox) -> list[bool]:
    """For each, whether its own code passes and a function that returns nothing does not."""
    empty = [f"def {tests.function}(*values, **named):\n    return None\n" for tests in found]
    own = list(sandbox.run(Job(code=tests.behind(tests.code)) for tests in found))
    nothing = list(sandbox.run(Job(code=tests.behind(code)) for tests, code in zip(found, empty, strict=True)))
    return [
        judge_tests(tests, passing).kept and judge_tests(tests, failing).outcome is Outcome.FAIL
        for tests, passing, failing in zip(found, own, nothing, strict=True)
    ]


def judge_tests(tests: CodeTests, ran: ProgramResult) -> Verdict:
    """Whether the tests behind a program came to their end without a failure."""
    if ran.verdict.outcome is Outcome.UNKNOWN:
        return ran.verdict
    if ran.verdict.kept and ran.execution.output_text == tests.passed:
        return PASS
    why = ran.execution.error or ran.verdict.detail or "the program ends before its tests do"
    return fail(Reason.WRONG_ANSWER, f"the source's tests: {why}")


def _asserts(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Assert) for node in ast.walk(tree))
