"""Protocols: how instruction, shots and query become a prompt.

The folder's public modules are the protocols, each with its instance ``PROTOCOL``: ``strict`` (the default),
``paper`` and ``official-code``.
"""

from medsins.core import Registry
from medsins.core.chat import FORMATS, render

from ._base import Fit, Protocol
from ._formats import Part, mark
from ._shots import SOURCE_NAMES, ShotPool, ShotSet, find_pool, shot_id

DEFAULT = "strict"
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
    "DEFAULT",
    "FORMATS",
    "PROTOCOLS",
    "SOURCE_NAMES",
    "Fit",
    "Part",
    "Protocol",
    "ShotPool",
    "ShotSet",
    "find_pool",
    "get_protocol",
    "mark",
    "render",
    "shot_id",
]
