/** A practice AWS of two accounts with its sign-in services, and the profile files that lead there. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { awsActionOf, awsErrorBody, registerEc2 } from '../../main/practice/ec2/register.ts';
import { addAccount, createAwsWorld } from '../../main/practice/ec2/seed.ts';
import { createSso, type Sso } from '../../main/practice/ec2/sso/state.ts';
import type { World } from '../../main/practice/ec2/world.ts';
import { createServerCore, type ServerCore } from '../../main/practice/server/core.ts';
import { Person } from './person.ts';

export interface AwsForSignIn {
  core: ServerCore;
  /** The account “payments”, with its eleven instances. */
  world: World;
  /** The account “shop”, with four. */
  shop: World;
  sso: Sso;
  url: string;
  caFile: string;
  /** What AWS's own command would find in its environment. */
  files: { AWS_CONFIG_FILE: string; AWS_SHARED_CREDENTIALS_FILE: string };
  /** The MFA device that the profile “guarded” wants a code of. */
  serial: string;
  /** Allows a sign-in by Identity Center: opens its address, which has the code in it. */
  allow(url: string): Promise<void>;
}

/**
 * Profiles: `payments` and `shop` by one session of Identity Center, `guarded` by a role with MFA. `inProfiles`: the
 * address and the authority stand there too, else whoever uses them has to say both.
 */
export async function startAwsForSignIn(folder: string, inProfiles = false): Promise<AwsForSignIn> {
  const core = await createServerCore({ clockAheadMs: 0 });
  const world = createAwsWorld({ now: () => core.now(), lagMs: 0, powerMs: 0 });
  const regions = ['eu-west-1', 'eu-north-1'];
  const shop = addAccount(world, { account: '210987654321', name: 'shop', regions, perRegion: 2 });
  const sso = createSso(world);
  const { url } = await core.open({
    cloud: 'aws',
    errorBody: awsErrorBody,
    actionOf: awsActionOf,
    routes: app => registerEc2(app, { world, hostKeys: () => [], sso }),
  });
  const serial = `arn:aws:iam::${world.account}:mfa/lena`;
  const [key] = world.keys.values();
  const files = {
    AWS_CONFIG_FILE: join(folder, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
  };
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, core.certificates.ca);
  const place = inProfiles ? `endpoint_url = ${url}\nca_bundle = ${caFile}\n` : '';
  const bySession = [world, shop].map(
    ({ name, account }) =>
      `[profile ${name}]\nsso_session = contoso\nsso_account_id = ${account}\nsso_role_name = LatchkeyOperator\n${place}`,
  );
  writeFileSync(
    files.AWS_CONFIG_FILE,
    `[sso-session contoso]\nsso_start_url = ${url}/start\nsso_region = eu-north-1\n${bySession.join('')}
[profile guarded]\nrole_arn = arn:aws:iam::${world.account}:role/LatchkeyGuarded\nsource_profile = base\nmfa_serial = ${serial}\n${place}`,
  );
  writeFileSync(
    files.AWS_SHARED_CREDENTIALS_FILE,
    `[base]\naws_access_key_id = ${key?.id}\naws_secret_access_key = ${key?.secret}\n`,
  );
  return {
    core,
    world,
    shop,
    sso,
    url,
    caFile,
    files,
    serial,
    async allow(address) {
      const person = new Person(core.certificates.ca);
      await person.submit(await person.open(address));
    },
  };
}
