"""The built pages: files whose names hold a hash of their content, so that a browser may keep them for ever."""

import mimetypes
import re
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_NAMED_BY_CONTENT = re.compile(r"[.-][A-Za-z0-9_-]{8,}\.\w+$")
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}


class BundleFiles(StaticFiles):
    """A folder that may be missing, as where the pages were not built."""

    def __init__(self, folder: Path) -> None:
        for suffix, kind in _TYPES.items():  # a system's own table may say otherwise
            mimetypes.add_type(kind, suffix)
        super().__init__(directory=folder, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, with how long it may be kept."""
        reply = await super().get_response(path, scope)
        is_final = _NAMED_BY_CONTENT.search(path) is not None
        reply.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_final else "no-cache"
        return reply
