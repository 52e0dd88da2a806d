/** One formula, set by KaTeX; loaded only with a text that has one. What KaTeX does not know stands as it was written. */

import katex from "katex";
import "katex/dist/katex.min.css";
import { useMemo } from "react";

// `trust: false` refuses links, images and styles; the limits end what would expand or grow without end.
const LIMITS = { trust: false, throwOnError: true, strict: false, maxExpand: 200, maxSize: 20 } as const;

export default function Tex({ body, isDisplay }: { body: string; isDisplay: boolean }) {
  const html = useMemo(() => {
    try {
      return katex.renderToString(body, { ...LIMITS, displayMode: isDisplay });
    } catch (error) {
      if (error instanceof katex.ParseError || error instanceof RangeError) return null;
      throw error;
    }
  }, [body, isDisplay]);
  if (html === null) return <code>{body}</code>;
  return <span dangerouslySetInnerHTML={{ __html: html }} />;
}
