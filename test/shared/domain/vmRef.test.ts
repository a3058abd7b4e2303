import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveVm } from '../../../shared/domain/vmRef.ts';
import { LatchkeyError } from '../../../shared/errors.ts';

const arm = (group: string, name: string) => ({
  id: `/subscriptions/s/resourcegroups/${group}/providers/microsoft.compute/virtualmachines/${name.toLowerCase()}`,
  name,
});
const ec2 = (instance: string, name: string) => ({
  id: `arn:aws:ec2:eu-west-1:123456789012:instance/${instance}`,
  name,
});

const web = arm('g', 'Web-1');
const db = arm('g', 'db-1');
const twin = [arm('a', 'twin'), arm('b', 'Twin')];
const aws = ec2('i-0abc', 'app');
const thief = ec2('i-0def', 'i-0abc');
const odd = arm('g', '\u202Eexe.fdp');
const vms = [web, db, ...twin, aws, thief, odd];

function failure(ref: string): LatchkeyError {
  try {
    resolveVm(ref, vms);
  } catch (error) {
    if (error instanceof LatchkeyError) return error;
  }
  throw new Error('was found');
}

describe('finds a VM', () => {
  test.each([
    ['web-1', web],
    ['WEB-1', web],
    [' web-1 ', web],
    [web.id, web],
    [web.id.toUpperCase(), web],
    [aws.id, aws],
    ['app', aws],
    ['\u202Eexe.fdp', odd],
  ])('by %j', (ref, vm) => expect(resolveVm(ref, vms)).toBe(vm));

  test('an instance id is the instance, whatever another VM is called', () => {
    expect(resolveVm('i-0abc', vms)).toBe(aws);
    expect(resolveVm('i-0def', vms)).toBe(thief);
  });

  test('the exact name before one in another case', () => {
    expect(resolveVm('twin', vms)).toBe(twin[0]);
    expect(resolveVm('Twin', vms)).toBe(twin[1]);
  });
});

test('several: all candidates', () => {
  const error = failure('TWIN');
  expect(error.code).toBe('VM_AMBIGUOUS');
  expect(error.detail).toEqual({ candidates: twin.map(({ id, name }) => ({ id, name })) });
  expect(error.fix).toContain(twin[1]?.id);
});

test('none: near names', () => {
  const error = failure('web1');
  expect(error.code).toBe('VM_NOT_FOUND');
  expect(error.fix).toBe('Did you mean Web-1?');
  expect(failure('wbe-1').detail).toEqual({ near: ['Web-1', 'db-1'] });
  expect(failure('twi').detail).toEqual({ near: ['twin', 'Twin'] });
  expect(failure('nothing like it at all').fix).toContain('latchkey vms');
  expect(failure('\u001b[31mred').message).not.toContain('\u001b');
});

test('any text finds a VM or tells which error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', ' ', 'i-', '/')), ref => {
      try {
        expect(vms).toContain(resolveVm(ref, vms));
      } catch (error) {
        expect(['VM_NOT_FOUND', 'VM_AMBIGUOUS']).toContain((error as LatchkeyError).code);
      }
    }),
  );
});
