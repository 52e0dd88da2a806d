"""The program that runs in the sandbox and there runs another one on many inputs: text, sent as a job.

Each input gets a module of its own, as a program alone has. Both the plain and the noted program run; what they return must
be equal. A row of the output: whether it ran, what it returned, its text, and the number of its notes in a list of all.
"""

PROBE = """
import builtins
import copy
import math
from fractions import Fraction

NUMBERS = (int, float, Fraction)
LARGE = 10 ** 12


def classify(value):
    if type(value) is bool:
        return "t" if value else "f"
    if not isinstance(value, NUMBERS):
        return "o"
    if isinstance(value, float) and not math.isfinite(value):
        return "L"
    sign = "+" if value > 0 else "-" if value < 0 else "0"
    if abs(value) > LARGE:
        return sign + "L"
    return sign + ("w" if abs(value - round(value)) < 1e-9 * max(1, abs(value)) else "f")


def run_one(compiled, given, seen):
    def note(step, value):
        seen.setdefault(step, set()).add(classify(value))
        return value

    def op(step, sign, left, right):
        result = left // right if sign == "//" else left % right if sign == "%" else left / right
        if isinstance(left, NUMBERS) and isinstance(right, NUMBERS):
            rest = left % right if sign != "/" else result - round(result)
            seen.setdefault(step, set()).add("e" if abs(rest) < 1e-9 else "r")
        return result

    def call(step, name, function, *arguments):
        result = function(*arguments)
        first = arguments[0]
        if isinstance(first, NUMBERS) and isinstance(result, NUMBERS):
            if name == "abs":
                kind = "+" if first > 0 else "-" if first < 0 else "0"
            elif name in ("isqrt", "sqrt"):
                kind = "e" if abs(result - round(result)) < 1e-9 and round(result) ** 2 == first else "r"
            else:
                kind = "e" if abs(first - result) < 1e-9 * max(1, abs(first)) else "r"
            seen.setdefault(step, set()).add(kind)
        return result

    module = {
        "__builtins__": builtins, "__name__": "__main__", "print": lambda *parts, **options: None,
        "_caco_given": copy.deepcopy(given), "_caco_note": note, "_caco_op": op, "_caco_call": call,
    }
    exec(compiled, module)
    return module["output"]


def probe(plain, noted, draws):
    plain, noted = compile(plain, "<plain>", "exec"), compile(noted, "<noted>", "exec")
    rows, notes = [], {}
    for given in draws:
        seen = {}
        try:
            output = run_one(plain, given, {})
            again = run_one(noted, given, seen)
        except Exception as exc:
            rows.append(["failed", type(exc).__name__, "", 0])
            continue
        if type(output) is not type(again) or str(output) != str(again):
            rows.append(["differs", "", "", 0])
            continue
        text = ";".join(f"{step}:{','.join(sorted(kinds))}" for step, kinds in sorted(seen.items()))
        rows.append(["ran", output, str(output)[:400], notes.setdefault(text, len(notes))])
    return {"rows": rows, "notes": list(notes) or [""]}


input = {"plain": "", "noted": "", "draws": []}
output = probe(**input)
"""
