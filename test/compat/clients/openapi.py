"""Validates the server's OpenAPI document against the OpenAPI 3.1 schema."""

import json
import urllib.request

from openapi_spec_validator import OpenAPIV31SpecValidator

from report import URL, due, report


def valid():
    with urllib.request.urlopen(URL + "/openapi.json", timeout=10) as answer:
        document = json.load(answer)
    due(document["openapi"].startswith("3.1"), document["openapi"])
    errors = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in OpenAPIV31SpecValidator(document).iter_errors()]
    due(not errors, "; ".join(errors[:5]))
    due(len(document["paths"]) > 20, "few paths")
    operations = [o.get("operationId") for p in document["paths"].values() for m, o in p.items() if m != "parameters"]
    return "works", f"{len(document['paths'])} paths, {len(operations)} operations"


report("OpenAPI 3.1", "openapi-spec-validator", valid)
