/** A problem or solution as one reads it: formulas set, and equations marked with what was found of them. */

import { Box, type BoxProps } from "@chakra-ui/react";
import { Fragment, lazy, Suspense, useMemo, type ReactNode } from "react";

import type { Schemas } from "src/api/client";
import { withoutTurning } from "src/parts/bidi";
import { textPieces, type TextPiece } from "src/parts/math";

const Tex = lazy(() => import("src/parts/Tex"));

type Equation = Schemas["EquationReport"];
type Placed = Equation & { start: number; end: number };

interface Props extends BoxProps {
  text: string;
  equations?: readonly Equation[]; // by their place in the text
}

export function MathText({ text, equations = [], ...box }: Props) {
  const pieces = useMemo(() => textPieces(text), [text]);
  // offsets count code points, as Python does; a text of plain letters has the same places in both
  const places = useMemo(() => codeUnitPlaces(text, equations), [text, equations]);
  return (
    <Box whiteSpace="pre-wrap" overflowWrap="anywhere" lineHeight="1.6" {...box}>
      {pieces.map((piece) => (
        <Piece key={piece.start} piece={piece} equations={places} />
      ))}
    </Box>
  );
}

/** Equations that have a place, in UTF-16 units, in order and without those that begin inside another. */
function codeUnitPlaces(text: string, equations: readonly Equation[]): Placed[] {
  const isPlain = !/[\ud800-\udbff]/.test(text);
  const points = isPlain ? null : Array.from(text);
  const place = (at: number) => (points ? points.slice(0, at).join("").length : at);
  const sorted = equations
    .filter((one): one is Placed => one.start !== null && one.end !== null)
    .sort((one, other) => one.start - other.start);
  const kept: Placed[] = [];
  for (const equation of sorted) {
    if (equation.start >= (kept.at(-1)?.end ?? 0)) kept.push(equation);
  }
  return kept.map((one) => ({ ...one, start: place(one.start), end: place(one.end) }));
}

function Piece({ piece, equations }: { piece: TextPiece; equations: readonly Placed[] }) {
  const inside = equations.filter((one) => one.start < piece.end && one.end > piece.start);
  if (piece.kind !== "text") {
    const formula = (
      <Suspense fallback={piece.source}>
        <Tex piece={piece} />
      </Suspense>
    );
    const worst = worstOf(inside);
    return worst ? <EquationMark state={worst}>{formula}</EquationMark> : formula;
  }
  const parts: ReactNode[] = [];
  let done = piece.start;
  for (const one of inside) {
    const [start, end] = [Math.max(one.start, piece.start), Math.min(one.end, piece.end)];
    parts.push(withoutTurning(piece.body.slice(done - piece.start, start - piece.start)));
    parts.push(
      <EquationMark state={one.state}>
        {withoutTurning(piece.body.slice(start - piece.start, end - piece.start))}
      </EquationMark>,
    );
    done = end;
  }
  parts.push(withoutTurning(piece.body.slice(done - piece.start)));
  return parts.map((part, place) => <Fragment key={place}>{part}</Fragment>);
}

function worstOf(equations: readonly Equation[]): Equation["state"] | null {
  for (const state of ["false", "not_understood", "true"] as const) {
    if (equations.some((one) => one.state === state)) return state;
  }
  return null;
}

export const EQUATION_STATES: Record<Equation["state"], { sign: string; words: string; color: string; line: string }> =
  {
    true: { sign: "✓", words: "true", color: "green.solid", line: "solid" },
    false: { sign: "✗", words: "false", color: "red.solid", line: "wavy" },
    not_understood: { sign: "?", words: "not understood", color: "orange.solid", line: "dotted" },
  };

export function EquationMark({ state, children }: { state: Equation["state"]; children: ReactNode }) {
  const { sign, words, color, line } = EQUATION_STATES[state];
  return (
    <Box
      as="span"
      data-equation={state}
      title={`${words}, as computed`}
      textDecorationLine="underline"
      textDecorationStyle={line}
      textDecorationColor={color}
      textDecorationThickness="2px"
      textUnderlineOffset="3px"
    >
      {children}
      <Box as="sup" fontSize="0.7em" fontWeight="bold" aria-label={words} role="img">
        {sign}
      </Box>
    </Box>
  );
}
