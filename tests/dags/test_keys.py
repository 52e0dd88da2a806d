"""The keys of endpoints come from Airflow's connections."""

import pytest

pytestmark = pytest.mark.filterwarnings("default")  # Airflow's own deprecations are not ours to mend


def test_a_key_is_the_password_of_its_connection(dag_bag: object, monkeypatch: pytest.MonkeyPatch) -> None:
    import caco_common  # on the path once the DAGs were parsed

    monkeypatch.setenv("AIRFLOW_CONN_JUDGE_ENDPOINT", '{"conn_type": "http", "password": "sk-of-the-judge"}')
    monkeypatch.setenv("AIRFLOW_CONN_OPEN_ENDPOINT", '{"conn_type": "http"}')
    keys = caco_common.keys_of(["judge_endpoint", "open_endpoint"])
    assert keys == {"judge_endpoint": "sk-of-the-judge", "open_endpoint": ""}
    assert caco_common.keys_of([]) == {}
