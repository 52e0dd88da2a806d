"""The steps in a program's own process: take the job, close everything else, run the program, write the result.

Everything that is used after the program has run was bound before, to names that the program does not share. A
program can still lie about its own result, which is the same as assigning it; it cannot touch another
program's, nor the verdict, which the supervisor makes from the kernel's facts.
"""

import ast
import builtins
import io
import os
import random
import resource
import socket
import sys
import types
from typing import Any, Final, NoReturn

from caco_tasks.sandbox import clock, kernel, protocol, seccomp, values

PROGRAM: Final = "<program>"
MAX_MESSAGE_CHARS: Final = 500
MAX_TEXT_CHARS: Final = 10_000
MAX_PROCESSES: Final = 256  # of the sandbox's user, threads counted: bounds a program's threads

_PAGE_BYTES: Final = resource.getpagesize()
_OVERRIDE: Final = "__input__"
_BYTE_ORDER_MARK: Final = "\ufeff"  # which Python skips in a file, and refuses in a text
_MISSING: Final = object()
_ANCILLARY_BYTES: Final = socket.CMSG_LEN(3 * 4)  # three descriptors: stdout, result, and the file of a long job

_exit = os._exit
_set_trace = sys.settrace
_set_profile = sys.setprofile
_pwrite = os.pwrite
_to_json = values.to_json

Result = dict[str, str | None]


class Stop(Exception):
    """The program did not pass: the reason, by its name in `records.Reason`, and a line for a reader."""

    def __init__(self, outcome: str, detail: str | None = None, error: str | None = None) -> None:
        self.outcome = outcome
        self.detail = detail
        self.error = error


class _Process:
    """The settings and objects that a zygote prepares and each program's process inherits."""

    __slots__ = ("address_bytes", "cpu_seconds", "output_bytes", "program_filter", "stdout")

    def __init__(self, cpu_seconds: int, output_bytes: int) -> None:
        self.cpu_seconds = cpu_seconds
        self.output_bytes = output_bytes
        with open("/proc/self/statm", encoding="ascii") as statm:
            self.address_bytes = int(statm.read().split()[0]) * _PAGE_BYTES
        self.stdout = _text_stream(1, "w")
        self.program_filter = seccomp.program_filter()


_prepared: list[_Process] = []


def prepare(*, cpu_seconds: int, output_bytes: int) -> None:
    """Builds in the zygote what need not be built per program, and its standard streams."""
    _prepared[:] = [_Process(cpu_seconds, output_bytes)]
    streams = {"stdin": _text_stream(0, "r"), "stdout": _prepared[0].stdout, "stderr": _text_stream(2, "w")}
    for name, stream in streams.items():
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


_REHEARSALS: Final = 20  # a function is specialised after some eight calls
_REHEARSED: Final = b"""
import math
from fractions import Fraction

def total_cost(prices, count, rate):
    total = 0
    for name, price in prices.items():
        total += price * count
    parts = [Fraction(total, n) for n in range(1, 4)]
    best = max(parts, key=lambda part: part.numerator)
    text = f"{math.sqrt(total):.2f}, {best}"
    return round(float(best) * rate, 2) if text else total

input = {"prices": {"pen": 3, "book": 12}, "count": 5, "rate": 0.5}
output = total_cost(**input)
print(output)
"""


def rehearse() -> None:
    """Runs a program of the zygote's own several times.

    The interpreter specialises its code as it runs, by writing into it. Code that is specialised before the fork need not
    be copied for each program's process: one page in seven of all that it would write to.
    """
    head = protocol.JobHead(nonce=bytes(protocol.NONCE_BYTES), variant=0, code_bytes=len(_REHEARSED), input_bytes=-1)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        for _ in range(_REHEARSALS):
            socket.send_fds(ours, [protocol.pack_job(head, _REHEARSED, b"")], [0, 0])
            received, code, input_json, descriptors = _receive_job(theirs)
            _differ(received.variant, is_fresh=True)
            _make_frame(_outcome(code, input_json, _prepared[0].output_bytes), received.nonce)
            for descriptor in descriptors:
                os.close(descriptor)
    del sys.modules["__main__"]


def address_bytes() -> int:
    """The address space that the zygote had taken when it was prepared."""
    return _prepared[0].address_bytes


def run(channel: socket.socket, *, has_namespaces: bool) -> NoReturn:
    """Runs the program whose job is in the channel, in this process, which ends with it."""
    try:
        head, code, input_json, descriptors = _receive_job(channel)
        _close_descriptors(descriptors)
        _confine(has_namespaces=has_namespaces)
        _differ(head.variant, is_fresh=has_namespaces)
        result = _outcome(code, input_json, _prepared[0].output_bytes)
        _send_result(result, head.nonce)
        _exit(0)
    finally:
        _exit(70)


def _receive_job(channel: socket.socket) -> tuple[protocol.JobHead, bytes, bytes | None, memoryview]:
    """The job, and the descriptors that came with it: stdout, the result, and the file of a long job."""
    message, ancillary, _, _ = channel.recvmsg(protocol.INLINE_BYTES + protocol.HEAD.size, _ANCILLARY_BYTES)
    descriptors = memoryview(ancillary[0][2]).cast("i")
    if len(descriptors) == 3:
        message += _read_all(descriptors[2])
    return *protocol.unpack_job(message), descriptors


def _close_descriptors(descriptors: memoryview) -> None:
    """Closes all descriptors but the standard ones and the result's."""
    os.dup2(descriptors[0], 1)
    os.dup2(descriptors[1], protocol.RESULT)
    os.dup2(0, protocol.CHANNEL)
    os.closerange(protocol.RESULT + 1, protocol.MAX_DESCRIPTORS)


def _read_all(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _confine(*, has_namespaces: bool) -> None:
    """Drops the rights that the slot still had, and sets the limits that the slot itself cannot have."""
    if has_namespaces:
        kernel.drop_all_capabilities()
    else:
        kernel.die_with_parent()
        kernel.install_filter(_prepared[0].program_filter)
    cpu_seconds = _prepared[0].cpu_seconds
    resource.setrlimit(resource.RLIMIT_NPROC, (MAX_PROCESSES, MAX_PROCESSES))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))


def _differ(variant: int, *, is_fresh: bool) -> None:
    """Seeds chance by the variant, and sets the clock of every variant but 0 to another day."""
    if variant or not is_fresh:
        random.seed(variant)
        numpy = sys.modules.get("numpy")
        if numpy is not None:
            numpy.random.seed(variant)
    if variant:
        clock.shift(variant)


def _outcome(code: bytes, input_json: bytes | None, output_bytes: int) -> Result:
    """Runs the program and returns its result: the one place that catches everything."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    names = module.__dict__
    names["__builtins__"] = builtins  # else it would get the harness's own copies
    try:
        compiled = _compile(code, input_json, names)
        note = _run_compiled(compiled, names)
        result = _capture_values(names, output_bytes)
    except Stop as stop:
        return {
            **_capture_input(names, output_bytes),
            "outcome": stop.outcome,
            "detail": stop.detail,
            "error": stop.error,
        }
    except MemoryError:
        return {"outcome": "memory", "detail": "MemoryError after the program had run"}
    except BaseException as exc:
        return {"outcome": "unserialisable", "detail": _describe(exc)}
    if input_json is None:
        _keep_literal_input(result, code, output_bytes)
    return {**result, "outcome": "pass", "error": note}


def _compile(code: bytes, input_json: bytes | None, names: dict[str, Any]) -> types.CodeType:
    try:
        text = code.decode("utf-8", "surrogatepass").removeprefix(_BYTE_ORDER_MARK)
        if input_json is None:
            return compile(text, PROGRAM, "exec", dont_inherit=True)
        tree = _InputReplaced().replaced(ast.parse(text, PROGRAM))
        names[_OVERRIDE] = values.decode(input_json.decode(), expression=_expression)
        return compile(tree, PROGRAM, "exec", dont_inherit=True)
    except SyntaxError as exc:
        raise Stop("syntax", _describe(exc), f"{_describe(exc)} (line {exc.lineno})") from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as exc:
        raise Stop("syntax", _describe(exc), _describe(exc)) from None


class _InputReplaced(ast.NodeTransformer):
    """Puts another value in the place of each one that the module's own code assigns to `input`."""

    def __init__(self) -> None:
        self.count = 0

    def replaced(self, tree: ast.Module) -> ast.Module:
        self.generic_visit(tree)
        if not self.count:
            raise Stop("no_input", "the program assigns no top-level `input` that could be replaced")
        return ast.fix_missing_locations(tree)

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr)):
            return node
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        is_value = isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None
        if is_value and any(isinstance(target, ast.Name) and target.id == "input" for target in targets):
            self.count += 1
            node.value = ast.copy_location(ast.Name(_OVERRIDE, ast.Load()), node)  # type: ignore[attr-defined]
            return node
        return self.generic_visit(node)


def _expression(text: str) -> object:
    import sympy

    return sympy.sympify(text)


def _run_compiled(compiled: types.CodeType, names: dict[str, Any]) -> str | None:
    """Runs the program; None, or the words of the `SystemExit` that ended it after `output` was set."""
    try:
        exec(compiled, names)
    except SystemExit as exc:
        if names.get("output") is None:
            raise Stop("no_output", _describe_with_line(exc), _describe_with_line(exc)) from None
        return _describe_with_line(exc)
    except MemoryError as exc:
        raise Stop("memory", _describe_with_line(exc), _describe_with_line(exc)) from None
    except BaseException as exc:
        outcome = "forbidden" if type(exc) is PermissionError and exc.errno == 1 else "error"
        raise Stop(outcome, _describe_with_line(exc), _describe_with_line(exc)) from None
    finally:
        _set_trace(None)
        _set_profile(None)
    return None


def _capture_values(names: dict[str, Any], output_bytes: int) -> Result:
    """`input` and `output` as they stand when the program has ended."""
    for name, outcome in (("input", "no_input"), ("output", "no_output")):
        if _is_empty(names.get(name, _MISSING)):
            raise Stop(outcome, f"`{name}` is missing, None or empty")
    output = names["output"]
    input_text, _ = _encode("input", names["input"], output_bytes)
    output_text, tag = _encode("output", output, output_bytes)
    return {
        "input": input_text,
        "output": output_text,
        "output_text": str(output)[:MAX_TEXT_CHARS],
        "output_type": tag,
    }


def _capture_input(names: dict[str, Any], output_bytes: int) -> Result:
    """The input of a program that did not pass, where there is one to show."""
    try:
        return {"input": _encode("input", names["input"], output_bytes)[0]}
    except BaseException:  # the program's own objects may raise anything; its verdict stands already
        return {}


def _is_empty(value: object) -> bool:
    if value is _MISSING or value is None:
        return True
    return type(value) in (str, bytes, list, tuple, dict, set, frozenset) and not value


def _encode(name: str, value: object, output_bytes: int) -> tuple[str, str]:
    try:
        return values.encode_with_tag(value, max_chars=output_bytes)
    except values.TooLargeError as exc:
        raise Stop("output_size", f"{name}: {exc}") from None
    except values.UnserialisableError as exc:
        raise Stop("unserialisable", f"{name}: {exc}") from None


def _keep_literal_input(result: Result, code: bytes, output_bytes: int) -> None:
    """Undoes what functions did to the program's `input`: a literal whose parts can change is read from the text."""
    text = result["input"] or ""
    if text.count("[") + text.count("{") < 2:
        return
    try:
        literal = _literal_input(ast.parse(code))
        if literal is not None:
            result["input"] = values.encode(literal, max_chars=output_bytes)
    except Exception:
        return  # not a literal, or the program has broken what the parser needs: the value stays as it was left


def _literal_input(tree: ast.Module) -> object | None:
    """The literal that the module assigns to `input`; None where statements other than assignments go on with it."""
    found: object | None = None
    for statement in tree.body:
        if not any(isinstance(node, ast.Name) and node.id == "input" for node in ast.walk(statement)):
            continue
        if not isinstance(statement, ast.Assign):
            return None
        target = statement.targets[0]
        if not isinstance(target, ast.Name):
            return None
        if target.id == "input":
            found = ast.literal_eval(statement.value)
    return found


def _describe_with_line(exc: BaseException) -> str:
    """Type, message and the program's line of an exception."""
    line, trace = None, exc.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == PROGRAM:
            line = trace.tb_lineno
        trace = trace.tb_next
    return _describe(exc) if line is None else f"{_describe(exc)} (line {line})"


def _describe(exc: BaseException) -> str:
    try:
        return f"{type(exc).__name__}: {exc}"[:MAX_MESSAGE_CHARS]
    except BaseException:  # the message is made by the program's code
        return f"{type(exc).__name__}: its message cannot be shown"


def _send_result(result: Result, nonce: bytes) -> None:
    """Writes the rest of stdout, then the result; without the nonce the supervisor does not believe it."""
    try:  # noqa: SIM105 -- contextlib leans on built-in functions that the program may have changed
        _prepared[0].stdout.flush()
    except (ValueError, OSError):
        pass  # closed by the program, or full: the supervisor sees how much there is
    frame = _make_frame(result, nonce)
    place = 0
    while place < len(frame):
        place += _pwrite(protocol.RESULT, frame[place:], place)


def _make_frame(result: Result, nonce: bytes) -> bytes:
    return nonce + _to_json(result).encode("ascii")


def _text_stream(descriptor: int, mode: str) -> io.TextIOWrapper:
    raw = io.FileIO(descriptor, mode, closefd=False)
    buffered = io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw)
    return io.TextIOWrapper(buffered, encoding="utf-8", errors="backslashreplace", line_buffering=mode == "w")
