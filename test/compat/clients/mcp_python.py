"""The MCP project's Python client, on the revisions it can be told to speak."""

import asyncio
import json
from importlib.metadata import version

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from report import CLIENT_ID, CLIENT_SECRET, PRODUCTS, URL, due, report, rows_of, short

NAME = f"mcp (Python) {version('mcp')}"


def token():
    return httpx2.post(URL + "/oauth/v2/token/", data={
        "grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}).json()["access_token"]


def listed(tools):
    names = sorted(t.name for t in tools)
    due("sql_execution_tool" in names and "get_data_schema_tool" in names, short(names))
    return "works", f"{len(names)} tools"


def rows(result, product):
    due(not result.is_error, short(result.content[0].text))
    due(json.loads(result.content[0].text) == result.structured_content, "text and structured content differ")
    rows_of(result.structured_content, product)
    return "works", f"{len(product['rows'])} rows"


def refused(result):
    due(result.is_error, "no error")
    error = json.loads(result.content[0].text)["error"]
    due(error["lock"] == "statement", short(error))
    return "works", error["message"]


async def drive(mode, path):
    name = f"{NAME} {mode}" + ("" if path.endswith("/") else " without slash")
    try:
        async with httpx2.AsyncClient(headers={"Authorization": "Bearer " + token()}) as http:
            async with Client(streamable_http_client(URL + path, http_client=http), mode=mode) as client:
                negotiated = client.protocol_version
                want = "2025-11-25" if mode == "legacy" else "2026-07-28"
                report(name, "connect", lambda: ("works", negotiated) if negotiated == want else ("failed", f"revision {negotiated}, want {want}"))
                tools = (await client.list_tools()).tools
                report(name, "tools/list", lambda: listed(tools))
                for p in PRODUCTS:
                    args = {"data_product_id": p["id"], "sql": p["sql"], "result_table_name": "answer"}
                    result = await client.call_tool("sql_execution_tool", args)
                    report(name, f"sql_execution_tool on {p['engine']}", lambda: rows(result, p))
                args["sql"] = p["write"]
                result = await client.call_tool("sql_execution_tool", args)
                report(name, "sql_execution_tool that writes", lambda: refused(result))
    except BaseException as e:
        while isinstance(e, BaseExceptionGroup):
            e = e.exceptions[0]
        report(name, "session", lambda: ("failed", f"{type(e).__name__}: {e}"))


for mode, path in (("legacy", "/ai/mcp/"), ("auto", "/ai/mcp/"), ("2026-07-28", "/ai/mcp")):
    asyncio.run(drive(mode, path))
