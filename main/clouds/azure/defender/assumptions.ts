/**
 * Assumptions about Defender for Cloud that no public source settles (reference section 10). Each has a test, so that
 * one trial in a live subscription can settle it.
 */

/**
 * Assumption, reference 2.10: an early end is a newer request with a near end. Whether the five minutes documented for a
 * policy's maximum bind requests too is unknown: the nearest end is tried first, then the other, with some seconds for the
 * way there.
 */
export const nearEndsMs = [60_000, 5 * 60_000 + 10_000] as const;

/** Assumption, reference 1.3: policies allow from five minutes (documented) to one day (documented), and no request is refused for being short before it was tried. */
export const policyTime = { leastMs: 5 * 60_000, mostMs: 24 * 3_600_000 } as const;

/** Assumption, reference 1.3: IPv6 is nowhere mentioned, so it is not asked for. */
export const takesIpv6 = false;

/** Assumption, reference 1.3: how long a justification may be is unknown. */
export const longestJustification = 500;

/** Documented, reference 1.4: the names of a policy and of a VM in it, together. */
export const longestNames = 56;

/** Assumption, reference 1.2: the 202 promises nothing; this long is waited for what it asked for to show, milliseconds. */
export const showPauses = [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, 30_000, 30_000];

/** Assumption: how long after an end the platform may still be taking its rule away before we help. */
export const expiryPauses = [1000, 2000, 4000, 8000];

/** Assumption: a writer who read before us has written by then, so a look this much later sees a lost update. */
export const lostUpdatePauses = [0, 1500];

/** A request this young may not have its rule yet, milliseconds. */
export const youngMs = 3 * 60_000;

/** Defender's own screen tells of the last week (reference 2.8). */
export const recordMs = 7 * 86_400_000;
