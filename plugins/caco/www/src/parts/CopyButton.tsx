/** Copies a text that stands shortened on the page, or a command. */

import { Button } from "@chakra-ui/react";
import { useState } from "react";

const MAX_READ_CHARS = 200; // of a name that is read out

export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [state, setState] = useState<"" | "Copied" | "Not copied">("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setState("Copied");
    } catch {
      // a page without https has no clipboard: the text stands in the title and can be marked
      setState("Not copied");
    }
    setTimeout(() => setState(""), 1500);
  };
  return (
    <Button
      size="2xs"
      variant="ghost"
      color="fg.muted"
      title={text}
      aria-label={text.length > MAX_READ_CHARS ? label : `${label}: ${text}`}
      onClick={() => void copy()}
    >
      {state || label}
    </Button>
  );
}
