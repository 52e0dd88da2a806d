/** Ancestors and descendants of a sample as a picture, as far as one wants to see. */

import { Box, HStack, NativeSelect, Text } from "@chakra-ui/react";
import { useState } from "react";

import { api, type Schemas } from "src/api/client";
import { Graph } from "src/parts/Graph";
import { Section } from "src/parts/Section";

const DEPTHS = [1, 2, 3, 4, 6, 8];

export function Lineage({ sample }: { sample: Schemas["SampleReport"] }) {
  const [depth, setDepth] = useState(sample.graph.depth);
  const query = api.useQuery(
    "get",
    "/api/v1/samples/{sample_id}/graph",
    { params: { path: { sample_id: sample.sample_id }, query: { depth } } },
    { enabled: depth !== sample.graph.depth },
  );
  const graph = depth === sample.graph.depth ? sample.graph : (query.data ?? sample.graph);
  return (
    <Section
      title="Where it comes from, and what came of it"
      beside={
        <Box asChild fontSize="xs" color="fg.muted">
          <label>
            <HStack>
              Steps
              <NativeSelect.Root size="xs" width="4.5rem">
                <NativeSelect.Field value={depth} onChange={(event) => setDepth(Number(event.target.value))} color="fg">
                  {[...new Set([...DEPTHS, sample.graph.depth])]
                    .sort((one, other) => one - other)
                    .map((one) => (
                      <option key={one} value={one}>
                        {one}
                      </option>
                    ))}
                </NativeSelect.Field>
                <NativeSelect.Indicator />
              </NativeSelect.Root>
            </HStack>
          </label>
        </Box>
      }
    >
      <Graph graph={graph} />
      {graph.is_cut ? (
        <Text fontSize="xs" color="fg.muted" mt={1}>
          There is more than this picture shows: take more steps, or follow one of its nodes.
        </Text>
      ) : null}
    </Section>
  );
}
