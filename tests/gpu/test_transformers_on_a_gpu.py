"""Transformers on a GPU, over the bundled models: the nightly line to the judge, and what a GPU does otherwise than a CPU."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import making
import pytest
from memory_claims import MemoryClaims

from caco_tasks.bank.held_out import held_out_problems
from caco_tasks.config import RunConfig, load_config
from caco_tasks.connections import Connections
from caco_tasks.context import stage_context
from caco_tasks.errors import EngineError
from caco_tasks.identity import RunKeys
from caco_tasks.llm import Request, open_llm
from caco_tasks.llm.llm import make_request
from caco_tasks.llm.local_models import NANO_FOLDER
from caco_tasks.llm.prompts import VARIABLES, load_prompt
from caco_tasks.model_settings import ModelSettings
from caco_tasks.pipeline import find_stage
from caco_tasks.records import JudgedRecord, Sample
from caco_tasks.runner import make_output
from caco_tasks.services import TaskServices
from caco_tasks.store.shards import read_shard

torch = pytest.importorskip("torch")

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here"),
]

DEVICE = "cuda"
SAMPLES = 1000
LINE = ("sample", "execute", "screen", "dedup", "reverse", "solve", "agree", "judge")
SOLVER = ModelSettings(model="nano:writer", prompt="nano_solve.v1", max_tokens=160, batch_rows=256)


class ServicesWithoutDatabase(TaskServices):
    """The platform's services, with claims that last as long as they do."""

    def __init__(self, connections: Connections, keys: RunKeys) -> None:
        super().__init__(connections, run=keys.run, config=keys.config)
        self._claims = MemoryClaims()

    def claims(self, key: str) -> MemoryClaims:
        """Fingerprint claims in memory."""
        return self._claims


def config_on_the_gpu(samples: int) -> RunConfig:
    """The nano config, its models in half precision on the GPU and in batches that suit one."""
    roles = ("codegen", "reverser", "solver", "judge")
    table = {"device": DEVICE, "dtype": "bfloat16", "batch_rows": 512}
    changes = [f"models.{role}.{name}={value}" for role in roles for name, value in table.items()]
    size = [f"samples={samples}", f"shard_samples={samples}"]
    return load_config("nano", ["models.codegen.model=nano:codegen", *size, *changes])


def test_the_nightly_line_comes_down_to_the_judge(tmp_path: Path) -> None:
    keys = making.keys_in(tmp_path, config_on_the_gpu(SAMPLES))
    connections = Connections(store=making.store_settings(tmp_path), ledger_url=None, cache=tmp_path / "models")
    with ServicesWithoutDatabase(connections, keys) as services:
        made = {name: make_output(stage_context(keys, services, find_stage("nightly", name), 0), keys) for name in LINE}
        rows: list[JudgedRecord[Sample]] = read_shard(services.store, made["judge"].uri, Sample)
    assert Counter(manifest.unknown for manifest in made.values()) == {0: len(LINE)}
    assert made["sample"].passed > 0.9 * SAMPLES
    assert made["execute"].passed > 0.8 * SAMPLES
    assert made["judge"].passed > 0.1 * SAMPLES
    assert all(row.record.solution and row.record.judgement for row in rows)


def solve_requests(count: int) -> list[Request]:
    """Questions to the solver, all different."""
    prompt = load_prompt(SOLVER.prompt, variables=VARIABLES["solver"])
    problems = dict.fromkeys(problem.problem for problem in held_out_problems(count // 90 + 2))
    return [
        make_request(prompt, SOLVER, model_id="writer", values={"problem": text}) for text in list(problems)[:count]
    ]


def solutions_by(device: str, requests: list[Request]) -> list[str]:
    """What the solver answers in single precision, the likeliest token at each step."""
    settings = SOLVER.model_copy(update={"device": device})
    llm = open_llm(settings, folder=str(NANO_FOLDER / "writer"), model_id="writer")
    texts = [reply.text for reply in llm.generate(requests)]
    llm.close()
    return texts


def test_a_gpu_solves_as_a_cpu_does() -> None:
    requests = solve_requests(90)
    pairs = zip(solutions_by(DEVICE, requests), solutions_by("cpu", requests), strict=True)
    assert sum(one == other for one, other in pairs) >= 85  # rounding may turn a near tie


@pytest.fixture
def _little_memory() -> Iterator[None]:
    """Leaves this process one hundredth of the GPU for a while."""
    torch.cuda.set_per_process_memory_fraction(0.01)
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)


@pytest.mark.usefixtures("_little_memory")
def test_too_many_requests_at_once_are_one_sentence() -> None:
    requests = solve_requests(8000)
    settings = SOLVER.model_copy(update={"device": DEVICE, "batch_rows": len(requests)})
    llm = open_llm(settings, folder=str(NANO_FOLDER / "writer"), model_id="writer")
    with pytest.raises(EngineError, match=r"too little memory for \d+ requests to writer at once: lower batch_rows"):
        llm.generate(requests)


def test_a_closed_engine_gives_its_memory_back() -> None:
    before = torch.cuda.memory_reserved()
    llm = open_llm(SOLVER.model_copy(update={"device": DEVICE}), folder=str(NANO_FOLDER / "writer"), model_id="writer")
    llm.generate(solve_requests(90))
    assert torch.cuda.memory_reserved() > before
    llm.close()
    del llm
    assert torch.cuda.memory_reserved() <= before + (64 << 20)  # kernels keep work areas of their own
