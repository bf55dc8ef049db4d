"""Digest authentication (RFC 2617, RFC 7616): answering a challenge, and checking an answer."""

import hashlib
import re
import secrets
from dataclasses import dataclass

_HASHES = {"md5": hashlib.md5, "sha-256": hashlib.sha256}
_PARAMETER = re.compile(r'([A-Za-z][A-Za-z0-9_\-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))')


@dataclass(frozen=True, slots=True)
class Credentials:
    """The name and password of an account."""

    user: str
    password: str


def read_digest(value: str) -> dict[str, str] | None:
    """Read the parameters of `Digest name="value", ...`; None when it is no digest."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    found = _PARAMETER.finditer(rest)
    return {match[1].lower(): match[3] if match[2] is None else re.sub(r"\\(.)", r"\1", match[2]) for match in found}


def answer(challenges: list[str], *, credentials: Credentials, method: str, uri: str) -> str | None:
    """Answer the first challenge that can be answered; None when there is none."""
    for challenge in challenges:
        asked = read_digest(challenge)
        if asked is None or asked.get("algorithm", "MD5").lower() not in _HASHES or "nonce" not in asked:
            continue
        if "auth" not in [way.strip() for way in asked.get("qop", "auth").split(",")]:
            continue
        given = {
            "username": credentials.user,
            "realm": asked.get("realm", ""),
            "nonce": asked["nonce"],
            "uri": uri,
            "algorithm": asked.get("algorithm", "MD5"),
        }
        if "qop" in asked:
            given |= {"qop": "auth", "nc": "00000001", "cnonce": secrets.token_hex(8)}
        if "opaque" in asked:
            given["opaque"] = asked["opaque"]
        given["response"] = digest_response(given, password=credentials.password, method=method)
        return "Digest " + ", ".join(_written(name, value) for name, value in given.items())
    return None


def digest_response(given: dict[str, str], *, password: str, method: str) -> str:
    """Give the proof that whoever wrote these parameters knows the password; KeyError when one is missing."""
    algorithm = _HASHES[given.get("algorithm", "MD5").lower()]

    def hashed(*parts: str) -> str:
        return algorithm(":".join(parts).encode()).hexdigest()

    secret = hashed(given["username"], given["realm"], password)
    deed = hashed(method, given["uri"])
    if "qop" not in given:
        return hashed(secret, given["nonce"], deed)
    return hashed(secret, given["nonce"], given["nc"], given["cnonce"], given["qop"], deed)


def _written(name: str, value: str) -> str:
    if name in {"algorithm", "nc", "qop"}:
        return f"{name}={value}"
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}="{quoted}"'
