// The MCP project's TypeScript clients: the 1.x package, which speaks the
// revisions with a handshake, and the 2.x client, which speaks 2026-07-28 too.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { POSTERN_URL, POSTERN_CLIENT_ID, POSTERN_CLIENT_SECRET, COMPAT_PRODUCTS, COMPAT_NODE_MODULES } = process.env;
const products = JSON.parse(COMPAT_PRODUCTS);
const require = createRequire(COMPAT_NODE_MODULES + '/');
const named = (name) => `${name} ${JSON.parse(readFileSync(`${COMPAT_NODE_MODULES}/${name}/package.json`)).version}`;
const load = async (name) => import(pathToFileURL(require.resolve(name)));

function due(condition, what) {
  if (!condition) throw new Error('unexpected answer: ' + what);
}

async function report(client, method, check) {
  let result = 'works', detail;
  try {
    detail = await check();
  } catch (e) {
    result = 'failed';
    detail = `${e.name}: ${e.message}`;
  }
  console.log(JSON.stringify({ client, method, result, detail: String(detail).slice(0, 300) }));
}

async function token() {
  const answer = await fetch(POSTERN_URL + '/oauth/v2/token/', {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: POSTERN_CLIENT_ID, client_secret: POSTERN_CLIENT_SECRET }),
  });
  return (await answer.json()).access_token;
}

async function run(client, product, sql) {
  const result = await client.callTool({ name: 'sql_execution_tool', arguments: { data_product_id: product.id, sql, result_table_name: 'answer' } });
  const text = result.content[0].text;
  due(JSON.stringify(JSON.parse(text)) === JSON.stringify(result.structuredContent), 'text and structured content differ');
  return result;
}

async function drive(name, client, transport, revision) {
  await report(name, 'connect', async () => {
    await client.connect(transport);
    const negotiated = client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion;
    due(negotiated === revision, `revision ${negotiated}, want ${revision}`);
    return negotiated;
  });
  await report(name, 'tools/list', async () => {
    const { tools } = await client.listTools();
    due(tools.some((t) => t.name === 'sql_execution_tool'), tools.map((t) => t.name));
    return `${tools.length} tools`;
  });
  for (const p of products) {
    await report(name, `sql_execution_tool on ${p.engine}`, async () => {
      const result = await run(client, p, p.sql);
      due(!result.isError, result.content[0].text);
      const rows = result.structuredContent.rows.map((r) => r.map(String));
      due(JSON.stringify(rows) === JSON.stringify(p.rows), JSON.stringify(rows));
      return `${rows.length} rows`;
    });
  }
  await report(name, 'sql_execution_tool that writes', async () => {
    const result = await run(client, products[0], products[0].write);
    due(result.isError && result.structuredContent.error.lock === 'statement', result.content[0].text);
    return result.structuredContent.error.message;
  });
  await client.close();
}

const url = new URL(POSTERN_URL + '/ai/mcp/');
const requestInit = { headers: { Authorization: 'Bearer ' + (await token()) } };
const info = { name: 'compat', version: '1' };

const one = await load('@modelcontextprotocol/sdk/client/index.js');
const oneHTTP = await load('@modelcontextprotocol/sdk/client/streamableHttp.js');
const oneName = named('@modelcontextprotocol/sdk');
await drive(oneName, new one.Client(info), new oneHTTP.StreamableHTTPClientTransport(url, { requestInit }), '2025-11-25');

await report(oneName, 'no token', async () => {
  try {
    await new one.Client(info).connect(new oneHTTP.StreamableHTTPClientTransport(url));
  } catch (e) {
    due(e.code === 401 || /401|Unauthorized/.test(e.message), e.message);
    return '401';
  }
  throw new Error('unexpected answer: a session');
});

await report(oneName, 'discovery', async () => {
  const auth = await load('@modelcontextprotocol/sdk/client/auth.js');
  const refused = await fetch(url, { method: 'POST' });
  const from = auth.extractWWWAuthenticateParams(refused);
  const resource = await auth.discoverOAuthProtectedResourceMetadata(url, { resourceMetadataUrl: from.resourceMetadataUrl });
  const server = await auth.discoverAuthorizationServerMetadata(resource.authorization_servers[0]);
  due(server.token_endpoint === POSTERN_URL + '/oauth/v2/token/', JSON.stringify(server));
  return `401, then ${from.resourceMetadataUrl.pathname}, then the authorization server's metadata`;
});

await report(oneName, 'ClientCredentialsProvider', async () => {
  const { ClientCredentialsProvider } = await load('@modelcontextprotocol/sdk/client/auth-extensions.js');
  const authProvider = new ClientCredentialsProvider({ clientId: POSTERN_CLIENT_ID, clientSecret: POSTERN_CLIENT_SECRET, expectedIssuer: POSTERN_URL });
  const client = new one.Client(info);
  await client.connect(new oneHTTP.StreamableHTTPClientTransport(url, { authProvider }));
  const { tools } = await client.listTools();
  await client.close();
  return `finds the token endpoint by itself; ${tools.length} tools`;
});

const two = await load('@modelcontextprotocol/client');
const twoName = named('@modelcontextprotocol/client');
for (const [mode, revision] of [['legacy', '2025-11-25'], ['auto', '2026-07-28'], [{ pin: '2026-07-28' }, '2026-07-28']]) {
  const client = new two.Client(info, { versionNegotiation: { mode } });
  await drive(`${twoName} ${mode.pin ? 'pinned' : mode}`, client, new two.StreamableHTTPClientTransport(url, { requestInit }), revision);
}
