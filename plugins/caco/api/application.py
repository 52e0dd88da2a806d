"""The application: its routes, what its errors look like, its static files, and the headers of every reply."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from caco.api import (
    ask_routes,
    audit_routes,
    chart_routes,
    dataset_routes,
    model_routes,
    overview_routes,
    run_routes,
    sample_routes,
    score_routes,
)
from caco.api.dependencies import ErrorReply, History
from caco.api.static_files import BundleFiles
from caco_tasks.errors import (
    AmbiguousIdError,
    CacoError,
    ConfigError,
    QuestionTimeoutError,
    SourceError,
    UnknownIdError,
)

PREFIX = "/api/v1"
BUNDLE = Path(__file__).parents[1] / "www" / "dist"
STATUS = {  # of errors that are no fault of a server's; the first that fits
    UnknownIdError: 404,
    AmbiguousIdError: 409,
    ConfigError: 422,
    SourceError: 422,
    QuestionTimeoutError: 504,
    CacoError: 503,
}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorReply, "description": "No login."},
    403: {"model": ErrorReply, "description": "The login has no right to it."},
    404: {"model": ErrorReply, "description": "There is nothing of that id or name."},
    409: {"model": ErrorReply, "description": "More than one id begins so."},
    422: {"model": ErrorReply, "description": "A parameter is wrong."},
    503: {"model": ErrorReply, "description": "Ledger or store cannot be used."},
    504: {"model": ErrorReply, "description": "It took longer than it may."},
}


def create_application(
    *, may_look: Callable[..., None], may_answer: Callable[..., None], history: History | None = None
) -> FastAPI:
    """The application, closed to whom `may_look` turns away; answers of audits also to whom `may_answer` does.

    `may_look` sets `request.state.person`, the name of who is asking. `history` knows of Airflow's failures.
    """
    app = FastAPI(
        title="Caco",
        version="1",
        description="What the Caco windows show, read from ledger and store. Ids may be given by their beginning.",
        dependencies=[Depends(may_look)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.history = history
    for routes in (
        overview_routes,
        run_routes,
        sample_routes,
        dataset_routes,
        model_routes,
        score_routes,
        ask_routes,
        chart_routes,
    ):
        app.include_router(routes.router, prefix=PREFIX, responses=ERRORS)
    app.include_router(audit_routes.router, prefix=PREFIX, responses=ERRORS)
    app.include_router(audit_routes.answer_router, prefix=PREFIX, responses=ERRORS, dependencies=[Depends(may_answer)])
    app.mount("/static", BundleFiles(BUNDLE), name="static")
    app.middleware("http")(_add_headers)
    app.add_exception_handler(CacoError, _describe_error)
    app.add_exception_handler(StarletteHTTPException, _describe_refusal)
    app.add_exception_handler(RequestValidationError, _describe_parameter)
    app.add_exception_handler(NotImplementedError, _describe_gap)
    return app


async def _add_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    reply = await call_next(request)
    for name, value in HEADERS.items():
        reply.headers.setdefault(name, value)
    reply.headers.setdefault("Cache-Control", "no-store")
    return reply


def _describe_error(request: Request, exc: Exception) -> JSONResponse:
    status = next(status for kind, status in STATUS.items() if isinstance(exc, kind))
    return JSONResponse({"detail": str(exc)}, status_code=status)


def _describe_refusal(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, StarletteHTTPException)
    return JSONResponse({"detail": str(exc.detail)}, status_code=exc.status_code, headers=exc.headers)


def _describe_parameter(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestValidationError)
    error = exc.errors()[0]
    where = ".".join(str(part) for part in error["loc"][1:]) or "the request"
    return JSONResponse({"detail": f"The value of {where} is wrong: {error['msg']}."}, status_code=422)


def _describe_gap(request: Request, exc: Exception) -> JSONResponse:
    return JSONResponse({"detail": "This report is not written yet."}, status_code=501)
