"""The metric collectors. A leaf: everyone may count, nobody is imported.

Labels come from closed sets only (names of catalog rows, outcomes), never from a request.
"""

from prometheus_client import Counter, Gauge, Histogram

__all__ = [
    "API_KEYS_STALE",
    "BATCH_JOBS",
    "BATCH_TOKENS",
    "CACHE_BYTES",
    "CACHE_FILE",
    "CACHE_LOOKUPS",
    "CACHE_STORE",
    "CUT_CLIENTS",
    "ENGINE_RESTARTS",
    "FAITHFULNESS",
    "INFERENCE_SECONDS",
    "JOBS",
    "LIMITED_ALONE",
    "LIMITED_REQUESTS",
    "LOADS",
    "LOAD_SECONDS",
    "OLDEST_BATCH_SECONDS",
    "QUEUED_JOBS",
    "QUEUE_SECONDS",
    "READY",
    "REFUSED_INPUTS",
    "REPAIRS",
    "REQUESTS",
    "REQUEST_SECONDS",
    "RESIDENT_BYTES",
    "RESIDENT_MODELS",
    "SEGMENTS",
    "SHARED_STORE_AWAY",
    "SHARED_STORE_FAILURES",
    "STUCK_ENGINES",
    "UNLOADS",
    "WARNINGS",
]

_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
_POWERS = tuple(2**n for n in range(0, 14, 1))

REQUESTS = Counter("lur_requests", "Requests", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "lur_request_seconds",
    "Requests, from first byte to last",
    ["method", "route"],
    buckets=_SECONDS,
)
LIMITED_REQUESTS = Counter(
    "lur_limited_requests", "Requests refused by a limit of their client", ["limit"]
)
CUT_CLIENTS = Counter(
    "lur_cut_clients", "Connections and bodies given up, by what the client did", ["reason"]
)
JOBS = Counter("lur_jobs", "Jobs by outcome", ["model", "outcome"])
QUEUED_JOBS = Gauge("lur_queued_jobs", "Jobs waiting for a batch", ["model"])
QUEUE_SECONDS = Histogram("lur_queue_seconds", "Wait for a batch", ["model"], buckets=_SECONDS)
INFERENCE_SECONDS = Histogram("lur_inference_seconds", "One batch", ["model"], buckets=_SECONDS)
BATCH_JOBS = Histogram("lur_batch_jobs", "Jobs of one batch", ["model"], buckets=_POWERS[:9])
BATCH_TOKENS = Histogram(
    "lur_batch_tokens", "Padded source tokens of one batch", ["model"], buckets=_POWERS[3:]
)
OLDEST_BATCH_SECONDS = Gauge(
    "lur_oldest_batch_seconds",
    "How long the batch that has been in an engine longest is there; looked at once a second",
    ["model"],
)
ENGINE_RESTARTS = Counter(
    "lur_engine_restarts", "Engines built in place of one that was given up", ["model", "reason"]
)
STUCK_ENGINES = Gauge("lur_stuck_engines", "Engines given up in which a batch hangs", ["model"])
REFUSED_INPUTS = Counter(
    "lur_refused_inputs", "Submissions with an input that the engine failed on before", ["model"]
)
LOADS = Counter("lur_model_loads", "Loads by outcome", ["model", "outcome"])
LOAD_SECONDS = Histogram(
    "lur_model_load_seconds", "Load, with download and conversion", ["model"], buckets=_SECONDS
)
UNLOADS = Counter("lur_model_unloads", "Models taken out of memory", ["model", "why"])
READY = Gauge("lur_ready", "1 while `/health/ready` says so; looked at when metrics are read")
RESIDENT_MODELS = Gauge("lur_resident_models", "Models in memory")
RESIDENT_BYTES = Gauge("lur_resident_bytes", "Weights in memory, bytes")
API_KEYS_STALE = Gauge(
    "lur_api_keys_stale", "1 while the file of keys is faulty and those read before are in force"
)
CACHE_LOOKUPS = Counter(
    "lur_result_cache_lookups", "Jobs by where their result comes from", ["outcome"]
)
CACHE_BYTES = Gauge("lur_result_cache_bytes", "Results remembered in memory, bytes")
CACHE_FILE = Counter(
    "lur_result_cache_file", "Results by what became of them in the file", ["outcome"]
)
CACHE_STORE = Counter(
    "lur_result_cache_store", "Results by what became of them in the shared store", ["outcome"]
)
LIMITED_ALONE = Counter(
    "lur_limited_alone",
    "Requests limited by this process alone, because the shared store did not answer",
)
SHARED_STORE_AWAY = Gauge(
    "lur_shared_store_away", "1 while there should be a shared store and it does not answer"
)
SHARED_STORE_FAILURES = Counter(
    "lur_shared_store_failures", "Questions to the shared store without an answer", ["reason"]
)
SEGMENTS = Counter("lur_segments", "Segments of texts to translate", ["handling"])
REPAIRS = Counter("lur_repairs", "Extra tries of segments that failed a check", ["way", "outcome"])
WARNINGS = Counter("lur_warnings", "Warnings in answers", ["task", "code"])
FAITHFULNESS = Counter(
    "lur_summary_sentences", "Sentences of summaries by what the article says", ["outcome"]
)
