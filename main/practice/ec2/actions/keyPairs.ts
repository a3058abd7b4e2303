/** Key pairs: the names that instances were started with. */
import { createHash } from 'node:crypto';
import { AwsError } from '../errors.ts';
import { chosen, filtered } from '../filters.ts';
import { items } from '../xml.ts';
import { type Action, type Call, reads } from './call.ts';
import { firstBy } from './instancesBy.ts';

export const keyPairActions: Record<string, Action> = { DescribeKeyPairs: reads(keyPairs) };

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
