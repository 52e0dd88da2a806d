"""Where this Python keeps its modules: found by the supervisor, so that a zygote need not load `sysconfig`."""

import os
import sys
import sysconfig


def module_folders() -> list[str]:
    """The folders that hold the interpreter's modules and installed packages."""
    base = {"base": sys.base_prefix, "platbase": sys.base_prefix}
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    found = {paths[kind] for paths in (sysconfig.get_paths(), sysconfig.get_paths(vars=base)) for kind in kinds}
    return sorted(folder for folder in found if os.path.isdir(folder))


def import_path() -> list[str]:
    """What programs may import from: this process's own path, as far as it lies in `module_folders`."""
    folders = module_folders()
    return [path for path in sys.path if any(is_within(path, folder) for folder in folders)]


def is_within(path: str, folder: str) -> bool:
    """Whether `path` is `folder`, or below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
