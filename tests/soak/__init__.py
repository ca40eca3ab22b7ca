"""The soak: a real server under twice its capacity, with faults, watched for what must never be.

`python -m tests.soak --minutes 30 --seed 1`. Everything that is asked is drawn from the seed; when
it comes is up to the machine. `kinds` says what may be asked and answered, `wire` how, `watch`
looks at the process, `run` puts them together and judges.
"""
