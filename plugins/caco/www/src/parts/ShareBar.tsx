/** A proportion as a bar: what passed, failed, could not be told. */

import { Box, Flex } from "@chakra-ui/react";

interface Props {
  passed: number;
  failed?: number;
  unknown?: number;
  whole: number; // what the full width stands for
  label: string; // what a person who does not see it is told
  width?: string;
}

export function ShareBar({ passed, failed = 0, unknown = 0, whole, label, width = "100%" }: Props) {
  const part = (count: number) => `${whole > 0 ? Math.min(100, (100 * count) / whole) : 0}%`;
  return (
    <Flex
      role="img"
      aria-label={label}
      title={label}
      width={width}
      height="3"
      bg="bg.muted"
      borderRadius="xs"
      overflow="hidden"
    >
      <Box width={part(passed)} bg="green.solid" />
      <Box width={part(unknown)} bg="orange.solid" />
      <Box width={part(failed)} bg="red.solid" opacity={0.75} />
    </Flex>
  );
}
