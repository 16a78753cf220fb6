"""Parsers of chat streams as integrators write them: the n8n code node, the
recipe that takes parts[0].content of the last event, and a command line's
client that wants "data: " with its space and looks at tool-returns anywhere.
Only the standard library, as in a workflow's step."""

import base64
import json
import time
import urllib.request
from urllib.error import HTTPError

from report import CLIENT_ID, CLIENT_SECRET, PRODUCTS, URL, Surprise, due, report, rows_of, short

NAME = "recipe"


def call(path, body, headers=None, form=False):
    data = None if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    request = urllib.request.Request(URL + path, data, {"Content-Type": kind, **(headers or {})})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


TOKEN = json.loads(call("/oauth/v2/token/", f"grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}", form=True))["access_token"]
BEARER = {"Authorization": "Bearer " + TOKEN, "Accept": "text/event-stream"}


def sql(product, statement=None):
    return call("/ai/api/v1/chats/tool/default/sql_execution_tool/stream", {
        "data_product_id": product["id"], "sql": statement or product["sql"], "result_table_name": "answer"}, BEARER)


def n8n(text):
    """Skips comments and event lines, takes [DONE], collects parts by kind."""
    events = []
    for line in text.split("\n"):
        line = line.strip()
        if not line or line.startswith(":") or line.startswith("event:"):
            continue
        due(line.startswith("data:"), f"a line {line[:60]!r}")
        payload = line[5:].strip()
        if payload == "[DONE]":
            break
        events.append(json.loads(payload))
    return events


def n8n_sql():
    product = PRODUCTS[0]
    events = n8n(sql(product))
    assets = []
    for event in events:
        for part in event["model_message"]["parts"]:
            if part["part_kind"] == "tool-return":
                rows_of(part["content"], product)
                assets = part["metadata"]
    due(any(a["kind"] == "sql" for a in assets), f"no sql asset: {assets}")
    asset = next(a["id"] for a in assets if a["kind"] == "sql")
    request = urllib.request.Request(f"{URL}/ai/api/v1/assets/{asset}?chat_id={events[-1]['chat_id']}", headers=BEARER)
    with urllib.request.urlopen(request, timeout=60) as answer:
        csv = answer.read().decode()
    due(len(csv.splitlines()) == len(product["rows"]) + 1, csv)
    return "works", "rows from the tool-return, the full result from its CSV asset"


def n8n_chart():
    """As the documented workflow reads charts: JSON with base64 in data, base64 or content, a text, or an image."""
    product = PRODUCTS[0]
    kept = next(a["id"] for e in n8n(sql(product)) for p in e["model_message"]["parts"] if p["part_kind"] == "tool-return" for a in p["metadata"] if a["kind"] == "sql")
    events = n8n(call("/ai/api/v1/chats/tool/default/generate_chart_tool/stream", {"asset_id": kept, "image_title": "Orders"}, BEARER))
    chart = next(a["id"] for p in events[-1]["model_message"]["parts"] for a in p["metadata"] if a["kind"] == "chart")
    request = urllib.request.Request(f"{URL}/ai/api/v1/assets/{chart}?chat_id={events[-1]['chat_id']}", headers=BEARER)
    with urllib.request.urlopen(request, timeout=60) as answer:
        got = json.loads(answer.read())
    picture = base64.b64decode(next(got[k] for k in ("data", "base64", "content") if k in got))
    due(picture.startswith(b"\x89PNG"), short(got))
    return "works", "the picture from the chart asset"


def last_part_of_agent():
    text = call("/ai/api/v1/chats/agent/default/sql_query_agent/stream", {"message": "how many orders?", "data_product_id": PRODUCTS[0]["id"]}, BEARER)
    answer = n8n(text)[-1]["model_message"]["parts"][0]["content"]
    due(isinstance(answer, str) and answer, short(text))
    if "is not available" in answer:
        return "not_available", "the text that says so is where the recipe looks"
    return "works", answer


def last_part_of_tool():
    product = PRODUCTS[0]
    part = n8n(sql(product))[-1]["model_message"]["parts"][0]
    rows_of(part["content"], product)
    return "works", "parts[0].content of the last event"


def plugin():
    """As the vendor's plugins read: exact prefix, response parts, any tool-return."""
    product = PRODUCTS[0]
    found = None
    for line in sql(product).splitlines():
        if line.startswith(":") or not line.startswith("data: "):
            continue
        if line[6:] == "[DONE]":
            break
        for part in json.loads(line[6:])["model_message"]["parts"]:
            if part["part_kind"] in ("tool-return", "builtin-tool-return"):
                found = part["content"]
    rows_of(json.loads(found) if isinstance(found, str) else found, product)
    return "works", "rows"


def refusal():
    product = PRODUCTS[0]
    error = n8n(sql(product, product["write"]))[-1]["model_message"]["parts"][0]["content"]["error"]
    due(error["lock"] == "statement" and error["message"], short(error))
    return "works", error["message"]


def status(path, body, headers, want):
    try:
        call(path, body, headers)
    except HTTPError as e:
        due(e.code == want, f"status {e.code}, want {want}")
        return "works", f"{e.code} {e.read().decode()}"
    raise Surprise("an answer")


def called_later():
    """A call for later, polled as documented: 404 is its success, the outcome is in the chat."""
    product = PRODUCTS[0]
    body = {"data_product_id": product["id"], "sql": product["sql"], "result_table_name": "t"}
    task = json.loads(call(SQL.replace("/stream", "/call"), body, BEARER))
    for _ in range(200):
        try:
            call("/ai/api/v1/task/" + task["task_id"], None, BEARER)
        except HTTPError as e:
            due(e.code == 404, f"status {e.code}, want 404")
            break
        time.sleep(0.1)
    else:
        raise Surprise("the task did not end")
    messages = json.loads(call("/ai/api/v1/chats/" + task["chat_id"] + "/messages", None, BEARER))["data"]
    rows_of(messages[-1]["model_message"]["parts"][0]["content"], product)
    return "works", "rows, in the chat's last message"


SQL = "/ai/api/v1/chats/tool/default/sql_execution_tool/stream"
report(NAME, "n8n: SQL and its CSV asset", n8n_sql)
report(NAME, "n8n: chart of the asset", n8n_chart)
report(NAME, "last event's parts[0].content: tool", last_part_of_tool)
report(NAME, "last event's parts[0].content: agent", last_part_of_agent)
report(NAME, "command line: tool-return in any message", plugin)
report(NAME, "a refused statement", refusal)
report(NAME, "no token", lambda: status(SQL, {}, {}, 401))
report(NAME, "an invisible product", lambda: status(SQL, {"data_product_id": "no_such", "sql": "SELECT 1", "result_table_name": "t"}, BEARER, 404))
report(NAME, "a missing parameter", lambda: status(SQL, {"data_product_id": PRODUCTS[0]["id"]}, BEARER, 422))
report(NAME, "/call and /task", called_later)
