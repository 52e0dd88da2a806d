/** The state of a page as its address holds it, so that every state has a link. */

import { useCallback } from "react";
import { useSearchParams } from "react-router-dom";

import type { Filters } from "src/parts/paths";

/** The address as it is at this moment: keys may be pressed faster than pages are drawn. */
export const addressNow = () => new URLSearchParams(globalThis.location.search);

export interface AddressState {
  get: (name: string) => string | undefined;
  /** Changes some values and keeps the others; an empty value goes. Steps back through them by the browser's button. */
  set: (changes: Filters, options?: { replace?: boolean }) => void;
}

export function useAddress(): AddressState {
  const [params, setParams] = useSearchParams();
  const get = useCallback((name: string) => params.get(name) || undefined, [params]);
  const set = useCallback(
    (changes: Filters, options?: { replace?: boolean }) => {
      setParams(() => {
        const next = addressNow();
        for (const [name, value] of Object.entries(changes)) {
          if (value == null || value === "") next.delete(name);
          else next.set(name, String(value));
        }
        return next;
      }, options);
    },
    [setParams],
  );
  return { get, set };
}
