/** What became of a dataset's rows that were to be environments for reinforcement learning. */

import { Box, SimpleGrid, Text } from "@chakra-ui/react";

import { api, type Schemas } from "src/api/client";
import { CopyButton } from "src/parts/CopyButton";
import { Grid } from "src/parts/Grid";
import { SampleLink } from "src/parts/Links";
import { MathText } from "src/parts/MathText";
import { formatCount, NOTHING } from "src/parts/numbers";
import { Ready } from "src/parts/Ready";
import { Section } from "src/parts/Section";

type Found = Schemas["DatasetEnvironments"];

export function Environments({ name, version }: { name: string; version: string }) {
  const query = api.useQuery("get", "/api/v1/datasets/{name}/{version}/environments", {
    params: { path: { name, version } },
  });
  return (
    <Section title="Environments for reinforcement learning">
      <Ready query={query} what="its environments">
        {(found) => (found.rows === 0 ? <HowToMake dataset={found.dataset} /> : <Made found={found} />)}
      </Ready>
    </Section>
  );
}

function HowToMake({ dataset }: { dataset: string }) {
  const command = `caco environments make ${dataset} --out environments`;
  return (
    <Text color="fg.muted" overflowWrap="anywhere">
      None yet: <code>{command}</code> <CopyButton text={command} /> draws its rows anew.
    </Text>
  );
}

function Made({ found }: { found: Found }) {
  return (
    <>
      <Text mb={2}>
        {formatCount(found.environments)} of {formatCount(found.rows)} rows that were looked at became environments,
        with {formatCount(found.instances)} distinct valid instances.
      </Text>
      <SimpleGrid columns={{ base: 1, lg: 2 }} gap={4}>
        <Box minW={0}>
          <Grid
            label="Instances by level"
            rows={found.levels}
            rowKey={(one) => String(one.level)}
            columns={[
              { head: "Level", title: "of difficulty: by the size of the numbers", cell: (one) => one.level },
              { head: "Environments", isNumber: true, cell: (one) => formatCount(one.environments) },
              { head: "Instances", isNumber: true, cell: (one) => formatCount(one.instances) },
            ]}
          />
        </Box>
        {found.refused.length > 0 ? (
          <Box minW={0}>
            <Grid
              label="Why rows became none"
              rows={found.refused}
              rowKey={(one) => one.refusal}
              columns={[
                { head: "Why rows became none", cell: (one) => <Refusal {...one} /> },
                { head: "Rows", isNumber: true, cell: (one) => formatCount(one.rows) },
              ]}
            />
          </Box>
        ) : null}
      </SimpleGrid>
      {found.examples.length > 0 ? <Examples examples={found.examples} /> : null}
    </>
  );
}

export function Refusal({ refusal, words }: { refusal: string; words: string | null }) {
  return (
    <Text overflowWrap="anywhere">
      <code>{refusal}</code>
      {words ? `: ${words}` : ""}
    </Text>
  );
}

function Examples({ examples }: { examples: Found["examples"] }) {
  return (
    <Box asChild mt={3}>
      <details>
        <Box as="summary" cursor="pointer">
          An instance of {examples.length === 1 ? "it" : `${examples.length} of them`}
        </Box>
        {examples.map((one) => (
          <Box key={one.sample_id} borderWidth="1px" borderRadius="md" p={3} mt={2}>
            <MathText text={one.problem ?? NOTHING} />
            <Text mt={1} overflowWrap="anywhere">
              Answer: <code>{one.answer ?? NOTHING}</code>
            </Text>
            <Text color="fg.muted" fontSize="xs" mt={1}>
              {formatCount(one.instances)} instances at the levels {one.levels.join(", ")}, of sample{" "}
              <SampleLink id={one.sample_id} />
            </Text>
          </Box>
        ))}
      </details>
    </Box>
  );
}
