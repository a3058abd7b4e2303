/** Identity Center on the AWS endpoint. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AwsError } from '../errors.ts';
import { authorized, authorizePage } from './authorize.ts';
import { createToken, registerClient, startDevice } from './oidc.ts';
import { answerCode, codePage } from './page.ts';
import { listAccounts, listRoles, logout, roleCredentials } from './portal.ts';
import type { Sso } from './state.ts';

/** Action names by path, for the request log. */
const names: Record<string, string> = {
  '/client/register': 'RegisterClient',
  '/device_authorization': 'StartDeviceAuthorization',
  '/token': 'CreateToken',
  '/assignment/accounts': 'ListAccounts',
  '/assignment/roles': 'ListAccountRoles',
  '/federation/credentials': 'GetRoleCredentials',
  '/logout': 'Logout',
};

/** Undefined for what is not Identity Center's. */
export function ssoAction(url: string): string | undefined {
  return names[url.split('?', 1)[0] ?? ''];
}

/** Bodies are buffers here. */
export function ssoRoutes(app: FastifyInstance, sso: Sso): void {
  const post = (path: string, run: (body: unknown, startUrl: string) => object) =>
    app.post(path, (request, reply) =>
      answer(reply, () => run(json(request), `https://${request.headers.host ?? ''}/start`)),
    );
  const portal = (path: string, run: (sso: Sso, token: string, query: URLSearchParams) => object) =>
    app.get(path, (request, reply) => answer(reply, () => run(sso, bearer(request), query(request))));

  post('/client/register', body => registerClient(sso, body));
  post('/device_authorization', (body, startUrl) => startDevice(sso, body, startUrl));
  post('/token', body => createToken(sso, body));
  portal('/assignment/accounts', listAccounts);
  portal('/assignment/roles', listRoles);
  portal('/federation/credentials', roleCredentials);
  app.post('/logout', (request, reply) => answer(reply, () => logout(sso, bearer(request))));
  app.get('/authorize', (request, reply) => page(reply, authorizePage(sso, query(request))));
  app.post('/authorize', (request, reply) => {
    const form = new URLSearchParams(text(request));
    const next = authorized(sso, form);
    return next === undefined ? page(reply, authorizePage(sso, form)) : reply.redirect(next, 302);
  });
  app.get('/start', (request, reply) => page(reply, codePage(sso, query(request).get('user_code') ?? '')));
  app.post('/start', (request, reply) => {
    const form = new URLSearchParams(text(request));
    return page(reply, answerCode(sso, form.get('user_code') ?? '', form.get('answer')));
  });
}

function answer(reply: FastifyReply, run: () => object): FastifyReply {
  try {
    return reply.send(run());
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const body = error.fields ?? { message: error.message };
    return reply.code(error.status).header('x-amzn-errortype', error.code).send(body);
  }
}

const page = (reply: FastifyReply, html: string): FastifyReply => reply.type('text/html').send(html);
const query = ({ url }: FastifyRequest) => new URLSearchParams(url.split('?', 2)[1] ?? '');
const bearer = ({ headers }: FastifyRequest) => String(headers['x-amz-sso_bearer_token'] ?? '');
const text = ({ body }: FastifyRequest) => (Buffer.isBuffer(body) ? body.toString() : '');

function json(request: FastifyRequest): unknown {
  try {
    return JSON.parse(text(request));
  } catch {
    return undefined;
  }
}
