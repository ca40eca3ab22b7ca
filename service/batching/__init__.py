"""The queue of one model: jobs of many requests in, batches out.

`jobs` is the data, `turns` says which jobs are next, `pace` how small a quick batch is, `workers`
who runs it, `batcher` how, `outcomes` what becomes of its jobs, and `quarantine` which inputs are
not to be run with others, or at all. Knows neither models nor text.
"""

from service.batching.batcher import Batcher
from service.batching.jobs import Flow, JobResult
from service.batching.quarantine import Quarantine
from service.batching.workers import Shift

__all__ = ["Batcher", "Flow", "JobResult", "Quarantine", "Shift"]
