"""allie-sdk: the vendor's client of its data catalog.

None of its releases on PyPI (the last is 2.2.3) has a module for data products;
its repository has one that is not released. So what can be tried is how it
signs in, and how its catalog calls fail. The requests of the unreleased module
are played, as what they are, in cmd/postern/testdata/wire.
"""

import logging
from importlib.metadata import version

import allie_sdk
from allie_sdk import Alation

from report import CLIENT_ID, CLIENT_SECRET, URL, Surprise, due, report

logging.disable(logging.CRITICAL)
NAME = f"allie-sdk {version('allie-sdk')}"


def sign_in():
    alation = Alation(URL, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    due(alation.access_token.count(".") == 2, "the access token is no JWT")
    return "works", "client credentials at /oauth/v2/token, without the slash"


def given_token():
    token = Alation(URL, client_id=CLIENT_ID, client_secret=CLIENT_SECRET).access_token
    due(Alation(URL, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, access_token=token).access_token == token, "another token")
    return "works", "takes the token it is given, asks nothing"


def wrong_secret():
    try:
        alation = Alation(URL, client_id=CLIENT_ID, client_secret="wrong")
    except Exception as e:
        due("401" in str(e) or "invalid_client" in str(e), repr(e))
        return "works", f"refused: {e}"
    raise Surprise(f"a token: {alation.access_token}")


def refresh_token():
    try:
        Alation(URL, user_id=1, refresh_token="none")
    except Exception as e:
        return "not_available", f"{type(e).__name__}: {e}"
    raise Surprise("a token")


def data_products():
    due(not hasattr(Alation, "data_product") and not any("data_product" in n for n in dir(allie_sdk.methods)), "there is a module now: try it here")
    return "not_available", "this release of the client has no such module"


def catalog():
    alation = Alation(URL, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    try:
        answer = alation.datasource.get_ocf_datasources()
    except Exception as e:
        due("404" in str(e) or getattr(getattr(e, "response", None), "status_code", 0) == 404, repr(e))
        return "not_available", "404, raised as the client's own error"
    raise Surprise(f"an answer: {answer}")


report(NAME, "Alation(client_id, client_secret)", sign_in)
report(NAME, "Alation(access_token)", given_token)
report(NAME, "Alation, wrong secret", wrong_secret)
report(NAME, "Alation(refresh_token)", refresh_token)
report(NAME, "data products", data_products)
report(NAME, "datasource.get_ocf_datasources", catalog)
