"""Writes the parts of the documentation that follow from the code: `make docs`.

A generated part stands between two markers, `<!-- generated: NAME -->` and `<!-- end of NAME -->`; whatever is between them is
replaced. `tests/unit/test_docs_generated.py` fails where a page is not what this would write.
"""

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill

import click
from diagram import draw_ledger, keys_of, references, tables_alone
from markdown_parts import first_sentence, table, write_page

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.bank.family import draw_problem
from caco_tasks.check_settings import RuleSettings
from caco_tasks.cli import main as caco
from caco_tasks.config import RoleName, RunConfig, load_config
from caco_tasks.estimate import Estimate
from caco_tasks.generation_settings import ReverserSettings, SolverSettings
from caco_tasks.ledger.migrations import sql_folder
from caco_tasks.ledger.recipes import list_recipes
from caco_tasks.llm.prompts import load_prompt, variables_of
from caco_tasks.pipeline import PIPELINES, STAGES, StageSpec, mapped_stages
from caco_tasks.records import Reason
from caco_tasks.selection.earlier_fates import MANY
from caco_tasks.selection.features import PROBLEM_COUNTS, PROBLEM_FATES, PROGRAM_COUNTS, PROGRAM_FATES
from caco_tasks.smol.card import adapters_table
from caco_tasks.stages.shared.few_shot import problem_variety, shared_values, solution_style
from caco_tasks.text_checks.checks import CHECKS as TEXT_CHECKS
from caco_tasks.verification.findings import CHECKS as DATASET_CHECKS

ROOT = Path(__file__).parents[1]
NOTHING = "–"
WIDTH = 120
PROMPTS: Mapping[str, RoleName] = {  # shown on the page of prompts, as engines get them
    "unify.v2": "unifier",
    "program.v1": "codegen",
    "reverse.v2": "reverser",
    "solve.v2": "solver",
    "judge.v2": "judge",
    "same_problem.v1": "matcher",
}

_REASON = re.compile(r'^    (\w+) = "(\w+)"(?:  # ([\w, ]+): (.*?)( \(unknown\))?)?$|^    # (.*)$', re.MULTILINE)
_COMMENT = re.compile(r"COMMENT ON (TABLE|VIEW|COLUMN)\s+caco\.([\w.]+)\s+IS\s+'((?:[^']|'')*)'")
_HEADER = re.compile(r"^-- (Title|Question|Grain|Columns|Example): +(.*(?:\n--  .*)*)", re.MULTILINE)


def stages_block() -> str:
    """One table for each pipeline, from its declarations and the docstrings of its stages."""
    heads = ("stage", "what it does", "reads", "adds", "asks", "settings", "shards", "queue", "version")
    tables = [
        f"## Pipeline `{pipeline}`\n\n{table(heads, [_stage_row(spec) for spec in specs])}"
        for pipeline, specs in PIPELINES.items()
    ]
    return "\n\n".join(tables)


def reasons_block() -> str:
    """One table for each group of reasons, as `records.Reason` has them."""
    source = _class_source(ROOT / "caco_tasks" / "records.py", "Reason")
    rules = _rule_settings()
    parts: list[str] = []
    rows: list[Sequence[str]] = []
    heads = ("reason", "stage", "verdict", "what it means", "can be set")
    for found in _REASON.finditer(source):
        name, reason, stages, meaning, unknown, group = found.groups()
        if group is not None:
            parts += [table(heads, rows)] if rows else []
            parts, rows = [*parts, f"## {group.capitalize()}"], []
            continue
        if stages is None:
            raise ValueError(f"Reason.{name} has no comment of the form 'stages: meaning' beside it")
        settings = ", ".join(f"`{path}`" for path in rules.get(reason, ())) or NOTHING
        rows.append((f"`{reason}`", _stages_named(stages), "unknown" if unknown else "fail", meaning, settings))
    return "\n\n".join([*parts, table(heads, rows)])


def dags_block() -> str:
    """The DAGs: when they start, their forms and their tasks, by their files alone; Airflow is not needed."""
    heads = ("DAG", "what it does", "starts", "form", "tasks")
    return table(heads, [_dag_row(path) for path in _dag_files()])


def duty_block() -> str:
    """What each DAG says of itself to the person on duty: its docstring, as Airflow's UI shows it."""
    parts = []
    for path in _dag_files():
        title, _, told = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n\n")
        parts.append(f"## `{path.stem}`\n\n*{title.partition(': ')[2]}*\n\n{told}")
    return "\n\n".join(parts)


def api_block() -> str:
    """The addresses of the API behind the pages, from its committed document."""
    document = json.loads((ROOT / "plugins" / "caco" / "openapi.json").read_text(encoding="utf-8"))
    rows = [
        (f"`{method.upper()} /caco{path}`", first_sentence(str(said["description"])))
        for path, methods in sorted(document["paths"].items())
        for method, said in sorted(methods.items())
    ]
    return table(("address", "returns"), rows)


def tables_block() -> str:
    """The tables of the ledger with their columns, from the comments in the database."""
    return _describe_relations("migrations")


def references_block() -> str:
    """What refers to what, as the picture beside it shows, and the tables that stand in no such relation."""
    schema = _schema()
    keys = keys_of(schema)
    rows = [
        (f"`{one.table}`", f"`{one.columns}`", f"`{one.target}`", f"`{keys[one.table]}`") for one in references(schema)
    ]
    alone = ", ".join(f"`{name}`" for name in tables_alone(schema))
    return f"{table(('table', 'column', 'refers to', 'key'), rows)}\n\nWithout a foreign key: {alone}."


def view_columns_block() -> str:
    """The views of the ledger with their columns."""
    return _describe_relations("views")


def decisions_block() -> str:
    """The decisions, by the titles of their pages."""
    paths = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    titles = [path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for path in paths]
    rows = [
        (f"[{title.partition(' ')[0]}]({path.name})", title.partition(" ")[2])
        for path, title in zip(paths, titles, strict=True)
    ]
    return table(("page", "decision"), rows)


def words_block() -> str:
    """The glossary of the README."""
    return (ROOT / "README.md").read_text(encoding="utf-8").partition("## Words\n\n")[2].partition("\n\n")[0]


def views_block() -> str:
    """The views of the ledger, from the headers of their files."""
    rows = []
    for path in sorted(sql_folder().glob("views/*.sql")):
        header = {
            name.lower(): re.sub(r"\n-- +", " ", text)
            for name, text in _HEADER.findall(path.read_text(encoding="utf-8"))
        }
        rows.append(
            (
                f"`{path.stem}`",
                header["question"],
                header["grain"].removeprefix("one row per "),
                f"`{header['example']}`",
            )
        )
    return table(("view", "question", "one row per", "example"), rows)


def cookbook_block() -> str:
    """The questions of the cookbook, from the first lines of its files."""
    rows = [
        (
            f"`{one.name}`",
            one.question,
            ", ".join(f"`{name}={value}`" for name, value in one.defaults.items()) or NOTHING,
        )
        for one in list_recipes()
    ]
    return table(("recipe", "question", "`--set`"), rows)


def commands_block() -> str:
    """Every command with its arguments, options and example, section by section, as `--help` tells them."""
    parts, titles = [], {name: title for title, names in caco.sections.items() for name in names[:1]}
    for name, command in _commands(caco, "caco"):
        title = titles.pop(name.split()[1], None)
        if title is not None:
            parts.append(f"## {title}")
        context = click.Context(command, info_name=name)
        usage = " ".join(command.collect_usage_pieces(context))
        told = fill(re.sub(r"\s*\n\s*", " ", command.help or "").strip(), WIDTH)
        options = [
            (f"`{', '.join(option.opts)}{_metavar(option, context)}`", option.help or NOTHING)
            for option in command.params
            if isinstance(option, click.Option)
        ]
        shown = f"\n\n{table(('option', 'what it does'), options)}" if options else ""
        example = (command.epilog or "").partition("Example: ")[2]
        parts.append(f"### `{name}`\n\n    {name} {usage}\n\n{told}{shown}\n\nExample: `{example}`")
    return "\n\n".join(parts)


def arrow_block() -> str:
    """The parts of the package from the ground up, as the test of imports has them."""
    tree = ast.parse((ROOT / "tests" / "unit" / "test_imports.py").read_text(encoding="utf-8"))
    (rows,) = [
        node.value for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ROWS"
    ]
    return "\n".join(f"    {' '.join(sorted(row))}" for row in reversed(ast.literal_eval(rows)))


def prompt_block(name: str) -> str:
    """A prompt as an engine gets it, about one problem of the bank."""
    problem = draw_problem(next(family for family in FAMILIES if family.name == "fish_pond"), 900_000)
    prompt = load_prompt(name, variables=variables_of(PROMPTS[name]))
    variety = problem_variety("the sample of docs/prompts.md", ReverserSettings())
    style = solution_style("the sample of docs/prompts.md", SolverSettings())
    values = {
        "problem": problem.problem,
        "item": draw_problem(FAMILIES[0], 900_000).problem,
        "solution": problem.solution,
        "answer": problem.answer,
        "code": problem.program.strip(),
        "output": problem.answer,
        "tests": "",
        "function": "",
        **(variety if PROMPTS[name] == "reverser" else {"style": style}),
        **shared_values(prompt, load_config("nano")),
    }
    text = prompt.render(**{variable: values[variable] for variable in prompt.variables})
    shown = f"[system]\n{prompt.system}\n\n[user]\n{text}" if prompt.is_chat else text.rstrip("\n")
    return f"~~~~text\n{shown}\n~~~~"


def estimate_block() -> str:
    """What `paper` asks of GPUs, by published figures: what `caco plan --config paper --estimate` shows without a ledger."""
    found = Estimate(load_config("paper"))
    stages = list(found.stages())
    heads = ("stage", "model", "requests", "million tokens in (computed once)", "out", "tokens/s", "GPUs", "GPU-hours")
    rows = [
        (
            f"`{one.stage}`",
            one.model,
            f"{one.requests:,}",
            f"{(one.prompt_tokens or 0) / 1e6:,.0f} ({(one.cached_tokens or 0) / 1e6:,.0f})",
            f"{(one.completion_tokens or 0) / 1e6:,.0f}",
            f"{one.tokens_per_second:,.0f}",
            str(one.gpus),
            f"{one.gpu_hours:,.0f}",
        )
        for one in stages
    ]
    total = f"{sum(one.gpu_hours or 0 for one in stages):,.0f}"
    rows.append(("all", *[""] * (len(heads) - 2), total))
    sources = dict.fromkeys(f"{one.model.rpartition('/')[2]}: {one.speed_from}" for one in stages)
    notes = [f"- {source}" for source in sources]
    return "\n".join([table(heads, rows), "", *notes, f"- shares that pass: {found.shares_from}"])


def text_checks_block() -> str:
    """Every check of `caco check`: its fields, what it asks, and what it does not understand."""
    rows = [
        (f"`{name}`", ", ".join(f"`{field}`" for field in check.fields), check.asks, check.not_judged)
        for name, check in TEXT_CHECKS.items()
    ]
    return table(("check", "fields", "what it asks", "what it does not understand, and so does not judge"), rows)


def features_block() -> str:
    """What a selector sees of a sample, from the tables of `selection.features`."""
    heads = ("column", "before", "what it is")
    rows = [
        (f"`{name}`", "`reverse`, `solve`" if counts is PROGRAM_COUNTS else "`solve`", meaning)
        for counts in (PROGRAM_COUNTS, PROBLEM_COUNTS)
        for name, meaning in counts.items()
    ]
    for fates in (PROGRAM_FATES, PROBLEM_FATES):
        for kind, meaning in fates.items():
            extremes = f"`rate_{kind}_mean`, `_min`, `_max`, `new_{kind}`" if kind in MANY else f"`rate_{kind}`"
            stages = "`reverse`, `solve`" if fates is PROGRAM_FATES else "`solve`"
            rows.append((extremes, stages, f"how earlier samples ended that have in common: {meaning}"))
    return table(heads, rows)


def verify_block() -> str:
    """Every check of `caco verify`."""
    return table(("check", "what it says"), [(f"`{name}`", said) for name, said in DATASET_CHECKS.items()])


BLOCKS: Mapping[tuple[str, str], Callable[[], str]] = {
    ("docs/concepts.md", "words"): words_block,
    ("docs/selection.md", "features"): features_block,
    ("docs/stages.md", "stages"): stages_block,
    ("docs/reasons.md", "reasons"): reasons_block,
    ("docs/dags.md", "dags"): dags_block,
    ("docs/duty.md", "duty"): duty_block,
    ("docs/dags.md", "api"): api_block,
    ("docs/schema.md", "references"): references_block,
    ("docs/schema.md", "tables"): tables_block,
    ("docs/schema.md", "views"): views_block,
    ("docs/schema.md", "cookbook"): cookbook_block,
    ("docs/schema.md", "view_columns"): view_columns_block,
    ("docs/training.md", "estimate"): estimate_block,
    ("docs/commands.md", "commands"): commands_block,
    ("docs/verification.md", "text_checks"): text_checks_block,
    ("docs/verification.md", "verify"): verify_block,
    ("docs/decisions/README.md", "decisions"): decisions_block,
    ("CONTRIBUTING.md", "imports"): arrow_block,
    ("docs/smol.md", "adapters"): adapters_table,
    **{("docs/prompts.md", name): (lambda name=name: prompt_block(name)) for name in PROMPTS},
}

PICTURES: Mapping[str, Callable[[], str]] = {"docs/ledger.svg": lambda: draw_ledger(_schema())}


def main() -> None:
    """Writes every generated part and picture anew."""
    for (page, name), make in BLOCKS.items():
        path = ROOT / page
        path.write_text(write_page(path.read_text(encoding="utf-8"), name, make()), encoding="utf-8")
    for picture, draw in PICTURES.items():
        (ROOT / picture).write_text(draw(), encoding="utf-8")


def _schema() -> str:
    return (ROOT / "sql" / "schema.sql").read_text(encoding="utf-8")


def _stage_row(spec: StageSpec) -> Sequence[str]:
    tree = ast.parse((ROOT / "caco_tasks" / "stages" / f"{spec.name}.py").read_text(encoding="utf-8"))
    does = first_sentence((ast.get_docstring(tree) or "").partition(": ")[2])
    marks = [
        text
        for text, is_so in (
            ("claims fingerprints", spec.claims),
            ("runs programs", spec.executes),
            ("looks up benchmarks", spec.looks_up_benchmarks),
            (f"people judge its {spec.judges}", spec.judges is not None),
        )
        if is_so
    ]
    return (
        f"`{spec.name}`",
        "; ".join([does.rstrip("."), *marks]),
        spec.reads.__name__ if spec.reads else NOTHING,
        f"`{spec.adds}`" if spec.adds else NOTHING,
        spec.role or NOTHING,
        ", ".join(f"`{path}`" for path in (*spec.settings, *spec.role_settings, *spec.part_settings)) or NOTHING,
        {"samples": "of samples", "seeds": "of seeds", "contenders": "of contenders", "one": "one, of all"}[
            spec.layout
        ],
        spec.queue,
        str(spec.version),
    )


def _stages_named(stages: str) -> str:
    """The stages that a comment names, with "asking" spelt out."""
    asking = [name for name, spec in STAGES.items() if spec.adds and (spec.role or name == "evaluate")]
    return ", ".join(asking) if stages == "asking" else stages


def _rule_settings() -> dict[str, list[str]]:
    """The settings that decide what becomes of a reason, by the reason."""
    found: dict[str, list[str]] = {}
    for section, field in RunConfig.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, RuleSettings):
            for rule in field.annotation.rule_choices():
                reason = rule if rule in set(Reason) else "benchmark_overlap"  # exact, ngram, …: the evidence names it
                found.setdefault(reason, []).append(f"{section}.{rule}")
    return found


def _dag_files() -> list[Path]:
    """The files of the DAGs: those of the line in the order in which they follow each other, then the others."""
    paths = sorted(path for path in (ROOT / "dags").glob("caco_*.py") if "@dag(" in path.read_text(encoding="utf-8"))
    line = [f"caco_{pipeline}" for pipeline in PIPELINES]
    return sorted(paths, key=lambda path: line.index(path.stem) if path.stem in line else len(line))


def _dag_row(path: Path) -> Sequence[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    dag = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and _dag_options(node))
    title = (ast.get_docstring(tree) or "").split("\n", 1)[0].removeprefix("### ")
    options = _dag_options(dag)
    return (
        f"`{dag.name}`",
        title.partition(": ")[2],
        _schedule(options["schedule"]),
        ", ".join(f"`{name}`" for name in _form_fields(tree, options["params"])),
        " → ".join(f"`{name}`" for name in _tasks(tree, dag)),
    )


def _dag_options(node: ast.FunctionDef) -> dict[str, ast.expr]:
    """The arguments of the decorator `dag`; none where a function has no such."""
    calls = [each for each in node.decorator_list if isinstance(each, ast.Call) and ast.unparse(each.func) == "dag"]
    return {str(keyword.arg): keyword.value for call in calls for keyword in call.keywords}


def _schedule(value: ast.expr) -> str:
    text = ast.unparse(value)
    words = {
        "None": "by hand",
        "'@weekly'": "weekly",
        "[SEED_PROGRAMS]": "asset `caco_seed_programs`",
        "PartitionedAssetTimetable(assets=DATASET)": "asset `caco_dataset`",
        "PartitionedAssetTimetable(assets=DATASET, default_partition_mapper=WEEKS)": "asset `caco_dataset`, all dates of a week",
        "PartitionedAssetTimetable(assets=WAITING)": "asset `caco_waiting_dataset`",
    }
    if "CronPartitionTimetable('0 0 * * *'" in text:
        return "daily at 00:00 UTC, one run per date"
    return words[text]


def _form_fields(tree: ast.Module, params: ast.expr) -> Iterator[str]:
    """The names of a form's fields, from a dictionary or the name of one."""
    if isinstance(params, ast.Name):
        module = ast.parse((ROOT / "dags" / "caco_common.py").read_text(encoding="utf-8"))
        params = next(
            node.value
            for node in [*tree.body, *module.body]
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == params.id
        )
    assert isinstance(params, ast.Dict)
    for key, value in zip(params.keys, params.values, strict=True):
        if isinstance(key, ast.Constant):
            yield str(key.value)
        else:  # **COMMON_PARAMS
            yield from _form_fields(tree, value)


def _tasks(tree: ast.Module, dag: ast.FunctionDef) -> list[str]:
    """The tasks of a DAG: those that its wiring names, and the stages of its pipeline, in the order in which they run."""
    own = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and _is_task(node)]
    pipeline = dag.name.removeprefix("caco_")
    if pipeline not in PIPELINES:
        named = [node.value for node in ast.walk(dag) if isinstance(node, ast.keyword) and node.arg == "task_id"]
        inner = [str(value.value) for value in named if isinstance(value, ast.Constant)]
        return [name for name in (*own[:1], *inner, *own[1:])]
    named = {node.id for node in ast.walk(dag) if isinstance(node, ast.Name)}
    gathering = [spec.name for spec in PIPELINES[pipeline] if spec not in mapped_stages(pipeline)]
    mapped = [spec.name for spec in mapped_stages(pipeline)]
    stages = [*gathering, *mapped] if pipeline == "evaluate" else [*mapped, *["gate"] * ("gate" in named), *gathering]
    return ["plan", *["dry_run"] * ("dry_run" in named), *stages, "finish"]


def _is_task(node: ast.FunctionDef) -> bool:
    return any(ast.unparse(decorator).startswith("task") for decorator in node.decorator_list)


def _describe_relations(folder: str) -> str:
    """The tables or views that the files of a folder make, each with a table of its columns, from their comments."""
    comments = _sql_comments(folder)
    parts = []
    for name, comment in comments.items():
        if "." not in name:
            columns = [
                (f"`{column.split('.', 1)[1]}`", text)
                for column, text in comments.items()
                if column.startswith(f"{name}.")
            ]
            parts.append(f"### `{name}`\n\n{fill(comment, WIDTH)}\n\n{table(('column', 'what it holds'), columns)}")
    return "\n\n".join(parts)


def _sql_comments(folder: str) -> dict[str, str]:
    """What tables, views and columns say of themselves, in the order of the files."""
    found: dict[str, str] = {}
    for path in sorted(sql_folder().glob(f"{folder}/*.sql")):
        for _, name, text in _COMMENT.findall(path.read_text(encoding="utf-8")):
            found[name] = text.replace("''", "'")
    return found


def _commands(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}", command


def _metavar(option: click.Option, context: click.Context) -> str:
    return "" if option.is_flag else f" {option.make_metavar(context)}"


def _class_source(path: Path, name: str) -> str:
    text = path.read_text(encoding="utf-8")
    node = next(node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == name)
    return "\n".join(text.splitlines()[node.lineno : node.end_lineno])


if __name__ == "__main__":
    main()
