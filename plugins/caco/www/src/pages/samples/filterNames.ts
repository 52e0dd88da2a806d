/** The filters of the samples, as the address has them and as the API takes them. */

import type { Schemas } from "src/api/client";
import type { AddressState } from "src/parts/filters";

export const FILTERS = ["run", "stage", "outcome", "reason", "domain", "difficulty", "model", "text"] as const;

export function filtersOf(address: AddressState) {
  const difficulty = Number(address.get("difficulty"));
  return {
    run: address.get("run"),
    stage: address.get("stage"),
    outcome: address.get("outcome") as Schemas["SampleLine"]["outcome"] | undefined,
    reason: address.get("reason"),
    domain: address.get("domain"),
    difficulty: Number.isInteger(difficulty) && difficulty > 0 ? difficulty : undefined,
    model: address.get("model"),
    text: address.get("text"),
  };
}

/** Whether anything but the run is filtered. */
export function isFiltered(address: AddressState): boolean {
  return FILTERS.some((name) => name !== "run" && address.get(name));
}

/** The change that clears all filters but the run. */
export const CLEARED = Object.fromEntries(FILTERS.filter((name) => name !== "run").map((name) => [name, null]));
