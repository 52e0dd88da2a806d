"""Environments as trainers load them: drawn, executed and checked once more, then written in one of five forms.

Each form holds the instances and the package `caco_reward`, which compares answers; see docs/environments.md for how each is
loaded.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from caco_tasks.environments.environment_record import Environment, Instance, read_environments
from caco_tasks.environments.instances import instances_of
from caco_tasks.environments.shipping import write_reward_package
from caco_tasks.errors import ConfigError, DamagedError
from caco_tasks.sandbox import Sandbox

FORMATS = ("verifiers", "nemo-gym", "reasoning-gym", "verl", "rlvr")
NAME = "caco_environments"
ASK = "Solve the problem. End with: The answer is ANSWER."
_SHIPPED = Path(__file__).parent / "shipped"
_LICENCE = "Apache-2.0"  # of the code that is shipped; every instance says its own

Progress = Callable[[int, int], None]  # environments done, instances written


def export_environments(
    folder: Path, *, format_name: str, out: Path, sandbox: Sandbox, each: int | None, progress: Progress
) -> dict[str, int]:
    """Writes all instances of a folder of environments, or `each` of every environment, to the folder `out`.

    `out` appears when it is whole; it may not be there before. Returns how many environments and instances there are.

    Raises:
        ConfigError: there is no such format, or `out` is there.
        DamagedError: the environments cannot be read, or no longer give the instances that they gave.
    """
    if format_name not in FORMATS:
        raise ConfigError(f"There is no format '{format_name}': there are {', '.join(FORMATS)}.")
    if out.exists():
        raise ConfigError(f"{out} is there already: name a folder that is not.")
    environments = list(read_environments(folder))
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        whole = Path(name, out.name)
        whole.mkdir()
        count = _WRITERS[format_name](_rows(environments, sandbox, each=each, progress=progress), whole)
        whole.rename(out)
    return {"environments": len(environments), "instances": count}


def draw_each(environment: Environment, sandbox: Sandbox, *, each: int | None) -> Iterator[Instance]:
    """The instances of an environment, level by level; `each`: so many in all, the same number of every level.

    Raises:
        DamagedError: there are fewer than when it was made: sandbox or library are not what they were.
    """
    for place, level in enumerate(environment.levels):
        wanted = environment.instances[level]
        if each is not None:
            share, rest = divmod(each, len(environment.levels))
            wanted = min(wanted, share + (place < rest))
        found = list(instances_of(environment, sandbox, level=level, count=wanted)) if wanted else []
        if len(found) < wanted:
            raise DamagedError(
                f"The environment {environment.environment_id} gives {len(found)} instances of level {level}, not the "
                f"{wanted} that it had when it was made: make it again."
            )
        yield from found


def _rows(
    environments: Iterable[Environment], sandbox: Sandbox, *, each: int | None, progress: Progress
) -> Iterator[dict[str, Any]]:
    count = 0
    for done, environment in enumerate(environments, 1):
        for instance in draw_each(environment, sandbox, each=each):
            count += 1
            yield {
                "id": instance.instance_id,
                "prompt": f"{instance.prompt}\n\n{ASK}",
                "problem": instance.prompt,
                "answer": instance.answer,
                "answer_type": instance.answer_type,
                "level": instance.level,
                "environment_id": instance.environment_id,
                "program_id": instance.program_id,
                "input_json": instance.input_json,
                "licence": instance.licence,
                "maker_version": environment.maker_version,
            }
        progress(done, count)


def _write_lines(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for count, row in enumerate(rows, 1):  # noqa: B007 - the last one is the count
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return count


def _turn(row: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"role": "user", "content": row["prompt"]}]


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: row[name] for name in ("level", "environment_id", "program_id", "input_json", "licence", "maker_version")
    }


def _write_rlvr(rows: Iterable[Mapping[str, Any]], out: Path) -> int:
    """`train.jsonl` as of `caco export --format rlvr`, with what an instance has besides."""
    lines = (
        {
            "prompt": _turn(row),
            "answer": row["answer"],
            "answer_type": row["answer_type"],
            "id": row["id"],
            **_told(row),
        }
        for row in rows
    )
    write_reward_package(out)
    return _write_lines(lines, out / "train.jsonl")


def _write_verifiers(rows: Iterable[Mapping[str, Any]], out: Path) -> int:
    """A package with a taskset, to be installed with pip."""
    return _write_package(rows, out, "verifiers_taskset.py", "verifiers>=0.4,<0.5")


def _write_reasoning_gym(rows: Iterable[Mapping[str, Any]], out: Path) -> int:
    """A package that registers a dataset."""
    return _write_package(rows, out, "reasoning_gym_dataset.py", "reasoning-gym>=0.1.25")


def _write_package(rows: Iterable[Mapping[str, Any]], out: Path, shipped: str, requires: str) -> int:
    package = out / NAME
    count = _write_lines(rows, package / "instances.jsonl")
    shutil.copyfile(_SHIPPED / shipped, package / "__init__.py")
    write_reward_package(out)
    (out / "pyproject.toml").write_text(
        f'[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n[project]\nname = "{NAME}"\n'
        f'version = "0.1.0"\nlicense = "{_LICENCE}"\nrequires-python = ">=3.11"\ndependencies = ["mpmath>=1.3", '
        f'"{requires}"]\n\n[tool.hatch.build.targets.wheel]\npackages = ["{NAME}", "caco_reward"]\n',
        encoding="utf-8",
    )
    return count


def _write_nemo_gym(rows: Iterable[Mapping[str, Any]], out: Path) -> int:
    """A resources server with its data, to be laid over a working folder of NeMo Gym."""
    server = out / "resources_servers" / NAME
    count = _write_lines(
        (
            {
                "responses_create_params": {"input": _turn(row)},
                "id": row["id"],
                "expected_answer": row["answer"],
                **_told(row),
            }
            for row in rows
        ),
        server / "data" / "train.jsonl",
    )
    with (server / "data" / "train.jsonl").open(encoding="utf-8") as lines:
        _write_lines(
            (json.loads(line) for line, _ in zip(lines, range(5), strict=False)), server / "data" / "example.jsonl"
        )
    shutil.copyfile(_SHIPPED / "nemo_gym_app.py", server / "app.py")
    write_reward_package(server)
    (server / "requirements.txt").write_text("nemo-gym\nmpmath>=1.3\n", encoding="utf-8")
    (server / "configs").mkdir()
    (server / "configs" / f"{NAME}.yaml").write_text(_NEMO_GYM_CONFIG.replace("NAME", NAME), encoding="utf-8")
    return count


_NEMO_GYM_CONFIG = """NAME:
  resources_servers:
    NAME:
      entrypoint: app.py
      domain: math
      verified: false
      description: Problems drawn anew from verified programs; the final answer is compared exactly
NAME_simple_agent:
  responses_api_agents:
    simple_agent:
      entrypoint: app.py
      resources_server:
        type: resources_servers
        name: NAME
      model_server:
        type: responses_api_models
        name: policy_model
      datasets:
      - name: train
        type: train
        jsonl_fpath: resources_servers/NAME/data/train.jsonl
        license: Apache 2.0
      - name: example
        type: example
        jsonl_fpath: resources_servers/NAME/data/example.jsonl
"""


def _write_verl(rows: Iterable[Mapping[str, Any]], out: Path) -> int:
    """`train.parquet` with the columns of `verl`, and its reward function."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        {
            "data_source": pa.string(),
            "prompt": pa.list_(pa.struct({"role": pa.string(), "content": pa.string()})),
            "ability": pa.string(),
            "reward_model": pa.struct({"style": pa.string(), "ground_truth": pa.string()}),
            "extra_info": pa.struct(
                [("index", pa.int64()), ("id", pa.string()), ("level", pa.int64())]
                + [(name, pa.string()) for name in ("environment_id", "program_id", "input_json", "licence")]
                + [("maker_version", pa.int64())]
            ),
        }
    )
    count, group = 0, []
    with pq.ParquetWriter(out / "train.parquet", schema) as file:
        for row in rows:
            group.append(
                {
                    "data_source": NAME,
                    "prompt": _turn(row),
                    "ability": "math",
                    "reward_model": {"style": "rule", "ground_truth": row["answer"]},
                    "extra_info": _told(row) | {"index": count, "id": row["id"]},
                }
            )
            count += 1
            if len(group) == 10_000:
                file.write_table(pa.Table.from_pylist(group, schema=schema))
                group = []
        file.write_table(pa.Table.from_pylist(group, schema=schema))
    shutil.copyfile(_SHIPPED / "verl_compute_score.py", out / "compute_score.py")
    write_reward_package(out)
    return count


_WRITERS: Mapping[str, Callable[[Iterable[Mapping[str, Any]], Path], int]] = {
    "verifiers": _write_verifiers,
    "nemo-gym": _write_nemo_gym,
    "reasoning-gym": _write_reasoning_gym,
    "verl": _write_verl,
    "rlvr": _write_rlvr,
}
