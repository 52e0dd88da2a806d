/** A figure with its 95% interval below it. */

import { Box, Text } from "@chakra-ui/react";

export function WithRange({ value, range }: { value: string; range: string }) {
  return (
    <Box whiteSpace="nowrap">
      {value}
      <Text fontSize="xs" color="fg.muted">
        {range}
      </Text>
    </Box>
  );
}
