"""Language models behind one protocol, and the prompts they are asked."""

from caco_tasks.llm.base import Llm, Reply, Request, open_llm
from caco_tasks.llm.prompts import Prompt, load_prompt

__all__ = ["Llm", "Prompt", "Reply", "Request", "load_prompt", "open_llm"]
