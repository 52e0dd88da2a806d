"""What `test_vllm_engine.py` looks at, played in a process of its own: vLLM reads its environment when it is imported.

Called with a folder for a model of random weights and with that of an adapter upon the bundled CodeGen; prints one JSON object.
"""

import json
import resource
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from caco_tasks.errors import EngineError
from caco_tasks.llm import Prompt, Reply, Request
from caco_tasks.llm.llm import make_request, open_llm
from caco_tasks.llm.local_models import NANO_FOLDER
from caco_tasks.model_settings import ModelSettings

NANO = NANO_FOLDER / "codegen"
GREEDY: dict[str, Any] = {"temperature": 0.0, "max_tokens": 200, "stop": ["\nprint"], "logprobs": True}
STARTS = ("<|program|>", '<|program|>input = {"', "<|program|>import", '<|program|>input = {"apples": 3')
WIDE_VOCABULARY = 300_000  # logits of 1.2 MB for each request
SCHEMA = {  # nothing that a model can go on with for ever
    "type": "object",
    "properties": {"verdict": {"enum": ["right", "wrong"]}, "is_sure": {"type": "boolean"}},
    "required": ["verdict", "is_sure"],
    "additionalProperties": False,
}
ROOM_MB = 120  # too little for the logits of 64 requests, enough for 32


def settings_for(**changes: Any) -> ModelSettings:
    """A model that vLLM runs in little memory."""
    table = {"engine": "vllm", "model": "m", "prompt": "raw.v1", "batch_rows": 8, "vllm": {"kv_cache_mb": 16}}
    return ModelSettings.model_validate(table | changes)


def requests_for(settings: ModelSettings, *texts: str) -> list[Request]:
    """One request for each text, each another sample."""
    prompts = [Prompt(name="raw.v1", system=None, text=text, is_chat=False) for text in texts]
    return [make_request(one, settings, model_id="m", sample=n, values={}) for n, one in enumerate(prompts)]


def told(replies: list[Reply]) -> list[dict[str, Any]]:
    """Replies as JSON."""
    return [
        {
            "text": reply.text,
            "error": reply.error,
            "finish_reason": reply.generation.finish_reason,
            "prompt_tokens": reply.generation.prompt_tokens,
            "completion_tokens": reply.generation.completion_tokens,
            "seconds": reply.generation.seconds,
            "logprobs": reply.logprobs,
        }
        for reply in replies
    ]


def refusal(folder: str) -> str:
    """The sentence that a model which is not there gives."""
    try:
        open_llm(settings_for(), folder=folder, model_id="m")
    except EngineError as exc:
        return str(exc)
    return "it was used"


def greedy() -> dict[str, Any]:
    """Likeliest programs from some beginnings, one of which is longer than the context."""
    settings = settings_for(**GREEDY)
    llm = open_llm(settings, folder=str(NANO), model_id="m")
    return {
        "replies": told(llm.generate(requests_for(settings, *STARTS, "<|program|>" + "1" * 3000))),
        "chat": refusal_of_chat(llm),
    }


def adapted(adapter: str) -> list[dict[str, Any]]:
    """Likeliest programs with an adapter upon the model."""
    settings = settings_for(**GREEDY | {"max_tokens": 24})
    llm = open_llm(settings, folder=str(NANO), model_id="m", adapter=adapter)
    found = told(llm.generate(requests_for(settings, *STARTS)))
    llm.close()
    return found


def structured() -> list[dict[str, Any]]:
    """Replies of a writer of programs that is held to a schema, and one that is not."""
    settings = settings_for(temperature=0.9, max_tokens=40)
    llm = open_llm(settings, folder=str(NANO), model_id="m")
    free = requests_for(settings, *STARTS)
    held = [replace(request, schema=json.dumps(SCHEMA)) for request in free]
    found = told(llm.generate([*held, free[0]]))
    llm.close()
    return found


def refusal_of_chat(llm: Any) -> str:
    """The sentence that a chat gives where there is no template."""
    try:
        llm.generate([Request(request_id="0" * 32, prompt="chat.v1", text="Hello", is_chat=True)])
    except EngineError as exc:
        return str(exc)
    return "it was used"


def sampled() -> dict[str, Any]:
    """Drawn beginnings of programs, cut off: twice, and once more by an engine that is loaded anew."""
    settings = settings_for(temperature=0.9, max_tokens=12)
    llm = open_llm(settings, folder=str(NANO), model_id="m")
    requests = requests_for(settings, *["<|program|>"] * 20)
    drawn = {"first": told(llm.generate(requests)), "again": told(llm.generate(requests)), "none": llm.generate([])}
    llm.close()
    return {**drawn, "other": told(open_llm(settings, folder=str(NANO), model_id="m").generate(requests))}


def short_of_memory(folder: Path) -> dict[str, Any]:
    """74 requests, 64 at a time, where memory for so many logits is refused once the model is loaded.

    When the engine starts again there is room: what a process has given back to the system, a limit on its addresses
    still counts.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=WIDE_VOCABULARY, max_position_embeddings=512, tie_word_embeddings=True, **sizes)
    LlamaForCausalLM(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(NANO / name, folder)
    settings = settings_for(temperature=0.9, max_tokens=4, batch_rows=64, context_tokens=64)
    llm = open_llm(settings, folder=str(folder), model_id="m")
    requests = requests_for(settings, *["<|program|>"] * 74)
    llm.generate(requests[:2])
    status = Path("/proc/self/status").read_text()
    used = next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmSize"))
    limits = resource.getrlimit(resource.RLIMIT_AS)
    starts, start_again = [], llm._restart_narrower

    def with_room() -> None:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        start_again()
        starts.append(llm._width)

    llm._restart_narrower = with_room
    resource.setrlimit(resource.RLIMIT_AS, (used + (ROOM_MB << 20), limits[1]))
    return {"replies": told(llm.generate(requests)), "widths": starts}


if __name__ == "__main__":
    scenes = {
        "short_of_memory": short_of_memory(Path(sys.argv[1])),
        "missing": refusal("/nowhere/at/all"),
        "greedy": greedy(),
        "sampled": sampled(),
        "adapted": adapted(sys.argv[2]),
        "structured": structured(),
    }
    sys.stdout.write(json.dumps(scenes))
