/** What instances were started from: images of Amazon's. */
import { notFound } from '../errors.ts';
import { chosen, filtered, page } from '../filters.ts';
import { items } from '../xml.ts';
import { type Action, type Call, reads } from './call.ts';
import { firstBy } from './instancesBy.ts';

export const imageActions: Record<string, Action> = { DescribeImages: reads(images) };

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
