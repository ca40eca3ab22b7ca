"""What clients have taken at several processes together, in the shared store.

One script reads, decides and takes, so two processes cannot both give the last unit away. A bucket
is kept as the seconds until it is full, at a moment of the store's own clock: the rule is that of
`api.buckets`, and the numbers that come back mean the same there. A request that runs has a place
until it leaves; should its process die, until no request can run any longer.

The store knows no names and addresses of clients, only digests of them. Where it does not answer,
the caller counts by itself; what the store forgot meanwhile is in the clients' favour. Knows not
what happens to who is refused.
"""

import asyncio
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from service.api.buckets import ROUNDING_S, WINDOW_S, Quotas
from service.shared import PREFIX, NoAnswer

if TYPE_CHECKING:
    from service.shared.store import Client, SharedStore

__all__ = ["Ledger", "Limit", "Taken"]

Limit = Literal["concurrent", "requests", "tokens"]

MAX_NOT_LEFT = 10_000
"""Places that are to be given back when the store answers again."""

MISSING = """
-- No debt is as deep as 1e7 seconds: what somebody else has left there counts for nothing.
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local kept = redis.call('HMGET', KEYS[1], 'at', 'requests', 'tokens')
local passed = math.max(0, now - (tonumber(kept[1]) or now))
local function missing(s)
  local number = tonumber(s)
  return number and number < 1e7 and math.max(0, number - passed) or 0
end
local requests, tokens = missing(kept[2]), missing(kept[3])
local window = tonumber(ARGV[1])

local function keep()
  local number = '%.9f'
  redis.call('HSET', KEYS[1], 'at', number:format(now),
    'requests', number:format(requests), 'tokens', number:format(tokens))
  redis.call('EXPIRE', KEYS[1], math.ceil(math.max(requests, tokens)) + 1)
end
"""

TAKE = (
    MISSING
    + """
local rounding, requests_quota, tokens_quota, places, cost, place_s =
  tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]),
  tonumber(ARGV[7])
local function is_empty(s, quota) return quota > 0 and s + window / quota - window > rounding end

local running, refused_by = 0, ''
if places > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  running = redis.call('ZCARD', KEYS[2])
end
if places > 0 and running >= places then refused_by = 'concurrent'
elseif is_empty(requests, requests_quota) then refused_by = 'requests'
elseif is_empty(tokens, tokens_quota) then refused_by = 'tokens'
else
  if places > 0 then
    redis.call('ZADD', KEYS[2], now + place_s, ARGV[8])
    redis.call('EXPIRE', KEYS[2], math.ceil(place_s))
  end
  if requests_quota > 0 then requests = requests + window / requests_quota end
  if tokens_quota > 0 then tokens = tokens + cost * window / tokens_quota end
  if requests_quota > 0 or tokens_quota > 0 then keep() end
end
return {refused_by, running, ('%.9f'):format(requests), ('%.9f'):format(tokens)}
"""
)

ADD = (
    MISSING
    + """
tokens = math.max(0, tokens + tonumber(ARGV[3]) * window / tonumber(ARGV[2]))
keep()
"""
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of asking for a request.

    Attributes:
        refused_by: which limit stands against it; then nothing was taken.
        running: how many requests of the client ran before it, at all processes.
        requests_missing_s: until this bucket is full again, with what was taken.
        tokens_missing_s: the same.
    """

    refused_by: Limit | None
    running: int
    requests_missing_s: float
    tokens_missing_s: float


class Ledger:
    """The accounts of the clients, as far as processes share them.

    Args:
        store: opened and closed by whoever made it.
        quotas: the limits; processes that share a store should have the same.
        place_s: no request runs longer.
    """

    def __init__(self, store: "SharedStore", quotas: Quotas, place_s: float) -> None:
        self._store = store
        self._quotas = quotas
        self._place_s = place_s
        self._take = store.script(TAKE)
        self._add = store.script(ADD)
        self._under_way: dict[str, asyncio.Event] = {}
        self._not_left: dict[tuple[str, str], None] = {}
        store.when_reached.append(self._leave_again)

    async def take(self, client: str, tokens: int, visit: str) -> Taken:
        """Takes a request, so many tokens and a place for `visit`; or nothing, if one is refused.

        Raises:
            NoAnswer: of the store. It may have happened all the same: the visit has to leave.
        """
        quotas = self._quotas
        arguments: list[str | float] = [
            *(WINDOW_S, ROUNDING_S),
            quotas.requests.per_minute if quotas.requests else 0,
            quotas.tokens.per_minute if quotas.tokens else 0,
            *(quotas.concurrent, tokens, self._place_s, visit),
        ]
        if self._store.is_away:
            raise NoAnswer
        under_way = self._under_way[visit] = asyncio.Event()

        async def taking(_: object) -> Any:
            try:
                return await self._take(_keys(client), arguments)
            finally:
                del self._under_way[visit]
                under_way.set()

        return _read(await self._store.ask(taking))

    def add(self, client: str, tokens: int) -> None:
        """Takes tokens, or gives back a negative number of them; soon, if the store answers."""
        if self._quotas.tokens is not None and tokens:
            arguments = [WINDOW_S, self._quotas.tokens.per_minute, tokens]
            self._store.soon(lambda _: self._add(_keys(client)[:1], arguments))

    def leave(self, client: str, visit: str) -> None:
        """Gives the visit's place back, soon, or when the store answers again."""
        if self._quotas.concurrent:
            self._leave(_keys(client)[1], visit)

    def _leave(self, places: str, visit: str) -> None:
        def failed() -> None:
            if len(self._not_left) < MAX_NOT_LEFT:
                self._not_left[places, visit] = None

        async def leaving(client: "Client") -> None:
            if visit in self._under_way:  # nobody waits for that any more, yet it may still happen
                await self._under_way[visit].wait()
            await client.zrem(places, visit)

        self._store.soon(leaving, failed)

    def _leave_again(self) -> None:
        places, self._not_left = self._not_left, {}
        for place in places:
            self._leave(*place)


def _read(answer: Any) -> Taken:
    """Raises NoAnswer where that is not what `TAKE` says."""
    try:
        refused_by, running, requests_s, tokens_s = answer
        name = refused_by.decode()
        refusal = cast("Limit", name) if name in get_args(Limit) else None
        return Taken(refusal, int(running), float(requests_s), float(tokens_s))
    except (AttributeError, TypeError, ValueError) as error:
        raise NoAnswer from error


def _keys(client: str) -> tuple[str, str]:
    """Returns what the client's buckets and places are called; a cluster keeps them together."""
    digest = blake2b(client.encode(), digest_size=16, person=b"lur-client").hexdigest()
    return f"{PREFIX}limit:1:{{{digest}}}", f"{PREFIX}running:1:{{{digest}}}"
