// Verifies an access token with npm's jose, through the key set's address.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { POSTERN_URL, COMPAT_TOKEN, COMPAT_ALG, COMPAT_NODE_MODULES } = process.env;
const require = createRequire(COMPAT_NODE_MODULES + '/');
const { createRemoteJWKSet, jwtVerify } = await import(pathToFileURL(require.resolve('jose')));

const line = { client: 'JOSE ' + COMPAT_ALG, method: 'jose (npm)', result: 'works', detail: 'signature, issuer, both audiences; refuses a foreign audience' };
try {
  const metadata = await (await fetch(POSTERN_URL + '/.well-known/oauth-authorization-server')).json();
  const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
  const rule = { issuer: metadata.issuer, algorithms: [COMPAT_ALG], typ: 'at+jwt', requiredClaims: ['client_id', 'jti', 'sub', 'exp', 'iat'] };
  for (const audience of [POSTERN_URL, POSTERN_URL + '/ai/mcp/']) await jwtVerify(COMPAT_TOKEN, keys, { ...rule, audience });
  const passed = await jwtVerify(COMPAT_TOKEN, keys, { ...rule, audience: 'https://elsewhere.example' }).catch((e) => e.code);
  if (passed !== 'ERR_JWT_CLAIM_VALIDATION_FAILED') throw new Error('a foreign audience passes');
} catch (e) {
  Object.assign(line, { result: 'failed', detail: `${e.name}: ${e.message}` });
}
console.log(JSON.stringify(line));
