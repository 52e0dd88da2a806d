/** The next page of a table that is read page by page. */

import { Button, HStack, Text } from "@chakra-ui/react";

import { formatCount } from "src/parts/numbers";

interface Props {
  shown: number;
  hasMore: boolean;
  isLoading: boolean;
  onMore: () => void;
}

export function More({ shown, hasMore, isLoading, onMore }: Props) {
  return (
    <HStack mt={2} color="fg.muted" fontSize="xs">
      <Text>{hasMore ? `The first ${formatCount(shown)}.` : `${formatCount(shown)} in all.`}</Text>
      {hasMore ? (
        <Button size="xs" variant="outline" loading={isLoading} onClick={onMore}>
          More
        </Button>
      ) : null}
    </HStack>
  );
}
