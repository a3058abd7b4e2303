/** Element ids in the VM list. */

export const gridId = 'vm-grid';

/** The element id of a VM's row, for aria-activedescendant. */
export function rowElementId(vm: string): string {
  return `vm:${encodeURIComponent(vm)}`;
}

/** The VM whose row an element is in. */
export function rowOfElement(element: EventTarget): string | undefined {
  const row = element instanceof Element ? element.closest('tr[id^="vm:"]') : null;
  return row === null ? undefined : decodeURIComponent(row.id.slice('vm:'.length));
}
