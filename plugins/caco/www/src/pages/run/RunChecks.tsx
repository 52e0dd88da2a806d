/** What the gate and the dry run said of a run. */

import { Box, HStack, Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { StateBadge } from "src/parts/Badges";
import { Figures } from "src/parts/Figures";
import { formatCount, spacedWords } from "src/parts/numbers";
import { Section } from "src/parts/Section";
import { valueText } from "src/parts/values";

interface Props {
  gate: Schemas["GateReport"] | null;
  dryRun: Schemas["DryRunReport"] | null;
}

export function RunChecks({ gate, dryRun }: Props) {
  return (
    <>
      {gate ? (
        <Section title="Gate">
          <HStack mb={2}>
            <StateBadge state={gate.state} />
            <Text>{gate.sentence}</Text>
          </HStack>
          <Figures facts={Object.entries(gate.demands).map(([name, value]) => [spacedWords(name), valueText(value)])} />
        </Section>
      ) : null}
      {dryRun && dryRun.state !== "off" ? (
        <Section title="Dry run">
          <HStack mb={2}>
            <StateBadge state={dryRun.state} />
            <Text>{dryRun.sentence}</Text>
          </HStack>
          <Box>
            <Figures
              facts={[
                ["shards", formatCount(dryRun.shards)],
                ["samples", formatCount(dryRun.samples)],
                ...Object.entries(dryRun.projection).map(([name, value]): [string, string] => [
                  `${spacedWords(name)}, projected`,
                  valueText(value),
                ]),
                ...Object.entries(dryRun.usual).map(([name, value]): [string, string] => [
                  `${spacedWords(name)}, usually`,
                  valueText(value),
                ]),
              ]}
            />
          </Box>
        </Section>
      ) : null}
    </>
  );
}
