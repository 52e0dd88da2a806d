"""The bundled tokenizers: digits one by one, and every text comes back."""

import re

import pytest

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.llm.local_models import NANO_FOLDER
from caco_tasks.nano.data import ROLES, SPECIAL_TOKENS


@pytest.mark.parametrize("name", ROLES)
def test_a_bundled_tokenizer_takes_digits_one_by_one_and_gives_text_back(name: str) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(NANO_FOLDER / name)
    tokens = tokenizer.convert_ids_to_tokens(tokenizer("cost 12345.60 coins")["input_ids"])
    assert [re.sub(r"\D", "", token) for token in tokens if re.search(r"\d", token)] == list("1234560")
    for family in FAMILIES[::9]:
        text = draw_problem(family, 1).program
        assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text
    assert [len(tokenizer(token, add_special_tokens=False)["input_ids"]) for token in SPECIAL_TOKENS] == [1] * 11
