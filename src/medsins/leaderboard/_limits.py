"""Counting per address, in bounded memory: how often something happened within a sliding window."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST_ADDRESSES = 20_000


class Limiter:
    """At most ``limit`` events of a key within ``seconds``.

    The key longest unseen is forgotten when there are too many, so that an attacker with many addresses costs no
    memory. Counts are of one server process: in the store, each failed try would be a write under the board's lock.
    """

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit, self.seconds, self._clock = limit, seconds, clock
        self._events: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """Seconds until another event is allowed; 0 when it is now."""
        events = self._events.get(key)
        if events is None:
            return 0.0
        now = self._clock()
        while events and events[0] <= now - self.seconds:
            events.popleft()
        if not events:
            del self._events[key]
        return events[0] + self.seconds - now if len(events) >= self.limit else 0.0

    def count(self, key: str) -> None:
        """Note one event."""
        events = self._events.setdefault(key, deque(maxlen=self.limit))
        self._events.move_to_end(key)
        events.append(self._clock())
        while len(self._events) > MOST_ADDRESSES:
            self._events.popitem(last=False)


def network(address: str) -> str:
    """What counts as one address: an IPv4 address, the /64 of an IPv6 address, or the text itself."""
    try:
        ip = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)
