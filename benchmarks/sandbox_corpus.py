"""Programs to measure the sandbox with: 210 of plain mathematics, 60 with sympy, 30 with numpy, all in the unified
template.

Each family is one program with numbers left open; it is drawn with several sets of numbers.
"""

import re
from collections.abc import Iterator
from typing import Final

NUMBERS: Final = ((3, 7, 12), (5, 11, 20), (8, 13, 9), (4, 17, 30), (6, 9, 15))

# The places A, B and C take whole numbers from 3 to 30.
PLAIN: Final = {
    "shopping": """
def total_cost(pens, price, discount_percent):
    \"\"\"What the pens cost after the discount.\"\"\"
    full = pens * price
    saved = full * discount_percent / 100
    return round(full - saved, 2)

input = {"pens": A, "price": B, "discount_percent": C}
output = total_cost(**input)
print(output)
""",
    "two_trains": """
from fractions import Fraction

def meeting_time(distance, first_speed, second_speed):
    closing = first_speed + second_speed
    hours = Fraction(distance, closing)
    return hours

input = {"distance": A * 100, "first_speed": B * 5, "second_speed": C * 3}
output = meeting_time(**input)
""",
    "compound_interest": """
def balance(principal, rate, years):
    amount = principal
    for _ in range(years):
        amount *= 1 + rate / 100
    return round(amount, 2)

input = {"principal": 1000 * A, "rate": B / 2, "years": C}
output = balance(**input)
""",
    "lattice_paths": """
import math

def count_paths(width, height):
    return math.comb(width + height, width)

input = {"width": A, "height": B}
output = count_paths(**input)
""",
    "sieve": """
def primes_below(limit):
    sieve = [True] * limit
    sieve[0:2] = [False, False]
    for n in range(2, int(limit**0.5) + 1):
        if sieve[n]:
            sieve[n * n :: n] = [False] * len(sieve[n * n :: n])
    return sum(n for n, is_prime in enumerate(sieve) if is_prime)

input = {"limit": 100 * A + B}
output = primes_below(**input)
""",
    "grid": """
def best_path(grid):
    rows, columns = len(grid), len(grid[0])
    best = [[0] * columns for _ in range(rows)]
    for r in range(rows):
        for c in range(columns):
            before = [best[r - 1][c]] if r else []
            before += [best[r][c - 1]] if c else []
            best[r][c] = grid[r][c] + (min(before) if before else 0)
    return best[-1][-1]

input = {"grid": [[A, B, C, 2], [1, A, 4, B], [C, 2, 1, A], [3, B, 2, 1]]}
output = best_path(**input)
""",
    "dice": """
from collections import Counter
from fractions import Fraction

def chance_of_sum(dice, target):
    ways = Counter({0: 1})
    for _ in range(dice):
        ways = Counter({total: sum(ways[total - face] for face in range(1, 7)) for total in range(6 * dice + 1)})
    return Fraction(ways[target], 6**dice)

input = {"dice": 3, "target": A + 2}
output = chance_of_sum(**input)
""",
    "change": """
def ways_to_pay(amount, coins):
    ways = [1] + [0] * amount
    for coin in coins:
        for value in range(coin, amount + 1):
            ways[value] += ways[value - coin]
    return ways[amount]

input = {"amount": 10 * A + C, "coins": [1, 2, 5, 10, B]}
output = ways_to_pay(**input)
""",
    "heron": """
import math

def triangle_area(a, b, c):
    s = (a + b + c) / 2
    return round(math.sqrt(s * (s - a) * (s - b) * (s - c)), 4)

input = {"a": A + B, "b": B + C, "c": A + C}
output = triangle_area(**input)
""",
    "euclid": """
def bezout(a, b):
    old, new = (a, 1, 0), (b, 0, 1)
    while new[0]:
        quotient = old[0] // new[0]
        old, new = new, tuple(x - quotient * y for x, y in zip(old, new))
    return old

input = {"a": A * 35, "b": B * 21}
output = bezout(**input)
""",
    "statistics": """
import statistics

def spread(values):
    return round(statistics.pstdev(values), 6)

input = {"values": [A, B, C, A + B, B + C, A * 2]}
output = spread(**input)
""",
    "permutations": """
from itertools import permutations

def count_without_neighbours(letters, first, second):
    count = 0
    for order in permutations(letters):
        text = "".join(order)
        if first + second not in text and second + first not in text:
            count += 1
    return count

input = {"letters": "ABCDE", "first": "A", "second": "B"}
output = count_without_neighbours(**input) + A * 0 + B * 0 + C * 0
""",
    "recurrence": """
from functools import lru_cache

def term(n, first, second):
    @lru_cache(maxsize=None)
    def value(k):
        if k == 1:
            return first
        if k == 2:
            return second
        return value(k - 1) + 2 * value(k - 2)
    return value(n)

input = {"n": C, "first": A, "second": B}
output = term(**input)
""",
    "shortest_path": """
import heapq

def distance(edges, start, end):
    graph = {}
    for a, b, length in edges:
        graph.setdefault(a, []).append((b, length))
        graph.setdefault(b, []).append((a, length))
    best, queue = {}, [(0, start)]
    while queue:
        so_far, node = heapq.heappop(queue)
        if node in best:
            continue
        best[node] = so_far
        for other, length in graph[node]:
            if other not in best:
                heapq.heappush(queue, (so_far + length, other))
    return best[end]

input = {"edges": [["a", "b", A], ["b", "c", B], ["a", "c", C], ["c", "d", A], ["b", "d", C]]}
input |= {"start": "a", "end": "d"}
output = distance(**input)
""",
    "digits": """
def digit_sum_of_power(base, exponent):
    return sum(int(digit) for digit in str(base**exponent))

input = {"base": A, "exponent": 10 * B}
output = digit_sum_of_power(**input)
""",
    "average_speed": """
def average_speed(parts):
    distance = sum(part["km"] for part in parts)
    hours = sum(part["km"] / part["speed"] for part in parts)
    return round(distance / hours, 3)

input = {"parts": [{"km": 10 * A, "speed": 40 + B}, {"km": 10 * B, "speed": 50 + C}]}
output = average_speed(**input)
""",
    "calendar": """
import datetime

def weekday_after(year, month, day, days):
    date = datetime.date(year, month, day) + datetime.timedelta(days=days)
    return date.strftime("%A")

input = {"year": 2000 + A, "month": 1 + B % 12, "day": C % 28 + 1, "days": A * B}
output = weekday_after(**input)
""",
    "knapsack": """
def best_value(capacity, items):
    best = [0] * (capacity + 1)
    for weight, value in items:
        for room in range(capacity, weight - 1, -1):
            best[room] = max(best[room], best[room - weight] + value)
    return best[capacity]

input = {"capacity": A + B + C, "items": [(A, 10), (B, 22), (C, 31), (2, 3), (5, 9)]}
output = best_value(**input)
""",
    "matrix": """
def determinant(matrix):
    if len(matrix) == 1:
        return matrix[0][0]
    total = 0
    for column, value in enumerate(matrix[0]):
        minor = [row[:column] + row[column + 1 :] for row in matrix[1:]]
        total += (-1) ** column * value * determinant(minor)
    return total

input = {"matrix": [[A, B, C, 1], [2, A, B, C], [1, 0, A, B], [C, 1, 2, A]]}
output = determinant(**input)
""",
    "newton": """
def cube_root(value, steps):
    guess = value
    for _ in range(steps):
        guess = guess - (guess**3 - value) / (3 * guess**2)
    return round(guess, 8)

input = {"value": float(A * B * C), "steps": 40}
output = cube_root(**input)
""",
    "binary_search": """
def smallest_side(area):
    low, high = 0, area + 1
    while low + 1 < high:
        middle = (low + high) // 2
        if middle * middle < area:
            low = middle
        else:
            high = middle
    return high

input = {"area": A * B * C * 1000}
output = smallest_side(**input)
""",
    "ladder": """
def ways_up(steps, strides):
    ways = [1] + [0] * steps
    for step in range(1, steps + 1):
        ways[step] = sum(ways[step - stride] for stride in strides if stride <= step)
    return ways[steps]

input = {"steps": C + 10, "strides": [1, 2, A]}
output = ways_up(**input)
""",
    "decimal_money": """
from decimal import Decimal, ROUND_HALF_UP

def with_tax(net, tax_percent):
    gross = Decimal(net) * (1 + Decimal(tax_percent) / 100)
    return gross.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)

input = {"net": "A9.B5", "tax_percent": C}
output = with_tax(**input)
""",
    "collatz": """
def longest_chain(limit):
    best, best_start = 0, 0
    for start in range(1, limit):
        n, length = start, 1
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            length += 1
        if length > best:
            best, best_start = length, start
    return best_start

input = {"limit": 10 * A + B}
output = longest_chain(**input)
""",
    "set_counts": """
def multiples(limit, divisors):
    found = set()
    for divisor in divisors:
        found |= set(range(divisor, limit + 1, divisor))
    return len(found)

input = {"limit": 20 * C, "divisors": [A, B, 7]}
output = multiples(**input)
""",
    "mixture": """
def strength(parts):
    volume = sum(litres for litres, percent in parts)
    pure = sum(litres * percent / 100 for litres, percent in parts)
    return round(100 * pure / volume, 4)

input = {"parts": [(A, 10), (B, 25), (C, 40)]}
output = strength(**input)
""",
    "josephus": """
def survivor(people, step):
    position = 0
    for size in range(2, people + 1):
        position = (position + step) % size
    return position + 1

input = {"people": A * B, "step": C}
output = survivor(**input)
""",
    "complex_roots": """
import cmath

def roots(a, b, c):
    root = cmath.sqrt(b * b - 4 * a * c)
    return [(-b + root) / (2 * a), (-b - root) / (2 * a)]

input = {"a": A, "b": B, "c": C}
output = roots(**input)
""",
    "text_code": """
def shifted(text, shift):
    letters = []
    for letter in text:
        if letter.isalpha():
            base = ord("a") if letter.islower() else ord("A")
            letter = chr((ord(letter) - base + shift) % 26 + base)
        letters.append(letter)
    return "".join(letters)

input = {"text": "Meet me at noon by gate A", "shift": B + C}
output = shifted(**input)
""",
    "projectile": """
import math

def range_of_throw(speed, angle_degrees, gravity):
    angle = math.radians(angle_degrees)
    return round(speed**2 * math.sin(2 * angle) / gravity, 3)

input = {"speed": A + B, "angle_degrees": C + 20, "gravity": 9.81}
output = range_of_throw(**input)
""",
    "triangles": """
def right_triangles(perimeter):
    found = []
    for a in range(1, perimeter // 3):
        for b in range(a, perimeter // 2):
            c = perimeter - a - b
            if a * a + b * b == c * c:
                found.append((a, b, c))
    return len(found)

input = {"perimeter": 12 * A}
output = right_triangles(**input) + B * 0 + C * 0
""",
    "bases": """
def in_base(number, base):
    digits = []
    while number:
        number, digit = divmod(number, base)
        digits.append(str(digit))
    return "".join(reversed(digits))

input = {"number": A * B * C + 1, "base": 7}
output = in_base(**input)
""",
    "work_rates": """
from fractions import Fraction

class Worker:
    def __init__(self, name, days):
        self.name = name
        self.rate = Fraction(1, days)

def days_together(workers):
    return 1 / sum((worker.rate for worker in workers), Fraction(0))

input = {"days": [A, B, C]}
output = days_together([Worker(str(n), days) for n, days in enumerate(input["days"])])
""",
    "modular": """
def remainder(base, exponent, modulus):
    return pow(base, exponent, modulus)

input = {"base": A, "exponent": B**C, "modulus": 1009}
output = remainder(**input)
""",
    "islands": """
def islands(rows):
    land = {(r, c) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell == "#"}
    count = 0
    while land:
        count += 1
        stack = [land.pop()]
        while stack:
            r, c = stack.pop()
            for cell in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)):
                if cell in land:
                    land.remove(cell)
                    stack.append(cell)
    return count

input = {"rows": ["##..#" * A, "#...#" * A, "..#.." * A, "#.#.#" * A]}
output = islands(**input) + B * 0 + C * 0
""",
    "catalan": """
from math import factorial

def catalan(n):
    return factorial(2 * n) // (factorial(n) * factorial(n + 1))

input = {"n": A + C}
output = catalan(**input)
""",
    "ages": """
def father_age(years_ago, factor, years_ahead, factor_ahead):
    for son in range(1, 100):
        father = factor * (son - years_ago) + years_ago
        if father + years_ahead == factor_ahead * (son + years_ahead):
            return {"father": father, "son": son}
    return {"father": -1, "son": -1}

input = {"years_ago": A % 5, "factor": 7, "years_ahead": B % 9, "factor_ahead": 3}
output = father_age(**input)
""",
    "table": """
def describe(scores):
    lines = []
    for name, points in sorted(scores.items(), key=lambda pair: -pair[1]):
        lines.append(f"{name:<8}{points:>6.1f}")
        print(lines[-1])
    best = max(scores, key=scores.get)
    return best

input = {"scores": {"Ada": A * 1.5, "Ben": B * 1.0, "Cy": C * 0.75}}
output = describe(**input)
""",
    "tower": """
def moves(disks):
    steps = []
    def move(count, source, target, spare):
        if count:
            move(count - 1, source, spare, target)
            steps.append((source, target))
            move(count - 1, spare, target, source)
    move(disks, "A", "C", "B")
    return len(steps)

input = {"disks": 3 + A % 5}
output = moves(**input)
""",
    "geometric_sum": """
def series(first, ratio, terms):
    total, term = 0, first
    for _ in range(terms):
        total += term
        term *= ratio
    return total

input = {"first": A, "ratio": 3, "terms": B}
output = series(**input)
""",
    "partition": """
def partitions(n):
    table = [1] + [0] * n
    for part in range(1, n + 1):
        for total in range(part, n + 1):
            table[total] += table[total - part]
    return table[n]

input = {"n": A + B}
output = partitions(**input)
""",
    "temperature": """
def mean_celsius(readings):
    celsius = [(reading - 32) * 5 / 9 for reading in readings]
    return round(sum(celsius) / len(celsius), 2)

input = {"readings": [60 + A, 60 + B, 60 + C]}
output = mean_celsius(**input)
""",
}

SYMPY: Final = {
    "quadratic": """
import sympy as sp

def roots(a, b, c):
    x = sp.symbols("x")
    return sp.solve(a * x**2 - b * x - c, x)

input = {"a": A, "b": B, "c": C}
output = roots(**input)
""",
    "system": """
from sympy import Eq, solve, symbols

def prices(apples, pears, total):
    a, p = symbols("a p")
    answer = solve([Eq(apples * a + pears * p, total), Eq(a - p, 1)], [a, p])
    return answer[a]

input = {"apples": A, "pears": B, "total": C * 10}
output = prices(**input)
""",
    "tangent": """
import sympy as sp

def slope(power, factor, at):
    x = sp.Symbol("x")
    curve = factor * x**power + sp.sin(x)
    return sp.diff(curve, x).subs(x, at)

input = {"power": 3, "factor": A, "at": B}
output = slope(**input)
""",
    "area": """
import sympy as sp

def area_under(a, b, upper):
    x = sp.Symbol("x")
    return sp.integrate(a * x**2 + b * x, (x, 0, upper))

input = {"a": A, "b": B, "upper": C}
output = area_under(**input)
""",
    "limit": """
import sympy as sp

def limit_of(a, b):
    x = sp.symbols("x")
    return sp.limit(sp.sin(a * x) / (b * x), x, 0)

input = {"a": A, "b": B}
output = limit_of(**input)
""",
    "matrix": """
from sympy import Matrix

def inverse_entry(a, b, c):
    matrix = Matrix([[a, b], [c, a + 1]])
    return matrix.inv()[0, 0]

input = {"a": A, "b": B, "c": C}
output = inverse_entry(**input)
""",
    "divisors": """
from sympy import divisors, factorint, totient

def facts(number):
    return {"divisors": len(divisors(number)), "factors": factorint(number), "totient": int(totient(number))}

input = {"number": A * B * C}
output = facts(**input)
""",
    "simplify": """
import sympy as sp

def simplified(a, b):
    x, y = sp.symbols("x y")
    return str(sp.simplify((x**2 - y**2) * a / ((x - y) * b)))

input = {"a": A, "b": B}
output = simplified(**input)
""",
    "expand": """
from sympy import Poly, expand, symbols

def coefficient(a, b, power):
    x = symbols("x")
    return Poly(expand((a * x + b) ** 5), x).coeff_monomial(x**power)

input = {"a": A, "b": B, "power": 3}
output = coefficient(**input)
""",
    "sum": """
import sympy as sp

def series(upper, factor):
    k = sp.symbols("k", integer=True)
    return sp.summation(factor * k**2, (k, 1, upper))

input = {"upper": A * B, "factor": C}
output = series(**input)
""",
    "radical": """
from sympy import sqrt, nsimplify, Rational

def diagonal(width, height):
    return sqrt(Rational(width, 2) ** 2 + Rational(height, 3) ** 2)

input = {"width": A, "height": B}
output = diagonal(**input)
""",
    "inequality": """
import sympy as sp

def optimum(cost, demand):
    x = sp.Symbol("x", positive=True)
    profit = x * (demand - x) - cost * x
    return sp.solve(sp.diff(profit, x), x)[0]

input = {"cost": A, "demand": B * C}
output = optimum(**input)
""",
}

NUMPY: Final = {
    "solve": """
import numpy as np

def solution(a, b, c):
    matrix = np.array([[a, 1, 2], [1, b, 3], [2, 3, c]], dtype=float)
    return np.round(np.linalg.solve(matrix, np.array([1.0, 2.0, 3.0])), 6)

input = {"a": A, "b": B, "c": C}
output = solution(**input)
""",
    "mean": """
import numpy as np

def spread(values):
    return float(np.std(np.array(values)))

input = {"values": [A, B, C, A * B, 5]}
output = spread(**input)
""",
    "powers": """
import numpy as np

def walks(adjacency, steps):
    return int(np.linalg.matrix_power(np.array(adjacency), steps)[0, 2])

input = {"adjacency": [[0, 1, 1], [1, 0, 1], [1, 1, 0]], "steps": A}
output = walks(**input) + B * 0 + C * 0
""",
    "trapezoid": """
import numpy as np

def area(upper, points):
    x = np.linspace(0, upper, points)
    y = x**2 + 1
    return float(((y[1:] + y[:-1]) / 2 * np.diff(x)).sum())

input = {"upper": A, "points": 10 * B}
output = round(area(**input), 6)
""",
    "polynomial": """
import numpy as np

def real_roots(coefficients):
    roots = np.roots(coefficients)
    return sorted(round(float(root.real), 6) for root in roots if abs(root.imag) < 1e-9)

input = {"coefficients": [1, -A - B - C, A * B + B * C + A * C, -A * B * C]}
output = real_roots(**input)
""",
    "table": """
import numpy as np

def row_sums(rows, columns):
    return np.arange(rows * columns).reshape(rows, columns).sum(axis=1)

input = {"rows": A, "columns": B}
output = row_sums(**input)
""",
}

# Each of these is stopped, and none may disturb another program.
HOSTILE: Final = {
    "endless": "input = {'a': 1}\nwhile True:\n    pass\n",
    "memory": "input = {'a': 1}\noutput = [0] * 10**10\n",
    "flood": "input = {'a': 1}\nwhile True:\n    print('x' * 4096)\n",
    "fork": "import os\ninput = {'a': 1}\nwhile True:\n    os.fork()\n",
    "network": "import socket\ninput = {'a': 1}\noutput = socket.create_connection(('127.0.0.1', 80))\n",
    "litter": "input = {'a': 1}\nopen('left', 'w').write('x' * 1000)\noutput = 1\n",
    "exit": "import os\ninput = {'a': 1}\noutput = 1\nos._exit(0)\n",
    "crash": "import ctypes\ninput = {'a': 1}\nctypes.string_at(0)\n",
    "signal": "import os\ninput = {'a': 1}\nfor number in range(2, 100):\n    os.kill(number, 9)\n",
    "thread": (
        "import threading, time\ninput = {'a': 1}\nwhile True:\n"
        "    threading.Thread(target=time.sleep, args=(9,)).start()\n"
    ),
}


def corpus(kinds: tuple[str, ...] = ("plain", "sympy", "numpy")) -> list[tuple[str, str]]:
    """(kind, program) pairs: of all kinds, 300 programs in a fixed and even mix."""
    families = {"plain": PLAIN, "sympy": SYMPY, "numpy": NUMPY}
    drawn = [(kind, code) for kind in kinds for code in _drawn(families[kind])]
    return [drawn[place * 101 % len(drawn)] for place in range(len(drawn))]


def _drawn(families: dict[str, str]) -> Iterator[str]:
    for template in families.values():
        for a, b, c in NUMBERS:
            yield _filled(template, a, b, c)


def _filled(template: str, a: int, b: int, c: int) -> str:
    """The program with its numbers: a letter that stands alone is a number's place, except in text."""
    values = {"A": a, "B": b, "C": c}
    lines = template.strip("\n").split("\n")
    return "\n".join(
        re.sub(r"(?<![\w\"'])([ABC])(?![\w\"'])|(?<=\")A9\.B5(?=\")", lambda m: _number(m, values), line)
        if line.startswith(("input", "output"))
        else line
        for line in lines
    )


def _number(match: re.Match[str], values: dict[str, int]) -> str:
    return str(values[match[1]]) if match[1] else f"{values['A']}9.{values['B']}5"
