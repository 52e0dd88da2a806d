/** One formula, set by KaTeX; loaded only with a text that has one. What KaTeX does not set stands as it was written. */

import katex from "katex";
import "katex/dist/katex.min.css";
import { useMemo } from "react";

import type { TextPiece } from "src/parts/math";

/** A formula asks for a link, a picture or a style. */
class RefusedCommand extends Error {}

// KaTeX would show such a command in red and without what it holds; the limits end what would expand or grow without end.
const LIMITS = {
  trust: () => {
    throw new RefusedCommand();
  },
  throwOnError: true,
  strict: false,
  maxExpand: 200,
  maxSize: 20,
} as const;

export default function Tex({ piece }: { piece: TextPiece }) {
  const html = useMemo(() => {
    try {
      return katex.renderToString(piece.body, { ...LIMITS, displayMode: piece.kind === "display" });
    } catch (error) {
      const isRefused = error instanceof RefusedCommand || error instanceof RangeError;
      if (isRefused || error instanceof katex.ParseError) return null;
      throw error;
    }
  }, [piece]);
  if (html === null) return <code>{piece.source}</code>;
  return <span dangerouslySetInnerHTML={{ __html: html }} />;
}
