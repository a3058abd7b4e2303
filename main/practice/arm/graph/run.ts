/** Runs a parsed query over rows. */
import { QueryError, type Token } from './lexer.ts';
import type { Expression, Query, Step } from './parse.ts';

export type Row = Record<string, unknown>;

/** The rows that come out, in order. Throws QueryError for a column that no row has. */
export function run(query: Query, rows: Row[], columns: string[]): Row[] {
  let known = columns;
  for (const step of query.steps) {
    for (const path of pathsIn(step)) {
      const [first] = path.steps;
      if (!known.includes(String(first))) throw new QueryError('InvalidColumnName', path.token);
    }
    rows = apply(step, rows);
    known = columnsAfter(step, known);
  }
  return rows;
}

function apply(step: Step, rows: Row[]): Row[] {
  switch (step.kind) {
    case 'where':
      return rows.filter(row => truth(evaluate(step.test, row)));
    case 'project':
      return rows.map(row =>
        Object.fromEntries(step.columns.map(({ name, value }) => [name, evaluate(value, row)])),
      );
    case 'extend':
      return rows.map(row => ({
        ...row,
        ...Object.fromEntries(step.columns.map(({ name, value }) => [name, evaluate(value, row)])),
      }));
    case 'project-away':
      return rows.map(row =>
        Object.fromEntries(Object.entries(row).filter(([name]) => !step.names.includes(name))),
      );
    case 'order':
      return rows.toSorted((a, b) => order(step.by, a, b));
    case 'take':
      return rows.slice(0, step.count);
    case 'count':
      return [{ Count: rows.length }];
  }
}

function columnsAfter(step: Step, known: string[]): string[] {
  switch (step.kind) {
    case 'project':
      return step.columns.map(column => column.name);
    case 'extend':
      return [...known, ...step.columns.map(column => column.name)];
    case 'project-away':
      return known.filter(name => !step.names.includes(name));
    case 'count':
      return ['Count'];
    case 'where':
    case 'order':
    case 'take':
      return known;
  }
}

function pathsIn(step: Step): { steps: (string | number)[]; token: Token }[] {
  const walk = (expression: Expression): { steps: (string | number)[]; token: Token }[] => {
    switch (expression.kind) {
      case 'value':
        return [];
      case 'path':
        return [expression];
      case 'call':
        return expression.inputs.flatMap(walk);
      case 'in':
        return [expression.left, ...expression.values].flatMap(walk);
      case 'compare':
      case 'and':
      case 'or':
        return [expression.left, expression.right].flatMap(walk);
    }
  };
  if (step.kind === 'where') return walk(step.test);
  if (step.kind === 'project' || step.kind === 'extend')
    return step.columns.flatMap(column => walk(column.value));
  if (step.kind === 'order') return step.by.flatMap(by => walk(by.value));
  return [];
}

function evaluate(expression: Expression, row: Row): unknown {
  switch (expression.kind) {
    case 'value':
      return expression.value;
    case 'path':
      return expression.steps.reduce<unknown>(
        (value, step) =>
          typeof value === 'object' && value !== null ? ((value as Row)[String(step)] ?? null) : null,
        row,
      );
    case 'and':
      return truth(evaluate(expression.left, row)) && truth(evaluate(expression.right, row));
    case 'or':
      return truth(evaluate(expression.left, row)) || truth(evaluate(expression.right, row));
    case 'compare':
      return compare(expression.operator, evaluate(expression.left, row), evaluate(expression.right, row));
    case 'in': {
      const value = evaluate(expression.left, row);
      const equal = expression.operator.endsWith('~') ? '=~' : '==';
      const found = expression.values.some(one => truth(compare(equal, value, evaluate(one, row))));
      return expression.operator.startsWith('!') ? !found : found;
    }
    case 'call':
      return call(
        expression.name,
        expression.inputs.map(input => evaluate(input, row)),
      );
  }
}

function compare(operator: string, left: unknown, right: unknown): boolean {
  if (operator.startsWith('!') && operator !== '!=' && operator !== '!~')
    return !compare(operator.slice(1), left, right);
  const [a, b] = [text(left), text(right)];
  const [lowA, lowB] = [a.toLowerCase(), b.toLowerCase()];
  switch (operator) {
    case '==':
      return typeof left === 'number' || typeof right === 'number' ? Number(left) === Number(right) : a === b;
    case '!=':
      return !compare('==', left, right);
    case '=~':
      return lowA === lowB;
    case '!~':
      return lowA !== lowB;
    case 'contains':
      return lowA.includes(lowB);
    case 'startswith':
      return lowA.startsWith(lowB);
    case 'endswith':
      return lowA.endsWith(lowB);
    case 'has':
      return (
        lowA.split(/[^\p{L}\p{N}]+/u).includes(lowB) || (/[^\p{L}\p{N}]/u.test(b) && lowA.includes(lowB))
      );
    case '<':
      return rank(left, right) < 0;
    case '<=':
      return rank(left, right) <= 0;
    case '>':
      return rank(left, right) > 0;
    default:
      return rank(left, right) >= 0;
  }
}

function call(name: string, inputs: unknown[]): unknown {
  const [first, second, third] = inputs;
  switch (name) {
    case 'tolower':
      return text(first).toLowerCase();
    case 'toupper':
      return text(first).toUpperCase();
    case 'tostring':
      return text(first);
    case 'toint':
      return first === null || first === '' || Number.isNaN(Number(first)) ? null : Math.trunc(Number(first));
    case 'isempty':
      return text(first) === '';
    case 'isnotempty':
      return text(first) !== '';
    case 'isnull':
      return first === null || first === undefined;
    case 'isnotnull':
      return first !== null && first !== undefined;
    case 'not':
      return !truth(first);
    case 'strcat':
      return inputs.map(text).join('');
    case 'array_length':
      return Array.isArray(first) ? first.length : null;
    case 'coalesce':
      return inputs.find(input => input !== null && input !== undefined && input !== '') ?? null;
    default:
      return truth(first) ? second : third;
  }
}

function truth(value: unknown): boolean {
  return value === true;
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : (JSON.stringify(value) ?? '');
}

function rank(left: unknown, right: unknown): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  const [a, b] = [text(left), text(right)];
  return a < b ? -1 : a > b ? 1 : 0;
}

function order(by: { value: Expression; descending: boolean }[], a: Row, b: Row): number {
  for (const { value, descending } of by) {
    const difference = rank(evaluate(value, a), evaluate(value, b));
    if (difference !== 0) return descending ? -difference : difference;
  }
  return 0;
}
