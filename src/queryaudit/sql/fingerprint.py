"""A short name for a statement that all its executions share."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from queryaudit.sql.normalise import render, simplify
from queryaudit.sql.tokens import Token, tokenise


def fingerprint(text: str) -> str:
    """16 hexadecimal characters; case counts only inside quotes. Never raises."""
    return digest(simplify(tokenise(text).items))


def digest(tokens: Sequence[Token]) -> str:
    """The fingerprint of tokens that were simplified already."""
    data = render(tokens, folded=True).encode("utf-8", "surrogatepass")
    return blake2b(data, digest_size=8).hexdigest()
