"""Nothing that came from outside is run when it is read: no pickles, no code of models' or datasets' repositories."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("caco_tasks", "dags", "plugins", "docker", "benchmarks", "notebooks", "docs")

RUNS_CODE_WHEN_READ = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
    "jsonpickle",
}
# calls that must say the keyword which makes them harmless, for their defaults have changed over the years
MUST_SAY = {
    "torch.load": ("weights_only", True),
    "np.load": ("allow_pickle", False),
    "numpy.load": ("allow_pickle", False),
}
FORBIDDEN = {"read_pickle", "to_pickle", "unsafe_load", "full_load"}
NEVER_TRUE = {"trust_remote_code", "allow_pickle"}


def sources() -> list[Path]:
    """Every Python file that runs outside of tests."""
    return sorted(
        path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if "node_modules" not in str(path)
    )


def test_no_file_reads_what_could_run_code() -> None:
    assert len(sources()) > 300
    found = [f"{path.relative_to(ROOT)}: {fault}" for path in sources() for fault in faults(path.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import torch; torch.load('a.pt')",
        "import torch; torch.load('a.pt', weights_only=False)",
        "import numpy as np; np.load('a.npy', allow_pickle=True)",
        "import numpy as np; np.load('a.npy')",
        "model = AutoModel.from_pretrained('a', trust_remote_code=True)",
        "model = AutoModel.from_pretrained('a', trust_remote_code=settings.trusted)",
        "import pandas; pandas.read_pickle('a')",
        "import yaml; yaml.unsafe_load('a')",
        "import torch; torch.hub.load('a/b', 'c')",
    ],
)
def test_such_a_use_is_found(source: str) -> None:
    assert len(list(faults(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import torch; torch.load('a.pt', weights_only=True)",
        "import numpy as np; np.load('a.npy', allow_pickle=False)",
        "import json; json.load(file)",
        "model = AutoModel.from_pretrained('a', trust_remote_code=False)",
    ],
)
def test_what_runs_nothing_is_let_through(source: str) -> None:
    assert list(faults(source)) == []


def faults(source: str) -> Iterator[str]:
    """What in a file could run code that it reads."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            named = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from (f"imports {name}" for name in named if name.split(".")[0] in RUNS_CODE_WHEN_READ)
        elif isinstance(node, ast.Call):
            yield from _faults_of(node)


def _faults_of(call: ast.Call) -> Iterator[str]:
    name, said = ast.unparse(call.func), {keyword.arg: keyword.value for keyword in call.keywords}
    if name.rpartition(".")[2] in FORBIDDEN or name.endswith("hub.load"):
        yield f"calls {name}"
    elif name in MUST_SAY:
        keyword, wanted = MUST_SAY[name]
        if not _is_constant(said.get(keyword), wanted):
            yield f"calls {name} without {keyword}={wanted}"
    elif any(keyword in said and not _is_constant(said[keyword], False) for keyword in NEVER_TRUE):
        yield f"calls {name} so that code of its argument may run"


def _is_constant(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
