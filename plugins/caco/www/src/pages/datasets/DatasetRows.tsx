/** The rows of a dataset, some at a time, as a trainer reads them. */

import { Box, SimpleGrid, Text } from "@chakra-ui/react";

import { api, type Schemas } from "src/api/client";
import { Code } from "src/parts/Code";
import { SampleLink } from "src/parts/Links";
import { MathText } from "src/parts/MathText";
import { More } from "src/parts/More";
import { formatCount, NOTHING, spacedWords } from "src/parts/numbers";
import { Ready } from "src/parts/Ready";
import { Section } from "src/parts/Section";

export function DatasetRows({ name, version }: { name: string; version: string }) {
  const query = api.useInfiniteQuery(
    "get",
    "/api/v1/datasets/{name}/{version}/rows",
    { params: { path: { name, version }, query: { limit: 5 } } },
    {
      pageParamName: "cursor",
      initialPageParam: null,
      getNextPageParam: (last: Schemas["DatasetRows"]) => last.next_cursor ?? undefined,
    },
  );
  return (
    <Section title="Rows">
      <Ready query={query} what="its rows">
        {({ pages }) => {
          const rows = pages.flatMap((page) => page.rows);
          return (
            <>
              {rows.map((row) => (
                <Row key={row.number} row={row} />
              ))}
              <More
                shown={rows.length}
                hasMore={query.hasNextPage}
                isLoading={query.isFetchingNextPage}
                onMore={() => void query.fetchNextPage()}
              />
            </>
          );
        }}
      </Ready>
    </Section>
  );
}

function Row({ row }: { row: Schemas["DatasetRow"] }) {
  return (
    <Box as="article" aria-label={`Row ${row.number}`} borderWidth="1px" borderRadius="md" p={3} mb={3}>
      <Text color="fg.muted" fontSize="xs" mb={2}>
        Row {formatCount(row.number)}
        {row.domain ? `, ${spacedWords(row.domain)}` : ""}
        {row.difficulty === null ? "" : `, difficulty ${row.difficulty} of 5`}
        {row.licence ? `, ${row.licence}` : ""}, sample <SampleLink id={row.sample_id} />
      </Text>
      <SimpleGrid columns={{ base: 1, lg: 2 }} gap={4}>
        <Box minW={0}>
          <MathText text={row.problem ?? NOTHING} fontWeight="medium" mb={2} />
          <MathText text={row.solution ?? NOTHING} />
          <Text mt={2}>
            Answer: <code>{row.answer ?? NOTHING}</code>
          </Text>
        </Box>
        <Code code={row.code ?? NOTHING} language="python" label={`Program of row ${row.number}`} maxHeight="18rem" />
      </SimpleGrid>
    </Box>
  );
}
