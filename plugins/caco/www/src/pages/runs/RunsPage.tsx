/** All runs: as a table to filter and to pick two from, or as a matrix of dates and stages. */

import { Button, Flex, HStack } from "@chakra-ui/react";

import { useAddress } from "src/parts/filters";
import { PageTitle } from "src/parts/Section";
import { RunMatrix } from "src/pages/runs/RunMatrix";
import { RunTable } from "src/pages/runs/RunTable";

export function RunsPage() {
  const address = useAddress();
  const isMatrix = address.get("view") === "matrix";
  const views: [name: string, view: string | null, isShown: boolean][] = [
    ["Table", null, !isMatrix],
    ["Dates and stages", "matrix", isMatrix],
  ];
  return (
    <>
      <Flex justify="space-between" wrap="wrap" gap={3}>
        <PageTitle title="Runs" />
        <HStack gap={1} role="group" aria-label="View">
          {views.map(([name, view, isShown]) => (
            <Button
              key={name}
              size="xs"
              variant={isShown ? "subtle" : "ghost"}
              aria-pressed={isShown}
              onClick={() => address.set({ view })}
            >
              {name}
            </Button>
          ))}
        </HStack>
      </Flex>
      {isMatrix ? <RunMatrix address={address} /> : <RunTable address={address} />}
    </>
  );
}
