"""Protocols: how instruction, shots and query become a prompt.

The folder's public modules are the protocols: ``strict`` (the default), ``paper`` and ``official-code``.
"""

from medsins.core import Registry

from ._base import Fit, Protocol
from ._shots import ShotPool, ShotSet, find_pool, shot_id

PROTOCOLS = Registry("medsins.prompts", "protocol")


def get_protocol(spec: str) -> Protocol:
    """The protocol of a name, with settings where some follow: ``strict``, ``strict:shots=0``, ``paper:shots=5``.

    Raises:
        UsageError: no such protocol or setting (suggestions, then the list), or a value of another type.
    """
    name, _, settings = spec.partition(":")
    protocol: Protocol = PROTOCOLS.load(name.strip()).PROTOCOL
    return protocol.with_settings(settings)


__all__ = [
    "PROTOCOLS",
    "Fit",
    "Protocol",
    "ShotPool",
    "ShotSet",
    "find_pool",
    "get_protocol",
    "shot_id",
]
