"""Writes the nano models' card and curves from the files of training and evaluation.

python -m caco_tasks.nano.model_card --weights caco_tasks/nano/weights --figures evaluation.json --out docs
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from caco_tasks.bank.catalog import FAMILIES
from caco_tasks.nano.data import ROLES, TAGGED_SHARE
from caco_tasks.publishing.dataset_card import table

SMOOTHED_STEPS = 25
WEAKEST_SHOWN = 12

PURPOSE = {
    "codegen": "samples programs from its start token; what a run fine-tunes on its seeds",
    "writer": "writes a problem from a program (`reverse`) and a solution from a problem (`solve`)",
    "judge": "decides whether problem, solution and program are consistent",
}


def card(trained: Mapping[str, Mapping[str, Any]], figures: Mapping[str, Any]) -> str:
    """The model card as Markdown."""
    return "\n\n".join(
        [
            "# The nano models",
            "Three small Llama-architecture models (Transformers), trained from scratch on the bundled bank by "
            "`python -m caco_tasks.nano.pretrain ROLE --out FOLDER`, so that every stage is real on two cores. They "
            f"know the {len(FAMILIES)} families of the bank and nothing else. Licence of weights and data: CC0-1.0.",
            f"## Training\n\n{training_table(trained)}\n\n![Loss curves](nano-loss.svg)",
            "Data: the bank, drawn without end from seed numbers of 1,000,000 up; seeds come from 0 up and the figures below "
            "from 500,000 up, so no problem is shared. What a step sees follows from the seed alone. Byte-level BPE of 4,096 "
            "tokens in which every digit stands alone (`docs/decisions/0006-superword-tokens-for-nano.md`). Loss on "
            "completions only; warm-up, stable, decay over the last fifth; AdamW; bfloat16 autocast; weights kept in float16.",
            f"CodeGen learnt {TAGGED_SHARE:.0%} of its programs with their domain before them, as a first line `# domain: "
            "algebra`, which `train.domain_tags` goes on with; nothing else tells the domain of a sampled program.",
            "What is shipped was not trained in one piece. The writer's schedule was set anew at steps 2,000 and 4,500, where "
            "the rate had already decayed once, as the curve shows. The judge began from the writer of step 4,500 and, up to its "
            "last step, was also taught a closing yes or no, which was right half of the time; the stop string of the bundled "
            "configs cuts it off. Training again by the command above gives like models, not these.",
            "`nano-mix` has a writer and a judge of its own, `nano:offspring_writer` and `nano:offspring_judge`. They went on "
            "from these two with composed and mutated programs beside plain problems: "
            "[offspring.md](offspring.md#what-it-is-worth) has their figures.",
            f"## Figures\n\n{figures_table(figures)}",
            f"## By domain\n\n{domain_table(figures)}",
            f"## Where they are weakest\n\n{weakest_table(figures)}",
            "The judge is taught to set the numbers of problem and program side by side. An operator swapped in the program and "
            "a number changed in the solution are beyond it: the first goes unseen, the second is left to `agree`, which "
            "computes the equations and compares the answers.",
            "## Not for\n\nMaking data for other models to learn from, or any problem outside of the bank.",
        ]
    )


def draw_curves(trained: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """Draws the training loss of each model over its steps, smoothed, on a logarithmic scale."""
    import matplotlib as mpl

    mpl.use("svg")  # before pyplot, which looks for a display otherwise
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    for role, state in trained.items():
        losses = state["loss"]
        whole = len(losses) // SMOOTHED_STEPS * SMOOTHED_STEPS  # a shorter rest would be noisier than all before it
        smooth = [sum(losses[i : i + SMOOTHED_STEPS]) / SMOOTHED_STEPS for i in range(0, whole, SMOOTHED_STEPS)]
        axes.plot([SMOOTHED_STEPS * (i + 1) for i in range(len(smooth))], smooth, label=role)
    axes.set(xlabel="optimiser step", ylabel="loss on completions, nats per token", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend()
    mpl.rcParams["svg.hashsalt"] = "caco"  # with no date, so that the same curve is the same file
    figure.savefig(path, metadata={"Date": None})


def training_table(trained: Mapping[str, Mapping[str, Any]]) -> str:
    """Size, schedule and last loss of each model."""
    rows = []
    for role, state in trained.items():
        settings = state["settings"]
        shape = f"{settings['layers']} × {settings['hidden']}"
        start = settings.get("begins_with") or "random"
        loss = sum(state["loss"][-50:]) / 50  # that of one step is noise
        minutes = f"{state['seconds'] / 60:.0f}"
        rows.append(
            (role, PURPOSE[role], shape, start, state["steps"], f"{state['tokens'] / 1e6:.1f}M", minutes, f"{loss:.3f}")
        )
    heads = (
        "model",
        "what it does",
        "layers × width",
        "starts from",
        "steps",
        "tokens",
        "minutes, one core",
        "last loss",
    )
    return table(heads, rows)


def figures_table(figures: Mapping[str, Any]) -> str:
    """The figures over all families."""
    codegen, judge = figures["codegen"], figures["judge"]
    rows = [
        ("sampled programs that run", _share(codegen["run"], codegen["sampled"])),
        (
            f"and are distinct and not among {codegen['trained_on']:,} training programs",
            _share(codegen["new_and_distinct"], codegen["sampled"]),
        ),
        (
            "programs of a known family that begin by naming a domain",
            _share(codegen["name_a_domain"], codegen["of_a_known_family"]),
        ),
        ("and name their own", _share(codegen["name_their_own"], codegen["name_a_domain"])),
        ("bank problems solved", _share(figures["solver"]["agree"], figures["solver"]["asked"])),
        (
            "bank programs reversed and solved, answers agree",
            _share(figures["reverse_and_solve"]["agree"], figures["reverse_and_solve"]["asked"]),
        ),
        ("true triples that the judge rejects", _share(judge["rejected_though_true"], judge["true_triples"])),
        *(
            (f"planted, {kind}: that the judge passes", _share(judge["passed_though_planted"][kind], planted))
            for kind, planted in judge["planted_triples"].items()
        ),
    ]
    return table(("over all families, before any filter", "share"), rows)


def domain_table(figures: Mapping[str, Any]) -> str:
    """The shares of each domain."""
    solved, round_trip = figures["solver"]["by_domain"], figures["reverse_and_solve"]["by_domain"]
    rows = [(domain, f"{solved[domain]:.0%}", f"{round_trip[domain]:.0%}") for domain in sorted(solved)]
    return table(("domain", "solved", "reversed, solved and agree"), rows)


def weakest_table(figures: Mapping[str, Any]) -> str:
    """The families with the lowest shares."""
    by_family = figures["reverse_and_solve"]["by_family"]
    weakest = sorted(by_family.items(), key=lambda pair: pair[1])[:WEAKEST_SHOWN]
    return table(("family", "reversed, solved and agree"), [(name, f"{share:.0%}") for name, share in weakest])


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} ({part:,} of {whole:,})"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m caco_tasks.nano.model_card", description=__doc__)
    parser.add_argument("--weights", type=Path, default=Path(__file__).parent / "weights")
    parser.add_argument("--figures", type=Path, required=True, help="the file that caco_tasks.nano.report wrote")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of nano.md and nano-loss.svg")
    given = parser.parse_args()
    trained = {role: json.loads((given.weights / role / "training.json").read_text()) for role in ROLES}
    (given.out / "nano.md").write_text(card(trained, json.loads(given.figures.read_text())) + "\n")
    draw_curves(trained, given.out / "nano-loss.svg")


if __name__ == "__main__":
    main()
