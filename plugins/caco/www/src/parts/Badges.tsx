/** Outcomes and states: always a word, with a colour beside it and never alone. */

import { Badge } from "@chakra-ui/react";

const OUTCOMES: Record<string, [palette: string, word: string]> = {
  pass: ["green", "passed"],
  fail: ["red", "failed"],
  unknown: ["orange", "unknown"],
  recorded: ["gray", "recorded"],
};

export function OutcomeBadge({ outcome }: { outcome: string }) {
  const [palette, word] = OUTCOMES[outcome] ?? ["gray", outcome];
  return (
    <Badge colorPalette={palette} variant="subtle" size="sm">
      {word}
    </Badge>
  );
}

const STATES: Record<string, string> = {
  planned: "gray",
  running: "blue",
  stopped: "orange",
  gate_failed: "red",
  complete: "green",
  staged: "purple",
  published: "green",
  withdrawn: "orange",
  passed: "green",
  failed: "red",
  waiting: "gray",
  in_band: "green",
  out_of_band: "red",
  off: "gray",
};

/** The state of a run, gate or dataset. */
export function StateBadge({ state }: { state: string }) {
  return (
    <Badge colorPalette={STATES[state] ?? "gray"} variant="subtle" size="sm">
      {state.replaceAll("_", " ")}
    </Badge>
  );
}
