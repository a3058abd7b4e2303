/** The part of the Kusto language that the practice Resource Graph understands. What it does not, it refuses. */
import { lex, QueryError, type Token } from './lexer.ts';

export type Expression =
  | { kind: 'value'; value: string | number | boolean | null }
  | { kind: 'path'; steps: (string | number)[]; token: Token }
  | { kind: 'call'; name: string; inputs: Expression[] }
  | { kind: 'compare'; operator: string; left: Expression; right: Expression }
  | { kind: 'in'; operator: string; left: Expression; values: Expression[] }
  | { kind: 'and' | 'or'; left: Expression; right: Expression };

type Column = { name: string; value: Expression };
export type Step =
  | { kind: 'where'; test: Expression }
  | { kind: 'project' | 'extend'; columns: Column[] }
  | { kind: 'project-away'; names: string[] }
  | { kind: 'order'; by: { value: Expression; descending: boolean }[] }
  | { kind: 'take'; count: number }
  | { kind: 'count' };

export interface Query {
  table: 'resources' | 'resourcecontainers';
  steps: Step[];
}

const functions = [
  'tolower',
  'toupper',
  'tostring',
  'toint',
  'isempty',
  'isnotempty',
  'isnull',
  'isnotnull',
  'not',
  'strcat',
  'array_length',
  'coalesce',
  'iff',
  'iif',
];

const comparisons = ['==', '!=', '=~', '!~', '<', '<=', '>', '>='];
const textTests = [
  'has',
  '!has',
  'contains',
  '!contains',
  'startswith',
  '!startswith',
  'endswith',
  '!endswith',
];

/** Reads `table | operator | operator …`. Throws QueryError. */
export function parse(text: string): Query {
  return new Parser(lex(text)).query();
}

class Parser {
  #tokens: Token[];
  #at = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  query(): Query {
    const table = this.#word().toLowerCase();
    if (table !== 'resources' && table !== 'resourcecontainers') throw this.#wrong(this.#tokens[0]);
    const steps: Step[] = [];
    while (this.#skip('|')) steps.push(this.#step());
    if (this.#peek().kind !== 'end') throw this.#wrong();
    return { table, steps };
  }

  #step(): Step {
    const token = this.#peek();
    switch (this.#word()) {
      case 'where':
        return { kind: 'where', test: this.#expression() };
      case 'project':
        return { kind: 'project', columns: this.#columns() };
      case 'extend':
        return { kind: 'extend', columns: this.#columns() };
      case 'project-away':
        return { kind: 'project-away', names: this.#list(() => this.#word()) };
      case 'order':
      case 'sort':
        this.#expect('by');
        return { kind: 'order', by: this.#list(() => this.#ordering()) };
      case 'take':
      case 'limit':
        return { kind: 'take', count: this.#number() };
      case 'count':
        return { kind: 'count' };
      default:
        throw this.#wrong(token);
    }
  }

  #columns(): Column[] {
    return this.#list(() => {
      const second = this.#tokens[this.#at + 1];
      if (this.#peek().kind === 'word' && second?.kind === 'sign' && second.value === '=') {
        const name = this.#word();
        this.#expect('=');
        return { name, value: this.#expression() };
      }
      const token = this.#peek();
      const value = this.#expression();
      if (value.kind !== 'path') throw this.#wrong(token);
      return { name: value.steps.join('_'), value };
    });
  }

  /** Without a word the order is descending, as in Kusto. */
  #ordering() {
    const value = this.#expression();
    const direction = this.#peek().value;
    if (direction === 'asc' || direction === 'desc') this.#at++;
    return { value, descending: direction !== 'asc' };
  }

  #expression(): Expression {
    let left = this.#conjunction();
    while (this.#skip('or')) left = { kind: 'or', left, right: this.#conjunction() };
    return left;
  }

  #conjunction(): Expression {
    let left = this.#comparison();
    while (this.#skip('and')) left = { kind: 'and', left, right: this.#comparison() };
    return left;
  }

  #comparison(): Expression {
    const left = this.#term();
    const operator = this.#peek().value;
    if (this.#peek().kind === 'text') return left;
    if (comparisons.includes(operator) || textTests.includes(operator)) {
      this.#at++;
      return { kind: 'compare', operator, left, right: this.#term() };
    }
    if (['in', '!in', 'in~', '!in~'].includes(operator)) {
      this.#at++;
      this.#expect('(');
      const values = this.#list(() => this.#expression());
      this.#expect(')');
      return { kind: 'in', operator, left, values };
    }
    return left;
  }

  #term(): Expression {
    const token = this.#peek();
    this.#at++;
    if (token.kind === 'text') return { kind: 'value', value: token.value };
    if (token.kind === 'number') return { kind: 'value', value: Number(token.value) };
    if (token.value === '(') {
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    if (token.kind !== 'word') throw this.#wrong(token);
    if (token.value === 'true' || token.value === 'false')
      return { kind: 'value', value: token.value === 'true' };
    if (token.value === 'null') return { kind: 'value', value: null };
    if (this.#peek().value === '(' && this.#peek().kind === 'sign') {
      if (!functions.includes(token.value)) throw this.#wrong(token);
      this.#at++;
      const inputs = this.#skip(')') ? [] : this.#list(() => this.#expression());
      if (inputs.length > 0) this.#expect(')');
      return { kind: 'call', name: token.value, inputs };
    }
    return this.#path(token);
  }

  #path(token: Token): Expression {
    const steps: (string | number)[] = [token.value];
    for (;;) {
      if (this.#skip('.')) steps.push(this.#word());
      else if (this.#skip('[')) {
        const key = this.#peek();
        this.#at++;
        if (key.kind !== 'text' && key.kind !== 'number') throw this.#wrong(key);
        steps.push(key.kind === 'number' ? Number(key.value) : key.value);
        this.#expect(']');
      } else return { kind: 'path', steps, token };
    }
  }

  #list<Item>(read: () => Item): Item[] {
    const items = [read()];
    while (this.#skip(',')) items.push(read());
    return items;
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', value: '<EOF>', at: 0 };
  }

  #skip(value: string): boolean {
    const token = this.#peek();
    if (token.value !== value || token.kind === 'text') return false;
    this.#at++;
    return true;
  }

  #expect(value: string): void {
    if (!this.#skip(value)) throw this.#wrong();
  }

  #word(): string {
    const token = this.#peek();
    if (token.kind !== 'word') throw this.#wrong();
    this.#at++;
    return token.value;
  }

  #number(): number {
    const token = this.#peek();
    if (token.kind !== 'number') throw this.#wrong();
    this.#at++;
    return Number(token.value);
  }

  #wrong(token: Token = this.#peek()): QueryError {
    return new QueryError('ParserFailure', token);
  }
}
