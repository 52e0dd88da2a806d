/** A few facts about one thing, each with its name. */

import { Box, Flex } from "@chakra-ui/react";
import type { ReactNode } from "react";

export type Fact = [name: string, value: ReactNode] | false | null;

export function Figures({ facts }: { facts: Fact[] }) {
  return (
    <Flex as="dl" wrap="wrap" gapX={8} gapY={2} fontVariantNumeric="tabular-nums">
      {facts
        .filter((fact) => fact !== false && fact !== null)
        .map(([name, value]) => (
          <Box key={name} minW={0}>
            <Box as="dt" fontSize="xs" color="fg.muted">
              {name}
            </Box>
            <Box as="dd" fontSize="sm" overflowWrap="anywhere">
              {value}
            </Box>
          </Box>
        ))}
    </Flex>
  );
}
