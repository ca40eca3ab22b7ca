"""The queue of one model: jobs of many requests in, batches out.

`jobs` is the data, `turns` says which jobs are next, `pace` how small a quick batch is, `batcher`
runs them. Knows neither models nor text.
"""

from service.batching.batcher import Batcher, RunBatch
from service.batching.jobs import Flow, JobResult

__all__ = ["Batcher", "Flow", "JobResult", "RunBatch"]
