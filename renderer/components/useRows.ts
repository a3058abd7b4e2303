import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { type RefObject, useEffect } from 'react';
import { useSettings } from '../state/settings.ts';

interface Parts {
  count: number;
  scroller: RefObject<HTMLElement | null>;
  /** Pixels, in the density that is set. */
  height: (at: number) => number;
  /** The same function as long as the rows are the same: a new one makes every place be worked out anew. */
  keyOf: (at: number) => string | number;
  /** What covers the top of the scroller, in pixels. */
  head: number;
}

/** Virtual rows: only those in view are in the page. */
export function useRows({ count, scroller, height, keyOf, head }: Parts): Virtualizer<HTMLElement, Element> {
  const density = useSettings(state => state.settings?.density);
  // oxlint-disable-next-line react/incompatible-library -- its functions change without notice to React's compiler, which is not used here
  const virtual = useVirtualizer<HTMLElement, Element>({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: height,
    getItemKey: keyOf,
    scrollPaddingStart: head,
    overscan: 12,
  });
  // Another density: heights worked out before are void.
  useEffect(() => virtual.measure(), [virtual, density]);
  return virtual;
}
