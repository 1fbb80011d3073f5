// panva's OpenID-certified oidc-provider, twice: two issuers on loopback, for the interop and the browser tests.
//
//   node server.mjs ALPHA_PORT BETA_PORT REDIRECT_URI…
//
// alpha signs RS256 and puts the claims into the ID token. beta signs ES256, keeps them for UserInfo (the
// library's default) and has a client secret that RFC 6749 section 2.3.1 wants encoded. Both require PKCE and make new
// keys at every start, so that a restart is a key rotation. Each also has a client that signs (its public key: SITE_KEY, a JWK) and a public one.
// People can log out at either. Both tell the site so; alpha says which session it was (sid), beta only whose (sub).
// Prints "ready" once both listen, and a line for each logout that the site was told of: the library's event, the client
// and, where the site refused, its status.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Provider, interactionPolicy } from 'oidc-provider';

const [alphaPort, betaPort, ...redirectUris] = process.argv.slice(2);
const siteKey = JSON.parse(process.env.SITE_KEY);
const PASSWORD = 'pw';
const claimsOf = { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'] };

const people = (domain) => Object.fromEntries(
  [['pat', 'Pat Admin', true], ['kim', 'Kim Park', true], ['uma', 'Uma Unverified', false]].map(
    ([key, name, email_verified]) => [key, {
      sub: `${domain}-${key}`, name, preferred_username: key, email: `${key}@${domain}.example`, email_verified,
    }],
  ),
);

const jwk = (type, options, alg) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid: randomUUID(),
});

const onTheSite = (path) => [...new Set(redirectUris.map((uri) => new URL(path, uri).href))];

function organisation(name, port, { alg, secret, inUserinfoOnly, namesSessions }) {
  const everybody = people(name);
  const policy = interactionPolicy.base();
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0);
  const provider = new Provider(`http://localhost:${port}`, {
    clients: [
      { client_id: `${name}-site`, client_secret: secret },
      { client_id: `${name}-signer`, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [siteKey] } },
      { client_id: `${name}-public`, token_endpoint_auth_method: 'none' },
    ].map((client) => ({
      ...client, redirect_uris: redirectUris, response_types: ['code'], grant_types: ['authorization_code'],
      id_token_signed_response_alg: alg, post_logout_redirect_uris: onTheSite('/oidc/logged-out/'),
      backchannel_logout_uri: onTheSite(`/oidc/backchannel-logout/${name}/`)[0],
      backchannel_logout_session_required: namesSessions,
    })),
    jwks: { keys: [jwk('rsa', { modulusLength: 2048 }, 'RS256'), jwk('ec', { namedCurve: 'P-256' }, 'ES256')] },
    claims: claimsOf,
    conformIdTokenClaims: inUserinfoOnly,
    pkce: { required: () => true },
    // Cookies know no ports: both issuers, and the site itself, are "localhost".
    cookies: {
      keys: [randomUUID()],
      names: { session: `op_${name}_session`, interaction: `op_${name}_interaction`, resume: `op_${name}_resume` },
    },
    features: {
      devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true }, backchannelLogout: { enabled: true },
    },
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),  // its dispatcher refuses loopback, where the site is
    interactions: { policy, url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (ctx, sub) => {
      const person = Object.values(everybody).find((one) => one.sub === sub);
      return person && { accountId: sub, claims: () => person };
    },
    loadExistingGrant: async (ctx) => {  // the site is the organisation's own: nobody is asked for consent
      const { client, session } = ctx.oidc;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  });
  provider.use((ctx, next) => (ctx.path.startsWith('/interaction/') ? interaction(ctx, provider, everybody) : next()));
  provider.on('backchannel.success', (ctx, client) => console.log('backchannel.success', client.clientId));
  provider.on('backchannel.error', (ctx, error, client) => {
    console.log('backchannel.error', client.clientId, error.response?.status ?? error.message);
  });
  return new Promise((resolve) => { provider.listen(port, '127.0.0.1', resolve); });
}

async function interaction(ctx, provider, everybody) {
  const { prompt } = await provider.interactionDetails(ctx.req, ctx.res);
  if (ctx.method === 'GET') {
    ctx.type = 'html';
    ctx.body = `<!doctype html><html lang="en"><title>${prompt.name}</title><h1>Log in</h1><form method="post">
      <p><label>User name <input name="username" required autofocus></label>
      <p><label>Password <input name="password" type="password" required></label>
      <p><button name="action" value="login">Log in</button>
      <button name="action" value="cancel" formnovalidate>Cancel</button></form></html>`;
    return;
  }
  const form = new URLSearchParams(await body(ctx.req));
  await provider.interactionFinished(ctx.req, ctx.res, result(form, prompt.name, everybody), {
    mergeWithLastSubmission: true,
  });
}

async function body(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

function result(form, promptName, everybody) {
  const person = everybody[form.get('username')];
  if (form.get('action') === 'cancel' || !person || form.get('password') !== PASSWORD) {
    return { error: 'access_denied', error_description: 'Nobody logged in' };
  }
  const login = { login: { accountId: person.sub } };
  return promptName === 'select_account' ? { ...login, select_account: {} } : login;
}

await organisation('alpha', alphaPort, {
  alg: 'RS256', secret: 'alpha-secret-0123456789', inUserinfoOnly: false, namesSessions: true,
});
await organisation('beta', betaPort, {
  alg: 'ES256', secret: 'b%t+ secret/=&:0123456789', inUserinfoOnly: true, namesSessions: false,
});
console.log('ready');
