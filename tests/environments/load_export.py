"""Loads an export with the package that it is for, and scores every instance: `python load_export.py FORMAT FOLDER`.

Runs in whatever Python has that package; needs nothing of this project. Prints one line of JSON: how many instances there
are, how many own answers earn 1.0, how many perturbed ones, and how many other completions, earn 0.0.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

Score = Callable[[str], float]


def perturb(answer: str) -> str:
    """Another answer of the same kind: one more, the other word, the list without its first item."""
    swapped = {"Yes": "No", "No": "Yes", "True": "False", "False": "True"}
    if answer in swapped:
        return swapped[answer]
    try:
        return str(Fraction(answer) + 1) if "." not in answer else str(float(answer) + 1)
    except ValueError:
        return f"{answer} 7" if answer[-1:].isdecimal() else f"not {answer}"


def load_rlvr(folder: Path) -> Iterator[tuple[str, Score]]:
    """Plain lines, and the function that is shipped."""
    sys.path.insert(0, str(folder))
    from caco_reward.reward import reward

    with (folder / "train.jsonl").open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            assert [turn["role"] for turn in row["prompt"]] == ["user"]
            yield row["answer"], lambda text, gold=row["answer"]: reward(text, gold)


def load_reasoning_gym(folder: Path) -> Iterator[tuple[str, Score]]:
    """The registered dataset, by the library's own factory."""
    sys.path.insert(0, str(folder))
    import caco_environments  # noqa: F401 - registers it
    import reasoning_gym
    from reasoning_gym.factory import create_curriculum

    data = reasoning_gym.create_dataset("caco_environments", seed=1)
    easy = reasoning_gym.create_dataset("caco_environments", level=1, seed=1)
    assert 0 < len(easy) < len(data)
    assert {entry["metadata"]["difficulty"]["level"] for entry in easy} == {1}
    config = create_curriculum("caco_environments").generate_configuration({"seed": 1})
    assert len(reasoning_gym.create_dataset("caco_environments", **vars(config))) > 0
    for entry in data:
        yield entry["answer"], lambda text, entry=entry: data.score_answer(text, entry)


def load_verifiers(folder: Path) -> Iterator[tuple[str, Score]]:
    """The taskset, by the library's own loader; each task scores a trace that holds the completion."""
    sys.path.insert(0, str(folder))
    import verifiers.v1 as vf
    from verifiers.v1.utils.loaders import load_taskset, taskset_class

    taskset = load_taskset(_config_of(taskset_class("caco_environments"))(id="caco_environments"))
    config = _config_of(taskset_class("caco_environments"))(id="caco_environments", level=1)
    assert {task.data.level for task in load_taskset(config)} == {1}
    for task in taskset:
        yield task.data.answer, lambda text, task=task: asyncio.run(_score_trace(vf, task, text))


def _config_of(taskset: type) -> Any:
    from verifiers.v1.configs.taskset import TasksetConfig
    from verifiers.v1.utils.generic import concrete_type

    return concrete_type(taskset, TasksetConfig)


async def _score_trace(vf: Any, task: Any, text: str) -> float:
    trace = vf.Trace[type(task.data), vf.State](
        agent=vf.AgentInfo(config=vf.AgentConfig()),
        task=vf.TraceTask(type=type(task).__name__, data=task.data, key=task.key),
        nodes=[
            vf.MessageNode(message={"role": "user", "content": task.data.prompt_text}),
            vf.MessageNode(parent=0, message=vf.AssistantMessage(content=text), sampled=True),
        ],
    )
    await task.score(trace)
    return float(sum(reward.value for reward in trace.rewards.values()))


def load_verl(folder: Path) -> Iterator[tuple[str, Score]]:
    """The dataset that verl's trainer makes of the parquet file, and the function that it loads from the path."""
    from omegaconf import OmegaConf
    from transformers import PreTrainedTokenizerFast
    from verl.trainer.ppo.reward import get_custom_reward_fn
    from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn

    settings = {
        "cache_dir": str(folder / "cache"),
        "filter_overlong_prompts": True,
        "filter_overlong_prompts_workers": 1,
        "max_prompt_length": 4096,
    }
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=_byte_tokenizer(), chat_template=_TEMPLATE)
    data = RLHFDataset(str(folder / "train.parquet"), tokenizer, OmegaConf.create(settings))
    custom = {"path": str(folder / "compute_score.py"), "name": "compute_score"}
    compute = get_custom_reward_fn(OmegaConf.create({"reward": {"custom_reward_function": custom}}))
    batch = collate_fn([data[0], data[1]])
    assert [turn["role"] for turn in batch["raw_prompt"][0]] == ["user"]
    for number in range(len(data)):
        row = data[number]
        gold = row["reward_model"]["ground_truth"]
        yield gold, lambda text, row=row, gold=gold: compute(row["data_source"], text, gold, row["extra_info"])


_TEMPLATE = "{% for turn in messages %}{{ turn['role'] }}: {{ turn['content'] }}\n{% endfor %}"


def _byte_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    signs = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={sign: place for place, sign in enumerate(signs)}, merges=[]))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    return tokenizer


def load_nemo_gym(folder: Path) -> Iterator[tuple[str, Score]]:
    """The rows as NeMo Gym validates data, and the resources server's own endpoint for each."""
    server_folder = folder / "resources_servers" / "caco_environments"
    sys.path.insert(0, str(server_folder))
    from unittest.mock import MagicMock

    import app
    from fastapi.testclient import TestClient
    from nemo_gym.config_types import ResponsesAPIAgentServerInstanceConfig  # noqa: F401 - the package is whole
    from nemo_gym.server_utils import ServerClient
    from nemo_gym.train_data_utils import compute_sample_metrics
    from omegaconf import OmegaConf

    config = OmegaConf.load(server_folder / "configs" / "caco_environments.yaml")
    assert config.caco_environments.resources_servers.caco_environments.entrypoint == "app.py"
    settings = app.CacoConfig(host="127.0.0.1", port=8080, entrypoint="app.py", name="caco_environments")
    server = app.CacoServer(config=settings, server_client=MagicMock(spec=ServerClient))
    client = TestClient(server.setup_webserver())
    with (server_folder / "data" / "train.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            metrics, is_broken = compute_sample_metrics(line)
            assert not is_broken
            assert metrics.number_of_examples == 1
            row = json.loads(line)
            yield row["expected_answer"], lambda text, row=row: _verify(client, row, text)


def _verify(client: Any, row: dict[str, Any], text: str) -> float:
    part = {"annotations": [], "text": text, "type": "output_text"}
    message = {"id": "m", "content": [part], "role": "assistant", "status": "completed", "type": "message"}
    response = {
        "id": "r", "created_at": 0.0, "model": "none", "object": "response", "output": [message],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
    }  # fmt: skip
    answered = client.post("/verify", json={**row, "response": response})
    answered.raise_for_status()
    return float(answered.json()["reward"])


LOADERS = {
    "rlvr": load_rlvr,
    "reasoning-gym": load_reasoning_gym,
    "verifiers": load_verifiers,
    "verl": load_verl,
    "nemo-gym": load_nemo_gym,
}


def main() -> None:
    """Counts what every instance earns."""
    counts = {"instances": 0, "own_1": 0, "perturbed_0": 0, "empty_0": 0}
    wrong = []
    for answer, score in LOADERS[sys.argv[1]](Path(sys.argv[2]).resolve()):
        own, other = score(f"Let us see. The answer is {answer}."), score(f"The answer is {perturb(answer)}.")
        counts["instances"] += 1
        counts["own_1"] += own == 1.0
        counts["perturbed_0"] += other == 0.0
        counts["empty_0"] += score("I do not know.") == 0.0
        if (own, other) != (1.0, 0.0):
            wrong.append(answer)
    sys.stdout.write(json.dumps({**counts, "wrong": wrong[:10]}) + "\n")


if __name__ == "__main__":
    main()
