/** Code with colours and line numbers. */

import { Box } from "@chakra-ui/react";
import hljs from "highlight.js/lib/core";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import shell from "highlight.js/lib/languages/bash";
import sql from "highlight.js/lib/languages/sql";
import { useMemo } from "react";

import { withoutTurning, withoutTurningInHtml } from "src/parts/bidi";

hljs.registerLanguage("json", json);
hljs.registerLanguage("python", python);
hljs.registerLanguage("shell", shell);
hljs.registerLanguage("sql", sql);

const MAX_COLOURED_CHARS = 50_000; // beyond, colours cost more than they give
const CHANGED_BY_HTML = /[\0\r]/; // what a browser leaves out or changes where it reads HTML

const COLOURS = {
  "& .hljs-keyword, & .hljs-operator": { color: "purple.fg" },
  "& .hljs-string": { color: "green.fg" },
  "& .hljs-number, & .hljs-literal": { color: "blue.fg" },
  "& .hljs-comment": { color: "fg.muted", fontStyle: "italic" },
  "& .hljs-title, & .hljs-built_in, & .hljs-attr": { color: "teal.fg" },
};

interface Props {
  code: string;
  language?: "python" | "sql" | "json" | "shell";
  label: string;
  hasNumbers?: boolean;
  maxHeight?: string;
}

export function Code({ code, language, label, hasNumbers = false, maxHeight = "28rem" }: Props) {
  const html = useMemo(() => {
    if (!language || code.length > MAX_COLOURED_CHARS || CHANGED_BY_HTML.test(code)) return null;
    return withoutTurningInHtml(hljs.highlight(code, { language }).value);
  }, [code, language]);
  const numbers = Array.from({ length: code.replace(/\n$/, "").split("\n").length }, (_, line) => line + 1).join("\n");
  return (
    <Box
      display="flex"
      gap={3}
      bg="bg.subtle"
      borderWidth="1px"
      borderRadius="md"
      p={3}
      fontSize="xs"
      lineHeight="1.55"
      fontFamily="mono"
      overflow="auto"
      maxH={maxHeight}
      tabIndex={0}
      role="region"
      aria-label={label}
      css={COLOURS}
    >
      {hasNumbers ? (
        <Box as="pre" color="fg.muted" textAlign="end" userSelect="none" aria-hidden="true">
          {numbers}
        </Box>
      ) : null}
      {html === null ? <pre>{withoutTurning(code)}</pre> : <pre dangerouslySetInnerHTML={{ __html: html }} />}
    </Box>
  );
}
