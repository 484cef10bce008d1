"""Words everyone shares: records, errors, atomic files and hashing, seeds, the folder registry, assets."""

from .errors import (
    AssetUnavailable,
    InvalidFile,
    MedsinsError,
    MissingExtra,
    Problem,
    RefusedByPolicy,
    RunError,
    UsageError,
    unknown_name,
)
from .files import atomic_open, canonical_json, digest, sha256_file, write_json, write_text
from .records import (
    Card,
    Completion,
    Example,
    Instance,
    Message,
    Prediction,
    Prompt,
    Request,
    Sampling,
    Score,
    Task,
)
from .registry import Registry
from .seeds import derive_random, derive_seed
from .sqlite import open_readonly

__all__ = [
    "AssetUnavailable",
    "Card",
    "Completion",
    "Example",
    "Instance",
    "InvalidFile",
    "MedsinsError",
    "Message",
    "MissingExtra",
    "Prediction",
    "Problem",
    "Prompt",
    "RefusedByPolicy",
    "Registry",
    "Request",
    "RunError",
    "Sampling",
    "Score",
    "Task",
    "UsageError",
    "atomic_open",
    "canonical_json",
    "derive_random",
    "derive_seed",
    "digest",
    "open_readonly",
    "sha256_file",
    "unknown_name",
    "write_json",
    "write_text",
]
