#!/usr/bin/env python3
"""Makes macaroons.json: upload tokens as an index mints them, and what they become with more caveats.

An implementation of its own, with Python's hmac alone (no macaroon library): version 2 of the binary format,
HMAC-SHA256 chain, first-party caveats as compact JSON. Run it again with: python3 macaroons.py > macaroons.json
"""
import base64
import hashlib
import hmac
import json


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def packet(kind, data):
    return varint(kind) + varint(len(data)) + data


def mint(root, location, identifier, caveats):
    key = hmac.new(b"macaroons-key-generator".ljust(32, b"\0"), root, hashlib.sha256).digest()
    signature = hmac.new(key, identifier, hashlib.sha256).digest()
    raw = b"\x02" + packet(1, location) + packet(2, identifier) + b"\0"
    for caveat in caveats:
        signature = hmac.new(signature, caveat, hashlib.sha256).digest()
        raw += packet(2, caveat) + b"\0"
    raw += b"\0" + packet(6, signature)
    return "pypi-" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def compact(*fields):
    return json.dumps(fields, separators=(",", ":")).encode()


ROOT = bytes(range(32))
UUID = b"8c6de1f5-7d3d-4c57-9f2c-3f0f3d1a3c11"
FIRST = [
    compact(4, "5fa2f7a2-6f5c-4f0c-8a6b-0d3f7b1c2e90"),
    compact(2, ["0e9d1c6a-54bb-4f3e-a2a8-7f2b9a8c4d21"]),
    compact(0, 1790000900, 1790000000),
]
# Long enough that a length takes two bytes.
MANY = ["project-number-%03d" % n for n in range(40)]
CASES = [
    ("as an index mints it", FIRST, [compact(1, ["sampleproject"]), compact(0, 1790000300, 1790000000)]),
    ("with no caveats", [], [compact(1, ["sampleproject"])]),
    ("with long caveats", FIRST, [compact(1, MANY), compact(0, 1790000300, 1790000000)]),
]
print(json.dumps([
    {
        "name": name,
        "minted": mint(ROOT, b"pypi.example", UUID, caveats),
        "more": [c.decode() for c in more],
        "narrowed": mint(ROOT, b"pypi.example", UUID, caveats + more),
    }
    for name, caveats, more in CASES
], indent=1))
