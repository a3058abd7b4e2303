/** Roles with inline policies. IAM has no regions: the world has one set of them. */
import { randomBytes } from 'node:crypto';
import { AwsError } from '../errors.ts';
import type { Params } from '../query.ts';
import { readTags } from '../tags.ts';
import type { AccessKey, Role, World } from '../world.ts';
import type { Elements } from '../xml.ts';
import { readPolicy } from './allows.ts';
import { type Call, type IamAction, userActions } from './users.ts';

const actions: Record<string, IamAction> = {
  CreateRole: { writes: true, run: createRole },
  GetRole: { writes: false, run: call => ({ Role: roleItem(call.world, named(call)) }) },
  ListRoles: { writes: false, run: listRoles },
  UpdateAssumeRolePolicy: { writes: true, run: updateTrust },
  DeleteRole: { writes: true, run: deleteRole },
  PutRolePolicy: { writes: true, run: putPolicy },
  GetRolePolicy: { writes: false, run: getPolicy },
  ListRolePolicies: { writes: false, run: listPolicies },
  ListAttachedRolePolicies: {
    writes: false,
    run: call => (named(call), { AttachedPolicies: '', IsTruncated: false }),
  },
  ListInstanceProfilesForRole: {
    writes: false,
    run: call => (named(call), { InstanceProfiles: '', IsTruncated: false }),
  },
  DeleteRolePolicy: { writes: true, run: deletePolicy },
  ...userActions,
};

/** Answers one IAM action. Throws AccessDenied for a viewer's write, InvalidAction, NoSuchEntity … */
export function runIam(action: string, world: World, key: AccessKey, params: Params): Elements {
  const found = actions[action];
  if (!found) throw new AwsError('InvalidAction', `Could not find operation ${action}`);
  if (found.writes && key.role === 'viewer') {
    const resource = roleArn(world, params.text('RoleName') ?? '*');
    throw new AwsError(
      'AccessDenied',
      `User: ${key.arn} is not authorized to perform: iam:${action} on resource: ${resource}`,
      403,
    );
  }
  return found.run({ world, key, params });
}

export function roleArn(world: World, name: string): string {
  return `arn:${world.partition}:iam::${world.account}:role/${name}`;
}

function createRole({ world, params }: Call): Elements {
  const name = params.required('RoleName');
  if (!/^[\w+=,.@-]{1,64}$/.test(name)) throw invalid(`The role name ${name} is not valid.`);
  if (world.roles.has(name)) {
    throw new AwsError('EntityAlreadyExists', `Role with name ${name} already exists.`, 409);
  }
  const role: Role = {
    id: `AROA${randomBytes(8).toString('hex').toUpperCase()}`,
    name,
    description: params.text('Description'),
    trust: document(params, 'AssumeRolePolicyDocument'),
    policies: new Map(),
    maxSeconds: params.int('MaxSessionDuration') ?? 3600,
    tags: readTags(params, 'Tags.member'),
    createdAt: world.now(),
  };
  world.roles.set(name, role);
  return { Role: roleItem(world, role) };
}

function listRoles({ world }: Call): Elements {
  const all = [...world.roles.values()].map(role => roleItem(world, role));
  return { Roles: members(all), IsTruncated: false };
}

function updateTrust(call: Call): Elements {
  named(call).trust = document(call.params, 'PolicyDocument');
  return {};
}

function deleteRole(call: Call): Elements {
  const role = named(call);
  if (role.policies.size > 0) {
    throw new AwsError('DeleteConflict', 'Cannot delete entity, must delete policies first.', 409);
  }
  call.world.roles.delete(role.name);
  return {};
}

function putPolicy(call: Call): Elements {
  named(call).policies.set(call.params.required('PolicyName'), document(call.params, 'PolicyDocument'));
  return {};
}

function getPolicy(call: Call): Elements {
  const role = named(call);
  const PolicyName = call.params.required('PolicyName');
  const text = role.policies.get(PolicyName);
  if (text === undefined) throw noSuch(`The role policy with name ${PolicyName} cannot be found.`);
  return { RoleName: role.name, PolicyName, PolicyDocument: encodeURIComponent(text) };
}

function listPolicies(call: Call): Elements {
  return { PolicyNames: members([...named(call).policies.keys()]), IsTruncated: false };
}

function deletePolicy(call: Call): Elements {
  const role = named(call);
  const name = call.params.required('PolicyName');
  if (!role.policies.delete(name)) throw noSuch(`The role policy with name ${name} cannot be found.`);
  return {};
}

function named({ world, params }: Call): Role {
  const name = params.required('RoleName');
  const role = world.roles.get(name);
  if (!role) throw noSuch(`The role with name ${name} cannot be found.`);
  return role;
}

function document(params: Params, name: string): string {
  const text = params.required(name);
  if (readPolicy(text) === undefined) {
    throw new AwsError('MalformedPolicyDocument', 'This policy contains invalid Json or statements.');
  }
  return text;
}

function roleItem(world: World, role: Role): Elements {
  return {
    Path: '/',
    RoleName: role.name,
    RoleId: role.id,
    Arn: roleArn(world, role.name),
    CreateDate: new Date(role.createdAt).toISOString(),
    AssumeRolePolicyDocument: encodeURIComponent(role.trust),
    Description: role.description,
    MaxSessionDuration: role.maxSeconds,
    Tags: members([...role.tags].map(([Key, Value]) => ({ Key, Value }))),
  };
}

function members(list: unknown[]): unknown {
  return list.length === 0 ? '' : { member: list };
}

const noSuch = (message: string) => new AwsError('NoSuchEntity', message, 404);
const invalid = (message: string) => new AwsError('ValidationError', message);
