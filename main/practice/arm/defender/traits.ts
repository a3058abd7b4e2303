/** What no public source tells of the service: each trait can be switched, so that a client has to stand both answers. */

/** How the service behaves where the reference only guesses (its section 10). */
export interface DefenderTraits {
  /** May an address inside an allowed range be asked for, or only the very text of the policy? */
  subset: 'within' | 'exact';
  /** Shortest request that is taken, milliseconds. */
  shortestMs: number;
  /** Does a newer request end only those from the same source, or all of that port? */
  replaces: 'same-source' | 'same-port';
  /** Where a VM has an NSG on its subnet and one on its interface. */
  writes: 'both' | 'interface';
}
