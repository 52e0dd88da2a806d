/** The place of all pages: Airflow gives them a box, and they scroll in it. */

import { Box } from "@chakra-ui/react";
import { Suspense, type ReactNode } from "react";

import { TURNING_STYLE } from "src/parts/bidi";
import { Loading } from "src/parts/notices";

export function Frame({ children }: { children: ReactNode }) {
  return (
    <Box height="100%" overflowY="auto" px={4} py={3} fontSize="sm" css={TURNING_STYLE} data-caco-pages="">
      <Suspense fallback={<Loading what="the page" />}>{children}</Suspense>
    </Box>
  );
}
