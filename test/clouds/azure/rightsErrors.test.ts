/** A 403 names what is missing, where, and the role that has it. */
import { describe, expect, test } from 'vitest';
import { refusalError } from '../../../main/clouds/azure/errors.ts';

const sub = '/subscriptions/0f0f0f0f-0000-4000-8000-000000000000';
const nsg = `${sub}/resourceGroups/rg-web/providers/Microsoft.Network/networkSecurityGroups/web-nsg`;
const refused = (action: string, scope: string) =>
  `The client 'jo@contoso.example' with object id '1' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`;
const told = (message: string | undefined, code = 'AuthorizationFailed') =>
  refusalError({ status: 403, code, message, request: 'PUT /x' });

const write = 'Microsoft.Network/networkSecurityGroups/securityRules/write';

describe('what is missing', () => {
  test.each([
    [
      'a job’s action',
      refused(write, `${nsg}/securityRules/r`),
      `Azure does not let you open a port: that takes ${write} at web-nsg/securityRules/r.`,
      `Ask for the role “Latchkey request” (\`latchkey roles azure --for request --subscription ${sub.split('/')[2]}\` prints it), or activate yours if it is a timed one.`,
    ],
    [
      'in another case of letters, at something of a resource',
      refused(
        'microsoft.resources/TAGS/write',
        `${sub}/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v/providers/Microsoft.Resources/tags/default`,
      ),
      'Azure does not let you keep the policy in the tags of the VM: that takes microsoft.resources/TAGS/write at v.',
      `Ask for the role “Latchkey configure” (\`latchkey roles azure --for configure --subscription ${sub.split('/')[2]}\` prints it), or activate yours if it is a timed one.`,
    ],
    [
      'what only the doctor asks for',
      refused('Microsoft.Authorization/locks/read', sub),
      `Azure does not let you find resource locks: that takes Microsoft.Authorization/locks/read at ${sub.slice(1)}.`,
      `Ask for the role “Latchkey view” (\`latchkey roles azure --for view --doctor --subscription ${sub.split('/')[2]}\` prints it), or activate yours if it is a timed one.`,
    ],
    [
      'what Latchkey never asks for',
      refused('Microsoft.Web/sites/read', `${sub}/resourceGroups/g`),
      'Azure does not let you do this: Microsoft.Web/sites/read at resourceGroups/g.',
      'Ask for a role that allows Microsoft.Web/sites/read there, or activate yours if it is a timed one.',
    ],
    [
      'no action at all',
      'No.',
      'Azure does not let you do this: No.',
      'Ask for a role that allows it, or activate yours if it is a timed one.',
    ],
  ])('%s', (_name, message, says, fix) => {
    const error = told(message);
    expect([error.code, error.message, error.fix]).toEqual(['CLOUD_FORBIDDEN', says, fix]);
  });

  test('of a linked refusal: the second action, not the one that is allowed', () => {
    const join = 'Microsoft.Network/applicationSecurityGroups/joinNetworkSecurityRule/action';
    const asg = `${sub}/resourceGroups/g/providers/Microsoft.Network/applicationSecurityGroups/a`;
    const message = `The client 'jo' with object id '1' has permission to perform action '${write}' on scope '${nsg}'; however, it does not have permission to perform action '${join}' on the linked scope(s) '${asg}' or the linked scope(s) are invalid.`;
    const error = told(message, 'LinkedAuthorizationFailed');
    expect(error.detail).toMatchObject({ action: join, scope: asg });
    expect(error.message).toContain(join);
    expect(error.message).not.toContain(write);
  });

  test('a text made to be slow is not', () => {
    const begun = performance.now();
    told(`perform action '${"perform action '".repeat(20_000)}`);
    told(refused(write, '/providers/'.repeat(20_000)));
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});
