"""Every public method of alation-ai-agent-sdk, as its users call them."""

import inspect
import logging
from importlib.metadata import version

import requests
from alation_ai_agent_sdk import AlationAIAgentSDK, ServiceAccountAuthParams
from alation_ai_agent_sdk.sdk import AgentSDKOptions
from alation_ai_agent_sdk.types import BearerTokenAuthParams

from report import CLIENT_ID, CLIENT_SECRET, PRODUCTS, URL, Surprise, due, not_available, report, short, tool_return

logging.disable(logging.CRITICAL)  # the SDK logs what it also returns
PRODUCT = PRODUCTS[0]["id"]
NAME = f"alation-ai-agent-sdk {version('alation-ai-agent-sdk')}"


def make(streaming, auth="service_account", params=None):
    params = params or ServiceAccountAuthParams(CLIENT_ID, CLIENT_SECRET)
    return AlationAIAgentSDK(URL, auth, params, enabled_beta_tools={"lineage"}, sdk_options=AgentSDKOptions(enable_streaming=streaming))


def events(answer):
    """The events of an answer: a generator when streaming, else the last."""
    return list(answer) if inspect.isgenerator(answer) else [answer]


def error_of(event):
    if isinstance(event, dict) and "error" in event and "model_message" not in event:
        return event["error"]
    return None


def products(answer):
    """The documented answer of get_data_products: instructions and results."""
    due(inspect.isgenerator(answer) is False, "a generator")
    due(error_of(answer) is None, short(answer))
    if set(answer) != {"instructions", "results"}:
        return "partly", "the first event of the stream, which is the echoed request"
    due(any(p["product_id"] == PRODUCT for p in answer["results"]), short(answer))
    return "works", f"{len(answer['results'])} results"


def sources(answer):
    last = events(answer)[-1]
    content = tool_return(last)
    due(isinstance(content, list) and content and {"id", "title", "url"} <= set(content[0]), short(content))
    return "works", f"{len(content)} sources"


def tool(answer):
    """A tool of the vendor's data catalog: its stream has to say it is not here."""
    got = events(answer)
    due(error_of(got[-1]) is None, short(got[-1]))
    content = tool_return(got[-1])
    due(not_available(content), short(content))
    return "not_available", "a whole stream, with a tool-return that says so"


def agent(answer):
    """An agent: answered, or said not to be available in a whole stream."""
    got = events(answer)
    due(error_of(got[-1]) is None, short(got[-1]))
    last = got[-1]
    part = last["model_message"]["parts"][0]
    due(last["model_message"]["kind"] == "response" and part["part_kind"] == "text", short(last))
    if "is not available" in part["content"]:
        due(last["postern"]["status"] == "failed", short(last))
        return "not_available", "a whole stream, with a last message that says so"
    due(last["postern"]["status"] == "answered", short(last))
    return "works", part["content"]


SIGNATURE = {"table": {"fields_required": ["name"], "limit": 1}}

# Each public method of the SDK, with arguments of its documentation's kind.
METHODS = {
    "get_context": lambda sdk: tool(sdk.get_context("which tables hold orders?", signature=SIGNATURE)),
    "get_bulk_objects": lambda sdk: tool(sdk.get_bulk_objects(SIGNATURE)),
    "get_data_products": lambda sdk: products(sdk.get_data_products(product_id=PRODUCT)),
    "check_data_quality": lambda sdk: tool(sdk.check_data_quality(sql_query="SELECT 1", ds_id=1)),
    "generate_data_product": lambda sdk: tool(sdk.generate_data_product()),
    "get_custom_fields_definitions": lambda sdk: tool(sdk.get_custom_fields_definitions()),
    "get_data_dictionary_instructions": lambda sdk: tool(sdk.get_data_dictionary_instructions()),
    "get_signature_creation_instructions": lambda sdk: tool(sdk.get_signature_creation_instructions()),
    "get_context_by_id": lambda sdk: tool(sdk.get_context_by_id(SIGNATURE)),
    "analyze_catalog_question": lambda sdk: tool(sdk.analyze_catalog_question("which tables hold orders?")),
    "catalog_context_search_agent": lambda sdk: agent(sdk.catalog_context_search_agent("orders")),
    "query_flow_agent": lambda sdk: agent(sdk.query_flow_agent("how many flights are there?", "default")),
    "sql_query_agent": lambda sdk: agent(sdk.sql_query_agent("how many orders?", PRODUCT)),
    "get_data_sources": lambda sdk: sources(sdk.get_data_sources()),
    "execute_custom_agent": lambda sdk: agent(
        sdk.execute_custom_agent("default/charting_agent", {"message": "number of orders by customer", "data_product_id": PRODUCT})),
}

# What is reached in other ways than by a method of the SDK's own.
OTHERS = {
    "get_data_products(query)": lambda sdk: products(sdk.get_data_products(query=PRODUCTS[0]["word"])),
    "lineage_tool.run": lambda sdk: tool(sdk.lineage_tool.run(root_node={"id": 1, "otype": "table"}, direction="upstream")),
}


def methods(mode, sdk):
    public = {n for n, f in inspect.getmembers(sdk, inspect.ismethod) if not n.startswith("_")} - {"get_tools"}
    for name in sorted(public | set(METHODS)):
        if name not in METHODS:
            report(mode, name, lambda: ("failed", "a method of the SDK that is not tried here"))
            continue
        report(mode, name, lambda: METHODS[name](sdk))
    for name, check in OTHERS.items():
        report(mode, name, lambda: check(sdk))


def constructor(sdk):
    due(sdk.api.is_cloud is True, f"is_cloud is {sdk.api.is_cloud}")
    due(sdk.api.alation_release_name, "no release name")
    due(sdk.api._token_is_valid_on_server(), "the token is said to be invalid")
    return "works", f"token, license, release {sdk.api.alation_release_name}, introspection"


def get_tools(sdk):
    return "works", f"{len(sdk.get_tools())} tools; reads the server's release, calls nothing"


def wrong_secret():
    try:
        make(False, params=ServiceAccountAuthParams(CLIENT_ID, "wrong"))
    except Exception as e:
        due(getattr(e, "status_code", None) == 401 and "invalid_client" in str(e), repr(e))
        return "works", f"refused: {e}"
    raise Surprise("no error")


def unknown_product(sdk):
    error = error_of(sdk.get_data_products(product_id="no_such:product"))
    due(error and error["status_code"] == 404 and error["reason"] == "Not Found", short(error))
    return "works", "the SDK's own error for a 404"


def bearer():
    grant = requests.post(URL + "/oauth/v2/token/", data={
        "grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}, timeout=10).json()
    return products(make(False, "bearer_token", BearerTokenAuthParams(grant["access_token"])).get_data_products(product_id=PRODUCT))


def telemetry(sdk):
    answers = []
    post = requests.post

    def spy(url, **kwargs):
        answer = post(url, **kwargs)
        if "tool/event" in url:
            answers.append(answer.status_code)
        return answer
    requests.post = spy
    try:
        sdk.api.post_tool_event({
            "tool_name": "GetDataSourcesTool", "tool_version": "1", "tool_metadata": {}, "context_char_count": 0,
            "request_duration_ms": 1, "status_code": 200, "error_message": None, "timestamp": "2026-01-01T00:00:00Z"}, 10, 0)
    finally:
        requests.post = post
    due(answers and 200 <= answers[0] < 300, f"answers {answers}")
    return "works", f"status {answers[0]}"


def catalog(call):
    """Calls of the catalog's REST API, outside the agents' surface."""
    try:
        call()
    except Exception as e:
        due(getattr(e, "status_code", None) == 404, repr(e))
        return "not_available", "404, raised as the SDK's own error"
    raise Surprise("an answer")


def main():
    plain = make(False)
    report(NAME, "constructor", lambda: constructor(plain))
    report(NAME, "get_tools", lambda: get_tools(plain))
    report(NAME, "constructor, wrong secret", wrong_secret)
    report(NAME, "constructor, bearer_token", bearer)
    report(NAME, "get_data_products, unknown id", lambda: unknown_product(plain))
    report(NAME, "api.post_tool_event", lambda: telemetry(plain))
    report(NAME, "api.get_custom_fields", lambda: catalog(plain.api.get_custom_fields))
    report(NAME, "api.get_context_from_catalog", lambda: catalog(lambda: plain.api.get_context_from_catalog("orders")))
    methods(NAME, plain)
    methods(NAME + " streaming", make(True))


main()
