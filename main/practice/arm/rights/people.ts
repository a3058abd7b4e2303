/**
 * Who there is, and what they may do: users, role definitions and assignments at a scope (a subscription, a resource
 * group, a resource, or `/` for all). An assignment holds for its scope and all below; several add up.
 */
import { randomUUID } from 'node:crypto';
import { allows, type PermissionSet } from '../../../../shared/domain/rights/permissions.ts';
import { guidOf } from '../world.ts';

export interface Caller {
  /** What they sign in as, e.g. `admin`. */
  user: string;
  upn: string;
  oid: string;
  name: string;
  /** Of the token they came with: what the activity log tells of the caller. */
  claims?: Record<string, string> | undefined;
}

export interface Role {
  /** A GUID: the definition's name in ARM. */
  id: string;
  name: string;
  description: string;
  custom: boolean;
  permissions: (PermissionSet & { dataActions: string[]; notDataActions: string[] })[];
  assignableScopes: string[];
}

export interface Assignment {
  id: string;
  /** The object id of the user. */
  principal: string;
  /** The role's GUID. */
  role: string;
  scope: string;
}

/** Azure's own ids of its two plainest roles (learn.microsoft.com/azure/role-based-access-control/built-in-roles). */
const builtIn = [
  { id: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635', name: 'Owner', actions: ['*'], user: 'admin' },
  { id: 'acdd72a7-3385-48ef-bd42-f606fba81ae7', name: 'Reader', actions: ['*/read'], user: 'viewer' },
];

export class People {
  readonly roles = new Map<string, Role>();
  readonly assignments = new Map<string, Assignment>();
  #users = new Map<string, Caller>();

  /** With `admin`, who may do all, and `viewer`, who may read. */
  constructor() {
    for (const { id, name, actions, user } of builtIn) {
      const permissions = [{ actions, notActions: [], dataActions: [], notDataActions: [] }];
      this.roles.set(id, { id, name, description: '', custom: false, permissions, assignableScopes: ['/'] });
      this.assign(this.add(user).oid, id, '/');
    }
  }

  /** A user with no rights yet; the one there is if the name is taken. */
  add(user: string): Caller {
    const there = this.#users.get(user);
    if (there) return there;
    const name = `Practice ${user.charAt(0).toUpperCase()}${user.slice(1)}`;
    const made = { user, upn: `${user}@contoso.example`, oid: guidOf(`user ${user}`), name };
    this.#users.set(user, made);
    return made;
  }

  /** The user with this name or user principal name. */
  find(who: string | undefined): Caller | undefined {
    return [...this.#users.values()].find(({ user, upn }) => who === user || who === upn);
  }

  all(): Caller[] {
    return [...this.#users.values()];
  }

  assign(principal: string, role: string, scope: string, id: string = randomUUID()): Assignment {
    const assignment = { id, principal, role, scope: scope.replace(/(?<=.)\/+$/, '') };
    this.assignments.set(id, assignment);
    return assignment;
  }

  /** Takes all of a user's rights away. */
  strip(principal: string): void {
    for (const { id, principal: whose } of this.assignments.values())
      if (whose === principal) this.assignments.delete(id);
  }

  /** The permissions a user has at a scope, one for each assignment there or above. */
  permissionsAt({ oid }: Caller, scope: string): Role['permissions'] {
    return this.#assignmentsOf(oid)
      .filter(assignment => isWithin(scope, assignment.scope))
      .flatMap(({ role }) => this.roles.get(role)?.permissions ?? []);
  }

  may(caller: Caller, action: string, scope: string): boolean {
    return allows(this.permissionsAt(caller, scope), action);
  }

  /** A quick `may` for one action over many scopes. */
  judge({ oid }: Caller, action: string): (scope: string) => boolean {
    const giving = this.#assignmentsOf(oid).filter(({ role }) =>
      allows(this.roles.get(role)?.permissions ?? [], action),
    );
    return scope => giving.some(assignment => isWithin(scope, assignment.scope));
  }

  /**
   * Subscriptions in which a user may be at all. Assumption (not documented plainly): a role anywhere inside that holds
   * `Microsoft.Resources/subscriptions/read` is enough for the list.
   */
  sees({ oid }: Caller, subscription: string): boolean {
    const id = `/subscriptions/${subscription}`;
    return this.#assignmentsOf(oid).some(
      ({ role, scope }) =>
        (isWithin(id, scope) || isWithin(scope, id)) &&
        allows(this.roles.get(role)?.permissions ?? [], 'Microsoft.Resources/subscriptions/read'),
    );
  }

  #assignmentsOf(oid: string): Assignment[] {
    return [...this.assignments.values()].filter(({ principal }) => principal === oid);
  }
}

/** Is a scope this one or below it? In any case of letters. */
export function isWithin(scope: string, outer: string): boolean {
  if (outer === '/') return true;
  const [a, b] = [scope.toLowerCase(), outer.toLowerCase()];
  return a === b || a.startsWith(`${b}/`);
}
