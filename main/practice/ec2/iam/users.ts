/** The users of an account, as far as one asks about oneself. */
import { AwsError } from '../errors.ts';
import type { Params } from '../query.ts';
import type { AccessKey, World } from '../world.ts';
import type { Elements } from '../xml.ts';

export interface Call {
  world: World;
  key: AccessKey;
  params: Params;
}

export interface IamAction {
  writes: boolean;
  run: (call: Call) => Elements;
}

export const userActions: Record<string, IamAction> = {
  GetUser: { writes: false, run: call => ({ User: userItem(named(call)) }) },
  ListMFADevices: { writes: false, run: mfaDevices },
  ListAccountAliases: {
    writes: false,
    run: ({ world }) => ({ AccountAliases: { member: world.name }, IsTruncated: false }),
  },
};

const nameIn = (arn: string) => /:user\/(.+)$/.exec(arn)?.[1];

/** The user a request names, else who asks. Throws NoSuchEntity, ValidationError. */
function named({ world, key, params }: Call): AccessKey {
  const name = params.text('UserName') ?? nameIn(key.arn);
  if (name === undefined)
    throw new AwsError('ValidationError', 'Must specify userName when calling with non-User credentials');
  const found = [...world.keys.values()].find(one => nameIn(one.arn) === name);
  if (!found) throw new AwsError('NoSuchEntity', `The user with name ${name} cannot be found.`, 404);
  return found;
}

function userItem({ arn, userId }: AccessKey): Elements {
  return { Path: '/', UserName: nameIn(arn), UserId: userId, Arn: arn, CreateDate: '2025-02-03T08:00:00Z' };
}

function mfaDevices(call: Call): Elements {
  const UserName = nameIn(named(call).arn);
  const serials = [...call.world.mfa.keys()].filter(serial => serial.endsWith(`:mfa/${UserName}`));
  const member = serials.map(SerialNumber => ({
    UserName,
    SerialNumber,
    EnableDate: '2025-02-03T08:00:00Z',
  }));
  return { MFADevices: member.length === 0 ? '' : { member }, IsTruncated: false };
}
