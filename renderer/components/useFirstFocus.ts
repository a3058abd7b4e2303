import { type RefObject, useEffect, useRef } from 'react';

/** The keyboard begins at the element with this ref: for the first field of what a person just opened. */
export function useFirstFocus<E extends HTMLElement>(): RefObject<E | null> {
  const first = useRef<E>(null);
  useEffect(() => first.current?.focus(), []);
  return first;
}
