"""What a run would reuse and make, and how many model calls that is: what `caco plan` shows.

Keys are known before anything runs, so what is reused is exact. Calls are counted by putting the questions of a stage to the
reply cache alone; where the records that a stage will read are not there yet, the number is the most that it can be.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, get_args

from caco_tasks.check_settings import Rule
from caco_tasks.config import RoleName, RunConfig
from caco_tasks.connections import Connections
from caco_tasks.context import stage_context
from caco_tasks.identity import Place, RunKeys
from caco_tasks.ledger import Ledger
from caco_tasks.llm import Llm
from caco_tasks.llm.llm import Reply, Request, no_reply
from caco_tasks.llm.prompts import judge_prompts
from caco_tasks.llm.reply_cache import CachingLlm
from caco_tasks.model_settings import ModelSettings
from caco_tasks.pipeline import StageSpec, count_shards, find_stage, stages_of
from caco_tasks.records import JudgedRecord, Outcome, Reason
from caco_tasks.runner import find_output
from caco_tasks.services import TaskServices
from caco_tasks.stages import records_of, stage_function
from caco_tasks.stages.sample import kind_of
from caco_tasks.store import Manifest, RunRecord, Store
from caco_tasks.store.shards import read_shard

NOT_ASKED = "not asked: this is a forecast"
REASONS = frozenset(map(str, Reason))
PATIENCE = ("grading.timeout_seconds",)  # settings that change only whether the platform can tell


@dataclass(frozen=True, slots=True, kw_only=True)
class StageForecast:
    """What a run would do at one stage."""

    stage: str
    shards: int
    reused: int  # shards whose output is there, made by whatever run
    model_calls: int  # replies that are not cached yet; the most it can be where the records are not known

    def as_json(self) -> dict[str, Any]:
        """The form that scripts read."""
        return asdict(self)


class CacheOnlyLlm:
    """A model that answers from the reply cache alone, and notes what it would have to be asked."""

    def __init__(self, llm: CachingLlm, unanswered: set[str]) -> None:
        self.model_id = llm.model_id
        self._llm, self._unanswered = llm, unanswered

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """The cached replies; for the others replies with an error."""
        known = self._llm.cached(requests)
        self._unanswered |= {request.request_id for request in requests} - known.keys()
        return [known.get(request.request_id) or no_reply(request, self.model_id, NOT_ASKED) for request in requests]


class ForecastServices(TaskServices):
    """The services of a task whose models are only looked up; `unanswered` are the requests without a cached reply."""

    def __init__(self, connections: Connections, *, run: RunRecord, config: RunConfig) -> None:
        super().__init__(connections, run=run, config=config)
        self.unanswered: set[str] = set()

    def llm(self, role: RoleName, key: str) -> Llm:
        """The cached replies of the model of a role."""
        caching = self.caching_llm(self._settings_of(role), key, pinned=self._run.models.get(role))
        return CacheOnlyLlm(caching, self.unanswered)

    def model(self, settings: ModelSettings, key: str) -> Llm:
        """The cached replies of a model that is no role's."""
        caching = self.caching_llm(settings, key, pinned=self._pinned_base(settings))
        return CacheOnlyLlm(caching, self.unanswered)


class Forecast:
    """The forecast of one run; reads the outputs that are there, writes nothing and asks no model."""

    def __init__(self, keys: RunKeys, store: Store, ledger: Ledger, services: ForecastServices) -> None:
        """Takes the keys of the run, registered or not, and what is there already."""
        self._keys, self._store, self._ledger, self._services = keys, store, ledger, services
        self._found: dict[str, Manifest | None] = {}

    def stages(self) -> Iterator[StageForecast]:
        """One forecast for each stage of the run, in order."""
        for spec in stages_of(self._keys.run.pipeline):
            shards = range(count_shards(spec, self._keys.config))
            missing = [shard for shard in shards if self._output(spec.name, shard) is None]
            yield StageForecast(
                stage=spec.name,
                shards=len(shards),
                reused=len(shards) - len(missing),
                model_calls=sum(self._count_calls(spec, shard) for shard in missing),
            )

    def _count_calls(self, spec: StageSpec, shard: int) -> int:
        config = self._keys.config
        # training asks no model, although its gate samples from one, and unifier and matcher may be left out
        asks = spec.role in config.models if spec.role is not None else spec.name == "evaluate"
        if spec.adds is None or not asks:
            return 0
        records = self._likely_records(spec, shard)
        if records is None or spec.executes:
            return self._max_records(spec, shard) * replies_each(spec, config)
        self._services.unanswered.clear()
        context = stage_context(self._keys, self._services, spec, shard)
        if (
            spec.name == "sample"
        ):  # which of the others no program can be made for, and so are asked for, only work tells
            records = [draw for draw in records if kind_of(draw, context) == "codegen"]
        for _ in stage_function(spec)(records, context) if records else ():
            pass  # the verdicts do not matter, only what was asked
        return len(self._services.unanswered)

    def _likely_records(self, spec: StageSpec, shard: int) -> list[Any] | None:
        """The records that a stage may read, with all the texts that its prompt needs; None where they are not there.

        They are those of the nearest output that is there, less those that a check between will surely reject.
        """
        if spec.reads is None:
            return list(records_of(stage_context(self._keys, self._services, spec, shard)))
        between: list[Place] = []
        place = self._before(spec.name, shard)
        while place is not None and self._output(*place) is None:
            between.append(place)
            if find_stage(self._keys.run.pipeline, place[0]).adds is not None:
                return None  # a text that is yet to be written
            place = self._before(*place)
        manifest = self._output(*place) if place is not None else None
        if place is None or manifest is None:
            return None
        passed = {row.id: row.record for row in self._rows(manifest) if row.verdict.kept}
        for rejected in self._surely_rejected(manifest, list(reversed(between))):
            passed.pop(rejected, None)
        return list(passed.values())

    def _surely_rejected(self, manifest: Manifest, between: Sequence[Place]) -> Iterator[str]:
        """Ids that an earlier run's check rejected for a reason that this run's settings leave as it is."""
        for stage, _ in between:
            recipe = self._keys.recipe(find_stage(self._keys.run.pipeline, stage))
            sibling = next(iter(self._ledger.outputs_made_from(stage, manifest.key)), None)
            loosened = loosened_reasons(sibling.recipe, recipe) if sibling is not None else None
            if sibling is None or loosened is None:
                return  # other settings changed: every verdict may be another
            for row in self._rows(sibling):
                if row.verdict.outcome is Outcome.FAIL and str(row.verdict.reason) not in loosened:
                    yield row.id
            manifest = sibling

    def _max_records(self, spec: StageSpec, shard: int) -> int:
        """How many records a stage can read at most: what the nearest output before it that is there has passed."""
        place = self._before(spec.name, shard)
        while place is not None:
            manifest = self._output(*place)
            if manifest is not None:
                return manifest.passed
            origin = self._keys.origin(find_stage(self._keys.run.pipeline, place[0]), place[1])
            if "start" in origin:
                return int(origin["stop"]) - int(origin["start"])
            place = self._before(*place)
        origin = self._keys.origin(spec, shard)
        return int(origin.get("stop", 0)) - int(origin.get("start", 0))

    def _before(self, stage: str, shard: int) -> Place | None:
        places = self._keys.input_places(find_stage(self._keys.run.pipeline, stage), shard)
        return places[0] if places else None

    def _output(self, stage: str, shard: int) -> Manifest | None:
        key = self._keys.key(stage, shard)
        if key not in self._found:
            self._found[key] = find_output(self._store, stage, key)
        return self._found[key]

    def _rows(self, manifest: Manifest) -> list[JudgedRecord[Any]]:
        record = find_stage(manifest.pipeline, manifest.stage).writes
        return read_shard(self._store, manifest.uri, record, sha256=manifest.sha256)


def replies_each(spec: StageSpec, config: RunConfig) -> int:
    """How many replies a stage asks for about one record; of a seed's program, at most."""
    match spec.role:
        case "unifier":
            return config.unify.attempts
        case "judge":
            return config.judge.times * len(judge_prompts(config)) if config.judge.is_asked else 0
        case "solver":
            return config.solver.samples
        case "matcher":  # at most: every item in both orders
            return 2 * config.neighbours.top if config.neighbours is not None else 0
    return 1


def loosened_reasons(before: Mapping[str, Any], now: Mapping[str, Any]) -> set[str] | None:
    """The reasons whose rules no longer reject; None where more than rules differs, so that any verdict may be another."""
    rules = changed_rules(before, now)
    return None if rules is None else {reason for reason, value in rules.items() if value != "reject"}


def changed_rules(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, str] | None:
    """The rules of a stage that differ, by their reasons, with what each is set to now; None where more than rules differs."""
    if {**before, "settings": None} != {**now, "settings": None}:
        return None
    changed = dict(_differences(before.get("settings") or {}, now.get("settings") or {}))
    rules = {path: value for path, value in changed.items() if path not in PATIENCE}
    if any(value not in get_args(Rule) or path.rpartition(".")[2] not in REASONS for path, value in rules.items()):
        return None
    return {path.rpartition(".")[2]: value for path, value in rules.items()}


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The dotted paths of settings that differ, each with its value now."""
    for name in sorted({*before, *now}):
        one, other, path = before.get(name), now.get(name), f"{prefix}{name}"
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            yield from _differences(one, other, f"{path}.")
        elif one != other:
            yield path, other
