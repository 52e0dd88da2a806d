/** The environment for reinforcement learning that a sample became, by one of its instances; or why it became none. */

import { Box, Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { withoutTurning } from "src/parts/bidi";
import { Figures } from "src/parts/Figures";
import { DatasetLink } from "src/parts/Links";
import { MathText } from "src/parts/MathText";
import { formatCount, NOTHING, spacedWords } from "src/parts/numbers";
import { Section } from "src/parts/Section";
import { Refusal } from "src/pages/datasets/Environments";

type Found = Schemas["SampleEnvironment"];

export function Environment({ sample }: { sample: Schemas["SampleReport"] }) {
  const { environment, recall } = sample;
  if (environment === null && recall.datasets.length === 0) return null;
  return (
    <Section title="As an environment">
      {environment === null ? (
        <Text color="fg.muted">
          Nobody has made environments of a dataset that holds it: <code>caco environments make</code> does.
        </Text>
      ) : environment.environment_id === null ? (
        <NoEnvironment found={environment} />
      ) : (
        <Instance found={environment} />
      )}
    </Section>
  );
}

function OfDataset({ found }: { found: Found }) {
  const [name = "", version = ""] = found.dataset.split("/");
  return <DatasetLink dataset={name} version={version} />;
}

function NoEnvironment({ found }: { found: Found }) {
  return (
    <>
      <Text>
        It is none of <OfDataset found={found} />.
      </Text>
      <Refusal refusal={found.refusal ?? ""} words={found.words} />
      {found.detail ? (
        <Text color="fg.muted" overflowWrap="anywhere">
          {withoutTurning(found.detail)}
        </Text>
      ) : null}
    </>
  );
}

function Instance({ found }: { found: Found }) {
  return (
    <>
      <Box borderWidth="1px" borderRadius="md" p={3} mb={3}>
        <Text color="fg.muted" fontSize="xs" mb={1}>
          One of its instances
        </Text>
        <MathText text={found.problem ?? NOTHING} />
        <Text mt={1} overflowWrap="anywhere">
          Answer: <code>{found.answer ?? NOTHING}</code>
        </Text>
      </Box>
      <Figures
        facts={[
          ["Of", <OfDataset key="dataset" found={found} />],
          ...found.numbers.map(({ name, low, high }): [string, string] => [spacedWords(name), `${low} to ${high}`]),
          ...found.levels.map((one): [string, string] => [
            `Instances at level ${one.level}`,
            formatCount(one.instances),
          ]),
        ]}
      />
    </>
  );
}
