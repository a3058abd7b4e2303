/** A secret in pieces that fit into the items of a keychain. Each says which write it belongs to, its place, and how many there are. */

const pieceHead = /^([\da-f]{8}) (\d{1,4})\/(\d{1,4})\n/;
const longestHead = 19;

/** Pieces of at most `longest` bytes. */
export function split(secret: string, longest: number): Buffer[] {
  const bytes = Buffer.from(secret);
  const size = longest - longestHead;
  const count = Math.max(1, Math.ceil(bytes.length / size));
  const write = Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString('hex');
  return Array.from({ length: count }, (_none, at) =>
    Buffer.concat([Buffer.from(`${write} ${at + 1}/${count}\n`), bytes.subarray(at * size, (at + 1) * size)]),
  );
}

/** How many pieces there are, by the first one; 1 where it is none. */
export function countOf(first: Buffer | undefined): number {
  return headOf(first)?.count ?? 1;
}

/** The secret; undefined where a piece is missing or of another write: half a secret is none. */
export function join(pieces: (Buffer | undefined)[]): string | undefined {
  const first = headOf(pieces[0]);
  const bodies = pieces.map((piece, at) => {
    const head = headOf(piece);
    const fits = head && head.write === first?.write && head.place === at + 1;
    return fits ? piece?.subarray(piece.indexOf(10) + 1) : undefined;
  });
  if (bodies.length !== first?.count || !bodies.every(body => body !== undefined)) return undefined;
  return Buffer.concat(bodies).toString('utf8');
}

function headOf(piece: Buffer | undefined): { write: string; place: number; count: number } | undefined {
  const [, write, place, count] =
    pieceHead.exec(piece?.subarray(0, longestHead).toString('latin1') ?? '') ?? [];
  return write === undefined ? undefined : { write, place: Number(place), count: Number(count) };
}
