/** What stands where data would: loading, nothing there, something went wrong. */

import { Box, Button, HStack, Spinner, Text, VStack } from "@chakra-ui/react";
import type { ReactNode } from "react";

import { RequestError } from "src/api/client";

export function Loading({ what }: { what: string }) {
  return (
    <HStack role="status" color="fg.muted" py={6} gap={3}>
      <Spinner size="sm" />
      <Text>Loading {what} …</Text>
    </HStack>
  );
}

/** Nothing is there, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <VStack align="start" borderWidth="1px" borderStyle="dashed" borderRadius="md" p={5} gap={1}>
      <Text fontWeight="semibold">{title}</Text>
      {children == null ? null : (
        <Box color="fg.muted" fontSize="sm">
          {children}
        </Box>
      )}
    </VStack>
  );
}

const TITLES: Record<number, string> = {
  0: "Airflow does not answer",
  403: "You may not see this",
  404: "There is nothing here",
  409: "More than one has this name",
  422: "This cannot be asked",
  501: "Not there yet",
  503: "The ledger does not answer",
  504: "This took too long",
};

/** What happened, in words, and a way to try again where that may help. */
export function Failure({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  const status = error instanceof RequestError ? error.status : 0;
  const mayPass = status === 0 || status >= 500;
  return (
    <VStack role="alert" align="start" borderWidth="1px" borderColor="red.muted" borderRadius="md" p={5} gap={2}>
      <Text fontWeight="semibold">{TITLES[status] ?? `The server answered ${status}`}</Text>
      <Text fontSize="sm" whiteSpace="pre-wrap" overflowWrap="anywhere">
        {error.message}
      </Text>
      {status === 503 ? (
        <Text fontSize="sm" color="fg.muted">
          Start the platform with <code>caco up</code>, and look at <code>caco status</code>.
        </Text>
      ) : null}
      {mayPass && onRetry ? (
        <Button size="xs" variant="outline" onClick={onRetry}>
          Try again
        </Button>
      ) : null}
    </VStack>
  );
}
