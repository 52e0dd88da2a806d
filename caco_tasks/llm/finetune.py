"""Fine-tuning a causal language model with TRL's `SFTTrainer`, in this process or in one for each GPU.

CodeGen learns texts (paper, section 3.2: next-token loss on code alone); a student learns chats or prompts with their
completions, where only the completion counts. `caco_tasks.llm.training` has the trainer, `docs/training.md` the reasons.
"""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from caco_tasks.atomic import write_bytes
from caco_tasks.errors import ConfigError, EngineError
from caco_tasks.ids import content_id
from caco_tasks.llm.encoding import encode_file
from caco_tasks.llm.examples import ExampleFiles
from caco_tasks.llm.transformers_engine import unloadable
from caco_tasks.model_settings import TrainSettings

WORK = "work"  # folder in `out` of what is only needed until the training has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuneResult:
    """The result of a fine-tuning."""

    loss_before: float  # mean next-token loss on what was held out, in nats
    loss_after: float
    curve: tuple[tuple[int, float], ...]  # optimiser step, training loss
    steps: int
    resumed_at: int  # step of the checkpoint that the last attempt began with; 0: it began with the base
    tokens: int  # of the training examples, once
    seconds: float  # of the last attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One training, as the processes that work on it get it."""

    base: str
    out: str
    settings: TrainSettings
    examples: str  # hash of what it is trained and tested on
    seed: int

    @property
    def id(self) -> str:
        """The hash of all that its result depends on: a checkpoint of another job is never resumed.

        The base counts by its name in the settings; its place differs once it was downloaded.
        """
        settings = self.settings.model_dump(mode="json", exclude={"hardware"})
        return content_id("training", settings, self.examples, self.seed)

    @property
    def work(self) -> Path:
        """Where its checkpoints and its result are."""
        return Path(self.out) / WORK

    @property
    def train(self) -> Path:
        """What it is trained on, as tokens."""
        return self.work / "train.arrow"

    @property
    def held_out(self) -> Path:
        """What it is tested on, as tokens."""
        return self.work / "held_out.arrow"


def finetune(
    base: str,
    out: Path,
    settings: TrainSettings,
    *,
    examples: ExampleFiles,
    seed: int,
) -> FineTuneResult:
    """Fine-tunes the model in `base` (a folder or a name on the Hub) on examples, saves weights and tokenizer to `out`.

    An example is a text (the loss counts on all of it), a pair of prompt and completion, or a chat (the loss counts on
    the completion, or on the last message). Examples longer than `settings.sequence_tokens` are cut. `out/work` holds
    checkpoints: called again with the same arguments, a killed training goes on from the last of them, and a finished
    one is not repeated. The caller deletes the folder.

    Raises:
        ConfigError: the step cannot be shared out to the processes.
        EngineError: the base model cannot be loaded, there is nothing to train or test on, a chat meets a tokenizer
            without a chat template, the loss is not a number, or another process is training in `out`.
    """
    if not examples.train_count or not examples.held_out_count:
        raise EngineError(
            f"There are {examples.train_count} texts to train on and {examples.held_out_count} held out: give more seeds."
        )
    shares(settings)
    job = Job(base=base, out=str(out), settings=settings, examples=examples.content_hash(), seed=seed)
    with _lock_folder(job.work):
        _clear_other_work(job)
        result = job.work / "result.json"
        if not result.is_file():
            encode_examples(job, examples)
            write_json(result, asdict(run_training(job)))
        found: FineTuneResult = read_json(FineTuneResult, result)
        return found


def shares(settings: TrainSettings) -> tuple[int, int]:
    """How many sequences a process computes at once, and how often it does so for one step of the optimiser.

    Without FlashAttention packed rows go one by one: side by side their attention would grow with the square of all.

    Raises:
        ConfigError: `batch_sequences` is no multiple of that.
    """
    hardware = settings.hardware
    share, rest = divmod(settings.batch_sequences, hardware.processes)
    one_by_one = settings.packing and hardware.attention == "sdpa"
    at_once = 1 if one_by_one else hardware.device_sequences or max(1, share)
    if rest or share % at_once:
        raise ConfigError(
            f"train.batch_sequences {settings.batch_sequences} cannot be shared out to {hardware.processes} processes with "
            f"{at_once} sequences at once: make it a multiple of {hardware.processes * at_once}."
        )
    return at_once, share // at_once


def write_json(path: Path, value: Any) -> None:
    """Writes a value as JSON, whole or not at all."""
    write_bytes(path, TypeAdapter(Any).dump_json(value))


def read_json(kind: type[Any], path: Path) -> Any:
    """Reads what `write_json` wrote."""
    return TypeAdapter(kind).validate_json(path.read_bytes())


@contextmanager
def _lock_folder(work: Path) -> Iterator[None]:
    """Holds the folder's lock, which ends with this process."""
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise EngineError(f"Another process is training in {work}: wait until it has ended.") from exc
        yield


def _clear_other_work(job: Job) -> None:
    """Empties the work folder if another job left something there."""
    mark = job.work / "job"
    if mark.is_file() and mark.read_text() == job.id:
        return
    for path in job.work.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()
    mark.write_text(job.id)


def encode_examples(job: Job, examples: ExampleFiles) -> None:
    """Writes the tokens that all processes of the training read; done once, also when it is killed and goes on."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(job.base, revision=job.settings.revision)
    except (OSError, ValueError, ImportError) as exc:
        raise EngineError(unloadable(job.base, exc)) from exc
    for source, target in ((examples.train, job.train), (examples.held_out, job.held_out)):
        encode_file(tokenizer, source, target, job.settings.sequence_tokens)


def run_training(job: Job) -> FineTuneResult:
    """Trains in this process, or in several that end with it: its end closes their standard input."""
    if job.settings.hardware.processes == 1:
        from caco_tasks.llm.training import run

        return run(job)
    path, result, error = (job.work / name for name in ("job.json", "tuned.json", "error.json"))
    write_json(path, TypeAdapter(Job).dump_python(job, mode="json"))
    error.unlink(missing_ok=True)
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={job.settings.hardware.processes}"]
    command = [sys.executable, *launcher, "-m", "caco_tasks.llm.training", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=sys.stderr) as processes:
        code = processes.wait()
    if error.is_file():
        raise EngineError(read_json(str, error))
    if code != 0:
        raise EngineError(
            f"A process of the training ended with exit code {code}: see the log; a retry goes on from there."
        )
    found: FineTuneResult = read_json(FineTuneResult, result)
    return found
