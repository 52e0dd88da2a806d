"""The nano models' tokenizer: byte-level BPE in which every digit stands alone.

Merges may span spaces, up to a digit or the end of a line, so the fixed parts of the template and whole phrases of the bank
become single tokens: a program has about 60 tokens instead of 120.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from caco_tasks.nano.data import ROLES, SPECIAL_TOKENS, examples_of, training_problems

VOCABULARY = 4096
ROUNDS = 60  # problems of each family from which the merges are learned


def train_tokenizer(seed: int) -> Any:
    """Trains the tokenizer on the bank; returns a `PreTrainedTokenizerFast`."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex("[^\n]*\n"), behavior="isolated"),
            pre_tokenizers.Digits(individual_digits=True),  # small models compute and copy numbers digit by digit
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),  # all bytes, also those that the bank never has
        show_progress=False,
    )
    tokenizer.train_from_iterator(list_texts(seed), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|pad|>",
        eos_token="<|end|>",
        additional_special_tokens=list(SPECIAL_TOKENS[2:]),
        clean_up_tokenization_spaces=False,
    )


def list_texts(seed: int) -> Iterator[str]:
    """The texts from which the merges are learned: programs, problems and solutions of the bank."""
    from caco_tasks.bank.catalog import FAMILIES

    rng = Random(seed)
    for position, problem in training_problems(seed):
        if position >= ROUNDS * len(FAMILIES):
            return
        for role in ROLES[:2]:  # not the judge, whose completions are numbers alone
            yield from (example.completion for example in examples_of(role, problem, rng))
