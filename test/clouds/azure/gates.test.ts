import { expect, test } from 'vitest';
import { ofEach } from '../../../main/clouds/azure/gates.ts';

test('a gate that can’t be read hides none after it, and its error is told at the end', async () => {
  const found: string[] = [];
  const looking = ofEach(['a', 'b', 'c', 'd'], async function* (gate) {
    yield `${gate}1`;
    if (gate === 'b' || gate === 'c') throw new Error(`${gate} can't be read`);
    yield `${gate}2`;
  });
  await expect(
    (async () => {
      for await (const one of looking) found.push(one);
    })(),
  ).rejects.toThrow("b can't be read");
  expect(found).toEqual(['a1', 'a2', 'b1', 'c1', 'd1', 'd2']);
});
