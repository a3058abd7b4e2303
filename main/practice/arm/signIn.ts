/**
 * Signing in without the internet: the cloud's own description, and a token service in the form of Active Directory
 * Federation Services. Clients that meet an authority ending in `/adfs` ask nobody else whether it is genuine.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type ArmContext, origin, query } from './context.ts';
import { tokenSeconds } from './tokens.ts';
import { tenantId } from './world.ts';

const open = { config: { open: true } };
/** The password of all users, and their secret as service principals. It guards nothing: the cloud is this computer's own. */
const password = 'practice';

export function signInRoutes(app: FastifyInstance, context: ArmContext): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(body.toString()))),
  );
  app.get('/metadata/endpoints', open, async request => {
    const clouds = [describe(origin(request))];
    // Up to 2018 the answer was one cloud's endpoints; since then a list of clouds.
    return (query(request, 'api-version') ?? '') < '2019' ? oldForm(origin(request)) : clouds;
  });
  app.get('/adfs/.well-known/openid-configuration', open, async request => {
    const base = `${origin(request)}/adfs`;
    return {
      issuer: base,
      authorization_endpoint: `${base}/oauth2/authorize`,
      token_endpoint: `${base}/oauth2/token`,
      device_authorization_endpoint: `${base}/oauth2/devicecode`,
      jwks_uri: `${base}/discovery/keys`,
      response_types_supported: ['code', 'token'],
      grant_types_supported: ['client_credentials', 'password', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['client_secret_post'],
      scopes_supported: ['openid', 'profile', '.default'],
    };
  });
  // Its tokens are signed with a key of its own that nobody else can check: there is none to tell.
  app.get('/adfs/discovery/keys', open, async () => ({ keys: [] }));
  app.post('/adfs/oauth2/token', open, async (request, reply) => {
    const answer = await grantToken(context, request);
    if ('error' in answer) reply.code(400);
    return answer;
  });
}

async function grantToken({ tokens, people, now }: ArmContext, request: FastifyRequest): Promise<object> {
  const form = (request.body ?? {}) as Record<string, string | undefined>;
  const issuer = `${origin(request)}/adfs`;
  const secret = form['grant_type'] === 'client_credentials' ? form['client_secret'] : form['password'];
  const name = form['grant_type'] === 'client_credentials' ? form['client_id'] : form['username'];
  const refreshed = form['grant_type'] === 'refresh_token' ? form['refresh_token'] : undefined;
  const user =
    refreshed === undefined
      ? secret === password && people.find(name)?.user
      : people.all().find(one => refreshed === `practice-${one.user}`)?.user;
  if (!user)
    return {
      error: 'invalid_grant',
      error_description: 'Wrong name or secret: try admin or viewer, practice.',
    };
  const audience = (form['scope'] ?? '')
    .split(' ')
    .find(scope => scope.endsWith('/.default'))
    ?.replace(/\/?\.default$/, '');
  const seconds = Math.floor(now() / 1000);
  return {
    token_type: 'Bearer',
    expires_in: tokenSeconds,
    expires_on: String(seconds + tokenSeconds),
    resource: form['resource'] ?? audience,
    access_token: await tokens.mint(user, issuer, { appid: form['client_id'] ?? '' }),
    ...(form['grant_type'] === 'client_credentials'
      ? {}
      : {
          refresh_token: `practice-${user}`,
          id_token: await tokens.mint(user, issuer, { aud: form['client_id'] ?? '' }),
          scope: form['scope'],
        }),
  };
}

function describe(base: string): object {
  return {
    name: 'LatchkeyPractice',
    portal: base,
    authentication: {
      loginEndpoint: `${base}/adfs`,
      audiences: [base, 'https://management.azure.com/', 'https://management.core.windows.net/'],
      tenant: tenantId,
      identityProvider: 'ADFS',
    },
    graphAudience: base,
    graph: base,
    resourceManager: base,
    gallery: base,
    batch: base,
    media: base,
    sqlManagement: base,
    vmImageAliasDoc: base,
    activeDirectoryDataLake: base,
    microsoftGraphResourceId: base,
    suffixes: {
      storage: 'core.practice.example',
      keyVaultDns: 'vault.practice.example',
      sqlServerHostname: 'database.practice.example',
      azureDataLakeStoreFileSystem: 'datalakestore.practice.example',
      azureDataLakeAnalyticsCatalogAndJob: 'datalakeanalytics.practice.example',
      acrLoginServer: 'azurecr.practice.example',
    },
  };
}

function oldForm(base: string): object {
  return {
    galleryEndpoint: base,
    graphEndpoint: base,
    portalEndpoint: base,
    authentication: { loginEndpoint: `${base}/adfs`, audiences: [base] },
  };
}
