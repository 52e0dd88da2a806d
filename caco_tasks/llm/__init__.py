"""Language models behind one protocol, and the prompts they are asked."""

from caco_tasks.llm.llm import Llm, Reply, Request, open_llm
from caco_tasks.llm.prompts import Prompt, load_prompt
from caco_tasks.llm.transformers_engine import has_chat_template

__all__ = ["Llm", "Prompt", "Reply", "Request", "has_chat_template", "load_prompt", "open_llm"]
