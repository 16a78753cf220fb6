"""The vendor's own MCP server, which is a client of the REST API, driven over
stdio and over HTTP by an MCP client."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from importlib.metadata import version

import requests
from alation_ai_agent_sdk.sdk import AlationTools
from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

from report import CLIENT_ID, CLIENT_SECRET, PRODUCTS, URL, due, not_available, report, short, tool_return

NAME = f"alation-ai-agent-mcp {version('alation-ai-agent-mcp')}"
SERVER = os.path.join(os.path.dirname(sys.executable), "start-alation-mcp-server")
PRODUCT = PRODUCTS[0]["id"]


def command():
    if os.path.exists(SERVER):
        return [SERVER]
    return [sys.executable, "-m", "alation_ai_agent_mcp"]


def answer_of(result):
    text = "".join(c.text for c in result.content if hasattr(c, "text"))
    try:
        return json.loads(text)
    except ValueError:
        return text


def last(answer):
    return answer[-1] if isinstance(answer, list) and answer else answer


def listed(tools):
    names = {t.name for t in tools}
    due(len(names) >= 16, short(sorted(names)))
    return "works", f"{len(names)} tools"


def products(answer):
    answer = last(answer)
    due(isinstance(answer, dict), short(answer))
    if "results" not in answer:
        due("model_message" in answer, short(answer))
        return "partly", "the first event of the stream, which is the echoed request"
    due(answer["results"][0]["product_id"] == PRODUCT, short(answer))
    return "works", "instructions and results"


def sources(answer):
    content = tool_return(last(answer))
    due(isinstance(content, list) and content and "title" in content[0], short(content))
    return "works", f"{len(content)} sources"


def catalog(answer):
    content = tool_return(last(answer))
    due(not_available(content), short(content))
    return "not_available", "the tool-return says so"


def agent(answer):
    part = last(answer)["model_message"]["parts"][0]
    if "is not available" in part["content"]:
        return "not_available", "the last message says so"
    due(last(answer)["postern"]["status"] == "answered", short(answer))
    return "works", part["content"]


SIGNATURE = {"table": {"fields_required": ["name"], "limit": 1}}

# Each tool the server can offer, with what a call of it needs.
CALLS = {
    "get_data_products": ({"product_id": PRODUCT}, products),
    "get_data_sources_tool": ({}, sources),
    "sql_query_agent": ({"message": "how many orders?", "data_product_id": PRODUCT}, agent),
    "query_flow_agent": ({"message": "how many flights are there?", "marketplace_id": "default"}, agent),
    "catalog_context_search_agent": ({"message": "orders"}, agent),
    "custom_agent": ({"agent_config_id": "default/charting_agent", "payload": {"message": "number of orders by customer", "data_product_id": PRODUCT}}, agent),
    "alation_context": ({"question": "which tables hold orders?"}, catalog),
    "bulk_retrieval": ({"signature": SIGNATURE}, catalog),
    "get_context_by_id": ({"signature": SIGNATURE}, catalog),
    "get_data_quality": ({"sql_query": "SELECT 1", "ds_id": 1}, catalog),
    "get_lineage": ({"root_node": {"id": 1, "otype": "table"}, "direction": "upstream"}, catalog),
    "analyze_catalog_question": ({"question": "which tables hold orders?"}, catalog),
    "generate_data_product": ({}, catalog),
    "get_custom_fields_definitions": ({}, catalog),
    "get_data_dictionary_instructions": ({}, catalog),
    "get_signature_creation_instructions": ({}, catalog),
}

def own_fault(answer):
    """Over HTTP the server streams, so these two give a generator where they
    declared an object: they fail whatever Postern answers."""
    due(isinstance(answer, str) and ("structured_content must be" in answer or "Output validation error" in answer), short(answer))
    return "own_fault", "the client declares an object and returns a generator"


OVER_HTTP = CALLS | {"generate_data_product": ({}, own_fault), "get_data_quality": (CALLS["get_data_quality"][0], own_fault)}

# Every tool on, the ones that are off at first included.
ON = {
    "ALATION_ENABLED_TOOLS": ",".join(v for n, v in vars(AlationTools).items() if n.isupper()),
    "ALATION_ENABLED_BETA_TOOLS": AlationTools.LINEAGE,
}


async def drive(name, transport, calls):
    try:
        async with Client(transport, timeout=60) as client:
            tools = await client.list_tools()
            report(name, "tools/list", lambda: listed(tools))
            for tool in sorted({t.name for t in tools} | set(calls)):
                if tool not in calls:
                    report(name, tool, lambda: ("failed", "a tool of the server that is not tried here"))
                    continue
                arguments, check = calls[tool]
                result = await client.call_tool(tool, arguments, raise_on_error=False)
                report(name, tool, lambda: check(answer_of(result)))
    except Exception as e:
        report(name, "start", lambda: ("failed", f"{type(e).__name__}: {e}"))


def stdio():
    env = dict(os.environ, **ON, ALATION_BASE_URL=URL, ALATION_AUTH_METHOD="service_account",
               ALATION_CLIENT_ID=CLIENT_ID, ALATION_CLIENT_SECRET=CLIENT_SECRET)
    cmd = command()
    asyncio.run(drive(NAME + " stdio", StdioTransport(cmd[0], cmd[1:], env=env), CALLS))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait(url, process):
    for _ in range(600):
        due(process.poll() is None, "the server ended")
        try:
            return requests.post(url, json={}, timeout=5).status_code
        except requests.ConnectionError:
            time.sleep(0.1)
    due(False, "the server does not listen")


def http():
    port = free_port()
    env = dict(os.environ, **ON, ALATION_BASE_URL=URL)
    process = subprocess.Popen(command() + ["--transport", "http", "--host", "127.0.0.1", "--port", str(port)],
                               env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/mcp"
    try:
        def refused():
            status = wait(url, process)
            due(status == 401, f"status {status}")
            return "works", "401 without a token"
        report(NAME + " http", "no token", refused)
        token = requests.post(URL + "/oauth/v2/token/", data={
            "grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}, timeout=10).json()["access_token"]
        asyncio.run(drive(NAME + " http", StreamableHttpTransport(url, headers={"Authorization": "Bearer " + token}), OVER_HTTP))
    finally:
        process.terminate()
        process.wait(10)


stdio()
http()
