"""The engine for any endpoint that speaks the OpenAI protocol: a vLLM server, a hosted model.

Many requests are under way at once, as many as the server can take (`caco_tasks.llm.limiter`). A request is retried, with
growing pauses, after an error that may pass (429, 5xx, a timeout, a lost connection, an answer that says nothing): for a
quarter of an hour where the server answers nobody, a few times where it answers others. One given up gets no reply, and
too many of those end the task. A wrong key, model, parameter or protocol ends it at once. Replies that came stay.
"""

import asyncio
import logging
import random
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from caco_tasks.addresses import is_loopback
from caco_tasks.errors import EngineError, RefusedError
from caco_tasks.llm import openai_protocol as protocol
from caco_tasks.llm.limiter import Limiter
from caco_tasks.llm.llm import PROMPT_TOO_LONG, Reply, Request, in_order, no_reply
from caco_tasks.llm.openai_failures import OddAnswer, ReplyWithheld, RequestRefused, ServerBusy, address, wrong_protocol
from caco_tasks.llm.openai_protocol import Answer, Response
from caco_tasks.model_settings import ModelSettings
from caco_tasks.records import Generation

FIRST_PAUSE_SECONDS = 0.5  # before a second attempt; doubled for each one after it
LAST_PAUSE_SECONDS = 30.0
CONNECT_SECONDS = 10.0
UNREACHABLE_SECONDS = 30.0  # for a server that was never reached: its address may be wrong
ATTEMPTS_BESIDE_OTHERS = 6  # of a request whose attempts fail while other requests are answered
MIN_FINISHED = 20  # requests before the share of errors is computed
MIN_ODD = 3  # requests with answers of another protocol, and none with a good one, before the task ends
MAX_ANSWER_BYTES = 32 << 20

log = logging.getLogger(__name__)

PlacedReply = tuple[int, Reply]  # a reply and the place of its request
SomeError = TypeVar("SomeError", bound=BaseException)


class OpenAiLlm:
    """A model behind an endpoint."""

    def __init__(self, settings: ModelSettings, *, model_id: str, key: str | None) -> None:
        self.model_id = model_id
        self._settings = settings
        self._key = key
        self._was_reached = False  # a server that has answered before is waited for longer

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply for each request, in the order of the requests."""
        return in_order(self.answers(requests))

    def answers(self, requests: Sequence[Request]) -> Iterator[PlacedReply]:
        """Every request's place and its reply, each as soon as it came."""
        if not requests:
            return
        # The loop turns only while a caller waits for the next reply; between these, answers wait in their sockets.
        with asyncio.Runner() as runner:
            session = _Session(self._settings, model_id=self.model_id, key=self._key, was_reached=self._was_reached)
            runner.run(session.begin(requests))
            try:
                for _ in requests:
                    yield runner.run(session.next())
            finally:
                self._was_reached = session.was_reached
                runner.run(session.end())

    def close(self) -> None:
        """Nothing to do: connections are closed at the end of each call."""


class _Session:
    """Some requests under way to one endpoint, in one event loop."""

    def __init__(self, settings: ModelSettings, *, model_id: str, key: str | None, was_reached: bool) -> None:
        self._settings, self._model_id, self._key = settings, model_id, key
        self.was_reached = was_reached  # by these requests or earlier ones
        self._answered = self._given_up = 0
        self._lost_in_a_row = 0  # requests that the server, and not their own text, is to blame for
        self._of_another_protocol = 0
        self._takes_schemas = True  # until a request is answered without its schema that was refused with it
        self._answered_at = self._last_reply_at = 0.0

    async def begin(self, requests: Sequence[Request]) -> None:
        """Starts to ask.

        Raises:
            EngineError: the environment names a proxy or a file of certificates that cannot be used.
        """
        endpoint = self._settings.endpoint
        self._client = _open_client(self._settings, self._key)
        self._limiter = Limiter(endpoint.concurrency)
        self._done: asyncio.Queue[PlacedReply | Exception] = asyncio.Queue()
        self._answered_at = self._last_reply_at = _now()
        waiting = iter(enumerate(requests))  # shared: each worker takes the next one
        self._workers = [
            asyncio.create_task(self._work(waiting)) for _ in range(min(endpoint.concurrency, len(requests)))
        ]

    async def next(self) -> PlacedReply:
        """The next reply that came.

        Raises:
            EngineError: no request can be answered, or too many were given up.
        """
        found = await self._done.get()
        if isinstance(found, Exception):
            raise found
        return found

    async def end(self) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._client.aclose()

    async def _work(self, waiting: Iterator[tuple[int, Request]]) -> None:
        for place, request in waiting:
            try:
                await self._done.put((place, await self._reply(request)))
            except Exception as exc:  # whatever it is, `next` raises it: nobody looks at a worker that died
                await self._done.put(exc)
                return

    async def _reply(self, request: Request) -> Reply:
        try:
            answer = await self._ask_for_schema(request)
        except RequestRefused as exc:
            self._answered_at, self._lost_in_a_row = _now(), 0
            if str(exc) != PROMPT_TOO_LONG:  # which is the prompt's fault and not the endpoint's
                self._give_up(str(exc))
            return no_reply(request, self._model_id, str(exc))
        except (ServerBusy, RefusedError) as exc:
            self._raise_if_hopeless(exc)
            self._give_up(str(exc))
            return no_reply(request, self._model_id, str(exc))
        self._answered += 1
        self.was_reached = True
        self._answered_at, self._lost_in_a_row = _now(), 0
        return self._make_reply(request, answer)

    def _raise_if_hopeless(self, error: ServerBusy | RefusedError) -> None:
        """Counts a request that was lost through the server.

        Raises:
            EngineError: nothing was ever answered, and this shows why; or the server answers nobody any more.
        """
        self._lost_in_a_row += 1
        if isinstance(error, OddAnswer) and error.other_protocol is not None:
            self._of_another_protocol += 1
            if self._answered == 0 and self._of_another_protocol >= MIN_ODD:
                raise wrong_protocol(self._settings, error.other_protocol) from error
        is_over = self._lost_in_a_row >= MIN_FINISHED and self._settings.endpoint.max_error_share < 1
        if isinstance(error, RefusedError) and (self._answered == 0 or is_over):
            raise error
        if not self.was_reached and _is_unreachable(error):
            found = f" ({error})" if _find_cause(error, socket.gaierror) else ""
            raise EngineError(
                f"The endpoint {self._url} does not answer{found}: start it or mend its address."
            ) from error
        if is_over:
            raise EngineError(
                f"The endpoint {self._url} answered none of the last {self._lost_in_a_row} requests (the last: {error}): the "
                "task goes on where it stopped once the endpoint is back."
            ) from error

    async def _ask_for_schema(self, request: Request) -> Answer:
        """The answer; asked for without the request's schema where the server refuses it with one."""
        if request.schema is None or not self._takes_schemas:
            return await self._ask_patiently(replace(request, schema=None))
        try:
            return await self._ask_patiently(request)
        except (RequestRefused, RefusedError) as exc:
            if isinstance(exc, ReplyWithheld) or str(exc) == PROMPT_TOO_LONG:
                raise
            answer = await self._ask_patiently(replace(request, schema=None))  # whose refusal has another cause
            if self._takes_schemas:
                self._takes_schemas = False
                log.warning("%s takes no schema of replies (%s): replies are asked for without one", self._url, exc)
            return answer

    async def _ask_patiently(self, request: Request) -> Answer:
        """The answer of the first attempt that got one."""
        begun, beside_others = _now(), 0
        for attempt in count(1):
            asked_at = _now()
            try:
                return await self._ask_in_slot(request)
            except ServerBusy as exc:
                beside_others += not exc.by_load and (not exc.is_down or self._answered_at > asked_at)
                if attempt >= self._settings.endpoint.attempts or beside_others >= ATTEMPTS_BESIDE_OTHERS:
                    raise
                if _now() - min(begun, self._answered_at) > self._patience_seconds(exc):
                    raise
            # out of the slot, which another request may have meanwhile
            pause = min(LAST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(attempt - 1, 10))
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # not all at the same moment
        raise AssertionError("count never ends")

    def _patience_seconds(self, error: ServerBusy) -> float:
        """How long a server is waited for: less where it was never reached."""
        patience_seconds = self._settings.endpoint.patience_seconds
        is_unknown = not self.was_reached and _is_unreachable(error)
        return min(patience_seconds, UNREACHABLE_SECONDS) if is_unknown else patience_seconds

    async def _ask_in_slot(self, request: Request) -> Answer:
        async with self._limiter.slot() as begun:
            try:
                answer = await self._post(request)
            except ServerBusy as exc:
                self._limiter.on_busy(begun, exc.pause_seconds)
                raise
            self._limiter.on_success()
            return answer

    async def _post(self, request: Request) -> Answer:
        seconds = self._settings.endpoint.timeout_seconds
        try:
            async with asyncio.timeout(seconds):  # also over an answer that comes drop by drop
                response = await self._send(request)
        except (TimeoutError, httpx.TimeoutException) as exc:
            raise ServerBusy(f"the endpoint sent no answer for {seconds:g} seconds", is_down=True) from exc
        except httpx.RequestError as exc:
            raise _connection_error(exc, self._settings) from exc
        return protocol.read(response, request, self._settings, self._key)

    async def _send(self, request: Request) -> Response:
        url = protocol.url_of(request, str(self._settings.endpoint.base_url))
        content = bytearray()
        async with self._client.stream("POST", url, json=protocol.body(request, self._settings)) as response:
            async for part in response.aiter_bytes():
                content += part
                if len(content) > MAX_ANSWER_BYTES:
                    raise OddAnswer(f"the endpoint's answer is longer than {MAX_ANSWER_BYTES >> 20} MB")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Response(status=response.status_code, headers=headers, content=bytes(content))

    def _give_up(self, reason: str) -> None:
        """Counts a request without an answer.

        Raises:
            EngineError: there are too many of them.
        """
        self._given_up += 1
        finished = self._answered + self._given_up
        if finished >= MIN_FINISHED and self._given_up > self._settings.endpoint.max_error_share * finished:
            raise EngineError(
                f"The endpoint {self._url} answered only {self._answered} of {finished} requests (the last: {reason}): mend "
                "the cause, or raise endpoint.max_error_share."
            )

    def _make_reply(self, request: Request, answer: Answer) -> Reply:
        # Its share of the time, as with other engines: since the reply before it, so that all seconds add up to the whole.
        now = _now()
        seconds, self._last_reply_at = now - self._last_reply_at, now
        generation = Generation(
            request_id=request.request_id,
            model_id=self._model_id,
            prompt=request.prompt,
            finish_reason=answer.finish_reason,
            prompt_tokens=answer.prompt_tokens,
            completion_tokens=answer.completion_tokens,
            seconds=seconds,
        )
        return Reply(text=answer.text, generation=generation, logprobs=answer.logprobs)

    @property
    def _url(self) -> str:
        return address(self._settings)


def _open_client(settings: ModelSettings, key: str | None) -> httpx.AsyncClient:
    endpoint = settings.endpoint
    host = urlsplit(str(endpoint.base_url)).hostname or ""
    try:
        return httpx.AsyncClient(
            headers=protocol.headers_of(str(endpoint.base_url), key),
            timeout=httpx.Timeout(endpoint.timeout_seconds, connect=min(CONNECT_SECONDS, endpoint.timeout_seconds)),
            limits=httpx.Limits(max_connections=endpoint.concurrency),
            # a proxy of the environment knows nothing of this machine's own servers
            mounts={f"all://{f'[{host}]' if ':' in host else host}": None} if is_loopback(host) else None,
        )
    except (httpx.InvalidURL, ValueError) as exc:  # whose words may hold a part of a password
        raise EngineError(
            "The proxies of the environment cannot be understood: mend HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or NO_PROXY."
        ) from exc
    except OSError as exc:
        raise EngineError(
            f"The certificates of the environment cannot be read ({exc.strerror or exc}): mend SSL_CERT_FILE."
        ) from exc


def _connection_error(error: httpx.RequestError, settings: ModelSettings) -> ServerBusy | EngineError:
    """What a connection that was not made, or was lost, means."""
    untrusted = _find_cause(error, ssl.SSLCertVerificationError)
    if untrusted is not None:
        return RefusedError(
            f"The certificate of {address(settings)} is not trusted ({untrusted.verify_message}): name the file of the "
            "authority that signed it in SSL_CERT_FILE, or mend endpoint.base_url."
        )
    no_tls = _find_cause(error, ssl.SSLError)
    if no_tls is not None and no_tls.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return RefusedError(f"{address(settings)} speaks no TLS: write http:// in endpoint.base_url.")
    unknown = _find_cause(error, socket.gaierror)
    if unknown is not None:
        host = urlsplit(str(settings.endpoint.base_url)).hostname
        return ServerBusy(f"the host {host} of the endpoint is not known here ({unknown.strerror})", is_down=True)
    return ServerBusy(f"the connection to the endpoint was lost ({type(error).__name__})", is_down=True)


def _is_unreachable(error: BaseException) -> bool:
    """Whether no connection could be made at all."""
    return isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout)


def _find_cause(error: BaseException, kind: type[SomeError]) -> SomeError | None:
    """The first error of a kind among those that led to one."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, kind):
        found = found.__cause__ or found.__context__
    return found


def _now() -> float:
    return asyncio.get_running_loop().time()
