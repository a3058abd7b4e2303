/** What a request is called in roles (`Microsoft.Network/networkSecurityGroups/securityRules/write`), and who may make it. */
import { ArmError } from '../errors.ts';
import type { Caller, People } from './people.ts';

const verbs: Record<string, string> = {
  GET: 'read',
  HEAD: 'read',
  PUT: 'write',
  PATCH: 'write',
  DELETE: 'delete',
};

/** Where an operation's name is not what its path says. */
const named: Record<string, string> = {
  // The list over all locations asks for the same right as one location's (reference §3.1 names no other).
  'microsoft.security/jitnetworkaccesspolicies/read':
    'Microsoft.Security/locations/jitNetworkAccessPolicies/read',
};

/** The operation's name, from the path behind its last `/providers/`. */
export function operationName(method: string, path: string): string {
  const { namespace, parts } = parse(path);
  const types = parts.filter((_part, index) => index % 2 === 0);
  const name = `${[namespace, ...types].join('/')}/${method === 'POST' ? 'action' : (verbs[method] ?? 'action')}`;
  return named[name.toLowerCase()] ?? name;
}

/** The path of what is changed: without the action's name at the end of a POST. */
export function resourcePath(method: string, path: string): string {
  return decoded(method === 'POST' ? path.slice(0, path.lastIndexOf('/')) : path);
}

/**
 * The scope a request is judged at: the resource; for a list, what it is a list of. Permissions and tags, which stand at
 * a resource, are judged there too.
 */
export function scopeOfRequest(method: string, path: string): string {
  const resource = resourcePath(method, path);
  const at = resource.toLowerCase().lastIndexOf('/providers/');
  if (at < 0) return resource.replace(/\/(resourceGroups|resources|locations|providers)$/i, '') || '/';
  const { parts } = parse(resource);
  // `…/providers/P/type/name/subtype` lists subtypes of name; `…/providers/P/type` those of all before it.
  return parts.length <= 1
    ? resource.slice(0, at) || '/'
    : parts.length % 2 === 0
      ? resource
      : resource.slice(0, resource.lastIndexOf('/'));
}

/** Throws 403, as ARM words it, for what the caller may not do. Resource Graph answers everybody, with what they may read. */
export function permit(people: People, caller: Caller, method: string, path: string): void {
  if (/^\/(tenants|subscriptions|providers\/microsoft\.resourcegraph\/resources)$/i.test(path)) return;
  const action = operationName(method, path);
  const scope = scopeOfRequest(method, path);
  if (people.may(caller, action, scope)) return;
  throw new ArmError(
    403,
    'AuthorizationFailed',
    `The client '${caller.upn}' with object id '${caller.oid}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}

/**
 * A right that a write needs at another resource than its own: naming an application security group in a rule, joining a
 * subnet. Throws 403 as ARM words that. `done`: what the caller may do already.
 */
export function permitLinked(
  people: People,
  caller: Caller,
  done: { action: string; scope: string },
  linked: { action: string; scope: string },
): void {
  if (people.may(caller, linked.action, linked.scope)) return;
  throw new ArmError(
    403,
    'LinkedAuthorizationFailed',
    `The client '${caller.upn}' with object id '${caller.oid}' has permission to perform action '${done.action}' on scope '${done.scope}'; however, it does not have permission to perform action '${linked.action}' on the linked scope(s) '${linked.scope}' or the linked scope(s) are invalid.`,
  );
}

function parse(path: string): { namespace: string; parts: string[] } {
  const at = path.toLowerCase().lastIndexOf('/providers/');
  const [namespace = '', ...parts] = at < 0 ? [] : path.slice(at + '/providers/'.length).split('/');
  if (parts.length > 0) return { namespace, parts };
  // `/subscriptions/S/resourceGroups/G/resources`, `/subscriptions/S/providers/P`: ARM's own.
  const own = path.split('/').slice(1);
  return { namespace: 'Microsoft.Resources', parts: own };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
