"""The file that a zygote process starts with.

Loads the few modules that a zygote needs and nothing else of the platform, whose imports (pyarrow, pydantic) have no
place in a process that is forked per program. Each module gets names of its own for the built-in functions, so that a
program that replaces those in `builtins` does not change what the harness does.
"""

import builtins
import os
import sys
import types
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader

PACKAGE = "caco_tasks.sandbox"
FOLDER = os.path.dirname(os.path.abspath(__file__))


class _Loader(SourceFileLoader):
    def exec_module(self, module: types.ModuleType) -> None:
        module.__dict__["__builtins__"] = dict(vars(builtins))
        super().exec_module(module)


class _Finder:  # not a MetaPathFinder: `importlib.abc` would bring a hundred modules along
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, name = fullname.rpartition(".")
        if package != PACKAGE:
            return None
        file = os.path.join(FOLDER, f"{name}.py")
        spec = ModuleSpec(fullname, _Loader(fullname, file), origin=file)
        spec.has_location = True  # so that its byte code is kept
        return spec


def main(before: Callable[[types.ModuleType], None] | None = None) -> None:
    """Runs `caco_tasks.sandbox.zygote.main` in stand-ins of its packages; `before` it a benchmark may change the module."""
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
    if before is not None:
        before(zygote)
    zygote.main(sys.argv[1])


if __name__ == "__main__":
    main()
