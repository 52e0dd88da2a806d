"""The engine for any endpoint that speaks the OpenAI protocol: a vLLM server, a hosted model.

Many requests are under way at once, as many as the server can take (`caco_tasks.llm.limiter`). A request is retried, with
growing pauses, after an error that may pass (429, 5xx, a timeout, a lost connection, an answer cut short); one given up
gets no reply, and too many of those end the task. A wrong key, model or protocol ends it at once. Replies that came stay.
"""

import asyncio
import random
from collections.abc import Iterator, Sequence

import httpx

from caco_tasks.errors import EngineError
from caco_tasks.llm import openai_protocol as protocol
from caco_tasks.llm.limiter import Limiter
from caco_tasks.llm.llm import PROMPT_TOO_LONG, Reply, Request, in_order, no_reply
from caco_tasks.llm.openai_protocol import Answer, RequestRefused, ServerBusy
from caco_tasks.model_settings import ModelSettings
from caco_tasks.records import Generation

FIRST_PAUSE_SECONDS = 0.5  # before a second attempt; doubled for each one after it
LAST_PAUSE_SECONDS = 30.0
CONNECT_SECONDS = 10.0
MIN_FINISHED = 20  # requests before the share of errors is computed

PlacedReply = tuple[int, Reply]  # a reply and the place of its request


class OpenAiLlm:
    """A model behind an endpoint."""

    def __init__(self, settings: ModelSettings, *, model_id: str, key: str | None) -> None:
        self.model_id = model_id
        self._settings = settings
        self._key = key

    def generate(self, requests: Sequence[Request]) -> list[Reply]:
        """One reply for each request, in the order of the requests."""
        return in_order(self.answers(requests))

    def answers(self, requests: Sequence[Request]) -> Iterator[PlacedReply]:
        """Every request's place and its reply, each as soon as it came."""
        if not requests:
            return
        # The loop turns only while a caller waits for the next reply; between these, answers wait in their sockets.
        with asyncio.Runner() as runner:
            session = _Session(self._settings, model_id=self.model_id, key=self._key)
            runner.run(session.begin(requests))
            try:
                for _ in requests:
                    yield runner.run(session.next())
            finally:
                runner.run(session.end())

    def close(self) -> None:
        """Nothing to do: connections are closed at the end of each call."""


class _Session:
    """Some requests under way to one endpoint, in one event loop."""

    def __init__(self, settings: ModelSettings, *, model_id: str, key: str | None) -> None:
        self._settings, self._model_id, self._key = settings, model_id, key
        self._answered = self._given_up = 0
        self._last_reply_at = 0.0

    async def begin(self, requests: Sequence[Request]) -> None:
        endpoint = self._settings.endpoint
        self._client = httpx.AsyncClient(
            base_url=f"{endpoint.base_url}",
            headers={"authorization": f"Bearer {self._key}"} if self._key else {},
            timeout=httpx.Timeout(endpoint.timeout_seconds, connect=min(CONNECT_SECONDS, endpoint.timeout_seconds)),
            limits=httpx.Limits(max_connections=endpoint.concurrency),
        )
        self._limiter = Limiter(endpoint.concurrency)
        self._done: asyncio.Queue[PlacedReply | EngineError] = asyncio.Queue()
        self._last_reply_at = asyncio.get_running_loop().time()
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
        if isinstance(found, EngineError):
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
            except EngineError as exc:
                await self._done.put(exc)
                return

    async def _reply(self, request: Request) -> Reply:
        try:
            answer = await self._ask_patiently(request)
        except RequestRefused as exc:
            if str(exc) != PROMPT_TOO_LONG:  # which is the prompt's fault and not the endpoint's
                self._give_up(str(exc))
            return no_reply(request, self._model_id, str(exc))
        except ServerBusy as exc:
            # Nothing was ever answered and nobody listens: the endpoint is down, so the other requests need not wait.
            if self._answered == 0 and isinstance(exc.__cause__, httpx.ConnectError | httpx.ConnectTimeout):
                raise EngineError(f"The endpoint {self._url} does not answer: start it or mend its address.") from exc
            self._give_up(str(exc))
            return no_reply(request, self._model_id, str(exc))
        self._answered += 1
        return self._make_reply(request, answer)

    async def _ask_patiently(self, request: Request) -> Answer:
        """The answer of the first attempt that got one."""
        max_attempts = self._settings.endpoint.attempts
        for attempt in range(1, max_attempts + 1):
            try:
                return await self._ask_in_slot(request)
            except ServerBusy:
                if attempt == max_attempts:
                    raise
            # out of the slot, which another request may have meanwhile
            pause = min(LAST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # not all at the same moment
        raise AssertionError("attempts is at least 1")

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
                response = await self._client.post(protocol.route(request), json=protocol.body(request, self._settings))
        except (TimeoutError, httpx.TimeoutException) as exc:
            raise ServerBusy(f"the endpoint sent no answer for {seconds:g} seconds") from exc
        except httpx.RequestError as exc:
            raise ServerBusy(f"the connection to the endpoint was lost ({type(exc).__name__})") from exc
        return protocol.read(response, self._settings, self._key)

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
        now = asyncio.get_running_loop().time()
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
        return str(self._settings.endpoint.base_url)
