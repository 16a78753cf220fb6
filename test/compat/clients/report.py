"""What the Python clients share: one line of JSON per method tried.

A method's result is one of works, partly, not_available, own_fault (the client
fails whatever the server answers) and failed. A check
returns (result, detail), raises Surprise when the answer is not the one that
was due, or raises anything else, which is the client's own failure.
"""

import json
import os

URL = os.environ["POSTERN_URL"]
CLIENT_ID = os.environ["POSTERN_CLIENT_ID"]
CLIENT_SECRET = os.environ["POSTERN_CLIENT_SECRET"]

# The data products the harness made, and a statement with its answer on each.
PRODUCTS = json.loads(os.environ["COMPAT_PRODUCTS"])


class Surprise(Exception):
    """The answer is not the one that was due."""


def due(condition, what):
    if not condition:
        raise Surprise(what)


def short(value):
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return " ".join(text.split())[:300]


def report(client, method, check):
    try:
        result, detail = check()
    except Surprise as e:
        result, detail = "failed", f"unexpected answer: {e}"
    except Exception as e:  # whatever a client raises is what its user would see
        result, detail = "failed", f"{type(e).__name__}: {e}"
    line = {"client": client, "method": method, "result": result, "detail": short(detail)}
    print(json.dumps(line), flush=True)


def tool_return(event, what="answer"):
    """The content of the tool-return in an event of a stream."""
    due(isinstance(event, dict) and "model_message" in event, f"{what}: {short(event)}")
    for part in event["model_message"]["parts"]:
        if isinstance(part, dict) and part.get("part_kind") == "tool-return":
            return part["content"]
    raise Surprise(f"{what} has no tool-return: {short(event)}")


def not_available(content):
    """Whether a tool-return says that the tool is not in this Postern."""
    return isinstance(content, dict) and isinstance(content.get("error"), dict) and content["error"].get("name") == "not_available"


def rows_of(content, product):
    """Checks the rows a statement gave against those it should give."""
    due(isinstance(content, dict) and "rows" in content, f"no rows: {short(content)}")
    got = [[str(v) for v in row] for row in content["rows"]]
    due(got == product["rows"], f"rows {got}, want {product['rows']}")
