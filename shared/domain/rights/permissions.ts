/**
 * What a set of permissions allows, by the rules of Azure's role definitions (learn.microsoft.com/azure/
 * role-based-access-control/role-definitions): an action is allowed by a permission if one of its `actions` covers it and
 * none of its `notActions` does; several permissions add up, so what one takes away another may still give.
 */

/** One permission of a role; also what the permissions API answers with. */
export interface PermissionSet {
  actions: readonly string[];
  notActions: readonly string[];
}

/** May whoever has these permissions do this action? Names are the same in any case. */
export function allows(permissions: readonly PermissionSet[], action: string): boolean {
  return permissions.some(
    ({ actions, notActions }) =>
      actions.some(pattern => covers(pattern, action)) &&
      !notActions.some(pattern => covers(pattern, action)),
  );
}

/**
 * Does a pattern cover an action? `*` stands for any text, slashes and nothing included. Takes time in proportion to both
 * lengths at worst, whatever a cloud sends as pattern.
 */
export function covers(pattern: string, action: string): boolean {
  const pieces = pattern.toLowerCase().split('*');
  const text = action.toLowerCase();
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (pieces.length === 1) return text === first;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) {
    return false;
  }
  // Each piece in between at the first place it fits: that leaves the most room for those after it.
  const end = text.length - last.length;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
