"""Copies of protected problems that are set otherwise are found; problems that differ in a number, or are others, are not."""

import re
import time

import pytest

from caco_tasks.check_settings import DecontaminationSettings
from caco_tasks.checks.decontamination.benchmarks import Item
from caco_tasks.checks.decontamination.markup import without_markup
from caco_tasks.checks.decontamination.normal_text import words
from caco_tasks.checks.decontamination.overlap import BenchmarkIndex, apply_overlap_rules

FERRY = (
    "A ferry carries 14 cars and 6 trucks on its first trip, and 9 cars fewer on its second. A car pays 8 coins and a truck "
    "pays 15 coins. How many coins are paid on both trips together?"
)
DRAWING = '[asy]\nunitsize(2cm);\ndraw((0,0)--(5,0)--(5,7)--cycle);\nlabel("$P$",(0,0),SW);\n[/asy]'
SIDES = "In the drawing below, the side $PQ$ is 5 and the side $QR$ is 7. How long is the line from $P$ to the middle of $QR$?"
SHORT = "Work out $3x + 5 = 26$ for x."
VALUE_DRAWN = f"What is the value of $k$ below? {DRAWING}"
CHINESE = "渡船第一次运了14辆轿车和6辆卡车，第二次少运9辆轿车，两次一共运了多少辆轿车？"
SHORT_CHINESE = "每盒6支笔，4盒几支？"
JAPANESE = "渡し船は1回目に車を14台、2回目に車を5台運びました。合わせて何台の車を運びましたか。"
THAI = "เรือข้ามฟากบรรทุกรถยนต์ 14 คันในเที่ยวแรก และ 5 คันในเที่ยวที่สอง รวมบรรทุกรถยนต์กี่คัน"
SMALL = "A goose lays 3 eggs a day and 2 of 9 eggs are sold, seven days a week. How many eggs are left of the 9?"
PROTECTED = (FERRY, f"{SIDES}\n\n{DRAWING}", SHORT, VALUE_DRAWN, CHINESE, SHORT_CHINESE, JAPANESE, THAI, SMALL)
SETTINGS = DecontaminationSettings()
INDEX = BenchmarkIndex(
    [Item(benchmark="own", key=str(place), problem=text, answer=None) for place, text in enumerate(PROTECTED)], SETTINGS
)


def rejected(text: str) -> bool:
    return not apply_overlap_rules(INDEX.overlaps(text), SETTINGS, stage="reverse")[0].kept


def bold(text: str) -> str:
    return re.sub(r"\d+", r"**\g<0>**", text)


COPIES = {
    "bold numbers": bold(FERRY),
    "bold words": FERRY.replace("cars", "**cars**").replace("coins", "__coins__").replace("ferry", "*ferry*"),
    "bold and italic": FERRY.replace("14 cars", "***14 cars***"),
    "bold in HTML": re.sub(r"\d+", r"<b>\g<0></b>", FERRY),
    "markup with attributes": FERRY.replace("14", '<span style="color: red" class=x>14</span>'),
    "a heading and a list": "## Ferry\n" + FERRY.replace(". ", ".\n- ", 1),
    "a quote": "> " + FERRY,
    "zero-width spaces": FERRY.replace("a", "a\u200b"),
    "soft hyphens": FERRY.replace("rr", "r\u00adr").replace("ck", "c\u00adk"),
    "marks of direction": "\u202a" + FERRY.replace(" ", " \u200e") + "\u202c",
    "a joiner and a selector": FERRY.replace("ar", "a\u2060r").replace("8", "8\ufe0f"),
    "entities": FERRY.replace(" ", "&nbsp;").replace("14", "&#49;4"),
    "entities, escaped twice": FERRY.replace(" ", "&amp;nbsp;"),
    "escapes": FERRY.replace(". ", ".\\n").replace("o", "\\u006f"),
    "a picture": f"{FERRY}\n![the ferry](https://pictures.example/ferry.png)",
    "asked as a question": f"Question: {FERRY} Please answer step by step.",
    "asked by a template": f"### Instruction:\n{FERRY}\n\n### Response:\nLet's think step by step.",
    "numbers in words": FERRY.replace("14", "fourteen")
    .replace(" 6 ", " six ")
    .replace(" 9 ", " nine ")
    .replace("15", "fifteen"),
    "small numbers in words": SMALL.replace("3", "three").replace("2", "two").replace("9", "nine"),
    "numbers in digits": SMALL.replace("seven", "7"),
    "without its drawing": SIDES,
    "with a link for its drawing": f"{SIDES}\n![](sides.svg)",
    "with another drawing": f"{SIDES}\n\\begin{{tikzpicture}}\\draw (0,0) -- (5,0);\\end{{tikzpicture}}",
    "short and framed": f"Problem 7. {SHORT} Show your work, and put the final answer within \\boxed{{}}.",
    "short, asked by somebody": f"Hey! Can you help me with this tricky one? {SHORT} Thanks so much!",
    "short, asked of an assistant": f"You are a helpful tutor of mathematics.\n{SHORT} Round your answer to 2 decimal places.",
    "short, in a template of chats": f"<|im_start|>user\n{SHORT}<|im_end|>\n<|im_start|>assistant\n",
    "short, in another template": f"<<SYS>> Be brief. <</SYS>> [INST] {SHORT} [/INST]",
    "short, with its source": f"(AMC 10, 2015) {SHORT}",
    "short, set otherwise": "**Work out** 3x+5=26 for *x*",
    "short, without its drawing": "What is the value of $k$ below?",
    "short, its drawing set otherwise": VALUE_DRAWN.replace("\n", " ").replace(" ", "&nbsp;"),
    "Chinese, framed": f"题目：{CHINESE}请一步一步地回答。",
    "Chinese behind an English label": f"Question: {CHINESE}",
    "Chinese, bold": bold(CHINESE),
    "Chinese, wide": CHINESE.replace("14", "１４").replace("，", ","),
    "Chinese, numbers in Han": CHINESE.replace("14", "十四").replace("6", "六").replace("9", "九"),
    "Chinese, unseen characters": CHINESE.replace("辆", "辆\u200b"),
    "short Chinese, framed": f"请解决以下数学问题：{SHORT_CHINESE}请逐步推理，并把最终答案放在 \\boxed{{}} 中。",
    "short Chinese, numbered": f"例3 {SHORT_CHINESE}",
    "short Chinese behind a numbered label": f"【题目12】：{SHORT_CHINESE}",
    "Japanese, framed": f"問題：{JAPANESE}段階的に考えてください。",
    "Thai, framed": f"โจทย์: {THAI} กรุณาแสดงวิธีทำ",
    "Thai digits": THAI.replace("14", "๑๔").replace("5", "๕"),
}
OTHERS = {
    "short, another number": SHORT.replace("26", "29"),
    "short, another number, framed": f"Problem 7. {SHORT.replace('26', '**29**')} Show your work.",
    "short, a part of what is asked": f"A tram has 4 cars. {SHORT} How many cars are x trams?",
    "short, a part of a sentence": SHORT.replace(" for x.", " - 9y for x."),
    "short, one of two": f"{SHORT} Work out $y^2 = 9$ for y.",
    "short, another number, asked by somebody": f"Hey! Can you help me? {SHORT.replace('26', '29')} Thanks so much!",
    "short, another sign": SHORT.replace("+", "-"),
    "short, a power for a product": SHORT.replace("3x", "3^x"),
    "short, a quotient for a product": SHORT.replace("3x", "3/x"),
    "short, beside another drawing": VALUE_DRAWN.replace("(5,7)", "(2,9)").replace("$P$", "$M$"),
    "short Chinese, another number": "题目：每盒6支笔，7盒几支？",
    "short Chinese, another number behind a label": "问题：8盒笔，每盒6支，4盒几支？",
    "short Chinese, another thing": "每盒6支笔，4盒多重？",
    "Chinese, another story": "果园里有14棵梨树和6棵桃树，今年又种了9棵苹果树，现在果园里一共有多少棵果树？",
    "Japanese, another story": "花だんに赤い花が14本、白い花が5本あります。花は合わせて何本ありますか。",
    "Thai, another story": "ในสวนมีต้นมะม่วง 14 ต้น และมีต้นมะพร้าวอีก 5 ต้น ในสวนมีต้นไม้ทั้งหมดกี่ต้น",
    "another story in the same frame": "Question: A potter fires 14 cups. How many are 2 ovens full? Please answer.",
    "the frame alone": "Question: Please answer step by step.",
    "a drawing alone": DRAWING,
}


@pytest.mark.parametrize("text", COPIES.values(), ids=COPIES.keys())
def test_a_copy_that_is_set_otherwise_is_rejected(text: str) -> None:
    assert rejected(text)


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS.keys())
def test_a_problem_that_differs_in_what_it_says_is_kept(text: str) -> None:
    assert not rejected(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2*x", "2x"),
        ("x**2 + x^{2} + x² + x<sup>2</sup>", "x^2 + x^2 + x^2 + x^2"),
        ("\\frac{1}{2} + \\dfrac34", "½ + ¾"),
        ("90^\\circ, 90°", "90 degrees, 90 degrees"),
        ("a <= b \\geq c \\ne d", "a ≤ b ≥ c ≠ d"),
        ("10{,}000 and 10,\\!000 and 10\\,000", "10,000 and 10000 and 10,000"),
        ("$1.50, .5 and 2.0", "1.5, 0.5 and 2"),
        ("fifty percent of two hundred and five", "50% of 205"),
        ("2.5 million, a hundred", "2500000, 100"),
        ("two thirds", "2/3"),
        ("the naïve Zoë", "the naive Zoe"),
        ("he ran — fast", "he ran, fast"),
        ("3−4 and 3–4", "3-4 and 3-4"),
        ("\\angle ABC = \\pi", "∠ABC = π"),
        ("三万五千人 3万人", "35000人 30000人"),
    ],
)
def test_two_ways_to_write_one_thing_are_the_same_words(one: str, other: str) -> None:
    assert words(one) == words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2^3", "2*3"),
        ("2/3", "2*3"),
        ("2 ** 3", "2 * 3"),
        ("x - y", "x y"),
        ("a < b", "a b"),
        ("a \\le b", "a < b"),
        ("12 eggs", "1 2 eggs"),
        ("3.05", "3.5"),
        ("twenty and five", "25"),
        ("\\frac{1}{2}", "12"),
    ],
)
def test_what_means_something_else_keeps_words_of_its_own(one: str, other: str) -> None:
    assert words(one) != words(other)


def test_a_drawing_that_never_ends_hides_nothing() -> None:
    assert rejected(f"[asy] {FERRY}")
    assert without_markup("\\begin{figure} a dog").split()[-2:] == ["a", "dog"]


HOSTILE = {
    "open drawings": "[asy]" * 20_000,
    "open environments": "\\begin{figure}\\begin{asy}" * 4_000,
    "open comments": "<!--" * 25_000,
    "asterisks": "** a**" * 16_000,
    "a tag without end": "<b " + "a " * 50_000,
    "spaces behind a power": "^" + " " * 100_000,
    "spaces in brackets": "(" + " " * 100_000,
    "spaces behind a label": "question 3" + " " * 100_000,
    "digits beside an accent": "é" + "1" * 100_000,
    "Han numbers": "3万" * 33_000,
    "open fractions": "\\frac{" * 16_000,
    "nested fractions": "\\frac{" * 2_000 + "1" + "}{2}" * 2_000,
    "requests in Chinese": "请一步" * 33_000,
    "requests": "please " * 14_000,
    "numbers in words": "twenty-" * 14_000,
    "sentences": "Do work out 3x + 5 = 26 for x. " * 3_000,
    "combining marks": "a" + "\u0301" * 100_000,
    "zeros": ".1" + "0" * 100_000 + "1",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hundred_thousand_characters_take_no_long_time(text: str) -> None:
    begun = time.process_time()
    INDEX.overlaps(text)
    assert time.process_time() - begun < 2
