"""The dataset card, made from the ledger: what became of every program, the models and prompts, the seeds' licences.

Which stages there are, and which of them ask a model, stands in `caco_tasks.pipeline`; a new one appears here by itself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import yaml

from caco_tasks.config import RunConfig
from caco_tasks.format import format_count, format_part, format_share
from caco_tasks.identity import SELECTOR
from caco_tasks.ledger import DifficultyRow, FunnelRow, Ledger, OverlapRow, RejectRow, SourceRow
from caco_tasks.pipeline import STAGES, mapped_stages
from caco_tasks.publishing.dataset_row import COLUMNS, SCHEMA
from caco_tasks.publishing.licences import SEEDS_NOT_KNOWN, Licence, combine_licences
from caco_tasks.store import Manifest, RunRecord
from caco_tasks.store.manifest import sum_cut_away
from caco_tasks.version import code_version

# as the Hub spells them: https://github.com/huggingface/hub-docs/blob/main/datasetcard.md
HUB_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
HUB_TYPES = {pa.string(): "string", pa.int64(): "int64", pa.float64(): "float64"}
OVERLAP_RULES = ("exact", "ngram", "masked", "numbers")  # of [decontamination]; its others are no overlaps
HUB_LICENCES = {"cc0-1.0", "mit", "apache-2.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "bsd-3-clause"}


NOT_KNOWN = "–"

# drawn beside this card after the dataset is published: `caco diversity`
DIVERSITY = (
    '<picture><source media="(prefers-color-scheme: dark)" srcset="diversity-dark.svg">'
    '<img alt="A point for each problem, in the colour of its cluster, with the words of each cluster" '
    'src="diversity-light.svg"></picture>\n\n'
    "A point for each problem, as near to others as it is in meaning; drawn after publication by `caco diversity`, which also "
    "tells spread, nearest neighbours and the distance to earlier datasets."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What the ledger says of a run before it is published."""

    funnel: Sequence[FunnelRow]
    reasons: Sequence[RejectRow]
    sources: Sequence[SourceRow]  # behind the CodeGen of the run
    manifests: Mapping[str, Sequence[Manifest]]  # of the outputs of each stage
    overlaps: Sequence[OverlapRow] = ()  # with benchmarks: of the run, and of the run that read its seeds
    selection: Sequence[Mapping[str, Any]] = ()  # rows of caco.selection_audit; none where no selector was asked
    difficulties: Sequence[DifficultyRow] = ()  # of the problems that came to `agree`
    knows_seeds: bool = True  # whether the run says which seeds stand behind it

    @property
    def licence(self) -> Licence:
        """The licence of all sources behind the run."""
        if not self.knows_seeds:
            return Licence(None, SEEDS_NOT_KNOWN)
        used = [source for source in self.sources if source.verified]  # the others taught the model nothing
        return combine_licences({name: [one.licence for one in used if one.source == name] for name in self.trained_on})

    @property
    def trained_on(self) -> tuple[str, ...]:
        """The names of the sources that gave seed programs to the CodeGen."""
        return tuple(sorted({source.source for source in self.sources if source.verified}))


def card_facts(ledger: Ledger, run: RunRecord) -> CardFacts:
    """Gathers what the card says."""
    # beside its own seeds, those of the models that wrote what its CodeGen learnt from
    behind = [one.seed_run_id for one in ledger.trainings_behind(run.run_id)] if run.codegen_run_id else []
    seed_runs = list(dict.fromkeys(name for name in (run.seed_run_id, *behind) if name))
    read = [source for seed_run in seed_runs for source in ledger.sources(seed_run)]
    return CardFacts(
        funnel=ledger.funnel(run.run_id),
        reasons=ledger.reject_reasons(run.run_id),
        sources=list({(one.source, one.revision, one.licence): one for one in reversed(read)}.values())[::-1],
        manifests={spec.name: ledger.outputs(run.run_id, spec.name) for spec in mapped_stages(run.pipeline)},
        overlaps=ledger.overlaps([run.run_id, *seed_runs]),
        selection=ledger.selection_audit(run.run_id) if run.models.get(SELECTOR) else (),
        difficulties=ledger.difficulties(run.run_id),
        knows_seeds=bool(seed_runs) and None not in behind[1:],  # the first is that of the run's own CodeGen
    )


def dataset_card(facts: CardFacts, *, run: RunRecord, config: RunConfig, published: int) -> str:
    """The card as Markdown with the YAML head that the Hugging Face Hub reads."""
    sections = {
        "Columns": table(("column", "what it is"), COLUMNS.items()),
        "From sampled program to published row": _funnel_section(facts, published),
        "Why rows were rejected": _reasons_section(facts),
        "How hard its problems are": _difficulty_section(facts, config),
        "Benchmarks": _benchmarks_section(facts, config),
        "Models and prompts": _models_section(facts, config),
        "Seeds and their licences": _sources_section(facts),
        "Known limits": _limits_section(facts, config),
    }
    if facts.selection:
        sections["Samples that were skipped"] = _selection_section(facts, run)
    if config.diversity.nightly:
        sections["How varied its problems are"] = DIVERSITY
    opening = (
        f"# {config.publish.name}, {run.partition}\n\n"
        f"{format_count(published)} problems with a chain of thought, the program behind it and the answer that both give. "
        f"Made by Caco {code_version()} (method: arXiv 2510.04081) in run `{run.run_id}` with the config `{config.name}` "
        f"(`{run.config_hash[:12]}`). `caco lineage SAMPLE_ID` shows all the ancestors of a row."
    )
    said = [f"## {title}\n\n{text}" for title, text in sections.items()]
    warned = list(_warn_of_unverified(config))
    return "\n\n".join([hub_head(config.publish.name, facts.licence, published), opening, *warned, *said]) + "\n"


def hub_head(name: str, licence: Licence, rows: int) -> str:
    """The head of a card, as YAML, from which the Hub and `datasets.load_dataset` know files, columns and licence."""
    # the Hub knows single licences by their SPDX ids in small letters; any other has a name of its own
    known = licence.expression.lower() if licence.expression else ""
    other = {"license": "other", "license_name": licence.expression or "not known"}
    named = {"license": known} if known in HUB_LICENCES else other
    head = {
        "pretty_name": name,
        **named,
        "language": ["en"],
        "task_categories": ["text-generation"],
        "tags": ["math", "reasoning", "chain-of-thought", "code", "synthetic"],
        "size_categories": [size_category(rows)],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "train-*.parquet"}]}],
        # no sizes: a version without some rows has the head of the one before
        "dataset_info": {"config_name": "default", "features": [_hub_feature(field) for field in SCHEMA]},
    }
    return f"---\n{yaml.safe_dump(head, sort_keys=False)}---"


def _hub_feature(field: pa.Field) -> dict[str, str]:
    """A column as the Hub writes it."""
    if pa.types.is_list(field.type):
        return {"name": field.name, "list": HUB_TYPES[field.type.value_type]}
    return {"name": field.name, "dtype": HUB_TYPES[field.type]}


def _warn_of_unverified(config: RunConfig) -> Iterator[str]:
    """What a reader must know first of rows that were let pass without a part of verification."""
    if config.unverified:
        yield (
            f"**These rows are not verified.** They were made with {_as_code(config.unverified)}, to measure what that check "
            "is worth: wrong answers and problems that do not fit are among them. The column `findings` says of each row what "
            "was not demanded of it. Do not train on them for any other end."
        )


def size_category(rows: int) -> str:
    """The words of the Hub for how large a dataset is."""
    return next((name for bound, name in HUB_SIZES if rows < bound), "n>1M")


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _funnel_section(facts: CardFacts, published: int) -> str:
    rows = [
        (row.stage, row.read, row.passed, row.failed, row.unknown, format_part(row.passed, row.read))
        for row in facts.funnel
    ]
    stages = table(("stage", "read", "passed", "failed", "unknown", "kept"), rows)
    sampled = facts.funnel[0].read if facts.funnel else 0  # by the first stage, which all others follow
    share = format_part(published, sampled)
    return f"{stages}\n\nPublished: {format_count(published)} of {format_count(sampled)} sampled programs ({share})."


def _reasons_section(facts: CardFacts) -> str:
    """What rows were rejected for, and what the config has recorded without rejecting for it."""
    rows = [
        (row.stage, row.outcome, f"`{row.reason}`", row.records, format_share(row.share_of_read))
        for row in facts.reasons
    ]
    rejected = table(("stage", "outcome", "reason", "rows", "of those read"), rows) if rows else "None was."
    counts: Counter[tuple[str, str]] = Counter()
    for stage, manifests in facts.manifests.items():
        for manifest in manifests:
            counts.update({(stage, reason): count for reason, count in manifest.recorded.items()})
    recorded = [(stage, f"`{reason}`", count) for (stage, reason), count in counts.items()]
    if not recorded:
        return rejected
    found = table(("stage", "reason", "rows"), recorded)
    return f"{rejected}\n\nRecorded in the column `findings`, and not rejected for:\n\n{found}"


def _selection_section(facts: CardFacts, run: RunRecord) -> str:
    """What the selector skipped, and what the explored samples say of that."""
    rows = [
        (
            row["stage"],
            row["domain"] or "all",
            row["judged"],
            row["skipped"],
            row["explored"],
            row["explored_accepted"],
            NOT_KNOWN
            if row["false_skips"] is None
            else f"{row['false_skips_low']:.0%} to {row['false_skips_high']:.0%}",
            NOT_KNOWN if row["recall"] is None else f"{row['recall']:.0%}",
        )
        for row in facts.selection
    ]
    heads = ("before", "domain", "judged", "skipped", "explored", "accepted of these", "95 %", "recall")
    return (
        f"The selector `{run.models[SELECTOR]}` skipped samples that it held unlikely to be accepted; a share of these was "
        "explored, and went on all the same. Recall is the part of all samples that would have been accepted which the "
        f"selector keeps, estimated by the explored ones.\n\n{table(heads, rows)}"
    )


def _difficulty_section(facts: CardFacts, config: RunConfig) -> str:
    """How many problems the solver solves how often, and how long their programs are."""
    found = [row for row in facts.difficulties if row.accepted]
    if not found:
        return "It was not measured."
    rows = [
        (
            "–" if row.compared is None else f"{row.agreeing} of {row.compared}",
            format_count(row.problems),
            format_count(row.accepted),
            "–" if row.steps is None else f"{row.steps:.1f}",
            "–" if row.depth is None else f"{row.depth:.1f}",
        )
        for row in found
    ]
    said = "Solutions that agree with the program, of those that came and could be compared:"
    if config.solver.samples == 1:
        said = "The solver was asked for one solution of each problem, which tells nothing of how hard it is."
    kept = config.solver.keep_easy
    capped = f"\n\nOf the problems that all solutions solve, {kept:.0%} were kept." if kept < 1 else ""
    heads = ("solutions that agree", "problems", "published", "steps of the program", "depth")
    return f"{said}\n\n{table(heads, rows)}{capped}"


def _benchmarks_section(facts: CardFacts, config: RunConfig) -> str:
    """What was looked for, and what was found of it; `review` is too little for a rejection by default."""
    names = [benchmark.name for benchmark in config.decontamination.protected]
    if not names:
        return "No benchmark was protected: the config names none, so rows may overlap test sets."
    rules = {rule: config.decontamination.rules[rule] for rule in OVERLAP_RULES}
    said = f"Rows that overlap these benchmarks were removed: {', '.join(names)}. Others were not looked at."
    for setting, what in (("record", "Recorded, and not removed"), ("off", "Not looked for")):
        chosen = [rule for rule, is_set in rules.items() if is_set == setting]
        said += f" {what}: overlaps by the rules {_as_code(chosen)}." if chosen else ""
    rows = [(row.stage, row.benchmark, f"`{row.rule}`", row.records, row.items) for row in facts.overlaps]
    found = table(("stage", "benchmark", "rule", "records", "items of the benchmark"), rows) if rows else ""
    return f"{said}\n\n{found}".strip()


def _models_section(facts: CardFacts, config: RunConfig) -> str:
    rows = []
    for stage, manifests in facts.manifests.items():
        role = STAGES[stage].role
        models = sorted({model for manifest in manifests for model in manifest.models})
        if role is None and not models:  # a stage without a role still shows up if its outputs name a model
            continue
        prompts = sorted({prompt for manifest in manifests for prompt in manifest.prompts})
        settings = config.models.get(role) if role is not None else None
        sampling = (settings.temperature, settings.top_p) if settings is not None else ("–", "–")
        tokens = sum(manifest.completion_tokens for manifest in manifests)
        cost = sum(manifest.cost_usd for manifest in manifests)
        rows.append(
            (stage, role or "–", _as_code(models), _as_code(prompts), *sampling, format_count(tokens), f"{cost:,.2f}")
        )
    heads = ("stage", "role", "model", "prompt", "temperature", "top-p", "tokens written", "US dollars")
    cut = [
        (stage, f"`{name}`", format_count(replies))
        for stage, manifests in facts.manifests.items()
        for name, replies in sum_cut_away(manifests).items()
    ]
    if not cut:
        return table(heads, rows)
    said = "Cut away from replies before anything was judged or stored (`caco_tasks.reading`):"
    return f"{table(heads, rows)}\n\n{said}\n\n{table(('stage', 'what', 'replies'), cut)}"


def _sources_section(facts: CardFacts) -> str:
    licence = facts.licence
    said = f"Every row: {licence.expression}." if licence.expression else f"The licence is not known: {licence.note}."
    rows = [(row.source, f"`{row.revision[:16]}`", row.licence, row.seeds, row.verified) for row in facts.sources]
    sources = table(("source", "revision", "licence", "seeds", "verified programs"), rows) if rows else ""
    return f"{said}\n\n{sources}".strip()


def _limits_section(facts: CardFacts, config: RunConfig) -> str:
    ran = [manifest for stage, found in facts.manifests.items() if STAGES[stage].executes for manifest in found]
    levels = sorted({str(manifest.sandbox_level) for manifest in ran})
    writers = {config.models["reverser"].model, config.models["solver"].model}
    limits = [
        "Every row passed automatic checks only; no person has read it unless an audit says so.",
        f"Programs ran in a sandbox of the level {_as_code(levels)}.",
        "Equal answers and true equations do not prove that a step of the chain of thought is the right one.",
    ]
    if not config.has_independent_judge:
        limits.append(
            f"Solver and judge are of one family of models (`{config.models['judge'].family}`): the judge may share the "
            "solver's mistakes and like its words."
        )
    if len(writers) == 1:
        limits.append("Problems and solutions were written by one model; its mistakes may agree with each other.")
    if any(model.startswith("nano:") for model in writers):
        limits.append(
            "The nano models are small and know only the bundled bank: they show that the platform works; they do not "
            "make data for other models to learn from. Their judge's measured error rates are in `docs/nano.md`."
        )
    return "\n".join(f"- {limit}" for limit in limits)


def _as_code(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words) or "–"
