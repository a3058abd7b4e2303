/** Sources as people write them: a range of one address is that address. */

/** Joins sources for reading; `203.0.113.7/32` and `…/128` lose their length. */
export function sourcesText(sources: readonly string[]): string {
  return sources.map(source => source.replace(source.includes(':') ? /\/128$/ : /\/32$/, '')).join(', ');
}
