"""Copies of protected problems as they are met: set otherwise, framed, or without what cannot be copied."""

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random

from caco_tasks.check_settings import DecontaminationSettings
from caco_tasks.checks.decontamination.benchmarks import Item
from caco_tasks.checks.decontamination.overlap import BenchmarkIndex, apply_overlap_rules
from caco_tasks.ids import random_seed
from caco_tasks.number_words import words_of_number

COPIES = 1_000  # of each kind and benchmark, at most
UNSEEN = "\u200b\u00ad\u200d\u2060\ufeff\u202a\u202c"
FRAMES = (
    ("Question: ", "\nPlease answer step by step."),
    ("Problem 7. ", " Show your work, and put the final answer within \\boxed{}."),
    ("Solve the following math problem.\n\n", "\n\nLet's think step by step."),
    ("### Instruction:\n", "\n\n### Response:"),
)
UNSPACED_FRAMES = (
    ("题目：", "请一步一步地回答。"),
    ("请解决以下数学问题：", "请逐步推理，并把最终答案放在 \\boxed{} 中。"),
    ("問題：", "段階的に考えてください。"),
    ("โจทย์: ", " กรุณาแสดงวิธีทำ"),
)
# written for this benchmark, for no published set is at hand: (name, things, number, number)
UNSPACED = (
    "{name}有{one}个苹果，吃了{two}个，还剩几个？",
    "渡船第一次运了{one}辆轿车，第二次比第一次少运{two}辆，两次一共运了多少辆轿车？",
    "一个长方形花坛长{one}米，宽{two}米，绕花坛走一圈是多少米？",
    "{name}每分钟打{two}个字，一篇{one}字的文章她要打多少分钟？",
    "図書館に本が{one}冊あります。{two}冊を貸し出すと、残りは何冊ですか。",
    "{name}は毎日{two}ページずつ、{one}ページの本を読みます。何日で読み終わりますか。",
    "ถังใบหนึ่งมีน้ำ {one} ลิตร ใช้ไปวันละ {two} ลิตร จะใช้ได้กี่วัน",
    "{name}ซื้อสมุด {two} เล่ม ราคาเล่มละ {one} บาท ต้องจ่ายเงินกี่บาท",
)
NAMES = ("小林", "太郎", "มานี")

Change = Callable[[str, Random], str]
_NUMBER = re.compile(r"(?<![\\A-Za-z0-9.^{])\d+(?:[.,]\d+)*(?![A-Za-z0-9}])")
_DRAWING = re.compile(r"\[asy\].*?(?:\[/asy\]|\Z)", re.DOTALL)
_SMALL_NUMBER = re.compile(r"(?<![\w.,$^{\\/-])\d{1,3}(?![\w.,}^/%$]*\d|[\w}^/%$])")

CHANGES: Mapping[str, Change] = {
    "bold numbers": lambda text, _: _NUMBER.sub(r"**\g<0>**", text),
    "numbers in bold tags": lambda text, _: _NUMBER.sub(r"<b>\g<0></b>", text),
    "emphasis of words": lambda text, draw: " ".join(
        f"**{word}**" if word.isalpha() and draw.random() < 0.2 else word for word in text.split(" ")
    ),
    "unseen characters": lambda text, draw: "".join(
        one + draw.choice(UNSEEN) if draw.random() < 0.08 else one for one in text
    ),
    "entities": lambda text, draw: re.sub(" ", lambda _: draw.choice(["&nbsp;", "&#160;", " "]), text),
    "framed": lambda text, draw: _framed(text, draw),
    "numbers in words": lambda text, _: _SMALL_NUMBER.sub(lambda found: words_of_number(int(found[0])), text),
    "without the drawing": lambda text, _: _DRAWING.sub("", text),
    "bold, unseen and framed": lambda text, draw: _framed(
        CHANGES["unseen characters"](CHANGES["bold numbers"](text, draw), draw), draw
    ),
}


def count_found(items: Sequence[Item], settings: DecontaminationSettings) -> dict[str, dict[str, int]]:
    """Of each kind, how many items it changes (at most `COPIES` are looked up), and how many copies are rejected."""
    index = BenchmarkIndex(items, settings)
    counts = {}
    for kind, change in CHANGES.items():
        draw = Random(random_seed("copies", kind))
        changed = [
            text for item in draw.sample(items, len(items)) if (text := change(item.problem, draw)) != item.problem
        ]
        found = sum(
            not apply_overlap_rules(index.overlaps(text), settings, stage="seeds")[0].kept for text in changed[:COPIES]
        )
        counts[kind] = {"copies": min(len(changed), COPIES), "found": found}
    return counts


def unspaced_items() -> list[Item]:
    """Problems in Chinese, Japanese and Thai, each story under several numbers."""
    draw = Random(random_seed("unspaced problems"))
    texts = [
        story.format(name=draw.choice(NAMES), one=draw.randint(30, 999), two=draw.randint(2, 29))
        for story in UNSPACED
        for _ in range(20)
    ]
    return [Item(benchmark="unspaced", key=str(place), problem=text, answer=None) for place, text in enumerate(texts)]


def _framed(text: str, draw: Random) -> str:
    before, behind = draw.choice(FRAMES if text.isascii() or text[0] < "\u0e00" else UNSPACED_FRAMES)
    return f"{before}{text}{behind}"
