"""Environments of a dataset in the store, into a folder: what `caco environments` does."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from caco_tasks.atomic import replaced
from caco_tasks.checks.decontamination.overlap import benchmark_index
from caco_tasks.config import RunConfig, SandboxSettings
from caco_tasks.environments.environment_record import (
    Environment,
    Instance,
    find_span,
    read_environments,
    write_environments,
)
from caco_tasks.environments.instances import instances_of
from caco_tasks.environments.make import MadeRow, Maker
from caco_tasks.errors import ConfigError
from caco_tasks.ledger.environments import EnvironmentRow
from caco_tasks.publishing.dataset_files import dataset_rows
from caco_tasks.sandbox import Sandbox
from caco_tasks.store import Store

PROBE_SECONDS = 2.0  # of a batch of inputs
PROBE_BYTES = 4 << 20  # of what a batch returns
FIRST = "first"  # the environment that stands first in the file


@dataclass(slots=True, kw_only=True)
class MakeReport:
    """What became of the rows of a dataset."""

    dataset: str
    rows: int = 0
    environments: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)  # a detail for each reason
    instances: Counter[int] = field(default_factory=Counter)  # by level
    conditions: Counter[str] = field(default_factory=Counter)  # kinds of conditions, and how many draws they refused
    left_out: int = 0  # instances that another level has, or that are like an item of a protected benchmark
    made: list[MadeRow] = field(default_factory=list)

    def add(self, one: MadeRow) -> None:
        """Counts a row."""
        self.rows += 1
        self.made.append(one)
        if one.environment is not None:
            self.environments += 1
            self.left_out += len(one.environment.left_out)
            self.instances.update(one.environment.instances)
            self.conditions.update({_kind_of(name): count for name, count in one.environment.conditions.items()})
        elif one.refusal is not None:
            self.refusals[str(one.refusal)] += 1
            self.examples.setdefault(str(one.refusal), one.detail or one.row["instruction"][:120])

    def as_json(self) -> dict[str, Any]:
        """The report as `report.json` has it."""
        return {
            "dataset": self.dataset,
            "rows": self.rows,
            "environments": self.environments,
            "refusals": dict(self.refusals.most_common()),
            "examples": self.examples,
            "instances": {str(level): count for level, count in sorted(self.instances.items())},
            "conditions": dict(self.conditions.most_common()),
            "left_out": self.left_out,
        }


def make_folder(
    store: Store,
    dataset: str,
    *,
    config: RunConfig,
    out: Path,
    min_instances: int,
    limit: int | None,
    workers: int,
    progress: Callable[[MakeReport], None],
) -> MakeReport:
    """Makes the rows of a dataset into environments and writes `environments.jsonl` and `report.json` to `out`.

    `config` is that of the dataset's run: the benchmarks that it protects are held out of the instances, too.

    Raises:
        StoreError: there is no such dataset.
        SourceError: a file of a protected benchmark is missing or malformed.
        SandboxError: programs cannot be run here.
    """
    protection = config.decontamination
    index = benchmark_index(protection, out) if protection.protected else None
    report = MakeReport(dataset=dataset)

    def made(sandbox: Sandbox) -> Iterator[Environment]:
        maker = Maker(sandbox=sandbox, dataset=dataset, min_instances=min_instances, index=index, protection=protection)
        for one in maker.make_all(islice(dataset_rows(store, dataset), limit)):
            report.add(one)
            progress(report)
            if one.environment is not None:
                yield one.environment

    out.mkdir(parents=True, exist_ok=True)
    with open_sandbox(workers=workers) as sandbox:
        write_environments(made(sandbox), out)
    with replaced(out / "report.json") as file:
        file.write(json.dumps(report.as_json(), indent=1) + "\n")
    return report


def open_sandbox(*, workers: int) -> Sandbox:
    """The sandbox as the probe needs it: little time, and room for the results of many inputs."""
    return Sandbox(SandboxSettings(workers=workers, timeout_seconds=PROBE_SECONDS, output_bytes=PROBE_BYTES))


def find_environment(folder: Path, name: str) -> Environment:
    """The environment whose id begins with `name`; `first` is the first one.

    Raises:
        ConfigError: none does, or several do.
        DamagedError: the folder has no environments.
    """
    found = [one for one in read_environments(folder) if name == FIRST or one.environment_id.startswith(name)]
    if not found or (name != FIRST and len(found) > 1):
        raise ConfigError(f"{len(found) or 'No'} environment{'s' * (len(found) > 1)} of {folder} begin with '{name}'.")
    return found[0]


def sample_json(environment: Environment, sandbox: Sandbox, *, level: int, count: int) -> list[dict[str, Any]]:
    """Some instances of an environment as JSON."""
    return [_describe(one) for one in instances_of(environment, sandbox, level=level, count=count)]


def ledger_rows(made: list[MadeRow]) -> list[EnvironmentRow]:
    """What the ledger keeps of rows."""
    return [_ledger_row(one) for one in made]


def _describe(instance: Instance) -> dict[str, Any]:
    found = asdict(instance)
    return {"id": found.pop("instance_id"), **found}


def _ledger_row(one: MadeRow) -> EnvironmentRow:
    found = one.environment
    if found is None:
        return EnvironmentRow(sample_id=one.row["sample_id"], refusal=str(one.refusal), detail=one.detail)
    return EnvironmentRow(
        sample_id=one.row["sample_id"],
        environment_id=found.environment_id,
        program_id=found.program_id,
        maker_version=found.maker_version,
        inputs={".".join(map(str, leaf)): find_span(found, leaf) for leaf in found.leaves},
        conditions=dict(found.conditions),
        instances={str(level): count for level, count in found.instances.items()},
        example_problem=found.example[0] if found.example else None,
        example_answer=found.example[1] if found.example else None,
    )


def _kind_of(condition: str) -> str:
    """A condition without the step that it speaks of."""
    return condition.rpartition("` ")[2] if condition.startswith("`") else condition
