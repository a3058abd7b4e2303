import { describe, expect, it, vi } from 'vitest';
import { fromCrossing } from '../../main/doors/errors.ts';
import { LatchkeyError } from '../../shared/errors.ts';
import { doors, testRouter } from './doors.ts';

/** What a call was refused with, as the command line would see it. */
async function refusal(call: Promise<unknown>): Promise<LatchkeyError> {
  const error = fromCrossing(
    await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    ),
  );
  if (error instanceof LatchkeyError) return error;
  throw error;
}

describe.each(doors)('the %s door', (_, openDoor) => {
  async function opened() {
    const { router, ended } = testRouter();
    const door = await openDoor(router);
    return { ...door, door, ended, ...(await door.open()) };
  }

  it('carries a call', async () => {
    const { client } = await opened();
    expect(await client.app.info({})).toMatchObject({ version: '1.2.3', host: 'headless' });
  });

  it('carries an error whole', async () => {
    const { client } = await opened();
    expect((await refusal(client.vms.get({ vm: 'web-9' }))).toData()).toEqual({
      code: 'VM_NOT_FOUND',
      message: 'There is no VM “web-9”.',
      fix: 'Look.',
      detail: { asked: 'web-9' },
    });
  });

  it('says which field breaks the schema', async () => {
    const { client } = await opened();
    const error = await refusal(client.vms.get({ vm: 7 } as unknown as { vm: string }));
    expect(error.code).toBe('BAD_INPUT');
    expect(error.message).toContain('vm: ');
  });

  it('keeps the text of a defect to the log', async () => {
    const { client, lines } = await opened();
    const error = await refusal(client.app.leave({}));
    expect(error.code).toBe('INTERNAL');
    expect(JSON.stringify(error.toData())).not.toContain('hunter2');
    expect(lines.map(({ fields }) => String(fields['err']))).toContain('Error: the password is hunter2');
  });

  it('does not know what is not in the contract', async () => {
    const { client } = await opened();
    const other = client as unknown as { app: { explode(input: object): Promise<unknown> } };
    expect((await refusal(other.app.explode({}))).code).toBe('BAD_INPUT');
  });

  it.each([
    ['typed', 'DISK_FULL'],
    ['defect', 'INTERNAL'],
  ])('carries a stream, and its %s end', async (text, code) => {
    const { client, ended } = await opened();
    const seen: string[] = [];
    const read = async () => {
      for await (const piece of await client.activity.csv({ text })) seen.push(piece);
    };
    const error = await refusal(read());
    expect(error.code).toBe(code);
    expect(error.message).not.toContain('hunter2');
    expect(seen).toEqual(['first', 'second']);
    expect(ended).toEqual([text]);
  });

  it('ends a stream whose reader stops, and one whose reader is gone', async () => {
    const { client, close, ended, talk } = await opened();
    for await (const piece of await client.activity.csv({ text: 'stopped' })) if (piece === 'second') break;
    await vi.waitFor(() => expect(ended).toEqual(['stopped']));
    const stream = await client.activity.csv({ text: 'gone' });
    await stream.next();
    expect(talk.connections).toBe(1);
    close();
    await vi.waitFor(() => expect(ended).toEqual(['stopped', 'gone']));
    expect(talk.connections).toBe(0);
  });

  it.each([
    ['words', 'GET / HTTP/1.1'],
    ['half a call', '{"i":"1","p":{"u":"/app/info"'],
    ['no call', '[]'],
    ['a call to elsewhere', '{"i":"1","p":{"u":"http://198.51.100.1/"}}'],
    ['bytes', Uint8Array.of(0, 159, 146, 150)],
    ['far too much', `{"i":"1","p":{"u":"/app/info","b":"${'x'.repeat(1024 * 1024)}"}}`],
  ])('hangs up on %s, and stays open for others', async (_what, frame) => {
    const { door, send, closed, client } = await opened();
    const other = await door.open();
    send(frame);
    await closed;
    expect((await other.client.app.info({})).version).toBe('1.2.3');
    expect((await (await door.open()).client.app.info({})).version).toBe('1.2.3');
    await expect(client.app.info({}, { signal: AbortSignal.timeout(50) })).rejects.toThrow();
  });
});
