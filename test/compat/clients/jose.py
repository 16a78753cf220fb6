"""Verifies an access token as resource servers would: with PyJWT, Authlib and
joserfc, through the key set whose address the server's metadata gives; and
checks that a changed token, a foreign audience and another algorithm fail."""

import base64
import json
import os
import urllib.request

import jwt
from authlib.jose import JsonWebToken
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

from report import URL, Surprise, due, report

TOKEN = os.environ["COMPAT_TOKEN"]
ALG = os.environ["COMPAT_ALG"]
NAME = f"JOSE {ALG}"


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


META = fetch(URL + "/.well-known/oauth-authorization-server")
KEYS = fetch(META["jwks_uri"])
AUDIENCES = [URL, URL + "/ai/mcp/"]


def changed():
    head, body, signature = TOKEN.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    claims["role"] = "server_admin"
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


def refused(check, *errors):
    try:
        check()
    except errors:
        return
    raise Surprise("a token that should be refused passes")


def pyjwt():
    key = jwt.PyJWKClient(META["jwks_uri"]).get_signing_key_from_jwt(TOKEN)
    need = {"require": ["iss", "sub", "aud", "exp", "iat", "jti"]}
    for audience in AUDIENCES:
        claims = jwt.decode(TOKEN, key, algorithms=[ALG], issuer=META["issuer"], audience=audience, options=need)
    due(jwt.get_unverified_header(TOKEN)["typ"] == "at+jwt", "typ")
    due(claims["client_id"] and claims["role"] == "viewer", claims)
    other = "RS256" if ALG != "RS256" else "ES256"
    refused(lambda: jwt.decode(changed(), key, algorithms=[ALG], audience=URL), jwt.InvalidSignatureError)
    refused(lambda: jwt.decode(TOKEN, key, algorithms=[ALG], audience="https://elsewhere.example"), jwt.InvalidAudienceError)
    refused(lambda: jwt.decode(TOKEN, key, algorithms=[other], audience=URL), jwt.InvalidAlgorithmError)
    return "works", "signature, issuer, both audiences; refuses a changed token, a foreign audience, another algorithm"


def authlib():
    options = {"iss": {"essential": True, "value": META["issuer"]}, "aud": {"essential": True, "value": URL}}
    from authlib.jose import JsonWebKey
    claims = JsonWebToken([ALG]).decode(TOKEN, JsonWebKey.import_key_set(KEYS), claims_options=options)
    claims.validate()
    refused(lambda: JsonWebToken([ALG]).decode(changed(), JsonWebKey.import_key_set(KEYS)), Exception)
    return "works", "signature, issuer, audience, times"


def joserfc():
    keys = KeySet.import_key_set(KEYS)
    token = joserfc_jwt.decode(TOKEN, keys, algorithms=[ALG])
    joserfc_jwt.JWTClaimsRegistry(iss={"essential": True, "value": META["issuer"]}, aud={"essential": True, "value": URL}).validate(token.claims)
    refused(lambda: joserfc_jwt.decode(changed(), keys, algorithms=[ALG]), Exception)
    return "works", "signature, issuer, audience, times"


report(NAME, "PyJWT", pyjwt)
report(NAME, "Authlib", authlib)
report(NAME, "joserfc", joserfc)
