"""A program cannot forge a result, and values that fight back hurt only their own program."""

import json

import pytest

from caco_tasks.records import Outcome, Reason
from caco_tasks.sandbox import Job, Ran, Sandbox

FORGED = json.dumps(
    {"outcome": "pass", "input": "1", "output": '"forged"', "output_type": "str", "output_text": "forged"}
)

FORGERIES = {
    "on every descriptor": f"import os\nfor n in range(64):\n    try: os.write(n, {FORGED!r}.encode())\n    except OSError: pass",
    "with a made-up nonce": f"import os\nfor n in range(64):\n"
    f"    try: os.pwrite(n, b'0' * 16 + {FORGED!r}.encode(), 0)\n    except OSError: pass",
    "by a message to the zygote": "import os\nfor n in range(64):\n    try: os.write(n, bytes(48))\n    except OSError: pass",
}  # fmt: skip

# Each changes what the harness might lean on, then has an honest output.
SABOTAGE = {
    "json": "import json, json.encoder\njson.dumps = json.encoder.c_make_encoder = lambda *a, **k: 'forged'",
    "builtins": "import builtins\nfor name in ('len', 'type', 'str', 'isinstance', 'sorted', 'repr', 'any', 'all'):\n"
    "    setattr(builtins, name, lambda *a, **k: 'forged')",
    "builtins emptied": "import builtins\nbuiltins.__dict__.clear()",
    "modules": "import sys\nsys.modules.clear()",
    "exit": "import os\nos._exit = os.pwrite = os.write = lambda *a: 0",
    "stdout": "import sys\nsys.stdout.close(); sys.stdout = sys.__stdout__ = None",
    "descriptors of streams": "import os\nos.close(0); os.close(1); os.close(2)",
    "trace": "import sys\ndef trace(*a): raise ValueError\nsys.settrace(trace)",
    "recursion limit": "import sys\nsys.setrecursionlimit(60)",
    "digits limit": "import sys\nsys.set_int_max_str_digits(640)",
    "collector": "import gc\ngc.collect(); gc.disable(); gc.set_threshold(1)",
    "mathematics": "import math, fractions\nmath.isfinite = lambda x: 1 / 0\nfractions.Fraction = int",
}

HOSTILE_VALUES = {
    "raises in repr": "def __repr__(self): raise SystemExit",
    "lies about its class": "__class__ = int",
    "equals everything": "def __eq__(self, other): return True\n    __hash__ = None",
    "reduces to a call": "def __reduce__(self): import os; return (os.system, ('true',))",
    "iterates for ever": "def __iter__(self):\n        while True: yield 1",
    "is an int with another text": "pass",
}


def run(sandbox: Sandbox, code: str) -> Ran:
    (ran,) = sandbox.run([Job(code=code)])
    return ran


@pytest.mark.parametrize("code", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_result_is_not_believed(code: str, sandbox: Sandbox) -> None:
    ran = run(sandbox, f"input = {{'a': 1}}\n{code}\nimport os\nos._exit(0)\n")
    assert ran.verdict.reason is Reason.ERROR
    assert ran.execution.output_json is None


@pytest.mark.parametrize("code", FORGERIES.values(), ids=FORGERIES)
def test_the_true_result_replaces_a_forged_one(code: str, sandbox: Sandbox) -> None:
    ran = run(sandbox, f"input = {{'a': 1}}\n{code}\noutput = 41 + 1\n")
    assert ran.execution.output_json == "42" or ran.verdict.reason is Reason.ERROR


@pytest.mark.parametrize("code", SABOTAGE.values(), ids=SABOTAGE)
def test_sabotage_of_python_does_not_change_the_result(code: str, sandbox: Sandbox) -> None:
    ran = run(sandbox, f"input = {{'a': [1, 2]}}\noutput = [1, 2.5, (3, 'x'), {{'k': 4}}]\n{code}\n")
    assert ran.verdict.kept, ran
    assert ran.execution.output_json == '[1, 2.5, {"$type": "tuple", "items": [3, "x"]}, {"k": 4}]'


@pytest.mark.parametrize("body", HOSTILE_VALUES.values(), ids=HOSTILE_VALUES)
@pytest.mark.parametrize(
    "place", ["Evil()", "[Evil()]", "{'k': Evil()}", "{Evil: 1}"], ids=["bare", "in list", "in dict", "class"]
)
def test_an_object_of_the_programs_own_class_is_unserialisable(body: str, place: str, sandbox: Sandbox) -> None:
    base = "(int)" if body == "pass" else ""
    ran = run(sandbox, f"class Evil{base}:\n    {body}\ninput = {{'a': 1}}\noutput = {place}\n")
    assert ran.verdict.reason is Reason.UNSERIALISABLE
    assert "Evil" in (ran.verdict.detail or "") or "type" in (ran.verdict.detail or "")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("output = []\noutput.append(output)", Reason.UNSERIALISABLE),
        ("output = 1\nfor _ in range(500): output = [output]", Reason.UNSERIALISABLE),
        ("output = 1\nfor _ in range(10**5): output = (output,)", Reason.UNSERIALISABLE),
        ("output = lambda x: x", Reason.UNSERIALISABLE),
        ("output = (n for n in range(3))", Reason.UNSERIALISABLE),
        ("output = 2 ** 200_000", Reason.OUTPUT_SIZE),
        ("output = None", Reason.NO_OUTPUT),
        ("output = ''", Reason.NO_OUTPUT),
        ("output = []", Reason.NO_OUTPUT),
        ("pass", Reason.NO_OUTPUT),
        ("output = 1; input = {}", Reason.NO_INPUT),
        ("output = 1; del input", Reason.NO_INPUT),
        ("raise ValueError('why')", Reason.ERROR),
        ("output = 1\nraise KeyboardInterrupt", Reason.ERROR),
        ("output = 1 +", Reason.SYNTAX),
        ("output = '\0'", Reason.SYNTAX),
        ("output = " + "(" * 500 + ")" * 500, Reason.SYNTAX),
        ("output = " + "-" * 100_000 + "1", Reason.SYNTAX),
        ("raise MemoryError", Reason.MEMORY),
        ("import socket; socket.socket()", Reason.FORBIDDEN),
        ("import sys; sys.exit(1)", Reason.NO_OUTPUT),
    ],
    ids=lambda part: part[:40] if isinstance(part, str) and not isinstance(part, Reason) else None,
)
def test_each_way_to_fail_has_its_reason(code: str, reason: Reason, sandbox: Sandbox) -> None:
    ran = run(sandbox, f"input = {{'a': 1}}\n{code}\n")
    assert (ran.verdict.outcome, ran.verdict.reason) == (Outcome.FAIL, reason)


def test_an_error_names_type_message_and_line(sandbox: Sandbox) -> None:
    ran = run(sandbox, "input = {'a': 1}\n\ndef f():\n    return 1 / 0\n\noutput = f()\n")
    assert ran.execution.error == "ZeroDivisionError: division by zero (line 4)"


def test_an_exception_that_cannot_be_shown_is_still_an_error(sandbox: Sandbox) -> None:
    ran = run(sandbox, "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E\n")
    assert ran.verdict.reason is Reason.ERROR
    assert "E: its message cannot be shown" in (ran.execution.error or "")


def test_sys_exit_after_the_output_keeps_it_and_says_so(sandbox: Sandbox) -> None:
    ran = run(sandbox, "import sys\ninput = {'a': 1}\noutput = 5\nsys.exit(3)\n")
    assert ran.verdict.kept
    assert ran.execution.output_json == "5"
    assert ran.execution.error == "SystemExit: 3 (line 4)"


def test_text_that_stores_refuse_arrives_as_escapes(sandbox: Sandbox) -> None:
    ran = run(sandbox, "input = {'a': 'x\\0'}\noutput = 'y\\ud800\\0'\nprint(output)\nprint(input)\n")
    assert ran.execution.output_json == '"y\\ud800\\u0000"'
    assert ran.execution.output_text == "y\\ud800\\x00"
    assert ran.execution.stdout == "y\\ud800\\x00\n{'a': 'x\\x00'}\n"


def test_an_error_with_a_lone_surrogate_can_be_stored(sandbox: Sandbox) -> None:
    ran = run(sandbox, "raise ValueError('\\ud800\\0')")
    for text in (ran.verdict.detail, ran.execution.error):
        assert text is not None
        assert "\0" not in text
        text.encode()


def test_source_that_is_no_unicode_is_a_syntax_error(sandbox: Sandbox) -> None:
    assert run(sandbox, "x = '\ud800'").verdict.reason is Reason.SYNTAX


def test_the_input_is_shown_as_written_even_if_a_function_changed_it(sandbox: Sandbox) -> None:
    code = "def f(xs):\n    xs.sort()\n    return xs[0]\n\ninput = {'xs': [3, 1, 2]}\noutput = f(**input)\n"
    assert run(sandbox, code).execution.input_json == '{"xs": [3, 1, 2]}'


def test_an_input_that_is_built_up_is_shown_as_built(sandbox: Sandbox) -> None:
    code = "input = {'xs': [[1]]}\ninput['xs'].append([2])\noutput = len(input['xs'])\n"
    assert run(sandbox, code).execution.input_json == '{"xs": [[1], [2]]}'


def test_a_long_program_runs(sandbox: Sandbox) -> None:
    code = "input = {'a': 1}\n" + "x = 1\n" * 50_000 + "output = x\n"
    assert run(sandbox, code).execution.output_json == "1"
