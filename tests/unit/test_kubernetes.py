"""deploy/helm, without a cluster: every manifest against the schemas of Kubernetes, and what those schemas do not see.

The chart itself cannot be rendered here; what its values say of pods is put into pods as the chart does, and checked.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml  # type: ignore[import-untyped, unused-ignore]
from sqlalchemy import create_engine

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "helm"
PAGE = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
OLDEST, NEWEST = "1.33", "1.37"  # user namespaces are on by default from the oldest on

MANIFESTS = ["init-job.yaml", "network-policies.yaml", "seccomp.yaml", "volumes.yaml"]

# What the chart calls the things that values.yaml sets, as read in its `values.schema.json` and in its own tests. Some names of
# a worker set are those that the chart has for workers in general, of which its documentation says that a set may have them.
CHART_KEYS = (ROOT / "tests" / "data" / "airflow_chart_values.txt").read_text().split()


def read(name: str) -> Any:
    """One document of the folder."""
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


VALUES = read("values.yaml")
SETS = {each["name"]: each for each in VALUES["workers"]["celery"]["sets"]}
PATCH = read("worker-pods.yaml")["spec"]["template"]["spec"]


def documents() -> list[dict[str, Any]]:
    """All manifests that are ours alone."""
    return [each for name in MANIFESTS for each in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))]


def worker(name: str) -> dict[str, Any]:
    """The Deployment of a set of workers, as the chart lays it out: its name, its labels, and the values of the set."""
    of_set = SETS[name]
    labels = {"tier": "airflow", "component": "worker", "release": "caco", **of_set["labels"]}
    container = {
        "name": "worker",
        "image": f"{VALUES['images']['airflow']['repository']}:{VALUES['images']['airflow']['tag']}",
        "args": ["bash", "-c", f"exec airflow celery worker -q {of_set['queue']}"],
        "env": VALUES["env"] + of_set["env"] + [_from_secret(each) for each in VALUES["secret"]],
        "resources": of_set["resources"],
        "securityContext": VALUES["securityContexts"]["containers"],
        "volumeMounts": of_set["extraVolumeMounts"],
    }
    pod = {
        "containers": [container],
        "volumes": of_set["extraVolumes"],
        "securityContext": VALUES["securityContexts"]["pod"],
        "tolerations": of_set.get("tolerations", []),
        "terminationGracePeriodSeconds": of_set["terminationGracePeriodSeconds"],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"caco-worker-{name}", "labels": {"component": "worker"}},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _from_secret(each: dict[str, str]) -> dict[str, Any]:
    reference = {"name": each["secretName"], "key": each["secretKey"]}
    return {"name": each["envName"], "valueFrom": {"secretKeyRef": reference}}


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_manifest_follows_the_schema_of_kubernetes(version: str) -> None:
    for document in [*documents(), *(worker(name) for name in SETS)]:
        kubernetes_validate.validate(document, version, strict=True)


def test_a_field_that_kubernetes_does_not_know_is_found() -> None:
    broken = worker("cpu")
    broken["spec"]["template"]["spec"]["hostUser"] = False
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, OLDEST, strict=True)


def test_the_patched_workers_follow_the_schema_too(patched: dict[str, dict[str, Any]]) -> None:
    for document in patched.values():
        kubernetes_validate.validate(document, OLDEST, strict=True)


def test_values_are_those_that_the_chart_has() -> None:
    assert set(keys_of(VALUES)) == set(CHART_KEYS)


def keys_of(value: Any, above: str = "") -> Iterator[str]:
    """The dotted names of a nested value, down to where Kubernetes' own fields begin."""
    if above.removesuffix("[]") in CHART_KEYS:
        yield above
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from keys_of(each, f"{above}.{name}" if above else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for each in value:
            yield from keys_of(each, f"{above}[]")
    else:
        yield above


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The workers after kustomization.yaml, with the pods above in place of the chart's, and all else that it lists."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl, which carries kustomize, is not here")
    folder = tmp_path_factory.mktemp("helm")
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    (folder / "rendered.yaml").write_text(yaml.safe_dump_all([worker(name) for name in SETS]))
    made = subprocess.run(["kubectl", "kustomize", str(folder)], check=True, capture_output=True, text=True).stdout
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in yaml.safe_load_all(made)}


def test_every_worker_gets_the_walls_of_the_sandbox_and_no_other_right(patched: dict[str, dict[str, Any]]) -> None:
    for name in SETS:
        pod = patched[f"Deployment/caco-worker-{name}"]["spec"]["template"]["spec"]
        assert (pod["hostUsers"], pod["automountServiceAccountToken"]) == (False, False)
        context = pod["containers"][0]["securityContext"]
        assert context["seccompProfile"] == {"type": "Localhost", "localhostProfile": "caco/seccomp-worker.json"}
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["allowPrivilegeEscalation"] is False


def test_only_the_gpu_workers_have_the_image_with_vllm(patched: dict[str, dict[str, Any]]) -> None:
    images = {
        name: patched[f"Deployment/caco-worker-{name}"]["spec"]["template"]["spec"]["containers"][0]["image"]
        for name in SETS
    }
    assert images == {"cpu": "registry.example/caco:0.1.0", "gpu": "registry.example/caco-gpu:0.1.0"}


def test_the_kustomization_lists_every_manifest_but_that_of_the_nodes() -> None:
    listed = set(read("kustomization.yaml")["resources"])
    assert listed == set(MANIFESTS) - {"seccomp.yaml"} | {"rendered.yaml"}


def pods() -> list[dict[str, Any]]:
    """The pod specs of our own manifests."""
    return [each["spec"]["template"]["spec"] for each in documents() if "template" in each["spec"]]


def test_no_container_may_become_more_than_it_is() -> None:
    containers = [each for pod in pods() for each in pod["containers"] + pod.get("initContainers", [])]
    for each in [*containers, *PATCH["containers"], {"securityContext": VALUES["securityContexts"]["containers"]}]:
        assert each["securityContext"]["allowPrivilegeEscalation"] is False
        assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert "privileged" not in each["securityContext"]
    as_root = [each["name"] for each in containers if each["securityContext"].get("runAsUser") == 0]
    assert as_root == ["copy"]  # into the kubelet's folder, which belongs to root
    user = re.search(r"useradd --uid (\d+)", (ROOT / "docker" / "Dockerfile").read_text())
    assert user is not None
    contexts = [PATCH["securityContext"], VALUES["securityContexts"]["pod"], pods()[0]["securityContext"]]
    assert {(context["runAsNonRoot"], context["runAsUser"]) for context in contexts} == {(True, int(user[1]))}


def test_the_profile_of_the_workers_is_laid_where_their_pods_look_for_it() -> None:
    copied = documents_named("DaemonSet")[0]["spec"]["template"]["spec"]["initContainers"][0]["command"]
    profile = PATCH["containers"][0]["securityContext"]["seccompProfile"]["localhostProfile"]
    assert copied[-1] == f"/seccomp/{profile}"
    assert (ROOT / "docker" / Path(copied[-2]).name).is_file()
    json.loads((ROOT / "docker" / Path(copied[-2]).name).read_text())
    assert f"--from-file=docker/{Path(copied[-2]).name}" in PAGE


def documents_named(kind: str) -> list[dict[str, Any]]:
    """Our manifests of a kind."""
    return [each for each in documents() if each["kind"] == kind]


def test_every_queue_of_the_dags_has_workers_that_grow_with_it_and_with_no_other() -> None:
    wanted = set(re.findall(r'"queue": "(\w+)"', (ROOT / "dags" / "caco_common.py").read_text()))
    assert wanted == set(SETS)
    for each in SETS.values():
        counted = re.search(r"queue IN \(([^)]*)\)", each["keda"]["query"])
        assert counted is not None
        assert set(re.findall(r"'(\w+)'", counted[1])) == set(each["queue"].split(","))


def test_workers_are_counted_by_how_many_tasks_each_takes() -> None:
    for each in SETS.values():
        at_once = int({pair["name"]: pair["value"] for pair in each["env"]}["AIRFLOW__CELERY__WORKER_CONCURRENCY"])
        divisor = re.search(r"/ (\d+)", each["keda"]["query"])
        assert (int(divisor[1]) if divisor else 1) == at_once


def test_a_worker_that_must_go_lets_its_shard_end() -> None:
    dags = (ROOT / "dags" / "caco_common.py").read_text()
    limits = re.findall(r'"queue": "(\w+)".*"execution_timeout": timedelta\(hours=(\d+)\)', dags)
    assert {name: each["terminationGracePeriodSeconds"] for name, each in SETS.items()} == {
        name: int(hours) * 3600 for name, hours in limits
    }


def test_the_pool_has_a_slot_for_every_gpu_that_the_workers_can_have() -> None:
    gpu = SETS["gpu"]
    environment = {pair["name"]: pair["value"] for pair in gpu["env"]}
    assert environment["CACO_GPUS"] == str(gpu["resources"]["limits"]["nvidia.com/gpu"])
    job = {pair["name"]: pair.get("value") for pair in pods()[0]["containers"][0]["env"]}
    assert job["CACO_GPU_SLOTS"] == str(int(environment["CACO_GPUS"]) * gpu["keda"]["maxReplicaCount"])


def test_the_init_job_gets_every_variable_that_its_script_reads() -> None:
    job = documents_named("Job")[0]["spec"]["template"]["spec"]["containers"][0]
    assert job["command"] == ["python", "docker/init.py"]
    read_there = set(re.findall(r'os\.environ\["(\w+)"\]', (ROOT / "docker" / "init.py").read_text()))
    assert read_there
    assert read_there <= {pair["name"] for pair in job["env"]}


def test_the_password_of_the_owner_reaches_the_init_job_and_no_other() -> None:
    holders = [name for name in (*MANIFESTS, "values.yaml") if "caco-ledger-owner" in (FOLDER / name).read_text()]
    assert holders == ["init-job.yaml"]


def test_every_secret_is_named_on_the_page_with_its_keys_and_none_is_in_a_file() -> None:
    wanted = set(secrets_of(documents())) | {(each["secretName"], each["secretKey"]) for each in VALUES["secret"]}
    wanted |= {
        (VALUES["fernetKeySecretName"], "fernet-key"),
        (VALUES["apiSecretKeySecretName"], "api-secret-key"),
        (VALUES["jwtSecretName"], "jwt-secret"),
        (VALUES["data"]["metadataSecretName"], "connection"),
        (VALUES["data"]["brokerUrlSecretName"], "connection"),
        (VALUES["redis"]["passwordSecretName"], "password"),
        (VALUES["apiServer"]["extraVolumes"][0]["secret"]["secretName"], "passwords.json"),
    }
    rows = re.findall(r"^\| `(caco-[\w-]+)` \| (.*?) \|", PAGE, re.MULTILINE)
    assert {(name, key) for name, keys in rows for key in re.findall(r"`([^`]+)`", keys)} == wanted
    assert not [path.name for path in FOLDER.iterdir() if re.search(r"^kind: Secret$", path.read_text(), re.MULTILINE)]


def test_addresses_of_databases_name_a_driver_that_is_installed() -> None:
    """SQLAlchemy's own choice for `postgresql://` is none that the lock has; KEDA, which is no Python, wants it so."""
    found = re.findall(r"`(postgresql(?:\+\w+)?://)(\w+):…@HOST:5432/\w+`", PAGE)
    assert found == [("postgresql+psycopg2://", "airflow"), ("postgresql+psycopg2://", "caco_writer")]
    for scheme, user in found:
        assert create_engine(f"{scheme}{user}:x@127.0.0.1:5432/x").dialect.driver == "psycopg2"
    assert {"envName": "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "secretKey": "airflow-connection"}.items() <= VALUES[
        "secret"
    ][0].items()


def secrets_of(value: Any) -> Iterator[tuple[str, str]]:
    """The secrets and keys that a nested value refers to."""
    if isinstance(value, dict):
        if "secretKeyRef" in value:
            yield value["secretKeyRef"]["name"], value["secretKeyRef"]["key"]
        for each in value.values():
            yield from secrets_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from secrets_of(each)


def test_every_claim_that_is_mounted_is_made() -> None:
    volumes = [volume for each in SETS.values() for volume in each["extraVolumes"]]
    claimed = {volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume}
    claimed.add(VALUES["logs"]["persistence"]["existingClaim"])
    assert claimed == {each["metadata"]["name"] for each in documents_named("PersistentVolumeClaim")}


def test_workers_read_and_keep_the_same_folders_as_those_of_compose() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["worker-gpu"]["volumes"]
    folders = {re.sub(r":ro$", "", volume).rpartition(":")[2] for volume in compose} - {"/opt/caco/airflow/logs"}
    assert folders == {mount["mountPath"] for mount in SETS["gpu"]["extraVolumeMounts"]} - {"/dev/shm"}
    only_read = {mount["mountPath"] for mount in SETS["cpu"]["extraVolumeMounts"] if mount.get("readOnly")}
    assert only_read == {f"/opt/caco/{name}" for name in ("seeds", "benchmarks", "configs", "models")}


def test_the_settings_of_airflow_are_those_of_compose() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["x-airflow-environment"]
    ours = {pair["name"]: pair["value"] for pair in VALUES["env"]}
    own_to_compose = {"AIRFLOW__CORE__EXECUTOR", "AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "CACO_S3_ENDPOINT"}
    for name, value in compose.items():
        # what compose reads from files, and the addresses that these complete, come from secrets of Kubernetes here
        if (
            name not in own_to_compose
            and not name.endswith(("_FILE", "_CMD"))
            and f"{name.removesuffix('_URL')}_PASSWORD_FILE" not in compose
        ):
            assert ours[name] == re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value)), name


def test_the_workers_that_run_untrusted_programs_have_no_way_out() -> None:
    policy = documents_named("NetworkPolicy")[0]["spec"]
    selector = policy["podSelector"]["matchLabels"]
    assert selector.items() <= worker("cpu")["spec"]["template"]["metadata"]["labels"].items()
    assert not selector.items() <= worker("gpu")["spec"]["template"]["metadata"]["labels"].items()
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    for rule in policy["egress"]:
        assert rule["ports"]
        assert rule["to"]
        assert not any("ipBlock" in peer or peer == {} for peer in rule["to"])


def test_images_are_pinned_to_a_version() -> None:
    text = "".join((FOLDER / name).read_text() for name in (*MANIFESTS, "kustomization.yaml"))
    images = re.findall(r"(?:image|value): (registry\S+)", text)
    assert images
    assert [image for image in images if not re.search(r":\d+\.\d+(\.\d+)?$", image)] == []
