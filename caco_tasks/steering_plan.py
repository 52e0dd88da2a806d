"""What a nightly run with `[steer]` finds in the ledger when it is planned: earlier runs like it, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from caco_tasks.config import RunConfig
from caco_tasks.errors import ConfigError
from caco_tasks.generation_settings import SteerSettings
from caco_tasks.identity import RunKeys
from caco_tasks.ledger import Ledger
from caco_tasks.llm.prompts import load_prompt, variables_of
from caco_tasks.pipeline import find_stage
from caco_tasks.steering import OpeningShare, share_openings, steering_pins
from caco_tasks.store import RunRecord

RUNS_OF_A_DATE = 10  # looked through for one whose models were asked alike
ASKED_ALIKE = ("model", "sampling", "prompts")  # of a stage's recipe: what a pass rate follows from
DOMAIN_LETTERS = frozenset(" ,/&-_")  # besides letters and digits, of a domain that is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """What a run is steered by."""

    settings: SteerSettings
    runs: tuple[str, ...]  # earlier ones that were read, the newest first
    problems: int  # of theirs that came to `agree`; where pass rates count, those of which solutions were compared
    useful: int
    openings: Sequence[OpeningShare]  # empty: nothing is known, and nothing is told

    @property
    def pins(self) -> dict[str, Any]:
        """What the run's record keeps of it."""
        return steering_pins(self.openings, self.settings, self.runs)


def find_steering(run: RunRecord, config: RunConfig, ledger: Ledger) -> Steering:
    """What a run, of which all but this is planned, is steered by.

    Raises:
        ConfigError: the config has no [steer], asks for one solution only although pass rates count, or asks CodeGen by a
            chat prompt.
    """
    if config.steer is None:
        raise ConfigError(f"The config '{config.name}' has no [steer]: nothing of earlier runs has a part in its draw.")
    if config.solver.samples < 2 and not config.steer.wants_every_row:
        raise ConfigError(
            "[steer] goes by how many of several solutions agree: set solver.samples above 1, or steer.band to [0, 1], which "
            "wants every accepted row."
        )
    prompt = load_prompt(
        config.models["codegen"].prompt, variables=variables_of("codegen"), folder=config.prompts_folder
    )
    if prompt.is_chat:
        raise ConfigError(
            f"[steer] tells CodeGen how its program begins, and '{prompt.name}' is a chat prompt, whose reply begins anew: "
            "take a raw prompt, or leave [steer] out."
        )
    runs = _find_runs_alike(run, config.steer, ledger)
    band = None if config.steer.wants_every_row else config.steer.band
    fates = ledger.opening_fates(runs, band) if runs else []
    domains = ledger.seed_domains(run.seed_run_id) if config.train.domain_tags and run.seed_run_id else []
    return Steering(
        settings=config.steer,
        runs=tuple(runs),
        problems=sum(one.problems for one in fates),
        useful=sum(one.useful for one in fates),
        openings=share_openings(fates, config.steer, domains=[one for one in domains if _can_be_told(one)]),
    )


def _find_runs_alike(run: RunRecord, settings: SteerSettings, ledger: Ledger) -> list[str]:
    """One run of each earlier date, the newest first, whose problems and solutions were asked for as this one's will be."""
    asked, found = _how_asked(run), dict[str, str]()
    most = RUNS_OF_A_DATE * settings.runs
    for earlier in ledger.earlier_nightly_runs(run.partition, str(run.training), most=most):
        if len(found) == settings.runs:
            break
        if earlier.partition not in found and _how_asked(earlier) == asked:
            found[earlier.partition] = earlier.run_id
    return list(found.values())


def _how_asked(run: RunRecord) -> list[Any] | None:
    try:
        keys = RunKeys(run, {})
    except ConfigError:
        return None  # it was made with a setting that there is no more
    recipes = [keys.recipe(find_stage("nightly", name)) for name in ("reverse", "solve")]
    return [keys.config.solver.samples, [[recipe.get(name) for name in ASKED_ALIKE] for recipe in recipes]]


def _can_be_told(domain: str) -> bool:
    """Whether a domain, which a source names as it likes, holds no letter that a control token could be made of."""
    return len(domain) <= 80 and all(letter.isalnum() or letter in DOMAIN_LETTERS for letter in domain)
