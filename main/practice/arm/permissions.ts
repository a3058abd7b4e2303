/** What a request is called in roles (`Microsoft.Network/networkSecurityGroups/securityRules/write`), and who may make it. */
import { ArmError } from './errors.ts';
import type { Caller } from './tokens.ts';

const verbs: Record<string, string> = {
  GET: 'read',
  HEAD: 'read',
  PUT: 'write',
  PATCH: 'write',
  DELETE: 'delete',
};

/** The operation's name, from the path behind its last `/providers/`. */
export function operationName(method: string, path: string): string {
  const { namespace, parts } = parse(path);
  const types = parts.filter((_part, index) => index % 2 === 0);
  if (method === 'POST') return `${[namespace, ...types].join('/')}/action`;
  return `${[namespace, ...types].join('/')}/${verbs[method] ?? 'action'}`;
}

/** The path of what is changed: without the action's name at the end of a POST. */
export function resourcePath(method: string, path: string): string {
  return decodeURIComponent(method === 'POST' ? path.slice(0, path.lastIndexOf('/')) : path);
}

/** Throws 403 for a write by somebody who may only read. Resource Graph's POST is a read. */
export function permit(caller: Caller, method: string, path: string): void {
  if (method === 'GET' || method === 'HEAD' || caller.user === 'admin') return;
  if (/^\/providers\/microsoft\.resourcegraph\/resources$/i.test(path)) return;
  throw new ArmError(
    403,
    'AuthorizationFailed',
    `The client '${caller.upn}' with object id '${caller.oid}' does not have authorization to perform action '${operationName(method, path)}' over scope '${resourcePath(method, path)}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );
}

function parse(path: string): { namespace: string; parts: string[] } {
  const at = path.toLowerCase().lastIndexOf('/providers/');
  if (at < 0) {
    const inGroup = /\/resourcegroups\//i.test(path);
    return {
      namespace: 'Microsoft.Resources',
      parts: [inGroup ? 'subscriptions/resourceGroups' : 'subscriptions'],
    };
  }
  const [namespace = '', ...parts] = path.slice(at + '/providers/'.length).split('/');
  return { namespace, parts };
}
