/** A thousand grants that end together: how many calls each gate is asked, and how long until the last is shut. */
import type { LoggedRequest } from '../../main/practice/server/requestLog.ts';
import { startBroker, startPractice, temporaryFolder } from './latchkey.ts';
import { timed } from './measure.ts';
import { type Benchmark, row } from './rows.ts';

/** One NSG and one security group; so many rules in each (60 is a security group's limit), each shared by so many grants. */
const vms = ['sql-prod-1', 'pay-db'];
const rulesEach = 50;

export const ending: Benchmark = {
  name: 'ending',
  async run({ quick }) {
    const sharing = quick ? 2 : 10;
    using folder = temporaryFolder();
    await using practice = await startPractice(folder.path);
    await using broker = await startBroker(folder.path);
    const { grants, accounts } = broker.client;
    await accounts.addPractice({});
    for (let n = 0; n < rulesEach; n++) {
      const one = { vms, sources: [`198.51.100.${n}`], forMs: 3_600_000 };
      await Promise.all(Array.from({ length: sharing }, () => grants.request(one)));
    }
    const live = (await grants.list({})).grants.filter(({ state }) => state === 'open').length;
    await practice.requests();
    const took = await timed(async () => {
      const { grants: over } = await grants.revoke({ all: true });
      const left = over.filter(({ state }) => state !== 'closed');
      if (left.length > 0) throw new Error(`${left.length} are ${left[0]?.state}`);
    });
    const asked = await practice.requests();
    const count = (is: (request: LoggedRequest) => boolean) => asked.filter(is).length;
    return [
      row({
        what: `${live} grants in ${vms.length} gates shut, from the end to the last seen shut`,
        measured: took,
        unit: 'ms',
        note: `${asked.length} calls in all; Azure takes one rule per call, one at a time per NSG`,
      }),
      row({
        what: 'calls that revoke in one security group',
        measured: count(({ action }) => action === 'RevokeSecurityGroupIngress'),
        unit: 'calls',
        floor: { what: 'the fewest EC2 allows', value: 1 },
        bar: { of: 'ratio', most: 1 },
      }),
      row({
        what: 'calls that remove rules in one NSG',
        measured: count(({ method, cloud }) => method === 'DELETE' && cloud === 'azure'),
        unit: 'calls',
        floor: { what: 'the fewest ARM allows: one a rule', value: rulesEach },
        bar: { of: 'ratio', most: 1 },
      }),
    ];
  },
};
