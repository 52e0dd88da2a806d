"""The schema: what it says of itself, who may do what, and how it changes."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import schema_snapshot
from databases import cloned
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from caco_tasks.errors import LedgerError
from caco_tasks.ledger import CHECKS, Ledger
from caco_tasks.ledger.migrations import ANALYST, ANALYST_IDLE, ANALYST_TIMEOUT, OWNER, WRITER, sql_folder
from caco_tasks.pipeline import PIPELINES, STAGES, mapped_stages
from caco_tasks.platform.postgres import EmbeddedPostgres
from caco_tasks.records import Grade, Outcome, Part, Reason


def column(engine: Engine, query: str, **values: Any) -> list[Any]:
    """The first column of an answer."""
    with engine.connect() as connection:
        return list(connection.execute(text(query), values).scalars())


@pytest.fixture(scope="module")
def roles(postgres: EmbeddedPostgres, ledger_template: dict[str, str]) -> Iterator[dict[str, Engine]]:
    """One database for all tests that leave nothing behind, as each role reaches it."""
    with cloned(postgres, "template_ledger") as name:
        opened = {role: create_engine(postgres.url(name, role, word)) for role, word in ledger_template.items()}
        yield opened
        for engine in opened.values():
            engine.dispose()


@pytest.fixture
def owner(roles: dict[str, Engine]) -> Engine:
    """That database as its owner reaches it."""
    return roles[OWNER]


@pytest.fixture
def analyst(roles: dict[str, Engine]) -> Engine:
    """That database as an analyst reaches it."""
    return roles[ANALYST]


def test_the_migrations_make_the_schema_of_the_snapshot(owner: Engine) -> None:
    made = schema_snapshot.dump(owner.url.render_as_string(hide_password=False))
    assert made == schema_snapshot.SNAPSHOT.read_text(encoding="utf-8"), "run `make snapshots` and look at the diff"


@pytest.mark.parametrize(
    ("name", "values"), [("reason", Reason), ("outcome", Outcome), ("grade", Grade), ("part", Part)]
)
def test_the_closed_lists_are_those_of_the_library(owner: Engine, name: str, values: type[Reason]) -> None:
    query = "SELECT unnest(enum_range(NULL::caco.{}))::text"
    assert column(owner, query.format(name)) == [str(value) for value in values]


def test_the_stages_come_in_the_order_of_the_pipelines(owner: Engine) -> None:
    stages = column(owner, "SELECT unnest(enum_range(NULL::caco.stage))::text")
    assert stages == [spec.name for specs in PIPELINES.values() for spec in specs]


def view(name: str) -> str:
    """The file of a view."""
    return (sql_folder() / "views" / f"{name}.sql").read_text(encoding="utf-8")


def test_the_views_name_the_stages_as_the_pipelines_declare_them() -> None:
    texts = dict(re.findall(r"\('(\w+)'(?:::caco\.stage)?, '([\w ]+)'\)", view("text_address")))
    assert texts == {spec.name: spec.text for spec in STAGES.values() if spec.text is not None}
    judged = re.findall(r"\('(\w+)', '(\w+)'(?:::caco\.stage)?, '(\w+)'(?:::caco\.part)?\)", view("judge_confusion"))
    assert judged == [(name, name, str(STAGES[name].judges)) for name in CHECKS]
    gathering = ", ".join(f"'{spec.name}'" for spec in STAGES.values() if spec.gathers)
    assert f"reached.stage NOT IN ({gathering})" in view("verdict")
    assert f"last.stage = '{mapped_stages('nightly')[-1].name}'" in view("yield_by_model")
    writing = [spec.name for spec in PIPELINES["nightly"] if spec.role and spec.text]
    assert re.findall(r"AS (\w+)_model_id", view("sample_lineage")) == writing


def test_every_table_view_type_and_function_has_a_comment(owner: Engine) -> None:
    silent = column(
        owner,
        """
        SELECT relname FROM pg_class
        WHERE relnamespace = 'caco'::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition
            AND obj_description(oid, 'pg_class') IS NULL
        UNION ALL
        SELECT typname FROM pg_type
        WHERE typnamespace = 'caco'::regnamespace AND typtype = 'e' AND obj_description(oid, 'pg_type') IS NULL
        UNION ALL
        SELECT proname FROM pg_proc
        WHERE pronamespace = 'caco'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
        """,
    )
    assert silent == []


def test_every_column_of_a_table_or_view_has_a_comment_that_says_what_null_means(owner: Engine) -> None:
    query = """
        SELECT relname || '.' || attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'caco'::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition
            AND attnum > 0 AND NOT attisdropped AND {}
    """
    comment = "coalesce(col_description(attrelid, attnum), '')"
    assert column(owner, query.format(f"{comment} = ''")) == []
    may_be_null = "relkind <> 'v' AND NOT attnotnull"  # of a view Postgres does not know
    assert column(owner, query.format(f"{may_be_null} AND {comment} NOT LIKE '%NULL%'")) == []
    assert len(column(owner, query.format("true"))) > 100


def test_every_check_has_a_name_of_its_own(owner: Engine) -> None:
    generated = "SELECT conname FROM pg_constraint WHERE connamespace = 'caco'::regnamespace AND contype = 'c'"
    assert [name for name in column(owner, generated) if re.search(r"_check\d*$", name)] == []


SAMPLE_RUN = (
    "INSERT INTO caco.run (run_id, pipeline, partition, config_hash, config, code_version, models, prompts, sources, "
    "benchmarks, input_keys) VALUES (gen_random_uuid(), 'nightly', '2026-11-20', 'c', '{}', '1', '{}', '{}', '{}', '{}', "
    "'{}')"
)
KEY = "'00000000-0000-0000-0000-000000000001'"


def output_row(**changes: str) -> str:
    """An INSERT of an output that is right but for the changes."""
    values = {
        "key": KEY, "stage": "'sample'", "shard": "0", "attempt": "0", "keeps_known": "false", "inputs": "'{}'",
        "recipe": "'{}'", "origin": "'{}'", "run_no": "(SELECT max(run_no) FROM caco.run)", "partition": "'2026-11-20'",
        "code_version": "'1'", "seconds": "1", "record": "'Sample'", "uri": "'u'", "rows": "2", "bytes": "1",
        "sha256": f"'{'0' * 64}'", "read": "2", "passed": "1", "failed": "1", "unknown": "0", "kept": "0", "recorded": "0",
        "models": "'{}'",
        "prompts": "'{}'", "requests": "0", "prompt_tokens": "0", "completion_tokens": "0", "cost_usd": "0",
        "replayed": "0", "cut_off": "0", "artifacts": "'{}'",
    } | changes  # fmt: skip
    return f"INSERT INTO caco.output ({', '.join(values)}) VALUES ({', '.join(values.values())})"


def fate_row(outcome: str, reason: str) -> str:
    """An INSERT of a fate."""
    return (
        "INSERT INTO caco.fate (partition, output_no, subject, row, outcome, reason) "
        f"VALUES ('2026-11-20', 1, gen_random_uuid(), 0, {outcome}, {reason})"
    )


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        pytest.param(fate_row("'fail'", "NULL"), "failed_or_unknown_has_a_reason", id="failed without reason"),
        pytest.param(fate_row("'unknown'", "NULL"), "failed_or_unknown_has_a_reason", id="unknown without reason"),
        pytest.param(fate_row("'pass'", "'time'"), "failed_or_unknown_has_a_reason", id="passed with reason"),
        pytest.param(fate_row("'fail'", "'mood'"), "invalid input value for enum", id="reason not on the list"),
        pytest.param(output_row(key="gen_random_uuid()", passed="2"), "read_is_passed_failed_and_unknown", id="sums"),
        pytest.param(output_row(key="gen_random_uuid()", rows="3"), "every_record_read_has_a_row", id="a row more"),
        pytest.param(output_row(key="gen_random_uuid()", attempt="1"), "a_later_attempt_has_one_before", id="attempt"),
        pytest.param(output_row(), "one_output_per_key", id="a second manifest"),
        pytest.param(output_row(key="gen_random_uuid()", shard="-1"), "shard_is_not_negative", id="negative shard"),
        pytest.param(output_row(key="gen_random_uuid()", run_no="0"), "output_is_of_a_run", id="no such run"),
    ],
)
def test_what_cannot_be_true_cannot_be_written(owner: Engine, statement: str, constraint: str) -> None:
    with owner.connect() as connection:
        fates = ("SELECT caco.open_fates('2026-11-20')", "SELECT caco.attach_fates('2026-11-20')")
        for right in (SAMPLE_RUN, output_row(), *fates):
            connection.exec_driver_sql(right)
        with pytest.raises(DBAPIError, match=constraint), connection.begin_nested():
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(fate_row("'fail'", "'time'"))
        connection.rollback()


def test_the_fates_of_one_output_are_found_without_reading_those_of_the_date(owner: Engine) -> None:
    fates = (
        "INSERT INTO caco.fate_2026_11_20 (partition, output_no, subject, row, outcome, reason) "
        "SELECT '2026-11-20', output_no, gen_random_uuid(), row, 'fail', 'time' "
        "FROM generate_series({}, {}) AS output_no, generate_series(0, 1999) AS row"
    )
    with owner.connect() as connection:
        for statement in (
            "SELECT caco.open_fates('2026-11-20')",
            fates.format(1, 5),
            "SELECT caco.attach_fates('2026-11-20')",
            fates.format(6, 60),  # what was loaded after the first output
            "SELECT caco.pack_fates()",
        ):
            connection.exec_driver_sql(statement)
        plan = (
            "EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM caco.fate WHERE partition = '2026-11-20' AND output_no = 40"
        )
        [found] = connection.exec_driver_sql(plan).scalar_one()
        scan, table = found["Plan"], "caco.fate_2026_11_20"
        blocks = connection.exec_driver_sql(f"SELECT pg_relation_size('{table}') / 8192").scalar_one()
        connection.rollback()
    assert scan["Node Type"] == "Bitmap Heap Scan"
    assert scan["Actual Rows"] == 2000
    assert scan["Lossy Heap Blocks"] < blocks / 10


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO caco.source (source, revision, licence) VALUES ('a', 'b', 'c')",
        "UPDATE caco.run SET pipeline = 'x'",
        "DELETE FROM caco.fate",
        "TRUNCATE caco.audit",
        "DROP VIEW caco.funnel",
        "DROP TABLE caco.run",
        "CREATE TABLE caco.mine (a integer)",
        "CREATE TABLE public.mine (a integer)",
        "ALTER TABLE caco.run ADD COLUMN mine integer",
        "SELECT caco.open_fates('2026-11-20')",
        "SELECT caco.attach_fates('2026-11-20')",
        "SELECT caco.pack_fates()",
        "SELECT caco.drop_fates()",
        "SET ROLE caco_writer",
        "CREATE ROLE another",
        "COPY caco.run TO PROGRAM 'cat'",
    ],
)
def test_an_analyst_can_change_nothing(analyst: Engine, statement: str) -> None:
    with analyst.connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ WRITE")  # not only the role's default stands against it
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            connection.exec_driver_sql(statement)


def test_an_analyst_reads_only_and_not_for_ever(analyst: Engine) -> None:
    assert column(analyst, "SHOW statement_timeout") == [ANALYST_TIMEOUT]
    assert column(analyst, "SELECT count(*) FROM funnel") == [0]  # caco.funnel
    with pytest.raises(DBAPIError, match="read-only transaction"), analyst.begin() as connection:
        connection.exec_driver_sql("CREATE TEMPORARY TABLE mine AS SELECT 1")


def test_an_analyst_fills_no_disk_and_leaves_no_lock_behind(ledger_address: tuple[str, str, str]) -> None:
    with Ledger(ledger_address[0]) as owner:
        owner.migrate(passwords={})
    engine = create_engine(ledger_address[2])
    with engine.connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION READ WRITE")
        with pytest.raises(DBAPIError, match="permission denied to create temporary tables"):
            connection.exec_driver_sql("CREATE TEMPORARY TABLE mine AS SELECT 1")
    assert column(engine, "SHOW idle_in_transaction_session_timeout") == [ANALYST_IDLE]
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT rolpassword FROM pg_authid",
        "SELECT pg_read_file('pg_hba.conf')",
        "SELECT pg_ls_dir('.')",
        "SELECT lo_import('/etc/passwd')",
        "CREATE TEMPORARY TABLE lines (line text); COPY lines FROM '/etc/passwd'",
        "COPY (SELECT 1) TO '/tmp/out'",
        "SELECT * FROM pg_hba_file_rules",
        "LOAD 'auto_explain'",
        "ALTER ROLE caco_writer PASSWORD 'x'",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'caco_owner'",
    ],
)
def test_an_analyst_reads_no_secret_of_the_server_and_ends_nobody(
    analyst: Engine, owner: Engine, statement: str
) -> None:
    with owner.connect() as somebody, analyst.connect() as connection:
        somebody.exec_driver_sql("SELECT 1")  # who could be ended
        connection.exec_driver_sql("SET TRANSACTION READ WRITE")
        with pytest.raises(DBAPIError) as caught:
            connection.exec_driver_sql(statement)
        assert isinstance(caught.value.orig, psycopg2.errors.InsufficientPrivilege)


def test_an_analyst_does_not_see_what_others_ask(analyst: Engine, owner: Engine) -> None:
    with owner.connect() as somebody:
        somebody.exec_driver_sql("SELECT 'a word of the owner'")
        seen = column(analyst, "SELECT query FROM pg_stat_activity WHERE usename = 'caco_owner'")
    assert set(seen) == {"<insufficient privilege>"}


def test_an_analyst_can_read_every_table_and_view(analyst: Engine, owner: Engine) -> None:
    names = column(
        owner, "SELECT relname FROM pg_class WHERE relnamespace = 'caco'::regnamespace AND relkind IN ('r', 'p', 'v')"
    )
    assert {"run", "verdict", "funnel", "sample_lineage"} <= set(names)
    for name in names:
        assert isinstance(column(analyst, f"SELECT count(*) FROM caco.{name}")[0], int)


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE caco.mine (a integer)", "DELETE FROM caco.migration", "DROP TABLE caco.run"]
)
def test_a_task_can_write_rows_and_nothing_else(roles: dict[str, Engine], statement: str) -> None:
    with roles[WRITER].connect() as connection:
        connection.exec_driver_sql(SAMPLE_RUN)
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), connection.begin_nested():
            connection.exec_driver_sql(statement)
        connection.rollback()


def test_a_wrong_password_is_refused(owner: Engine) -> None:
    wrong = owner.url.set(password="wrong").render_as_string(hide_password=False)
    with Ledger(wrong) as ledger, pytest.raises(LedgerError, match="password authentication failed"):
        ledger.find_run(None)


def test_migrating_again_applies_nothing(ledger_address: tuple[str, str, str]) -> None:
    with Ledger(ledger_address[0]) as ledger:
        assert ledger.migrate(passwords={}) == []


@pytest.fixture
def own_sql(tmp_path: Path) -> Path:
    """A copy of sql/ to change."""
    return Path(shutil.copytree(sql_folder(), tmp_path / "sql"))


def test_a_changed_migration_is_refused(ledger_address: tuple[str, str, str], own_sql: Path) -> None:
    with (own_sql / "migrations" / "0002_runs_and_outputs.sql").open("a") as file:
        file.write("-- an afterthought\n")
    with (
        Ledger(ledger_address[0]) as ledger,
        pytest.raises(LedgerError, match=r"0002_runs_and_outputs\.sql was changed"),
    ):
        ledger.migrate(passwords={}, folder=own_sql)


def test_a_ledger_of_a_newer_version_is_refused(ledger_address: tuple[str, str, str], own_sql: Path) -> None:
    (own_sql / "migrations" / "0006_functions.sql").unlink()
    with Ledger(ledger_address[0]) as ledger, pytest.raises(LedgerError, match="newer version"):
        ledger.migrate(passwords={}, folder=own_sql)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        pytest.param(
            "DELETE FROM caco.migration WHERE name = 'migrations/0006_functions.sql'",
            r"made by an earlier version \(migrations/0006_functions\.sql is missing\): run `caco ledger migrate`",
            id="an earlier one",
        ),
        pytest.param(
            "INSERT INTO caco.migration VALUES ('migrations/0099_more.sql', repeat('0', 64))",
            r"made by another version \(migrations/0099_more\.sql is not the one of this package\)",
            id="a later one",
        ),
        pytest.param(
            "UPDATE caco.migration SET sha256 = repeat('0', 64) WHERE name = 'migrations/0001_types.sql'",
            r"made by another version \(migrations/0001_types\.sql is not",
            id="another one",
        ),
        pytest.param("DROP SCHEMA caco CASCADE", "There is no ledger at .* yet: run `caco ledger migrate`", id="none"),
    ],
)
def test_a_ledger_of_another_schema_version_is_refused_in_one_sentence(
    ledger: Ledger, engine: Engine, change: str, match: str
) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(change)
    with pytest.raises(LedgerError, match=match):
        ledger.find_run(None)


def test_views_that_read_each_other_are_refused(ledger_address: tuple[str, str, str], own_sql: Path) -> None:
    (own_sql / "views" / "egg.sql").write_text("CREATE VIEW caco.egg AS SELECT * FROM caco.hen;")
    (own_sql / "views" / "hen.sql").write_text("CREATE VIEW caco.hen AS SELECT * FROM caco.egg;")
    with Ledger(ledger_address[0]) as ledger, pytest.raises(LedgerError, match="egg, hen read each other"):
        ledger.migrate(passwords={}, folder=own_sql)


def test_a_new_migration_is_applied_once_and_a_failing_one_not_at_all(
    ledger_address: tuple[str, str, str], own_sql: Path, engine: Engine
) -> None:
    (own_sql / "migrations" / "9001_more.sql").write_text("CREATE TABLE caco.more (a integer);")
    (own_sql / "migrations" / "9002_bad.sql").write_text("CREATE TABLE caco.half (a integer); SELECT no_such_thing;")
    with Ledger(ledger_address[0]) as ledger:
        with pytest.raises(LedgerError, match="no_such_thing"):
            ledger.migrate(passwords={}, folder=own_sql)
        (own_sql / "migrations" / "9002_bad.sql").unlink()
        assert ledger.migrate(passwords={}, folder=own_sql) == []
    assert column(engine, "SELECT to_regclass('caco.more')::text") == ["caco.more"]
    assert column(engine, "SELECT to_regclass('caco.half')::text") == [None]


def test_a_changed_view_is_made_anew_and_stays_readable(ledger_address: tuple[str, str, str], own_sql: Path) -> None:
    view = own_sql / "views" / "funnel.sql"
    named = view.read_text().replace("run.pipeline,", "run.pipeline AS kind_of_run,")
    view.write_text(named.replace("caco.funnel.pipeline", "caco.funnel.kind_of_run"))
    with Ledger(ledger_address[0]) as ledger:
        assert "views/funnel.sql" in ledger.migrate(passwords={}, folder=own_sql)
    with Ledger(ledger_address[2]) as analyst:
        assert analyst.ask("SELECT kind_of_run FROM caco.funnel") == (["kind_of_run"], [])


def test_a_question_may_be_stopped_earlier(ledger_address: tuple[str, str, str]) -> None:
    with Ledger(ledger_address[2]) as analyst, pytest.raises(LedgerError, match="stopped the question"):
        analyst.ask("SELECT pg_sleep(30)", timeout_seconds=0.05)


def test_a_superuser_may_migrate_for_the_owner(postgres: EmbeddedPostgres, ledger_template: dict[str, str]) -> None:
    postgres.ensure_database("by_superuser")
    with Ledger(postgres.url("by_superuser")) as ledger:
        assert ledger.migrate(passwords={})
        _, rows = ledger.ask("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'caco'")
    assert rows == [(OWNER,)]
    with Ledger(postgres.url("by_superuser", OWNER, ledger_template[OWNER])) as ledger:
        assert ledger.migrate(passwords={name: ledger_template[name] for name in (WRITER, ANALYST)}) == []


def test_a_password_for_another_role_is_refused(ledger_address: tuple[str, str, str]) -> None:
    with Ledger(ledger_address[0]) as ledger, pytest.raises(LedgerError, match="no role 'postgres'"):
        ledger.migrate(passwords={"postgres": "x"})
