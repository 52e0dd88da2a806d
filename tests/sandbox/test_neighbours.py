"""Nothing that one program does is visible to the next, or wrong in its record; it spoils a careless runner."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from unprotected import in_turn

from caco_tasks.config import SandboxSettings
from caco_tasks.sandbox import Job, Sandbox

HEAD = """
import atexit, builtins, codecs, ctypes, decimal, gc, importlib.util, json, locale, math, os, random
import resource, signal, sys, threading, time, types, warnings
input = {"a": 1}
def has_codec(name):
    try:
        return bool(codecs.lookup(name))
    except LookupError:
        return False
"""

# What a program does, and what one before and one after it must find alike.
TRACES = {
    "file": ("open('left', 'w').write('x')", "['.', *os.listdir('.')]"),
    "deep folders": ("top = os.getcwd()\nfor _ in range(200):\n    os.mkdir('d'); os.chdir('d')\nos.chdir(top)",
                     "['.', *os.listdir('.')]"),
    "forbidden folder": ("os.mkdir('d'); os.chmod('d', 0); os.chmod('.', 0)", "[os.listdir('.'), os.stat('.').st_mode]"),
    "symlink": ("os.symlink('/dev/zero', 'left')", "os.path.islink('left')"),
    "module": ("open('colorsys.py', 'w').write('rgb_to_hsv = None')",
               "importlib.util.find_spec('colorsys').origin"),
    "working directory": ("os.chdir('/dev')", "os.getcwd()"),
    "mask of modes": ("os.umask(0o777)", "os.umask(0o022)"),
    "value in a module": ("math.pi = 3", "math.pi"),
    "builtin": ("builtins.abs = lambda x: 7", "abs(-2)"),
    "builtins emptied": ("names = dict(vars(builtins)); builtins.__dict__.clear(); output = 'done'", "len('ab')"),
    "no import": ("builtins.__import__ = None", "__import__('string').digits"),
    "importer": ("sys.meta_path.insert(0, types.SimpleNamespace(find_spec=None))", "len(sys.meta_path)"),
    "search path": ("sys.path[:] = []", "len(sys.path)"),
    "modules cleared": ("for name in list(sys.modules): sys.modules[name] = None", "__import__('json').dumps(1)"),
    "small integer": ("ctypes.c_int.from_address(id(251) + 24).value = 9", "int('250') + 1"),
    "environment": ("os.environ['LEFT'] = 'x'", "'LEFT' in os.environ"),
    "environment of C": ("ctypes.CDLL(None).setenv(b'LEFT', b'x', 1)", "ctypes.CDLL(None).getenv(b'LEFT') != 0"),
    "descriptor": ("os.open('/dev/null', 0)", "[d := os.open('/dev/null', 0), os.close(d)][0]"),
    "flags of stdin": ("import fcntl\ntry: fcntl.fcntl(0, fcntl.F_SETFL, os.O_NONBLOCK)\nexcept OSError: pass",
                       "__import__('fcntl').fcntl(0, 3)"),
    "place in stdout": ("os.lseek(1, 10**6, 0)", "os.lseek(1, 0, 1)"),
    "full disk": ("try:\n    while True: open(str(time.time()), 'wb').write(b'x' * 2**20)\nexcept OSError: pass",
                  "open('mine', 'w').write('mine')"),
    "limits": ("resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))", "resource.getrlimit(resource.RLIMIT_NOFILE)[0]"),
    "size of the stack": ("resource.setrlimit(resource.RLIMIT_STACK, (2**20, 2**20))",
                          "resource.getrlimit(resource.RLIMIT_STACK)[0]"),
    "state of chance": ("random.seed(99)", "hash(random.getstate())"),
    "state of numpy's chance": ("import numpy; numpy.random.seed(99)",
                                "int(__import__('numpy').random.get_state()[1][1])"),
    "numpy's printing": ("import numpy; numpy.set_printoptions(precision=2)",
                         "str(__import__('numpy').array([0.123456]))"),
    "sympy's function": ("import sympy; sympy.sqrt = abs", "str(__import__('sympy').sqrt(8))"),
    "precision of decimals": ("decimal.getcontext().prec = 3", "str(decimal.Decimal(1) / 3)"),
    "recursion limit": ("sys.setrecursionlimit(777)", "sys.getrecursionlimit()"),
    "limit of digits": ("sys.set_int_max_str_digits(0)", "sys.get_int_max_str_digits()"),
    "switching of threads": ("sys.setswitchinterval(7)", "sys.getswitchinterval()"),
    "collector": ("gc.disable(); gc.set_threshold(7)", "[gc.isenabled(), gc.get_threshold()]"),
    "callback of the collector": ("gc.callbacks.append(print)", "len(gc.callbacks)"),
    "audit hook": ("sys.addaudithook(lambda *a: 1 / 0)", "compile('1', 'x', 'eval') is not None"),
    "trace": ("sys.settrace(lambda *a: None)", "sys.gettrace() is None"),
    "profile": ("sys.setprofile(lambda *a: None)", "sys.getprofile() is None"),
    "trace of threads": ("threading.settrace(print)", "threading.gettrace() is None"),
    "codec": ("codecs.register(lambda name: codecs.lookup('ascii') if name == 'caco' else None)", "has_codec('caco')"),
    "warnings": ("warnings.simplefilter('error')", "len(warnings.filters)"),
    "signal handler": ("signal.signal(signal.SIGUSR1, lambda *a: None)", "str(signal.getsignal(signal.SIGUSR1))"),
    "ignored signal": ("signal.signal(signal.SIGUSR2, signal.SIG_IGN)", "str(signal.getsignal(signal.SIGUSR2))"),
    "blocked signal": ("signal.pthread_sigmask(signal.SIG_BLOCK, [10])", "len(signal.pthread_sigmask(0, []))"),
    "alarm": ("signal.setitimer(signal.ITIMER_REAL, 50)", "signal.getitimer(signal.ITIMER_REAL)[0] > 0"),
    "thread": ("threading.Thread(target=time.sleep, args=(1,), daemon=True).start()", "threading.active_count()"),
    "late thread": ("threading.Timer(0.05, lambda: open('late', 'w').close()).start()",
                    "time.sleep(0.2) or ['.', *os.listdir('.')]"),
    "excepthook": ("sys.excepthook = print", "sys.excepthook is sys.__excepthook__"),
    "locale": ("locale.setlocale(locale.LC_ALL, 'C')", "locale.setlocale(locale.LC_ALL)"),
    "lists of other programs": ("frame = sys._getframe()\nwhile frame:\n    for found in list(frame.f_locals.values()):\n"
                                "        if type(found) is list: found[:] = ['output = 0' for _ in found]\n"
                                "    frame = frame.f_back", "2 + 2"),
    "functions above it": ("frame = sys._getframe()\nwhile frame:\n    for found in list(frame.f_globals.values()):\n"
                           "        if type(found) is types.FunctionType and not found.__code__.co_freevars:\n"
                           "            found.__code__ = (lambda *a, **k: 'forged').__code__\n    frame = frame.f_back",
                           "2 + 2"),
    "functions of the collector": ("for found in gc.get_objects():\n"
                                   "    if type(found) is types.FunctionType and found.__name__ == 'told':\n"
                                   "        found.__code__ = (lambda *a, **k: 'forged').__code__", "2 + 2"),
    "encoder": ("json.dumps = json.JSONEncoder.encode = lambda *a, **k: 'forged'", "2 + 2"),
    "standard output": ("sys.stdout = sys.stderr", "sys.stdout is sys.__stdout__"),
    "print": ("builtins.print = lambda *a, **k: None", "2 + 2"),
    "text at exit": ("atexit._run_exitfuncs = None; atexit.register(os._exit, 3)", "atexit._ncallbacks()"),
}  # fmt: skip

NOT_OUTSIDE = {"full disk", "place in stdout"}  # it would fill this machine's; a pipe has no place


@pytest.fixture(scope="module")
def narrow() -> Iterator[Sandbox]:
    """One worker: a program follows the one before in the same slot, or in what replaced it."""
    with Sandbox(SandboxSettings(workers=1, timeout_seconds=20, min_level="full")) as sandbox:
        yield sandbox


def programs(first: str, second: str) -> list[str]:
    look = f"{HEAD}output = {second}\n"
    return [look, f"{HEAD}{first}\noutput = 'done'\n", look]


@pytest.mark.parametrize(("first", "second"), TRACES.values(), ids=TRACES)
def test_nothing_is_left_for_the_next_program(first: str, second: str, narrow: Sandbox) -> None:
    before, _, after = narrow.run(Job(code=code) for code in programs(first, second))
    assert before.verdict.reason is after.verdict.reason is None
    assert after.execution.output_json == before.execution.output_json


@pytest.mark.parametrize("name", [name for name in TRACES if name not in NOT_OUTSIDE])
def test_a_careless_runner_keeps_the_trace(name: str, tmp_path: Path) -> None:
    before, _, after = in_turn(tmp_path, *programs(*TRACES[name]))
    assert before is not None
    assert after != before


def test_a_program_finds_no_account_of_the_one_before(narrow: Sandbox) -> None:
    code = (
        "import sys\ninput = {'a': 1}\nframe = sys._getframe()\nwhile 'watch' not in frame.f_globals: frame = frame.f_back\n"
        "output = frame.f_globals['watch'].report.use.peak_kib + 1"
    )
    assert [ran.execution.output_json for ran in narrow.run([Job(code=code)] * 3)] == ["1"] * 3
