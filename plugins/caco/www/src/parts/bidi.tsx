/**
 * Characters that turn the direction of what follows, shown by their number and without their effect.
 *
 * With them a text can read otherwise than it runs or was judged. Each stands in a `bdi`, which ends what it begins, so that
 * all letters stay as they are and can be copied.
 */

import type { ReactNode } from "react";

const TURNING = /([\u202a-\u202e\u2066-\u2069])/;

const numberOf = (character: string) => `U+${character.charCodeAt(0).toString(16).toUpperCase()}`;

/** How they are shown; for the box around all texts. */
export const TURNING_STYLE = {
  "& bdi[data-turning]::before": {
    content: "attr(data-turning)",
    fontSize: "0.7em",
    color: "fg.error",
    borderWidth: "1px",
    borderRadius: "xs",
    px: "1px",
  },
};

/** A text for React. */
export function withoutTurning(text: string): ReactNode {
  if (!TURNING.test(text)) return text;
  return text.split(TURNING).map((part, place) =>
    place % 2 === 0 ? (
      part
    ) : (
      <bdi key={place} data-turning={numberOf(part)}>
        {part}
      </bdi>
    ),
  );
}

/** HTML whose tags hold none of them. */
export function withoutTurningInHtml(html: string): string {
  return html.replace(new RegExp(TURNING, "g"), (one) => `<bdi data-turning="${numberOf(one)}">${one}</bdi>`);
}
