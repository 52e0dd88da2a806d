/** Markdown, as of a dataset's card: no HTML of its own, no pictures, and links only to web addresses. */

import { Box, Link } from "@chakra-ui/react";
import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";

const STYLE = {
  "& h1": { fontSize: "lg", fontWeight: "semibold", mb: 2 },
  "& h2": { fontSize: "md", fontWeight: "semibold", mt: 5, mb: 2 },
  "& h3": { fontWeight: "semibold", mt: 4, mb: 1 },
  "& p": { mb: 2 },
  "& ul, & ol": { ps: 5, mb: 2, listStyle: "revert" },
  "& table": { fontVariantNumeric: "tabular-nums" },
  "& th, & td": { borderBottomWidth: "1px", px: 2, py: 1, textAlign: "start" },
  "& pre": { bg: "bg.subtle", borderWidth: "1px", borderRadius: "md", p: 3, overflowX: "auto", mb: 3, fontSize: "xs" },
  "& code": { fontFamily: "mono", fontSize: "0.92em" },
};

export default function Markdown({ text }: { text: string }) {
  return (
    <Box css={STYLE} maxW="60rem" overflowWrap="anywhere">
      <ReactMarkdown
        remarkPlugins={[remarkGfm]}
        disallowedElements={["img"]}
        components={{
          a: ({ href, children }) =>
            href && /^https?:\/\//.test(href) ? (
              <Link href={href} target="_blank" rel="noopener noreferrer" color="fg.info" variant="underline">
                {children}
              </Link>
            ) : (
              <>{children}</>
            ),
          // what scrolls can be reached by the keyboard
          table: ({ children }) => (
            <Box overflowX="auto" tabIndex={0} mb={3}>
              <table>{children}</table>
            </Box>
          ),
          pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
        }}
      >
        {text}
      </ReactMarkdown>
    </Box>
  );
}
