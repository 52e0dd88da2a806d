"""The file that a zygote process starts with.

Loads the few modules that a zygote needs and nothing else of the platform, whose imports (pyarrow, pydantic) have no
place in a process that is forked per program. Each module gets names of its own for the built-in functions, so that a
program that replaces those in `builtins` does not change what the harness does.
"""

import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types
from collections.abc import Sequence

PACKAGE = "caco_tasks.sandbox"
FOLDER = os.path.dirname(os.path.abspath(__file__))


class _Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: types.ModuleType) -> None:
        module.__dict__["__builtins__"] = dict(vars(builtins))
        super().exec_module(module)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        package, _, name = fullname.rpartition(".")
        if package != PACKAGE:
            return None
        file = os.path.join(FOLDER, f"{name}.py")
        return importlib.util.spec_from_file_location(fullname, file, loader=_Loader(fullname, file))


def main() -> None:
    """Runs `caco_tasks.sandbox.zygote.main` in stand-ins of its packages."""
    for name in ("caco_tasks", PACKAGE):
        package = types.ModuleType(name)
        package.__path__ = []
        sys.modules[name] = package
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    from caco_tasks.sandbox import zygote

    sys.meta_path.remove(finder)
    for name in [name for name in sys.modules if name.partition(".")[0] == "caco_tasks"]:
        del sys.modules[name]
    zygote.main(sys.argv[1:])


if __name__ == "__main__":
    main()
