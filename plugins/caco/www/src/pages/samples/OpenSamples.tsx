/** The open sample beside the list, and another one beside it that was kept. */

import { Box, Button, HStack, SimpleGrid, Text } from "@chakra-ui/react";
import type { ReactNode } from "react";

import type { AddressState } from "src/parts/filters";
import { PageLink } from "src/parts/Links";
import { shortId } from "src/parts/numbers";
import { samplePath } from "src/parts/paths";
import { SampleById } from "src/pages/sample/SamplePage";

interface Props {
  open: string;
  beside: string | undefined;
  address: AddressState;
}

export function OpenSamples({ open, beside, address }: Props) {
  const isTwo = beside !== undefined && beside !== open;
  return (
    <SimpleGrid columns={isTwo ? { base: 1, md: 2 } : 1} gap={4} flex="1" minW={0} width="100%">
      {isTwo ? (
        <Panel sampleId={beside} name="Kept">
          <Button size="2xs" variant="ghost" onClick={() => address.set({ beside: null })}>
            Let go
          </Button>
        </Panel>
      ) : null}
      <Panel sampleId={open} name="Open">
        {isTwo ? null : (
          <Button
            size="2xs"
            variant="ghost"
            aria-pressed={beside === open}
            onClick={() => address.set({ beside: open })}
          >
            {beside === open ? "Kept: now press J or K" : "Keep beside the next (P)"}
          </Button>
        )}
        <Button size="2xs" variant="ghost" onClick={() => address.set({ open: null, beside: null })}>
          Close (Esc)
        </Button>
      </Panel>
    </SimpleGrid>
  );
}

function Panel({ sampleId, name, children }: { sampleId: string; name: string; children: ReactNode }) {
  return (
    <Box as="article" aria-label={`${name} sample`} borderWidth="1px" borderRadius="md" p={4} minW={0}>
      <HStack justify="space-between" wrap="wrap" mb={3}>
        <Text fontWeight="semibold">
          Sample{" "}
          <PageLink to={samplePath(sampleId)} title={sampleId}>
            {shortId(sampleId)}
          </PageLink>
        </Text>
        <HStack gap={1}>{children}</HStack>
      </HStack>
      <SampleById key={sampleId} sampleId={sampleId} isPanel />
    </Box>
  );
}
