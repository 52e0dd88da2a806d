"""Writes tests/data/dataset-VERSION: a small published dataset, as this version publishes it.

Run it by hand, once for each release, and never over a folder that is committed: what lies there is what users have, and
every later version must verify and export it. `python tests/data/write_dataset.py 0.1`
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from published import publish_shop_words


def main() -> None:
    """Writes the folder of the version that the command line names."""
    folder = Path(__file__).resolve().parent / f"dataset-{sys.argv[1]}"
    if folder.exists():
        sys.exit(f"{folder} is there: datasets of a version are written once.")
    with TemporaryDirectory() as scratch:
        publish_shop_words(Path(scratch))
        shutil.copytree(Path(scratch) / "store" / "datasets", folder / "datasets")


if __name__ == "__main__":
    main()
