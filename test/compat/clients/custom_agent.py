"""A custom agent, called by its id as users of alation-ai-agent-sdk call it."""

import logging
import os
from importlib.metadata import version

from alation_ai_agent_sdk import AlationAIAgentSDK, ServiceAccountAuthParams
from alation_ai_agent_sdk.sdk import AgentSDKOptions

from report import CLIENT_ID, CLIENT_SECRET, URL, due, report, short

logging.disable(logging.CRITICAL)
AGENT = os.environ["COMPAT_AGENT_ID"]
NAME = f"alation-ai-agent-sdk {version('alation-ai-agent-sdk')}"


def make(streaming):
    return AlationAIAgentSDK(URL, "service_account", ServiceAccountAuthParams(CLIENT_ID, CLIENT_SECRET), sdk_options=AgentSDKOptions(enable_streaming=streaming))


def answered(got):
    last = got[-1]
    due(last["agent_id"] == AGENT and last["postern"]["status"] == "answered" and last["postern"]["tier"] == "llm_text", short(last))
    text = last["model_message"]["parts"][0]["content"]
    due(text.startswith("There are as many orders as the table says."), text)
    return "works", text


def refused(answer, status):
    due(answer["error"]["status_code"] == status, short(answer))
    return "works", f"the SDK's own error for a {status}"


def main():
    plain, streaming = make(False), make(True)
    payload = {"message": "how many orders?"}
    report(NAME, "execute_custom_agent", lambda: answered([plain.execute_custom_agent(AGENT, payload)]))
    report(NAME, "execute_custom_agent, streaming", lambda: answered(list(streaming.execute_custom_agent(AGENT, payload))))
    # Only the status of an error on a stream reaches the SDK's callers.
    report(NAME, "execute_custom_agent, unknown id", lambda: refused(plain.execute_custom_agent("00000000-0000-4000-8000-000000000000", payload), 404))


main()
