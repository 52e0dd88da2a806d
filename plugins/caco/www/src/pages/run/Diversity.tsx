/** How varied the samples of a run are; read from the store, and so only when somebody wants it. */

import { Box, Button, Flex, SimpleGrid, Text } from "@chakra-ui/react";
import { useState } from "react";

import { api, type Schemas } from "src/api/client";
import { Chart } from "src/parts/Chart";
import { Figures } from "src/parts/Figures";
import { formatCount, formatShare, NOTHING } from "src/parts/numbers";
import { Ready } from "src/parts/Ready";
import { Section } from "src/parts/Section";
import { ShareBar } from "src/parts/ShareBar";

export function Diversity({ runId }: { runId: string }) {
  const [isWanted, setWanted] = useState(false);
  return (
    <Section
      title="Diversity"
      beside={
        isWanted ? null : (
          <Button size="xs" variant="outline" onClick={() => setWanted(true)}>
            Look
          </Button>
        )
      }
    >
      {isWanted ? (
        <DiversityOfRun runId={runId} />
      ) : (
        <Text color="fg.muted">Domains, kinds of output, openings, lengths: read from the texts when asked for.</Text>
      )}
    </Section>
  );
}

function DiversityOfRun({ runId }: { runId: string }) {
  const query = api.useQuery("get", "/api/v1/runs/{run_id}/diversity", { params: { path: { run_id: runId } } });
  return (
    <Ready query={query} what="the texts of the run">
      {(found) => (
        <>
          <Text mb={3}>
            {formatCount(found.distinct_programs)} different programs in {formatCount(found.looked_at)} of{" "}
            {formatCount(found.of)} rows. {formatShare(found.lost_as_duplicates.share)} of what was compared was
            rejected as the same, or nearly the same, as another.{" "}
            <Text as="span" color="fg.muted">
              {found.note}
            </Text>
          </Text>
          {found.measured ? <Measured measured={found.measured} runId={runId} /> : null}
          <SimpleGrid minChildWidth="17rem" gap={6}>
            <Counts title="Domains" counts={found.domains} />
            <Counts title="Kinds of output" counts={found.output_types} />
            <Counts title="First words of problems" counts={found.openings} />
            <Counts title="Lines of programs" counts={found.program_lines} />
            <Counts title="Words of solutions" counts={found.solution_words} />
          </SimpleGrid>
        </>
      )}
    </Ready>
  );
}

function Measured({ measured, runId }: { measured: Schemas["MeasuredDiversity"]; runId: string }) {
  return (
    <Box mb={4}>
      <Figures
        facts={[
          ["Problems looked at", `${formatCount(measured.rows)} of ${formatCount(measured.of_rows)}`],
          ["Mean distance of two", formatDistance(measured.spread)],
          ["To the nearest other one", formatDistance(measured.nearest_mean)],
          ["Within 0.05 of another", formatCount(measured.near_rows)],
          ["Effective clusters", measured.effective_clusters?.toFixed(1) ?? NOTHING],
          ["Vendi score", measured.vendi?.toFixed(1) ?? NOTHING],
          measured.earlier.length > 0 && ["To earlier datasets", formatDistance(measured.earlier_mean)],
          measured.earlier.length > 0 && ["Within 0.05 of an earlier one", formatCount(measured.earlier_near_rows)],
          ["Embedding model", measured.embedder],
        ]}
      />
      <Chart name="diversity" label="Problems by their meaning, in the colours of their clusters" run={runId} />
    </Box>
  );
}

function formatDistance(distance: number | null) {
  return distance?.toFixed(3) ?? NOTHING;
}

const MAX_SHOWN = 12;

function Counts({ title, counts }: { title: string; counts: readonly Schemas["DiversityCount"][] }) {
  const most = Math.max(1, ...counts.map((count) => count.rows));
  return (
    <Box>
      <Text fontWeight="medium" mb={1}>
        {title}
      </Text>
      {counts.length === 0 ? <Text color="fg.muted">none</Text> : null}
      {counts.slice(0, MAX_SHOWN).map((count) => (
        <Flex key={count.value} gap={2} align="center" fontSize="xs" fontVariantNumeric="tabular-nums">
          <Text width="45%" truncate title={count.value}>
            {count.value}
          </Text>
          <Box flex="1">
            <ShareBar passed={count.rows} whole={most} label={`${count.value}: ${formatCount(count.rows)}`} />
          </Box>
          <Text width="12" textAlign="end">
            {formatCount(count.rows)}
          </Text>
        </Flex>
      ))}
      {counts.length > MAX_SHOWN ? (
        <Text fontSize="xs" color="fg.muted">
          and {formatCount(counts.length - MAX_SHOWN)} more
        </Text>
      ) : null}
    </Box>
  );
}
