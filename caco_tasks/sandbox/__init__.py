"""Runs untrusted programs: shut in like a container, fast like a fork.

with Sandbox(settings) as sandbox:
    for ran in sandbox.run(Job(code=code) for code in codes):
        ...
"""

from caco_tasks.sandbox.batch import exec_jsonl
from caco_tasks.sandbox.jobs import Job, ProgramResult
from caco_tasks.sandbox.pool import Sandbox

__all__ = ["Job", "ProgramResult", "Sandbox", "exec_jsonl"]
