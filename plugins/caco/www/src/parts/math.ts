/** Finds what in a text is LaTeX: `$…$`, `$$…$$`, `\(…\)`, `\[…\]`, and a bare `\boxed{…}`. */

export interface TextPiece {
  kind: "text" | "math" | "display";
  start: number; // of the piece with its delimiters, in characters of the text
  end: number;
  body: string; // without its delimiters
  source: string; // with them, as it was written
}

const MAX_MATH_CHARS = 4_000; // longer ones are shown as they are written

// A dollar opens only before what is no space, and closes only after what is no space and before no digit: "$5 and $10"
// are two prices.
const DELIMITED = new RegExp(
  String.raw`\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\]|\\\(([\s\S]+?)\\\)|\$(?=\S)((?:\\.|[^$\\\n])*?)(?<=\S)\$(?!\d)|(\\boxed\{)`,
  "g",
);

export function textPieces(text: string): TextPiece[] {
  const pieces: TextPiece[] = [];
  let done = 0;
  DELIMITED.lastIndex = 0;
  for (let match = DELIMITED.exec(text); match; match = DELIMITED.exec(text)) {
    const start = match.index;
    const end = match[5] === undefined ? start + match[0].length : closingBrace(text, start + match[0].length);
    if (end === null || end - start > MAX_MATH_CHARS) continue;
    const body = match[1] ?? match[2] ?? match[3] ?? match[4] ?? text.slice(start, end);
    if (start > done) pieces.push(plainPiece(text, done, start));
    const isDisplay = match[1] !== undefined || match[2] !== undefined;
    pieces.push({ kind: isDisplay ? "display" : "math", start, end, body, source: text.slice(start, end) });
    done = end;
    DELIMITED.lastIndex = end;
  }
  if (done < text.length) pieces.push(plainPiece(text, done, text.length));
  return pieces;
}

function plainPiece(text: string, start: number, end: number): TextPiece {
  const body = text.slice(start, end);
  return { kind: "text", start, end, body, source: body };
}

/** Where the brace that is open at `from` closes, just after it. */
function closingBrace(text: string, from: number): number | null {
  let depth = 1;
  for (let place = from; place < Math.min(text.length, from + MAX_MATH_CHARS); place += 1) {
    if (text[place] === "\\") place += 1;
    else if (text[place] === "{") depth += 1;
    else if (text[place] === "}") {
      depth -= 1;
      if (depth === 0) return place + 1;
    }
  }
  return null;
}
