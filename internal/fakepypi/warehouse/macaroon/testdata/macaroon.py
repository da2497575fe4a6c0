#!/usr/bin/env python3
"""Writes macaroon.json: upload tokens computed without the code under test.

Nothing but hmac, hashlib and base64 of the standard library is used. The format is libmacaroons' version 2 (a version
byte, typed and length-prefixed fields, an end mark after each section), the chain is HMAC-SHA256, and the root key is
derived with the text "macaroons-key-generator" padded with zeros to 32 bytes.

Run it in this folder: python3 macaroon.py > macaroon.json
"""

import base64
import hashlib
import hmac
import json

LOCATION, IDENTIFIER, SIGNATURE = 1, 2, 6
END = b"\x00"


def keyed(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def varint(n):
    out = bytearray()
    while True:
        low, n = n & 0x7F, n >> 7
        if not n:
            out.append(low)
            return bytes(out)
        out.append(low | 0x80)


def field(kind, value):
    return bytes([kind]) + varint(len(value)) + value


def token(root, location, identifier, caveats):
    derived = keyed(b"macaroons-key-generator".ljust(32, b"\x00"), root)
    signature = keyed(derived, identifier)
    raw = b"\x02" + (field(LOCATION, location) if location else b"") + field(IDENTIFIER, identifier) + END
    for caveat in caveats:
        signature = keyed(signature, caveat)
        raw += field(IDENTIFIER, caveat) + END
    raw += END + field(SIGNATURE, signature)
    return {
        "root": root.hex(),
        "location": location.decode(),
        "identifier": identifier.decode(),
        "caveats": [c.decode() for c in caveats],
        "signature": signature.hex(),
        "token": "pypi-" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode(),
    }


def main():
    root = bytes(range(32))
    identifier = b"0b7f2d5e-6a39-4c57-9d0c-3a1f0e5d8c41"
    minted = [
        b'[4,"5a0c6c1e-58a4-4f3f-8f53-1f3c7a3b7e10",null]',
        b'[2,["9f6f8a52-2a52-4bb6-9c5f-0a8c2c5b1d11"]]',
        b"[0,1786000900,1786000000]",
    ]
    narrowed = minted + [b'[1,["demo"]]', b"[0,1786000300,1786000000]"]
    long = [json.dumps([1, ["project-%d" % n for n in range(40)]], separators=(",", ":")).encode()]
    vectors = [
        token(root, b"pypi.org", identifier, []),
        token(root, b"pypi.org", identifier, minted),
        token(root, b"pypi.org", identifier, narrowed),
        token(b"short", b"", b"x", long),
    ]
    print(json.dumps(vectors, indent=1))


main()
