#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the seeds of fuzz_signer_state, independent of the C code."""
import hashlib
import os
import struct

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "fuzz_signer_state")


def copy(size):
    roots = b"\3" * 32 * bin(size).count("1")
    last = (b"\1" if size else b"\0") * 32
    body = b"qubes-signer 1\n" + struct.pack(">Q", size) + b"\2" * 32
    body = (body + last + roots).ljust(4096 - 32, b"\0")
    return body + hashlib.sha256(body).digest()


seeds = {
    "equal": b"\0" + copy(5) + copy(5),
    "between": b"\0" + copy(6) + copy(5),
    "torn": b"\0" + copy(6)[:2000] + copy(5)[2000:] + copy(5),
    "sealed": b"\1" + copy(0)[:64],
}
for name, data in seeds.items():
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(data)
