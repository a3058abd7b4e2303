/** What a benchmark gives: rows of a table, each with the floor or peer that was measured in the same run. */

export interface Row {
  what: string;
  measured: number;
  unit: string;
  /** The least it could be, or another program doing the same; in the same unit, from the same run. */
  floor?: { what: string; value: number };
  /** `measured / floor`, where there is a floor. */
  ratio?: number;
  /** The most that `of` may be. Absent: told, not judged. */
  bar?: { of: 'measured' | 'ratio'; most: number };
  met?: boolean;
  /** Why there is no measurement. */
  skipped?: string;
  note?: string;
}

export interface Benchmark {
  name: string;
  /** `quick`: smaller worlds and fewer rounds; the same rows. */
  run(options: { quick: boolean }): Promise<Row[]>;
}

/** A row, with its ratio and whether its bar is met. */
export function row(given: Omit<Row, 'ratio' | 'met'>): Row {
  const { measured, floor, bar } = given;
  const ratio = floor === undefined || floor.value === 0 ? undefined : measured / floor.value;
  const judged = bar?.of === 'ratio' ? ratio : measured;
  return {
    ...given,
    ...(ratio === undefined ? {} : { ratio }),
    ...(bar === undefined || judged === undefined ? {} : { met: judged <= bar.most }),
  };
}

/** A row that could not be measured, and why. */
export function skipped(what: string, why: string): Row {
  return { what, measured: 0, unit: '', skipped: why };
}

/** One line of text per row. */
export function tableLines(name: string, rows: Row[]): string[] {
  return rows.map(each => {
    if (each.skipped !== undefined) return `${name.padEnd(9)} skip    ${each.what}: ${each.skipped}`;
    const { met, floor, ratio, bar, unit } = each;
    const verdict = met === undefined ? 'told' : met ? 'met' : 'MISSED';
    const against = floor ? `; ${floor.what}: ${amount(floor.value, unit)}` : '';
    const times = ratio === undefined ? '' : ` = ${ratio.toFixed(2)} ×`;
    const limit = bar ? ` (at most ${bar.of === 'ratio' ? `${bar.most} ×` : amount(bar.most, unit)})` : '';
    const note = each.note === undefined ? '' : `; ${each.note}`;
    return `${name.padEnd(9)} ${verdict.padEnd(7)} ${each.what}: ${amount(each.measured, unit)}${against}${times}${limit}${note}`;
  });
}

function amount(value: number, unit: string): string {
  const text = Number.isInteger(value) || value >= 1000 ? value.toFixed(0) : value.toPrecision(3);
  return unit === '' ? text : `${text} ${unit}`;
}
