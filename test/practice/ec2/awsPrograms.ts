/** Amazon's own command line, each version of it that is installed, pointed at a practice AWS. */
import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { awsActionOf, awsErrorBody, registerEc2 } from '../../../main/practice/ec2/register.ts';
import type { World } from '../../../main/practice/ec2/world.ts';
import { createServerCore, type ServerCore } from '../../../main/practice/server/core.ts';

const run = promisify(execFile);

export interface AwsProgram {
  path: string;
  /** `1.45` or `2.9`, say. */
  version: string;
}

/** Every `aws` on PATH that starts (a shim may stand in front of none), each version once. */
export async function awsPrograms(): Promise<AwsProgram[]> {
  const paths = (process.env.PATH ?? '').split(delimiter).flatMap(folder => real(join(folder, 'aws')) ?? []);
  const found = await Promise.all(
    [...new Set(paths)].map(async path => {
      // One that does not start is none.
      const { stdout } = await run(path, ['--version'], { timeout: 15_000 }).catch(() => ({ stdout: '' }));
      return { path, version: /^aws-cli\/(\d+\.\d+)/.exec(stdout)?.[1] };
    }),
  );
  const versions = new Map(found.flatMap(({ path, version }) => (version ? [[version, path]] : [])));
  return [...versions].map(([version, path]) => ({ version, path }));
}

/** The path behind links; but a shim finds out by its name what it is. */
function real(path: string): string | undefined {
  try {
    const target = realpathSync(path);
    return target.endsWith('/aws') ? target : path;
  } catch {
    return undefined;
  }
}

/** A practice AWS behind HTTPS, and how to run `aws` against it, with a home of its own. Close it at the end. */
export async function openForAws(world: World) {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-aws-'));
  const core: ServerCore = await createServerCore();
  const door = await core.open({
    cloud: 'aws',
    actionOf: awsActionOf,
    errorBody: awsErrorBody,
    routes: app => registerEc2(app, { world, hostKeys: () => [] }),
  });
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, core.certificates.ca);
  const key = [...world.keys.values()].find(each => each.role === 'operator');
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_CONFIG_FILE: join(folder, 'config'),
    AWS_DEFAULT_REGION: 'eu-north-1',
    AWS_CA_BUNDLE: caFile,
    AWS_MAX_ATTEMPTS: '1',
  };
  const runner =
    (within: NodeJS.ProcessEnv) =>
    async (program: AwsProgram, ...args: string[]) => {
      const all = ['--endpoint-url', door.url, ...args];
      const { stdout } = await run(program.path, all, { env: within, timeout: 30_000 });
      return stdout.trim();
    };
  const keys = { AWS_ACCESS_KEY_ID: key?.id, AWS_SECRET_ACCESS_KEY: key?.secret };
  return {
    url: door.url,
    async close() {
      await core.close();
      await rm(folder, { recursive: true, force: true });
    },
    env,
    /** What it prints as the operator; rejects with `stderr` where it fails. */
    text: runner({ ...env, ...keys }),
    /** As somebody else: whom the environment says. */
    as: (other: NodeJS.ProcessEnv) => ({ text: runner(other) }),
  };
}
