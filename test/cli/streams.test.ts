import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writeFileWhole, writeStream } from '../../main/cli/csvFile.ts';
import { carryBytes } from '../../main/cli/pipe.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';

/** A connection to a server that does `serve`. */
async function connection(serve: (socket: Socket) => void): Promise<Socket> {
  const server = createServer({ allowHalfOpen: true }, serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

function collector(): { output: Writable; text: () => string } {
  const pieces: Buffer[] = [];
  const output = new Writable({ write: (piece: Buffer, _, done) => (pieces.push(piece), done()) });
  return { output, text: () => Buffer.concat(pieces).toString() };
}

describe('the pipe', () => {
  it('carries bytes as they are, both ways', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const socket = await connection(far => far.pipe(far));
    const input = new PassThrough();
    const { output, text } = collector();
    input.end(bytes);
    await carryBytes(socket, input, output);
    expect(Buffer.from(text())).toEqual(Buffer.from(bytes.toString()));
  });

  it('tells the end of its input, and waits for the answer that follows', async () => {
    const socket = await connection(far => {
      far.resume();
      far.on('end', () => far.end('after your end'));
    });
    const input = new PassThrough();
    const { output, text } = collector();
    input.end('a question');
    await carryBytes(socket, input, output);
    expect(text()).toBe('after your end');
  });

  it('ends when the far side does, though the input goes on', async () => {
    const socket = await connection(far => far.end('bye'));
    const input = new PassThrough();
    const { output, text } = collector();
    await carryBytes(socket, input, output);
    expect(text()).toBe('bye');
    expect(input.destroyed).toBe(true);
  });

  it('says that a connection broke', async () => {
    const socket = await connection(far => far.once('data', () => far.resetAndDestroy()));
    const input = new PassThrough();
    input.write('x');
    await expect(carryBytes(socket, input, collector().output)).rejects.toMatchObject({ code: 'NO_ANSWER' });
  });

  it('does not read ahead of a slow reader', async () => {
    let sent = 0;
    const socket = await connection(far => {
      const more = () => {
        while (!far.destroyed && far.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      far.on('drain', more);
      far.on('error', () => far.destroy());
      more();
    });
    let waiting: (() => void) | undefined;
    const output = new Writable({ highWaterMark: 1, write: (_piece, _encoding, done) => (waiting = done) });
    const carried = carryBytes(socket, new PassThrough(), output);
    let before = -1;
    while (sent !== before) {
      before = sent;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    // What the kernel and the streams hold, and no more.
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    expect(waiting).toBeDefined();
    socket.destroy();
    await expect(carried).rejects.toThrow();
  });
});

async function* pieces(count: number, fail = false): AsyncGenerator<string> {
  for (let i = 0; i < count; i++) yield `row ${i}\r\n`;
  if (fail) throw new Error('the broker is gone');
}

describe('a CSV file', () => {
  it('is there whole, and for this user alone', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a.csv');
    expect(await writeFileWhole(pieces(3), path)).toBe(21);
    expect(readFileSync(path, 'utf8')).toBe('row 0\r\nrow 1\r\nrow 2\r\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['a.csv']);
  });

  it('stays as it was when the rows end too early', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a.csv'), 'before');
    await expect(writeFileWhole(pieces(3, true), join(folder, 'a.csv'))).rejects.toThrow('gone');
    expect(readdirSync(folder)).toEqual(['a.csv']);
    expect(readFileSync(join(folder, 'a.csv'), 'utf8')).toBe('before');
  });

  it('says why it can not be written', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'taken'));
    await expect(writeFileWhole(pieces(1), join(folder, 'none', 'a.csv'))).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
    await expect(writeFileWhole(pieces(1), join(folder, 'taken'))).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
  });

  it('goes to a stream that stays open', async () => {
    const { output, text } = collector();
    await writeStream(pieces(2), output);
    expect(text()).toBe('row 0\r\nrow 1\r\n');
    expect(output.writable).toBe(true);
  });
});
