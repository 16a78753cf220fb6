#!/usr/bin/env bash
# The curl commands of the published page, with the host, the ids and the
# secrets put in and nothing else changed; then SQL, as the page's next step.
set -u
say() { python3 -c 'import json,sys; print(json.dumps(dict(zip(("client","method","result","detail"), sys.argv[1:]))))' curl "$@"; }
check() { # NAME BODY PYTHON-CONDITION
  if detail=$(python3 -c 'import json,sys; b=json.loads(sys.argv[1]); assert eval(sys.argv[2]), sys.argv[1]; print(eval(sys.argv[3]))' "$2" "$3" "$4" 2>&1); then
    say "$1" works "$detail"
  else
    say "$1" failed "$(tail -1 <<<"$detail")"
  fi
}

body=$(curl -sS --request POST \
 --url "$POSTERN_URL"/oauth/v2/token/ \
 --header 'accept: application/json' \
 --header 'content-type: application/x-www-form-urlencoded' \
 --data grant_type=client_credentials \
 --data client_id="$POSTERN_CLIENT_ID" \
 --data client_secret="$POSTERN_CLIENT_SECRET" 2>&1)
check "token" "$body" 'b["token_type"]=="Bearer" and b["access_token"].count(".")==2' '"a JWT for %d s" % b["expires_in"]'
token=$(python3 -c 'import json,sys; print(json.loads(sys.argv[1]).get("access_token",""))' "$body")

body=$(curl -sS -X POST "$POSTERN_URL/api/v2/auth/credentials/" \
 -H "Authorization: Bearer $token" \
 -H "Content-Type: application/json" \
 -d '{ "state": "unique_identifier", "username": "'"$COMPAT_USERNAME"'", "password": "'"$COMPAT_PASSWORD"'", "dp_id": "'"$COMPAT_DP_ID"'" }' 2>&1)
check "credentials" "$body" 'b["auth_id"] and b["status"]=="active" and b["dp_id"]' '"stored and tried: " + b["status"]'

body=$(curl -sS -X POST "$POSTERN_URL/ai/api/v1/chats/tool/default/sql_execution_tool/stream" \
 -H "Authorization: Bearer $token" \
 -H "Content-Type: application/json" \
 -d "$(python3 -c 'import json,sys; print(json.dumps(dict(zip(("data_product_id","sql","result_table_name"), sys.argv[1:]))))' "$COMPAT_DP_ID" "$COMPAT_SQL" answer)" 2>&1)
last=$(grep '^data: ' <<<"$body" | tail -1 | cut -c7-)
check "SQL" "$last" 'len(b["model_message"]["parts"][0]["content"]["rows"])>0' '"%d rows" % b["model_message"]["parts"][0]["content"]["row_count"]'

body=$(curl -sS -X POST "$POSTERN_URL/ai/mcp/" \
 -H "Authorization: Bearer $token" \
 -H "Content-Type: application/json" -H "Accept: application/json, text/event-stream" \
 -d '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' 2>&1)
check "MCP tools/list" "$body" 'any(t["name"]=="sql_execution_tool" for t in b["result"]["tools"])' '"%d tools" % len(b["result"]["tools"])'
