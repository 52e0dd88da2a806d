"""A program cannot forge a result, and values that fight back hurt only their own program."""

import json
import subprocess
from pathlib import Path

import pytest
from unprotected import SPOILT, alone, in_turn

from caco_tasks.records import Outcome, Reason
from caco_tasks.sandbox import Job, ProgramResult, Sandbox

FORGED = json.dumps(
    {"outcome": "pass", "input": "1", "output": '"forged"', "output_type": "str", "output_text": "forged"}
)

FORGERIES = {
    "on every descriptor": f"import os\nfor n in range(64):\n    try: os.write(n, {FORGED!r}.encode())\n    except OSError: pass",
    "with a made-up nonce": f"import os\nfor n in range(64):\n"
    f"    try: os.pwrite(n, b'0' * 16 + {FORGED!r}.encode(), 0)\n    except OSError: pass",
    "by a message to the zygote": "import os\nfor n in range(64):\n    try: os.write(n, bytes(48))\n    except OSError: pass",
    "through a mapping of each": f"import mmap\nfor n in range(64):\n    try: m = mmap.mmap(n, 4096); m[:] = {FORGED!r}.encode()"
    ".ljust(4096)\n    except (OSError, ValueError): pass",
    "in a file of its own in the place of each": f"import os\nr = os.open('r', os.O_RDWR | os.O_CREAT)\n"
    f"os.write(r, {FORGED!r}.encode())\nfor n in range(64):\n    try: os.dup2(r, n)\n    except OSError: pass",
    "after closing each": f"import os\nos.closerange(0, 64)\nfor _ in range(9): os.write(os.open('r', os.O_RDWR | os.O_CREAT), "
    f"{FORGED!r}.encode())",
    "in a result without end": "import os\nfor n in range(2, 64):\n    try: os.ftruncate(n, 4 << 20)\n    except OSError: pass",
}  # fmt: skip

# A program that has found the nonce tells what it likes; but not what would harm those who read it.
THIEF = """
import json, os, sys
frame = sys._getframe()
while "head" not in frame.f_locals:
    frame = frame.f_back
def tell(**told):
    whole = {"outcome": "pass", "input": '{"a": 1}', "output": "1", "output_text": "1", "output_type": "int"} | told
    os.pwrite(4, frame.f_locals["head"].nonce + json.dumps(whole).encode(), 0)
    os._exit(0)
"""

POISON = {
    "a number that JSON lacks": "output='NaN', output_type='float'",
    "a number too large for a float": "output='1e999', output_type='float'",
    "nothing": "output=None",
    "no text": "output_text=None",
    "no type": "output_type=None",
    "another type": "output_type='float'",
    "a type that is no text": "output_type=5",
    "brackets to the limit of the reader": "output='[' * 900 + ']' * 900, output_type='list'",
    "brackets beyond it": "output='[' * 10**5 + ']' * 10**5, output_type='list'",
    "an unknown tag": 'output=\'{"$type": "soul", "value": 1}\', output_type=\'soul\'',
    "a tag that is no text": "output='{\"$type\": 5}', output_type='5'",
    "a broken Fraction": 'output=\'{"$type": "Fraction", "value": "1/0"}\', output_type=\'Fraction\'',
    "an array of a billion": 'output=\'{"$type": "ndarray", "dtype": "S1000000000", "items": 1}\', output_type=\'x\'',
    "spaces within": "output='[1,   2]', output_type='list'",
    "two values of a key": "output='{\"a\": 1, \"a\": 2}', output_type='dict'",
    "an input that is broken": "input='{'",
    "a text of half a megabyte": "output_text='x' * 300_000",
    "an outcome that is none": "outcome='published'",
    "an outcome of the platform": "outcome='sandbox_lost'",
    "a loss of its own": "outcome='not_deterministic'",
}

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
    "importer": "import builtins, sys\nbuiltins.__import__ = None; sys.meta_path[:] = [None]",
    "callback of the collector": "import gc\ngc.callbacks.append(lambda *a: 1 / 0)\ngc.set_threshold(1)",
    "codecs": "import codecs, sys\ncodecs.lookup = codecs.encode = codecs.getencoder = None",
    "exit hooks": "import atexit, os, sys, threading\natexit.register(os._exit, 3); threading._shutdown = None\n"
    "sys.excepthook = sys.unraisablehook = None",
    "ignored signals": "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n"
    "    except (OSError, ValueError): pass",
    "blocked signals": "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))",
    "busy thread": "import threading\ndef burn():\n    while True: pass\n"
    "threading.Thread(target=burn, daemon=True).start()",
    "its own name": "import sys\nsys.modules['__main__'] = None\n__name__ = 'other'; __builtins__ = {}",
    "constructors": "import ast, types\ntypes.ModuleType = ast.parse = ast.literal_eval = None",
    "mathematics": "import math, fractions\nmath.isfinite = lambda x: 1 / 0\nfractions.Fraction = int",
}

# Each raises within the harness: what cannot be told counts as a failure, never as a pass.
SELF_HARM = {
    "profile": "import sys\ndef profile(*a): raise ValueError\nsys.setprofile(profile)",
    "trace of frames above": "import sys\nframe = sys._getframe().f_back\ndef trace(*a): raise ValueError\n"
    "sys.settrace(trace)\nwhile frame: frame.f_trace = trace; frame = frame.f_back",
    "audit hook": "import sys\nsys.addaudithook(lambda event, args: 1 / 0 if event != 'sys.addaudithook' else 0)",
    "alarm": "import signal\ndef ring(*a): raise ValueError\nsignal.signal(signal.SIGALRM, ring)\n"
    "signal.setitimer(signal.ITIMER_REAL, 1e-5, 1e-5)",
    "no result": "import os\nos.close(4)",
    "a result that is no file": "import os\nos.dup2(os.pipe()[0], 4)",
    "a result that is full": "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))",
    "no memory": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (0, 0))\nx = bytes(10**6)",
}

# What a class does, and how a runner that trusts its values is fooled: an expression that is then true.
HOSTILE_VALUES = {
    "raises in repr": ("def __repr__(self): raise SystemExit", "raised(repr)"),
    "lies about its class": ("__class__ = int", "isinstance(output, int)"),
    "equals everything": ("def __eq__(self, other): return True\n    __hash__ = None", "output == 'gold'"),
    "has any hash": ("def __hash__(self): return hash('gold')\n    def __eq__(self, other): return True",
                     "output in {'gold'}"),
    "reduces to a call": ("def __reduce__(self): import os; return (os.mkdir, ('made',))",
                          "[pickle.loads(pickle.dumps(output)), os.path.isdir('made')][1]"),
    "iterates for ever": ("def __iter__(self):\n        while True: yield 1",
                          "len(list(itertools.islice(output, 10**6))) == 10**6"),
    "raises in iteration": ("def __iter__(self): raise SystemExit", "raised(list)"),
    "is an index of another value": ("def __index__(self): return 42", "[0] * 43 != [] and range(43)[output] == 42"),
    "has every attribute": ("def __getattr__(self, name): return lambda *a, **k: 42", "output.bit_length() == 42"),
    "has no length": ("def __len__(self): raise SystemExit", "raised(len)"),
    "is neither true nor false": ("def __bool__(self): raise SystemExit", "raised(bool)"),
    "formats itself": ("def __format__(self, how): return 'gold'", "f'{output}' == 'gold'"),
    "copies itself": ("def __deepcopy__(self, memo): raise SystemExit", "raised(copy.deepcopy)"),
    "raises when it goes": ("def __del__(self): os.mkdir('made')", "[globals().pop('output'), gc.collect()] and True"),
    "is an array": ("def __array__(self, *a, **k): raise SystemExit", "hasattr(output, '__array__')"),
    "is an int with another text": ("pass", "isinstance(output, int)"),
}  # fmt: skip


def run(sandbox: Sandbox, code: str) -> ProgramResult:
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


def test_a_careless_runner_believes_a_forged_result(tmp_path: Path) -> None:
    forging = "import os\nos.write(1, b'[\"forged\"]\\n')\nos._exit(0)"
    assert in_turn(tmp_path, forging, "output = 1") == ["forged", SPOILT]


@pytest.mark.parametrize("told", POISON.values(), ids=POISON)
def test_what_is_told_with_a_stolen_nonce_must_be_sound(told: str, sandbox: Sandbox) -> None:
    poisoned, honest = sandbox.run([Job(code=f"{THIEF}tell({told})"), Job(code="input = {'a': 1}\noutput = 2")])
    assert poisoned.verdict.reason is Reason.ERROR
    assert poisoned.execution.output_json is None
    assert honest.execution.output_json == "2"


def test_a_program_with_a_stolen_nonce_lies_about_its_own_value_and_nothing_else(sandbox: Sandbox) -> None:
    ran = run(sandbox, f"{THIEF}x = sum(range(10**6))\ntell(output='7', cpu_seconds=0, level='none', status=1)")
    assert (ran.execution.output_json, ran.execution.sandbox_level) == ("7", "full")
    assert ran.execution.cpu_seconds > 0


@pytest.mark.parametrize("code", SABOTAGE.values(), ids=SABOTAGE)
def test_sabotage_of_python_does_not_change_the_result(code: str, sandbox: Sandbox) -> None:
    ran = run(sandbox, f"input = {{'a': [1, 2]}}\noutput = [1, 2.5, (3, 'x'), {{'k': 4}}]\n{code}\n")
    assert ran.verdict.kept, ran
    assert ran.execution.output_json == '[1, 2.5, {"$type": "tuple", "items": [3, "x"]}, {"k": 4}]'


def evil(body: str) -> str:
    return f"import os\nclass Evil{'(int)' if body == 'pass' else ''}:\n    {body}\n"


@pytest.mark.parametrize("code", SELF_HARM.values(), ids=SELF_HARM)
def test_who_breaks_the_telling_of_its_result_fails(code: str, sandbox: Sandbox) -> None:
    harmed, honest = sandbox.run(
        [Job(code=f"input = {{'a': [1]}}\noutput = [1]\n{code}\n"), Job(code="input = 1\noutput = 2")]
    )
    assert harmed.verdict.reason in (Reason.ERROR, Reason.UNSERIALISABLE, Reason.MEMORY)
    assert harmed.execution.output_json is None
    assert honest.execution.output_json == "2"


@pytest.mark.parametrize("body", [body for body, _ in HOSTILE_VALUES.values()], ids=HOSTILE_VALUES)
@pytest.mark.parametrize(
    "place", ["Evil()", "[Evil()]", "{'k': Evil()}", "{Evil: 1}"], ids=["bare", "in list", "in dict", "class"]
)
def test_an_object_of_the_programs_own_class_is_unserialisable(body: str, place: str, sandbox: Sandbox) -> None:
    ran = run(sandbox, f"{evil(body)}input = {{'a': 1}}\noutput = {place}\n")
    assert ran.verdict.reason is Reason.UNSERIALISABLE
    assert "Evil" in (ran.verdict.detail or "") or "type" in (ran.verdict.detail or "")


_RAISED = """
import copy, gc, itertools, pickle
def raised(function):
    try:
        function(output)
    except SystemExit:
        return True
"""


@pytest.mark.parametrize(("body", "fooled"), HOSTILE_VALUES.values(), ids=HOSTILE_VALUES)
def test_who_trusts_such_an_object_is_fooled(body: str, fooled: str, tmp_path: Path) -> None:
    told: subprocess.CompletedProcess[bytes] = alone(tmp_path, f"{evil(body)}output = Evil()\n{_RAISED}print({fooled})")
    assert told.stdout == b"True\n", told.stderr


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


@pytest.mark.parametrize(
    "code",
    ["output = []\noutput.append(output)", "output = 1\nfor _ in range(10**5): output = (output,)", "output = 2 ** 200_000"],
    ids=["cycle", "depth", "huge integer"],
)  # fmt: skip
def test_the_same_value_ends_a_careless_runner(code: str, tmp_path: Path) -> None:
    assert in_turn(tmp_path, code, "output = 2")[1] == SPOILT


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


@pytest.mark.parametrize(
    ("code", "output"),
    [
        ("output = 5\nexit()", "5"),
        ("output = 5\nraise SystemExit", "5"),
        ("def f():\n    global output\n    output = 5\n    sys.exit('done')\nf()", "5"),
        ("output = 5\nclass C:\n    sys.exit(0)", "5"),
        ("output = 5\n[sys.exit(0) for _ in range(3)]", "5"),
        ("output = 5\ntry:\n    1 / 0\nfinally:\n    sys.exit(0)", "5"),
        ("output = 5\nthreading.Thread(target=sys.exit).start()", "5"),
        ("output = 5\nclass C:\n    def __del__(self): sys.exit(1)\nc = C(); del c", "5"),
        ("output = 5\natexit.register(sys.exit, 1)", "5"),
        ("output = 5\nsignal.signal(10, lambda *a: sys.exit(1)); os.kill(os.getpid(), 10); time.sleep(1)", "5"),
        ("def later(): sys.exit(1)\nsys.settrace(lambda *a: later())\noutput = 5", "5"),
        ("sys.exit(0)\noutput = 5", None),
        ("output = None\nsys.exit(0)", None),
    ],
    ids=["exit", "raised", "function", "class body", "comprehension", "finally", "thread", "finalizer", "atexit",
         "signal handler", "trace", "before the output", "output is None"],
)  # fmt: skip
def test_an_exit_in_an_odd_place_keeps_an_output_that_is_there(code: str, output: str | None, sandbox: Sandbox) -> None:
    imports = "import atexit, os, signal, sys, threading, time\n"
    ran = run(sandbox, f"{imports}input = {{'a': 1}}\n{code}\n")
    assert ran.execution.output_json == output
    assert ran.verdict.reason is (None if output else Reason.NO_OUTPUT)


def test_text_that_stores_refuse_arrives_as_escapes(sandbox: Sandbox, tmp_path: Path) -> None:
    assert b"UnicodeEncodeError" in alone(tmp_path, "print('\\ud800')").stderr
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


ODD_PATHS = {
    "no text": "open(b'\\xaa')",
    "half a text": "open('\\udcaa')",
    "a NUL": "open('a\\0b')",
    "too long": "open('x' * 5000)",
    "too deep": "open('d/' * 3000)",
    "a format": "open('%s%n')",
    "nothing": "open('')",
    "no address": "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    "if libc.open(None, 0) < 0: raise OSError(ctypes.get_errno(), 'open')",
}


@pytest.mark.parametrize("code", ODD_PATHS.values(), ids=ODD_PATHS)
def test_a_path_that_no_file_can_have_is_an_error_that_can_be_stored(code: str, sandbox: Sandbox) -> None:
    ran = run(sandbox, code)
    assert ran.verdict.reason is Reason.ERROR
    assert ran.execution.error is not None
    ran.execution.error.encode()
    assert "\0" not in ran.execution.error


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


def test_a_program_that_replaces_a_builtin_function_has_it_replaced_for_itself_alone(sandbox: Sandbox) -> None:
    code = "import builtins\nbuiltins.len = lambda items: 99\ninput = {'a': [1]}\noutput = len(input['a'])\nbuiltins.str = None"
    ran = run(sandbox, code)
    assert (ran.execution.output_json, ran.execution.output_text) == ("99", "99")
