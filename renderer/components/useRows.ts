import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { type RefObject, useEffect } from 'react';

interface Parts {
  count: number;
  scroller: RefObject<HTMLElement | null>;
  /** Pixels. A new function means new heights. */
  height: (at: number) => number;
  keyOf: (at: number) => string | number;
  /** What covers the top of the scroller, in pixels. */
  head: number;
}

/** Virtual rows: only those in view are in the page. */
export function useRows({ count, scroller, height, keyOf, head }: Parts): Virtualizer<HTMLElement, Element> {
  // oxlint-disable-next-line react/incompatible-library -- its functions change without notice to React's compiler, which is not used here
  const virtual = useVirtualizer<HTMLElement, Element>({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: height,
    getItemKey: keyOf,
    scrollPaddingStart: head,
    overscan: 12,
  });
  // New heights: what was measured with the old ones is void.
  useEffect(() => virtual.measure(), [virtual, height]);
  return virtual;
}
