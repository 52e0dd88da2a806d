"""docker-compose.yml, without an engine: the schema of the compose specification, and what that schema does not see."""

import base64
import errno
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped, unused-ignore]

from caco_tasks.config import bundled_configs, load_config
from caco_tasks.connections import ENGINE_ENVIRONMENT

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "docker" / "Dockerfile"
ENV_EXAMPLE = ROOT / "docker" / "env.example"

_IS_SECRET = re.compile("PASSWORD|SECRET|KEY|TOKEN|CONN|BACKEND|BROKER")
_VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<rest>:[-?][^}]*)?\}")

FAULTS = {
    "service": (("services", "scheduler", "depends_on", "gone"), {"condition": "service_healthy"}),
    "condition": (("services", "worker-cpu", "depends_on", "init"), {"condition": "service_healthy"}),
    "volume": (("services", "s3", "volumes"), ["gone:/data"]),
    "file": (("services", "postgres", "volumes"), ["./docker/gone.sh:/docker-entrypoint-initdb.d/gone.sh:ro"]),
    "network": (("services", "valkey", "networks"), ["gone"]),
    "dockerfile": (("services", "s3", "build", "dockerfile"), "gone.Dockerfile"),
    "target": (("services", "worker-gpu", "build", "target"), "gone"),
    "host": (("services", "s3", "environment", "PEER"), "http://gone:7070/"),
}


def test_the_file_follows_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_that_a_service_refers_to_is_there() -> None:
    assert dangling(compose()) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_reference_to_something_undefined_is_found(fault: str) -> None:
    broken = json.loads(json.dumps(compose()))  # anchors undone: the fault is planted once
    path, value = FAULTS[fault]
    table = broken
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = value
    assert len(dangling(broken)) == 1


def test_the_stand_in_of_the_s3_server_has_all_files_that_it_imports(tmp_path: Path) -> None:
    dockerfile = (ROOT / "docker" / "standins" / "versitygw.Dockerfile").read_text(encoding="utf-8")
    image = tmp_path / "image"
    for line in re.findall(r"^COPY (.+)$", dockerfile, re.MULTILINE):
        *sources, target = line.split()
        place = image / target.lstrip("/")
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                file = place / Path(source).name if target.endswith("/") else place
                file.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, file)
    folder = image / "opt" / "standin"
    program = (
        f"import sys; sys.path.insert(0, {str(folder)!r}); import versitygw; print(versitygw.EmbeddedSwift.__module__)"
    )
    # -I: what stands outside that folder, as this project itself where the tests run, is not found
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.stdout == "caco_tasks.platform.swift\n", done.stderr


def test_no_volume_or_network_is_declared_in_vain() -> None:
    used = {name for service in services().values() for name in _named_volumes(service)}
    assert set(compose()["volumes"]) == used
    assert set(compose()["networks"]) == {name for service in services().values() for name in service["networks"]}


def test_every_variable_is_explained_in_the_example_and_no_other() -> None:
    assert variables() == set(example())


def test_every_variable_has_the_default_that_the_example_gives() -> None:
    found = {match["name"]: match["rest"] or "" for match in _VARIABLE.finditer(_text())}
    assert {name: rest.removeprefix(":-") for name, rest in found.items()} == example()
    assert all(rest.startswith(":-") for rest in found.values())


def test_no_secret_is_in_the_environment_of_a_container() -> None:
    named = {
        name for service in services().values() for name in service.get("environment", {}) if _IS_SECRET.search(name)
    }
    assert named
    assert all(name.endswith(("_FILE", "_CMD", "_PATH")) for name in named)
    assert not any(_IS_SECRET.search(name) for name in variables() - {"CACO_SECRETS"})


@pytest.mark.parametrize("given", ["s3cret", "s3cret\n"], ids=["bare", "with the end of a line"])
def test_an_address_with_a_secret_is_one_line_without_its_end(given: str, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(given)
    script = (ROOT / "docker" / "secret.sh").read_text().replace("/run/secrets", str(tmp_path))
    for words, wanted in ((["password"], "s3cret"), (["password", "db://u:%s@h/d"], "db://u:s3cret@h/d")):
        done = subprocess.run(["sh", "-c", script, "secret.sh", *words], capture_output=True, text=True, check=True)
        assert done.stdout == wanted


@pytest.mark.parametrize("name", yaml.safe_load(COMPOSE.read_text())["services"])
def test_a_service_has_the_secrets_that_it_reads_and_no_other(name: str) -> None:
    read = _secrets_read(json.dumps(services()[name]))
    read |= _secrets_read((ROOT / "docker" / "s3-server.sh").read_text()) if name == "s3" else set()  # its entry point
    assert set(services()[name].get("secrets", [])) == read


def test_every_secret_is_made_by_the_script_and_kept_by_its_second_run(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    for _ in range(2):
        before = {path.name: path.read_bytes() for path in folder.glob("*")}
        subprocess.run(["sh", str(ROOT / "docker" / "make-secrets.sh"), str(folder)], check=True, capture_output=True)
        made = {path.name: path.read_text() for path in folder.glob("*")}
        assert not before or {name: text.encode() for name, text in made.items()} == before
    assert {f"${{CACO_SECRETS:-./secrets}}/{name}" for name in made} == {
        secret["file"] for secret in compose()["secrets"].values()
    }
    assert set(compose()["secrets"]) == {name for service in services().values() for name in service.get("secrets", [])}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(
        path.stat().st_mode & 0o044 == 0o044 for path in folder.iterdir()
    )  # other users of the containers read them
    assert made.pop("hf_token") == ""
    assert len(base64.urlsafe_b64decode(made.pop("airflow_fernet_key"))) == 32
    assert all(re.fullmatch(r"[0-9a-f]{48}", text) for text in made.values())  # they go into addresses
    assert len(set(made.values())) == len(made)


def test_ports_are_opened_on_loopback_only() -> None:
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


WORKERS = {"worker-cpu", "worker-gpu"}
DANGEROUS = """
init_module finit_module delete_module kexec_load kexec_file_load bpf perf_event_open keyctl add_key request_key ptrace
process_vm_readv process_vm_writev io_uring_setup io_uring_enter userfaultfd open_by_handle_at name_to_handle_at reboot swapon
swapoff settimeofday clock_settime acct quotactl setns chroot iopl ioperm personality fsopen fsmount pidfd_getfd
"""


def test_images_are_pinned_to_a_version() -> None:
    bases = [line.split()[1] for path in (ROOT / "docker").glob("*Dockerfile") for line in _from_lines(path)]
    images = [service["image"] for service in services().values()]
    assert [name for name in bases + images if not re.search(r":(v?\d+\.\d+\.?\S*|\$\{CACO_VERSION\S+)$", name)] == []


@pytest.mark.parametrize("name", yaml.safe_load(COMPOSE.read_text())["services"])
def test_no_service_runs_as_root_or_may_become_more_than_it_is(name: str) -> None:
    service = services()[name]
    user = service.get("user") or _last_user(service)
    assert user.split(":")[0] not in {"", "root", "0"}
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    assert "cap_add" not in service


@pytest.mark.parametrize("name", yaml.safe_load(COMPOSE.read_text())["services"])
def test_every_service_that_stays_says_whether_it_is_well(name: str) -> None:
    service = services()[name]
    assert ("healthcheck" in service) == (service["restart"] != "no")


@pytest.mark.parametrize("name", yaml.safe_load(COMPOSE.read_text())["services"])
def test_a_health_check_ends_before_the_engine_forgets_it(name: str) -> None:
    check = services()[name].get("healthcheck", {"test": ["timeout 1"], "timeout": "2s"})
    command = " ".join(check["test"])
    scripts = [(ROOT / path).read_text() for path in re.findall(r"docker/[\w-]+\.py", command)]
    own = re.findall(r"timeout(?:=| --kill-after=5 )(\d+)|-T (\d+)", " ".join([command, *scripts]))
    limits = [int(seconds) for pair in own for seconds in pair if seconds]
    asks_a_socket = any(word in command for word in ("pg_isready", "valkey-cli"))  # these end by themselves
    assert limits or asks_a_socket or name == "init"
    assert all(seconds < int(check["timeout"].removesuffix("s")) for seconds in limits)


def test_no_health_check_loads_airflow() -> None:  # seconds of CPU time, each minute, beside every component
    assert not any(
        "airflow jobs" in " ".join(service.get("healthcheck", {}).get("test", [])) for service in services().values()
    )


def test_only_the_workers_may_make_namespaces() -> None:
    profile = "seccomp=docker/seccomp-worker.json"
    assert {name for name, service in services().items() if profile in service["security_opt"]} == WORKERS
    assert {name for name, service in services().items() if "apparmor=unconfined" in service["security_opt"]} == WORKERS


def test_the_profile_of_the_workers_allows_what_the_walls_are_made_with_and_nothing_dangerous() -> None:
    profile = json.loads((ROOT / "docker" / "seccomp-worker.json").read_text())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    rules = {name: rule for rule in profile["syscalls"] for name in rule["names"]}
    allowed = {name for name, rule in rules.items() if rule["action"] == "SCMP_ACT_ALLOW"}
    kernel = (ROOT / "caco_tasks" / "sandbox" / "kernel.py").read_text()
    assert set(re.findall(r'call\(\s*"(\w+)"', kernel)) | {"clone", "sethostname"} <= allowed
    assert rules["clone3"]["errnoRet"] == errno.ENOSYS
    assert not allowed & set(DANGEROUS.split())


def test_the_worker_that_runs_untrusted_programs_has_no_way_out() -> None:
    assert services()["worker-cpu"]["networks"] == ["inner"]
    assert compose()["networks"]["inner"]["internal"] is True
    assert "ports" not in services()["worker-cpu"]


def test_every_queue_of_the_dags_has_a_worker() -> None:
    wanted = set(re.findall(r'"queue": "(\w+)"', (ROOT / "dags" / "caco_common.py").read_text()))
    assert wanted == {"cpu", "gpu"}
    assert example()["CACO_CPU_QUEUES"] == "cpu"
    assert services()["worker-cpu"]["environment"]["QUEUES"].startswith("${CACO_CPU_QUEUES:-cpu}")
    assert example()["CACO_GPU_QUEUES"] == "gpu"
    assert services()["worker-gpu"]["environment"]["QUEUES"] == "${CACO_GPU_QUEUES:-gpu}"


FOLDERS = {"CACO_SEEDS": "seeds", "CACO_BENCHMARKS": "benchmarks", "CACO_CONFIGS": "configs", "CACO_MODELS": "models"}


@pytest.mark.parametrize("variable", FOLDERS)
@pytest.mark.parametrize("worker", sorted(WORKERS))
def test_a_worker_reads_a_folder_of_its_machine_and_cannot_write_there(worker: str, variable: str) -> None:
    inside = f"/opt/caco/{FOLDERS[variable]}"
    assert f"${{{variable}:-./{FOLDERS[variable]}}}:{inside}:ro" in services()[worker]["volumes"]


def test_a_path_in_a_bundled_config_is_one_that_workers_see() -> None:
    workplace = re.findall(r"^WORKDIR (\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert workplace == ["/opt/caco"]
    named = {path for name in bundled_configs() for path in _paths(load_config(name).model_dump(mode="json"))}
    assert {"seeds", "benchmarks"} == {path.split("/")[0] for path in named}
    assert all("working_dir" not in services()[worker] for worker in WORKERS)


VOLUMES = {"hub": "HF_HOME", "compiled": "XDG_CACHE_HOME", "home": "CACO_HOME", "models": "CACO_MODELS"}


@pytest.mark.parametrize("folder", VOLUMES)
@pytest.mark.parametrize("worker", sorted(WORKERS))
def test_what_libraries_keep_lies_where_the_workers_have_a_volume(worker: str, folder: str) -> None:
    assert image_environment()[VOLUMES[folder]] == f"/opt/caco/{folder}"
    assert f"/opt/caco/{folder}" in {_split_volume(volume)[1] for volume in services()[worker]["volumes"]}


@pytest.mark.parametrize("compiler", ["TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "CUDA_CACHE_PATH"])
def test_what_is_compiled_is_kept_over_a_restart(compiler: str) -> None:
    assert image_environment()[compiler].startswith("/opt/caco/compiled/")


def test_a_new_volume_belongs_to_the_user_of_the_image() -> None:
    made = re.search(r"install -d -o caco -g caco (.*)", DOCKERFILE.read_text())
    assert made is not None
    folders = {f"/opt/{name}" for name in made[1].split()}
    mounted = {
        _split_volume(volume)[1] for name in WORKERS for volume in services()[name]["volumes"] if volume[0] != "$"
    }
    assert mounted <= folders


HOLDERS = {
    "hf_token": {"worker-gpu"},
    "caco_owner_password": {"postgres", "init"},
    "postgres_password": {"postgres"},
    "caco_admin_password": {"api-server"},
}


@pytest.mark.parametrize("secret", HOLDERS)
def test_a_secret_reaches_those_who_need_it_and_no_other(secret: str) -> None:
    assert {name for name, service in services().items() if secret in service.get("secrets", [])} == HOLDERS[secret]


def test_the_cpu_image_asks_for_the_cpu_build_and_the_gpu_image_does_not() -> None:
    cpu, gpu = DOCKERFILE.read_text().split("FROM base AS cpu\n")[1].split("FROM base AS gpu\n")
    assert 'ARG TORCH="--torch-backend cpu"' in cpu
    assert "uv pip install $TORCH --constraint requirements.lock" in cpu
    assert "uv pip install --constraint requirements-gpu.lock" in gpu
    assert "torch-backend" not in gpu


def test_the_gpu_image_has_the_compilers_that_kernels_are_made_with_and_does_not_need_cuda_s() -> None:
    gpu = DOCKERFILE.read_text().split("FROM base AS gpu\n")[1]
    assert {"gcc", "g++"} <= set(gpu.split())
    assert ENGINE_ENVIRONMENT["VLLM_USE_FLASHINFER_SAMPLER"] == "0"


def test_what_the_images_copy_is_let_through() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [line.split()[1:-1] for line in DOCKERFILE.read_text().splitlines() if line.startswith("COPY ")]
    assert {word.split("/")[0] for words in copied for word in words} - {"."} <= kept


def test_no_file_of_the_images_names_a_package_index() -> None:
    texts = [path.read_text() for path in (ROOT / "docker").iterdir() if path.is_file()]
    assert not any(re.search(r"https?://(?!.*schema|api-server:)", text) for text in texts)


def test_init_gets_every_variable_that_its_script_reads() -> None:
    read = set(re.findall(r'os\.environ\["(\w+)"\]', (ROOT / "docker" / "init.py").read_text()))
    assert read
    assert read <= set(services()["init"]["environment"])
    passwords = set(re.findall(r'"(\w+_PASSWORD)"', (ROOT / "docker" / "init.py").read_text()))
    assert len(passwords) == 2
    assert {f"{name}_FILE" for name in passwords} <= set(services()["init"]["environment"])


def compose() -> dict[str, Any]:
    """The file as parsed, with its anchors resolved."""
    parsed: dict[str, Any] = yaml.safe_load(_text())
    return parsed


def services() -> dict[str, dict[str, Any]]:
    """The services by name."""
    return dict(compose()["services"])


def variables() -> set[str]:
    """The names of all variables that the file asks for."""
    return {match["name"] for match in _VARIABLE.finditer(_text())}


def example() -> dict[str, str]:
    """The variables of the example and their values, comments left out."""
    lines = [line.partition(" #")[0].strip() for line in ENV_EXAMPLE.read_text().splitlines()]
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def image_environment() -> dict[str, str]:
    """The variables that both images set."""
    base = DOCKERFILE.read_text().split("FROM base AS cpu\n")[0]
    return dict(re.findall(r"(\w+)=(\S+)", base))


def dangling(parsed: dict[str, Any]) -> list[str]:
    """What services refer to and nobody defines."""
    return [fault for name, service in parsed["services"].items() for fault in _dangling_of(name, service, parsed)]


def _dangling_of(name: str, service: dict[str, Any], parsed: dict[str, Any]) -> list[str]:
    faults = [f"{name}: network {network}" for network in service["networks"] if network not in parsed["networks"]]
    faults += [f"{name}: volume {volume}" for volume in _named_volumes(service) if volume not in parsed["volumes"]]
    faults += [f"{name}: file {path}" for path in _mounted_files(service) if not (ROOT / path).is_file()]
    for other, wait in service.get("depends_on", {}).items():
        faults += [f"{name}: depends on {other}"] if not _can_wait(parsed["services"].get(other), wait) else []
    hosts = {host for value in _values(service) for host in re.findall(r"(?:@|//)([a-z][\w-]*):\d+", value)}
    faults += [f"{name}: host {host}" for host in sorted(hosts - set(parsed["services"]))]
    return faults + [f"{name}: build" for _ in range(not _can_build(service))]


def _can_wait(other: dict[str, Any] | None, wait: dict[str, str]) -> bool:
    """Whether the condition can ever be met: a one-shot service ends well, any other becomes healthy."""
    if other is None:
        return False
    once = other["restart"] == "no"
    return wait["condition"] == ("service_completed_successfully" if once else "service_healthy")


def _can_build(service: dict[str, Any]) -> bool:
    build = service.get("build")
    if build is None:
        return True
    path = ROOT / build["context"] / build["dockerfile"]
    return path.is_file() and (build.get("target") is None or f" AS {build['target']}\n" in path.read_text())


def _values(service: dict[str, Any]) -> list[str]:
    """The values of the environment, with variables taken out."""
    return [_VARIABLE.sub("x", str(value)) for value in service.get("environment", {}).values()]


def _secrets_read(text: str) -> set[str]:
    """The secrets that a service's settings, or the scripts that they start, take from their files."""
    scripts = [(ROOT / path).read_text() for path in re.findall(r"docker/[\w-]+\.sh", text)]
    direct = {name for each in (text, *scripts) for name in re.findall(r"/run/secrets/(\w+)", each)}
    by_form = re.findall(r"/run/secrets/(\w+)\{name\}(\w+)", "".join(scripts))
    accounts = ("admin", "auditor", "viewer")
    direct |= {f"{before}{account}{after}" for before, after in by_form for account in accounts}
    direct |= set(re.findall(r"secret\.sh (\w+)", text))
    return {name for name in direct if name in compose()["secrets"]}


def _split_volume(volume: str) -> tuple[str, str]:
    """What is mounted, and where; a folder that a variable names stands as the variable."""
    source, target = re.fullmatch(r"(\$\{[^}]*\}|[^:]+):([^:]+)(?::ro)?", volume).groups()  # type: ignore[union-attr]
    return source, target


def _paths(settings: Any) -> list[str]:
    """The files and folders that a config names."""
    if isinstance(settings, list):
        return [path for each in settings for path in _paths(each)]
    if not isinstance(settings, dict):
        return []
    own = [settings[key] for key in ("path", "folder", "prompts_folder") if settings.get(key)]
    return own + [path for value in settings.values() for path in _paths(value)]


def _named_volumes(service: dict[str, Any]) -> list[str]:
    sources = [_split_volume(volume)[0] for volume in service.get("volumes", [])]
    return [source for source in sources if source[0] not in "./$"]


def _mounted_files(service: dict[str, Any]) -> list[str]:
    mounted = [_split_volume(volume)[0] for volume in service.get("volumes", []) if volume[0] in "./"]
    return mounted + [word for word in service.get("command", []) if re.fullmatch(r"docker/[\w.-]+", word)]


def _last_user(service: dict[str, Any]) -> str:
    """The user of the image that a service builds: the last USER line of its recipe."""
    path = ROOT / service["build"]["context"] / service["build"]["dockerfile"]
    return str(re.findall(r"^USER (\S+)$", path.read_text(), re.MULTILINE)[-1])


def _from_lines(path: Path) -> list[str]:
    stages = set(re.findall(r" AS (\w+)$", path.read_text(), re.MULTILINE))
    lines = [line for line in path.read_text().splitlines() if line.startswith("FROM ")]
    return [line for line in lines if line.split()[1] not in stages]


def _text() -> str:
    return COMPOSE.read_text(encoding="utf-8")
