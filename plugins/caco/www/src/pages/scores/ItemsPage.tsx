/** The items of an evaluation on which base and student differ, with both answers. */

import { Box, Flex, NativeSelect, SimpleGrid, Text } from "@chakra-ui/react";
import { useParams } from "react-router-dom";

import { api, type Schemas } from "src/api/client";
import { OutcomeBadge } from "src/parts/Badges";
import { withoutTurning } from "src/parts/bidi";
import { useAddress } from "src/parts/filters";
import { PageLink } from "src/parts/Links";
import { MathText } from "src/parts/MathText";
import { More } from "src/parts/More";
import { Empty } from "src/parts/notices";
import { NOTHING, spacedWords } from "src/parts/numbers";
import { runPath } from "src/parts/paths";
import { Ready } from "src/parts/Ready";
import { PageTitle } from "src/parts/Section";
import { GainsPicture } from "src/pages/scores/ScoresPage";

type Item = Schemas["ScoredItem"];

const MOVED: [value: Item["moved"], words: string][] = [
  ["gained", "gained: only the student is right"],
  ["lost", "lost: only the base is right"],
  ["both_right", "both right"],
  ["both_wrong", "both wrong"],
  ["unknown", "unknown"],
];

export function ItemsPage() {
  const { runId = "" } = useParams();
  const address = useAddress();
  const moved = MOVED.find(([value]) => value === address.get("moved"))?.[0] ?? "gained";
  const query = api.useInfiniteQuery(
    "get",
    "/api/v1/scores/{run_id}/items",
    { params: { path: { run_id: runId }, query: { moved, benchmark: address.get("benchmark"), limit: 20 } } },
    {
      pageParamName: "cursor",
      initialPageParam: null,
      getNextPageParam: (last: Schemas["ItemPage"]) => last.next_cursor ?? undefined,
    },
  );
  return (
    <>
      <PageTitle title="Items gained and lost" beside={<PageLink to={runPath(runId)}>Its run</PageLink>} />
      <GainsPicture runId={runId} />
      <Flex mb={3} mt={3} gap={3} align="end">
        <Box asChild fontSize="xs" color="fg.muted">
          <label>
            Items
            <NativeSelect.Root size="xs" width="18rem">
              <NativeSelect.Field
                value={moved}
                color="fg"
                onChange={(event) => address.set({ moved: event.target.value })}
              >
                {MOVED.map(([value, words]) => (
                  <option key={value} value={value}>
                    {words}
                  </option>
                ))}
              </NativeSelect.Field>
              <NativeSelect.Indicator />
            </NativeSelect.Root>
          </label>
        </Box>
      </Flex>
      <Ready query={query} what="the items">
        {({ pages }) => {
          const items = pages.flatMap((page) => page.rows);
          if (items.length === 0) return <Empty title="There is no such item">Choose another kind above.</Empty>;
          return (
            <>
              {items.map((item) => (
                <ItemView key={`${item.benchmark} ${item.item}`} item={item} />
              ))}
              <More
                shown={items.length}
                hasMore={query.hasNextPage}
                isLoading={query.isFetchingNextPage}
                onMore={() => void query.fetchNextPage()}
              />
            </>
          );
        }}
      </Ready>
    </>
  );
}

function ItemView({ item }: { item: Item }) {
  return (
    <Box as="article" aria-label={`${item.benchmark} ${item.item}`} borderWidth="1px" borderRadius="md" p={3} mb={3}>
      <Text fontSize="xs" color="fg.muted" mb={2} overflowWrap="anywhere">
        {item.benchmark}, item <code>{item.item}</code>, gold answer <code>{item.gold ?? NOTHING}</code>
      </Text>
      {item.problem ? <MathText text={item.problem} mb={3} /> : null}
      <SimpleGrid columns={{ base: 1, lg: 2 }} gap={4}>
        <AnswerView name="Base" answer={item.base} />
        <AnswerView name="Student" answer={item.student} />
      </SimpleGrid>
    </Box>
  );
}

function AnswerView({ name, answer }: { name: string; answer: Schemas["ItemAnswer"] | null }) {
  return (
    <Box minW={0}>
      <Text mb={1} overflowWrap="anywhere">
        <b>{name}</b> {answer ? <OutcomeBadge outcome={answer.outcome} /> : "has not answered"}{" "}
        {answer?.answer ? <code>{withoutTurning(answer.answer)}</code> : null}{" "}
        {answer?.reason ? (
          <Text as="span" color="fg.muted">
            {spacedWords(answer.reason)}
          </Text>
        ) : null}
      </Text>
      {answer?.text ? <MathText text={answer.text} bg="bg.subtle" p={2} borderRadius="sm" /> : null}
    </Box>
  );
}
