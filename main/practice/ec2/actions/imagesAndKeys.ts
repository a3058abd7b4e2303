/** What instances were started from: images, and the names of key pairs. Both are only known by the instances that have them. */
import { createHash } from 'node:crypto';
import { AwsError, notFound } from '../errors.ts';
import { chosen, filtered, page } from '../filters.ts';
import type { Instance } from '../world.ts';
import { items } from '../xml.ts';
import { type Action, type Call, reads } from './call.ts';

export const imageAndKeyActions: Record<string, Action> = {
  DescribeImages: reads(images),
  DescribeKeyPairs: reads(keyPairs),
};

const tags = new Map<string, string>();

/** The instances by what `of` tells of them, one each. */
function firstBy({ region }: Call, of: (instance: Instance) => string | undefined) {
  const named = [...region.instances.values()].flatMap(instance => {
    const id = of(instance);
    return id === undefined ? [] : [[id, { id, instance, tags }] as const];
  });
  return new Map(named);
}

function images(call: Call) {
  const { params } = call;
  const all = chosen(
    firstBy(call, ({ imageId }) => imageId),
    params.texts('ImageId'),
    id => notFound('InvalidAMIID', 'image id', id),
  );
  const found = filtered(all, params, {
    'image-id': ({ id }) => id,
    platform: ({ instance }) => (instance.os === 'windows' ? 'windows' : undefined),
    state: () => 'available',
    'owner-alias': () => 'amazon',
  });
  // They are Amazon's: the account has none of its own.
  const owners = params.texts('Owner');
  const isTheirs = owners.length === 0 || owners.includes('amazon');
  const { page: shown, nextToken } = page(isTheirs ? found : [], params);
  return {
    imagesSet: items(
      shown.map(({ id, instance: { os } }) => ({
        imageId: id,
        name: os === 'windows' ? 'Windows_Server-practice' : 'al2023-ami-practice',
        imageState: 'available',
        imageOwnerAlias: 'amazon',
        isPublic: true,
        imageType: 'machine',
        architecture: 'x86_64',
        platform: os === 'windows' ? 'windows' : undefined,
        platformDetails: os === 'windows' ? 'Windows' : 'Linux/UNIX',
        rootDeviceType: 'ebs',
        virtualizationType: 'hvm',
        tagSet: '',
      })),
    ),
    nextToken,
  };
}

function keyPairs(call: Call) {
  const { params } = call;
  const all = chosen(
    firstBy(call, ({ keyName }) => keyName),
    params.texts('KeyName'),
    name => new AwsError('InvalidKeyPair.NotFound', `The key pair '${name}' does not exist`),
  );
  const found = filtered(all, params, { 'key-name': ({ id }) => id });
  return {
    keySet: items(
      found.map(({ id }) => {
        const hash = createHash('sha256').update(id);
        return {
          keyName: id,
          keyPairId: `key-0${hash.digest('hex').slice(0, 16)}`,
          keyType: 'ed25519',
          tagSet: '',
        };
      }),
    ),
  };
}
