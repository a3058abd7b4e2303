/** The SSO portal (docs.aws.amazon.com/singlesignon/latest/PortalAPIReference): what a token lets its person do. */
import { AwsError } from '../errors.ts';
import { permissionSets, takenRoles, takeSession } from '../sessions.ts';
import type { World } from '../world.ts';
import type { Sso } from './state.ts';

const sessionSeconds = 3600;

export function listAccounts(sso: Sso, token: string, query: URLSearchParams): object {
  mustHold(sso, token);
  const all = sso.world.organization.map(({ account, name }) => ({
    accountId: account,
    accountName: name,
    emailAddress: `aws-${account}@contoso.example`,
  }));
  const { shown, nextToken } = page(all, query);
  return { accountList: shown, nextToken };
}

export function listRoles(sso: Sso, token: string, query: URLSearchParams): object {
  mustHold(sso, token);
  const { account } = theirs(sso, query);
  const all = permissionSets.map(roleName => ({ roleName, accountId: account }));
  const { shown, nextToken } = page(all, query);
  return { roleList: shown, nextToken };
}

export function roleCredentials(sso: Sso, token: string, query: URLSearchParams): object {
  mustHold(sso, token);
  const world = theirs(sso, query);
  const role = query.get('role_name') ?? '';
  if (!permissionSets.includes(role)) throw new AwsError('ForbiddenException', 'No access', 403);
  const key = takeSession(world, {
    name: `AWSReservedSSO_${role}_0`,
    id: `AROA${role.toUpperCase()}`,
    role: takenRoles.get(role)?.role ?? 'viewer',
    session: 'ada@contoso.example',
    seconds: sessionSeconds,
  });
  return {
    roleCredentials: {
      accessKeyId: key.id,
      secretAccessKey: key.secret,
      sessionToken: key.session?.token,
      expiration: key.session?.ends,
    },
  };
}

export function logout(sso: Sso, token: string): object {
  mustHold(sso, token);
  sso.tokens.delete(token);
  return {};
}

function mustHold(sso: Sso, token: string): void {
  if ((sso.tokens.get(token) ?? 0) <= sso.world.now())
    throw new AwsError('UnauthorizedException', 'Session token not found or invalid', 401);
}

function theirs(sso: Sso, query: URLSearchParams): World {
  const world = sso.world.organization.find(({ account }) => account === query.get('account_id'));
  if (!world) throw new AwsError('ForbiddenException', 'No access', 403);
  return world;
}

function page<T>(all: T[], query: URLSearchParams): { shown: T[]; nextToken: string | null } {
  const from = Number(query.get('next_token') ?? 0);
  const most = Number(query.get('max_result') ?? 20);
  const end = from + most;
  return { shown: all.slice(from, end), nextToken: end < all.length ? String(end) : null };
}
