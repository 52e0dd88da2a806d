/** All that is known of a sample: what it says first, then what was said of it, then where it comes from and went to. */

import { Box, HStack, SimpleGrid, Text } from "@chakra-ui/react";

import type { Schemas } from "src/api/client";
import { OutcomeBadge } from "src/parts/Badges";
import { withoutTurning } from "src/parts/bidi";
import { CopyButton } from "src/parts/CopyButton";
import { Figures } from "src/parts/Figures";
import { DatasetLink, PageLink, RunLink } from "src/parts/Links";
import { Empty } from "src/parts/notices";
import { formatCount, spacedWords } from "src/parts/numbers";
import { samplePath } from "src/parts/paths";
import { Environment } from "src/pages/sample/Environment";
import { Execution } from "src/pages/sample/Execution";
import { Lineage } from "src/pages/sample/Lineage";
import { Neighbours } from "src/pages/sample/Neighbours";
import { Origin } from "src/pages/sample/Origin";
import { Replies } from "src/pages/sample/Replies";
import { Problem, Program, Solution } from "src/pages/sample/Texts";
import { Verdicts } from "src/pages/sample/Verdicts";

type Sample = Schemas["SampleReport"];

export function SampleView({ sample, isPanel }: { sample: Sample; isPanel: boolean }) {
  return (
    <Box data-sample={sample.sample_id}>
      <SampleHead sample={sample} isPanel={isPanel} />
      {sample.texts_missing ? <Empty title="Its texts are not there">{sample.texts_missing}</Empty> : null}
      <SimpleGrid columns={isPanel ? 1 : { base: 1, lg: 2 }} gapX={6} gapY={0}>
        <Box minW={0}>
          <Problem sample={sample} />
          <Solution sample={sample} />
        </Box>
        <Box minW={0}>
          <Program sample={sample} />
          <Execution sample={sample} />
        </Box>
      </SimpleGrid>
      <Verdicts sample={sample} />
      <Replies replies={sample.replies} candidates={sample.candidates} />
      <Neighbours sample={sample} />
      <Environment sample={sample} />
      <Origin sample={sample} />
      {isPanel ? null : <Lineage sample={sample} />}
    </Box>
  );
}

function SampleHead({ sample, isPanel }: { sample: Sample; isPanel: boolean }) {
  const { recall } = sample;
  return (
    <>
      <HStack gap={2} wrap="wrap" mb={2}>
        <OutcomeBadge outcome={sample.outcome} />
        <Text>
          {sample.outcome === "pass" ? "Passed every stage up to " : "Ended at "}
          <b>{sample.stage}</b>
          {sample.reason ? (
            <>
              {": "}
              <code>{sample.reason}</code>
              {sample.words ? `, ${sample.words}` : ""}
            </>
          ) : null}
        </Text>
      </HStack>
      {sample.detail ? (
        <Box mb={2} p={2} bg="bg.subtle" borderRadius="sm" fontFamily="mono" fontSize="xs" overflowWrap="anywhere">
          {withoutTurning(sample.detail)}
        </Box>
      ) : null}
      <Figures
        facts={[
          [
            spacedWords(sample.kind),
            <HStack key="id" gap={0}>
              {isPanel ? (
                <PageLink
                  to={samplePath(sample.sample_id)}
                  fontFamily="mono"
                  fontSize="xs"
                  minW={0}
                  overflowWrap="anywhere"
                >
                  {sample.sample_id}
                </PageLink>
              ) : (
                <Text as="code" minW={0} overflowWrap="anywhere">
                  {sample.sample_id}
                </Text>
              )}
              <CopyButton text={sample.sample_id} />
            </HStack>,
          ],
          [
            "Run",
            <HStack key="runs" wrap="wrap">
              <RunLink run={sample.run} />
              {sample.other_runs.map((run) => (
                <RunLink key={run.run_id} run={run}>{`and ${run.run_id.slice(0, 8)}`}</RunLink>
              ))}
            </HStack>,
          ],
          ["Shard and index", `${sample.shard}${sample.index === null ? "" : `, ${formatCount(sample.index)}`}`],
          sample.domain !== null && ["Domain", spacedWords(sample.domain)],
          sample.difficulty !== null && ["Difficulty", `${sample.difficulty} of 5`],
          sample.steps !== null && ["Program", `${formatCount(sample.steps)} steps, depth ${sample.depth}`],
          recall.datasets.length > 0 && [
            "Published in",
            <HStack key="datasets" wrap="wrap">
              {recall.datasets.map((one) => (
                <DatasetLink key={`${one.dataset}/${one.version}`} {...one} />
              ))}
            </HStack>,
          ],
        ]}
      />
    </>
  );
}
