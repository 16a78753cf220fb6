#!/usr/bin/env python3
"""Verify an export of Postern's record, with nothing of Postern's.

    postern audit export -o record.jsonl
    python3 verify_export.py record.jsonl [KEY_ID ...]

Give the key ids that you noted earlier (postern audit keys): an export that
brings other keys then fails. Needs Python 3.11; no packages.
"""
import base64, hashlib, json, sys
from datetime import datetime, timezone

# Ed25519 by RFC 8032, section 5.1.
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def point(b):
    y = int.from_bytes(b, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - x2) % P or y >= P or (x == 0 and sign):
        raise ValueError("not a point")
    return (P - x if x & 1 != sign else x, y)


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P)


def times(n, a):
    r = (0, 1)
    while n:
        r, a, n = add(r, a) if n & 1 else r, add(a, a), n >> 1
    return r


BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def signed(public, message, sig):
    try:
        a, r, s = point(public), point(sig[:32]), int.from_bytes(sig[32:], "little")
    except ValueError:
        return False
    h = int.from_bytes(hashlib.sha512(sig[:32] + public + message).digest(), "little") % L
    return len(sig) == 64 and s < L and times(s, BASE) == add(r, times(h, a))


def record_hash(r):
    w = r["writer"].encode()
    return hashlib.sha256(
        bytes.fromhex(r["prev"]) + len(w).to_bytes(8, "big") + w + r["seq"].to_bytes(8, "big") + r["body"].encode()
    ).hexdigest()


def checkpoint_text(c):
    t = datetime.fromisoformat(c["time"]).astimezone(timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)
    micros = (t.days * 86400 + t.seconds) * 10**6 + t.microseconds
    w = c["writer"]
    return (
        "postern audit v1\0postern audit checkpoint v1\n"
        f"{len(w.encode())}:{w}\n{c['seq']}\n{c['hash']}\n{micros}\n"
    ).encode()


def main(path, trusted):
    keys, ends, hashes, bad, records, points = {}, {}, {}, [], 0, 0
    for line in open(path, encoding="utf-8"):
        e = json.loads(line)
        if e.get("key"):
            public = bytes.fromhex(e["public"])
            kid = base64.urlsafe_b64encode(hashlib.sha256(public).digest()[:12]).decode()
            if kid != e["kid"] or (trusted and kid not in trusted):
                bad.append(f"key {e['kid']}: not the key of this id, or not one that you trust")
            else:
                keys[kid] = public
        elif e.get("checkpoint"):
            points += 1
            where = f"checkpoint {e['writer']} #{e['seq']}"
            if e["kid"] not in keys or not signed(keys[e["kid"]], checkpoint_text(e), bytes.fromhex(e["sig"])):
                bad.append(f"{where}: the signature is not valid")
            elif e["seq"] and hashes.get((e["writer"], e["seq"])) != e["hash"]:
                bad.append(f"{where}: the chain is not the one that was signed")
        else:
            records += 1
            where = f"record {e['writer']} #{e['seq']}"
            seq, prev = ends.get(e["writer"], (0, "00" * 32))
            if e["seq"] != seq + 1 or e["prev"] != prev:
                bad.append(f"{where}: does not follow #{seq}")
            if record_hash(e) != e["hash"]:
                bad.append(f"{where}: was altered")
            ends[e["writer"]] = (e["seq"], e["hash"])
            hashes[e["writer"], e["seq"]] = e["hash"]
    print(*bad, sep="\n", end="\n" if bad else "")
    print(f"{records} records in {len(ends)} chains, {points} signed checkpoints, {len(bad)} problems")
    return 1 if bad or not records else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
