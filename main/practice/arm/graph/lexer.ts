/** Words, texts, numbers and signs of a Kusto query. */

export interface Token {
  kind: 'word' | 'text' | 'number' | 'sign' | 'end';
  value: string;
  at: number;
}

/** What Resource Graph says of a query it can't read; turned into its 400. */
export class QueryError extends Error {
  readonly at: number;
  readonly token: string;

  constructor(message: string, token: Token) {
    super(message);
    this.at = token.at;
    this.token = token.value;
  }
}

const patterns: [Token['kind'] | 'space', RegExp][] = [
  ['space', /\s+|\/\/[^\n]*/y],
  ['text', /@'[^']*'|@"[^"]*"|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/y],
  ['number', /\d+(?:\.\d+)?/y],
  // Operators that look like words with a sign in them stand before plain words.
  ['sign', /!(?:in~|in|has|contains|startswith|endswith)(?![\w~])|in~/y],
  ['word', /project-away|mv-expand|[A-Za-z_]\w*/y],
  ['sign', /==|=~|!=|!~|<=|>=|[|(),.=<>[\]]/y],
];

/** Throws QueryError at the first thing that is no part of the language. */
export function lex(query: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < query.length) {
    const found = next(query, at);
    if (!found) throw new QueryError('ParserFailure', { kind: 'end', value: query[at] ?? '', at });
    if (found.kind !== 'space') tokens.push({ kind: found.kind, value: found.value, at });
    at += found.length;
  }
  return [...tokens, { kind: 'end', value: '<EOF>', at }];
}

function next(query: string, at: number) {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const raw = pattern.exec(query)?.[0];
    if (raw !== undefined) return { kind, value: kind === 'text' ? textOf(raw) : raw, length: raw.length };
  }
  return undefined;
}

function textOf(raw: string): string {
  if (raw.startsWith('@')) return raw.slice(2, -1);
  return raw
    .slice(1, -1)
    .replace(/\\(.)/g, (_all, char: string) => ({ n: '\n', t: '\t', r: '\r' })[char] ?? char);
}
