"""What stands around a problem and is none of it: its label and number, and the request to solve it.

    problem_words("Question 3: What is 7 - 2? Please answer step by step.")   # ["what", "is", "7", "-", "2"]
    problem_words("题目：4箱苹果共多少个？请一步一步地回答。")                  # ["4", "箱", "苹", "果", "共", "多", "少", "个"]

Frames are told by their words alone: at either end everything goes that is made of these words, in protected items as in
the texts that are held against them. What holds another word, a number or an operator stays.
"""

import re

from caco_tasks.checks.decontamination.normal_text import is_unspaced, words

# a label and its number, behind marks of layout: `**Problem 4.2.**`, `Q12)`, `17. `, `(3) `, `[5 points]`
_LABEL = re.compile(
    r"\A[\s*_#>\[(<【]*(?:"
    r"(?:math(?:s|ematics)?\s)?(?:question|problem|exercise|example|task|puzzle|item|prompt|q|ex)(?![a-z])[\s.#*_]*(?:no\b\.?\s*)?\d{1,4}(?:\.\d{1,2})?"
    r"\s{0,3}[*_]{0,3}\s{0,3}[:.)\]】>]"
    r"|\d{1,3}[.)\]、](?=\s+(?:[^\W\d_]|[$\\(])|[\u3400-\u9fff])"
    r"|(?:\d{4}\s)?(?:AMC|AIME|AHSME|IMO|USAMO|HMMT|BMO|Putnam)\b[^()\[\]\n]{0,30}[)\]]"
    r"|第\s{0,3}\d{1,3}\s{0,3}[题題]"
    r"|(?:例题?|例題|题目?|題目?|问题?|問題?|練習|练习|習題|习题)\s{0,3}\d{1,3}\s{0,3}[】\])）]?[:：.．、)）\s]"
    r")",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"[(\[（【]\s{0,3}(?:本题|本題|共|满分|滿分)?\s{0,3}\d{1,2}\s{0,3}(?:points?|pts?\.?|marks?|分|点)\s{0,3}[)\]）】]",
    re.IGNORECASE,
)
_FRAME_WORDS = (
    "question problem exercise example task puzzle prompt query q user human instruction instructions input homework "
    "quiz challenge please kindly solve answer read consider work think help explain show try attempt complete tackle "
    "respond the following this that given here is are a an my me you your i we us let lets s can could would will "
    "with to of for by in and below above carefully step steps detail detailed details math maths mathematical "
    "mathematics word story hi hello hey dear student teacher tutor assistant expert as am need have got want out "
    "reason reasoning through it at first now next provide use using boxed box within inside between tags tag put "
    "place write report return output then before after end conclude response should must form format explanation "
    "working thanks thank advance clearly logically logical be sure make check do not skip just only directly final "
    "finally solution result single number numeric numerical value line last on thought thinking thoroughly process "
    "calculation calculations so inst sys all each every intermediate give latex json concise concisely briefly full chain "
    "correct"
)
_FRAME = frozenset(_FRAME_WORDS.split())
_OPENING_UNSPACED = re.compile(
    r"(?:(?:请|請)?(?:你|您)?(?:帮我|幫我|仔细|仔細|认真|認真)*(?:阅读|閱讀|解决|解決|回答|解答|完成|计算|計算)?"
    r"(?:这是|這是)?(?:以下|下面|下列|这|這|如下|1)?(?:是|的)*1?(?:道|个|個)?(?:数学|數學|小学|应用|應用)*的?"
    r"(?:题目|題目|问题|問題|习题|習題|练习|練習|例题|例題|应用题|應用題|题|題)"
    r"|问|問|質問|次の(?:数学の)?問題を解いて(?:ください)?|โจทย์(?:ปัญหา)?|ค\u0e4d\u0e32ถาม)+"
)
_CLOSING_UNSPACED = re.compile(
    r"(?:请|請|让我们|讓我們|一定要|最后|最後|并|並|段階|ステップ|順を追|途中|最終|答え|กรุณา|โปรด|จง|แสดง|ให้|คิด)(?!问|問)"
    r"[^0-9?-]{0,40}(?:1步1?步?|逐步|步骤|步驟|推理|思考|回答|解答|答案|过程|過程|详细|詳細|格式|考え|解いて|示し|ください|"
    r"ขั้นตอน|วิธีท\u0e4d\u0e32|ค\u0e4d\u0e32ตอบ|ละเอียด)(?:[^0-9?-]|1步){0,40}\Z"
    r"|(?:答案|解答|回答|答|解|答え|解説|ค\u0e4d\u0e32ตอบ|ตอบ)(?:是|为|為|は)?\Z"
)
_FRAME_LETTERS = 60  # of scripts without spaces, at either end
_MAX_FRAMES = 4  # one inside the other
_LEAST_WORDS = 3  # what would leave less is no frame


def problem_words(text: str) -> list[str]:
    """The words of a problem, as `words`, without its frame; all of them where hardly any would be left."""
    return without_frame(words(without_label(text)))


def without_label(text: str) -> str:
    """A text without the label and number at its start, and without the points that it is worth."""
    return _LABEL.sub(" ", _POINTS.sub(" ", text))


def without_frame(tokens: list[str]) -> list[str]:
    """The words of a problem without those of a frame at either end; all of them where hardly any would be left."""
    start, end = 0, len(tokens)
    for _ in range(_MAX_FRAMES):
        begun = start, end
        while start < end and tokens[start] in _FRAME:
            start += 1
        while start < end and tokens[end - 1] in _FRAME:
            end -= 1
        if start < end and (is_unspaced(tokens[start]) or is_unspaced(tokens[end - 1])):
            start, end = _without_unspaced(tokens, start, end)
        if begun == (start, end):
            break
    return tokens[start:end] if end - start >= _LEAST_WORDS or end - start == len(tokens) else tokens


def _without_unspaced(tokens: list[str], start: int, end: int) -> tuple[int, int]:
    """The place of what is left of `tokens[start:end]` without a frame in a script without spaces."""
    opened = _OPENING_UNSPACED.match("".join(tokens[start : min(end, start + _FRAME_LETTERS)]))
    start += _count(tokens[start:end], len(opened[0])) if opened else 0
    closed = _CLOSING_UNSPACED.search("".join(tokens[max(start, end - _FRAME_LETTERS) : end]))
    end -= _count(tokens[start:end][::-1], len(closed[0])) if closed else 0
    return start, end


def _count(tokens: list[str], letters: int) -> int:
    """How many of `tokens` make up so many letters; 0 where that ends inside of one."""
    taken = place = 0
    while taken < letters and place < len(tokens):
        taken += len(tokens[place])
        place += 1
    return place if taken == letters else 0
