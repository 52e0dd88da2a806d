"""The settings of models: where each role's model is, how it is asked, and how one is trained."""

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from caco_tasks.addresses import is_host
from caco_tasks.check_settings import EmbedderSettings, Settings

Parameter = Literal[  # of a request to an endpoint; left out, the server's own default holds
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "max_tokens",
    "stop",
    "seed",
    "stream",
    "logprobs",
    "chat_template_kwargs",
    "response_format",
]


class VllmSettings(Settings):
    """How the engine `vllm` uses the machine."""

    tensor_parallel: int = Field(default=1, ge=1, le=64)  # GPUs that share one model
    memory_fraction: float = Field(default=0.9, gt=0, le=1)  # of each GPU's memory
    kv_cache_mb: int | None = Field(default=None, ge=1)  # memory for keys and values; None: what the fraction leaves


class EndpointSettings(Settings):
    """How the engine `openai` reaches its server."""

    base_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]")  # with the version, as http://host:8000/v1
    connection: str | None = None  # Airflow connection whose password is the key; None: the server wants none
    concurrency: int = Field(default=32, ge=1, le=1024)  # requests under way at most
    timeout_seconds: float = Field(default=300.0, gt=0)  # for one request, start to end
    attempts: int = Field(default=100, ge=1, le=1000)  # of one request, where the server is busy, broken or silent
    patience_seconds: float = Field(default=900.0, ge=0)  # for one request, while the server answers nobody
    max_error_share: float = Field(default=0.2, ge=0, le=1)  # of requests given up; above it the task stops
    leave_out: tuple[Parameter, ...] = ()  # parameters not to send, which some servers refuse
    rename: dict[Parameter, str] = Field(default={})  # parameter -> the name that the server has for it

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, base_url: str | None) -> str | None:
        try:
            parts = urlsplit(base_url or "http://none")
            is_read = is_host(parts.hostname or "") and parts.port != 0
        except ValueError:  # whose words may hold a part of a password
            is_read = False
        if not is_read:
            raise ValueError("it is no address such as http://host:8000/v1")
        return base_url


class PriceSettings(Settings):
    """What tokens cost, in US dollars per million."""

    prompt: float = Field(default=0.0, ge=0)
    completion: float = Field(default=0.0, ge=0)


class ModelSettings(Settings):
    """One role's model: where it is, which engine runs it, how it is sampled, what it is asked."""

    engine: Literal["transformers", "vllm", "openai"] = "transformers"
    model: str  # folder, Hub id, "nano:NAME" for a bundled one, or "trained": the CodeGen that the run pinned
    revision: str | None = None
    adapter: str | None = None  # LoRA adapter upon `model`: folder, Hub id, or "smol:NAME" for a bundled one
    prompt: str  # file name without suffix in caco_tasks/llm/templates, such as "nano_reverse.v1"
    temperature: float = Field(default=0.0, ge=0, le=2)
    top_p: float = Field(default=1.0, gt=0, le=1)
    top_k: int = Field(default=0, ge=0)  # 0: off
    min_p: float = Field(default=0.0, ge=0, lt=1)  # share of the likeliest token's probability; 0: off
    max_tokens: int = Field(default=256, ge=1, le=32768)
    stop: tuple[str, ...] = ()
    logprobs: bool = False  # keep the logarithm of the probability of every token written
    chat_options: dict[str, bool | int | float | str] = Field(default={})  # for the chat template
    retry_temperature: float = Field(default=0.7, ge=0, le=2)  # of questions asked again, where temperature is 0
    structured: bool = False  # for the judge: ask the engine to hold replies to the schema of a judgement
    context_tokens: int | None = Field(default=None, ge=16)  # of prompt and reply; None: what the model was made for
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    device: str = "cpu"
    batch_rows: int = Field(default=64, ge=1)
    vllm: VllmSettings = VllmSettings()
    endpoint: EndpointSettings = EndpointSettings()
    price: PriceSettings = PriceSettings()

    @property
    def family(self) -> str:
        """The family of models that its name tells: `qwen` of `Qwen/Qwen3-8B`, `nano` of `nano:judge`."""
        name = self.model.rstrip("/").rpartition("/")[2].lower()
        found = re.match(r"[a-z]+", name)
        return found[0] if found else name

    @property
    def gpus(self) -> int:
        """GPUs that the model takes at once, on a machine that has any; an endpoint's are elsewhere."""
        if self.engine == "vllm":
            return self.vllm.tensor_parallel
        return int(self.engine == "transformers" and self.device.startswith("cuda"))

    @model_validator(mode="after")
    def _has_an_address(self) -> "ModelSettings":
        if self.engine == "openai" and self.endpoint.base_url is None:
            raise ValueError("the engine 'openai' needs endpoint.base_url")
        return self


class HardwareSettings(Settings):
    """How a training is spread over processors; changes neither its data nor the size of its steps."""

    processes: int = Field(default=1, ge=1, le=64)  # on this machine, one for each GPU
    sharding: Literal["none", "fsdp"] = "none"  # fsdp: each process holds a share of weights and optimiser
    device_sequences: int | None = Field(default=None, ge=1)  # computed at once by a process; None: its whole share
    attention: Literal["sdpa", "flash_attention_2", "flash_attention_3"] = "sdpa"
    gradient_checkpointing: bool = False  # compute activations twice instead of keeping them
    checkpoint_steps: int = Field(default=200, ge=1)  # a killed training loses at most so many steps


class DiversityGuardSettings(Settings):
    """When a CodeGen that learnt from earlier ones' rows is refused: its programs are less varied than the first one's."""

    min_shapes_ratio: float = Field(default=0.7, ge=0, le=1)  # of its distinct shapes of programs to the first one's
    min_spread_ratio: float = Field(default=0.7, ge=0, le=1)  # of the spread of its programs to the first one's


class OwnRowSettings(EmbedderSettings):
    """Rows that nightly runs published, as training data of the next CodeGen beside the seed programs."""

    embedder: str = "sentence-transformers/all-MiniLM-L6-v2"  # its vectors tell how far the gate's programs lie apart
    datasets: tuple[str, ...] = Field(min_length=1)  # NAME/VERSION, or NAME: the versions that count
    newest: int = Field(default=5, ge=1, le=1000)  # dates of a NAME, up to the run's
    max_per_shape: int = Field(default=4, ge=1)  # rows whose programs differ in numbers and texts alone
    max_share: float = Field(default=0.5, gt=0, lt=1)  # of the programs trained on; the rest are seed programs
    guard: DiversityGuardSettings | None = None  # None: only loss and yield decide

    @field_validator("datasets")
    @classmethod
    def _are_names(cls, datasets: tuple[str, ...]) -> tuple[str, ...]:
        for name in datasets:
            if not re.fullmatch(r"[a-z0-9][a-z0-9_\-]*(/[A-Za-z0-9][A-Za-z0-9_.\-]*)?", name):
                raise ValueError(f"'{name}' is neither NAME nor NAME/VERSION of a dataset")
        return datasets


class TrainSettings(Settings):
    """Fine-tuning of CodeGen on verified seed programs (paper, section 3.2), or of a student on a dataset."""

    base: str  # as ModelSettings.model
    revision: str | None = None  # of the base on the Hub
    epochs: float = Field(default=1.0, gt=0)
    max_steps: int = Field(default=-1, ge=-1)  # -1: as many as the epochs need
    learning_rate: float = Field(default=5e-6, gt=0)
    warmup_ratio: float = Field(default=0.03, ge=0, le=1)
    weight_decay: float = Field(default=0.1, ge=0)
    batch_sequences: int = Field(default=16, ge=1)  # of a step, over all processes; with packing, rows of programs
    sequence_tokens: int = Field(default=2048, ge=16)
    packing: bool = False  # fill rows of `sequence_tokens` with whole programs
    lora_rank: int = Field(default=0, ge=0, le=1024)  # 0: train all weights
    lora_alpha: int = Field(default=32, ge=1)
    held_out_share: float = Field(default=0.05, gt=0, lt=1)
    max_loss_rise: float = Field(
        default=0.02, ge=0
    )  # share by which the held-out loss may rise, for the model to be used
    gate_samples: int = Field(default=256, ge=0)  # programs sampled from the new model; 0: only the loss decides
    max_yield_loss: float = Field(default=0.05, ge=0, le=1)  # by how much fewer may run than of the last accepted one
    dtype: Literal["float32", "bfloat16"] = "bfloat16"
    domain_tags: bool = False  # write the domain before each program
    hardware: HardwareSettings = HardwareSettings()
    # left out where it is not used, so that trainings without it keep their keys
    own: OwnRowSettings | None = Field(default=None, exclude_if=lambda own: own is None)

    @model_validator(mode="after")
    def _measures_what_it_guards(self) -> "TrainSettings":
        if self.own is not None and self.own.guard is not None and not self.gate_samples:
            raise ValueError("own.guard looks at programs sampled from the new model: set gate_samples above 0")
        return self
