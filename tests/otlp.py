"""A collector on loopback that takes spans and metrics as OTLP over HTTP, and keeps them."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

REQUESTS = {"/v1/traces": ExportTraceServiceRequest, "/v1/metrics": ExportMetricsServiceRequest}


@dataclass(frozen=True, kw_only=True)
class ReceivedSpan:
    """One span."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str  # empty: a root
    seconds: float
    is_error: bool
    attributes: dict[str, Any]


@dataclass
class Collector:
    """What came in, and where it is."""

    url: str = ""
    requests: list[Any] = field(default_factory=list)

    def spans(self) -> list[ReceivedSpan]:
        """All spans, in the order in which they came."""
        return [
            ReceivedSpan(
                name=span.name,
                trace_id=span.trace_id.hex(),
                span_id=span.span_id.hex(),
                parent_id=span.parent_span_id.hex(),
                seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                is_error=span.status.code == span.status.STATUS_CODE_ERROR,
                attributes=plain(span.attributes),
            )
            for request in self.requests
            if isinstance(request, ExportTraceServiceRequest)
            for of_resource in request.resource_spans
            for of_scope in of_resource.scope_spans
            for span in of_scope.spans
        ]

    def names(self) -> set[str]:
        """The names of all metrics."""
        return {metric.name for metric in self._metrics()}

    def total(self, name: str, **attributes: Any) -> float:
        """The sum of a counter, or the number of values of a histogram, over the points that have these attributes.

        Raises:
            AssertionError: a sum is not told as the difference to the one before.
        """
        total = 0.0
        for metric in self._metrics():
            kind = getattr(metric, metric.WhichOneof("data"))
            for point in kind.data_points if metric.name == name else ():
                found = plain(point.attributes)
                if attributes.items() <= {key.replace(".", "_"): value for key, value in found.items()}.items():
                    is_delta = metric.WhichOneof("data") == "gauge" or kind.aggregation_temporality == 1
                    assert is_delta or not getattr(kind, "is_monotonic", True), metric.name
                    total += point.count if hasattr(point, "count") else point.as_int or point.as_double
        return total

    def _metrics(self) -> Iterator[Any]:
        for request in list(self.requests):
            if isinstance(request, ExportMetricsServiceRequest):
                for of_resource in request.resource_metrics:
                    for of_scope in of_resource.scope_metrics:
                        yield from of_scope.metrics


def plain(attributes: Any) -> dict[str, Any]:
    """Attributes as a dictionary."""
    return {each.key: _value(each.value) for each in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return [_value(one) for one in value.array_value.values] if kind == "array_value" else getattr(value, kind)


@contextmanager
def collecting() -> Iterator[Collector]:
    """The collector, while the block runs."""
    collector = Collector()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(collector))
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(collector: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
            collector.requests.append(REQUESTS[self.path].FromString(body))
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler
